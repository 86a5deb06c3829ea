"""The compiled codec: the golden model's bytes, samples and errors, whatever comes."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden import huffman
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import (
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_MEAN_SHIFT,
    HUFFMAN_NEAR_BITS,
    HUFFMAN_START_FRAMES,
    LOSSLESS,
    RICE_ESCAPE_ZEROS,
    RICE_MEAN_SHIFT,
    Flag,
    Mode,
    Order,
    initial_mean,
)
from probecodec.host import fast, open_capture

pytest.importorskip("numba")

from probecodec.host.fast_decode import FastDecoder
from probecodec.host.fast_encode import FastEncoder
from probecodec.host.fast_kernels import kernel

MODES = LOSSLESS
each_mode = pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)


def signals(config, frames):
    """Quiet, noisy and hostile samples, each int64 (frames, channels)."""
    random = np.random.default_rng(frames)
    shape, half = (frames, config.channels), 1 << (config.sample_bits - 1)
    turn = np.add.outer(np.arange(frames), np.arange(config.channels))
    walk = np.cumsum(random.normal(0, 5, shape), axis=0)
    yield np.zeros(shape, np.int64)  # silence
    yield random.integers(-half, half, shape)  # white noise
    yield np.clip(np.rint(walk + walk.mean(axis=1, keepdims=True)), -half, half - 1).astype(int)
    yield np.where(turn % 2, half - 1, -half)  # full scale by turns
    yield np.where(turn // 16 % 2, -half, 0)  # square wave
    yield np.where(5 * turn % 7 == 0, half - 1, 0)  # impulses
    yield random.integers(-half, half, shape) >> random.integers(0, 16, shape)


def words(config, frames):
    """Auxiliary words that change now and then, int64 (frames,)."""
    random = np.random.default_rng(frames)
    return np.repeat(random.integers(0, 1 << config.aux_bits, frames), 3)[:frames]


class Recorder(FastEncoder):
    """Keeps its payloads as (payload, frames, mode, restart)."""

    def __init__(self, config):
        super().__init__(config)
        self.payloads = []

    def _payload(self, samples, aux, restart):
        payload = super()._payload(samples, aux, restart)
        self.payloads.append((payload, len(samples), self._mode, restart))
        return payload


def check(config, samples, aux):
    """Encode and decode ``samples``; return the payloads."""
    plain, compiled = Encoder(config), Recorder(config)
    assert list(compiled.packets(samples, aux)) == list(plain.packets(samples, aux))
    assert (compiled.channel_bits == plain.channel_bits).all()
    decoder = FastDecoder(config)
    parts = [decoder.payload(*payload) for payload in compiled.payloads]
    assert (np.concatenate([part[0] for part in parts]) == samples).all()
    assert (np.concatenate([part[1] for part in parts]) == aux).all()
    return compiled.payloads


def outcome(decoder, payload):
    """What ``decoder`` makes of ``payload``: lists, or the error's text."""
    try:
        return [part.tolist() for part in decoder.payload(*payload)]
    except ValueError as error:
        return str(error)


def largest_codes(config, frames):
    """A payload whose symbols are the largest that have a code, so that the means grow."""
    rice, bits = config.modes == (Mode.RICE,), "0" * config.channels * config.sample_bits
    total = initial_mean(config.sample_bits) << (RICE_MEAN_SHIFT if rice else HUFFMAN_MEAN_SHIFT)
    for age in range(1, frames + 1):
        if rice:
            raw = max(total >> RICE_MEAN_SHIFT, 1).bit_length() - 1
            code, largest = "0" * (RICE_ESCAPE_ZEROS - 1) + "1", RICE_ESCAPE_ZEROS
        else:
            table, raw = (int(value[0]) for value in huffman.choose(np.array([total])))
            code = f"{huffman.BASES[table, -1] - HUFFMAN_FAR:0{HUFFMAN_ESCAPE_ZEROS}b}"
            raw, largest = raw + HUFFMAN_NEAR_BITS, 2
        bits += (code + "1" * raw) * config.channels
        symbol = (largest << raw) - 1
        if rice:
            total += symbol - (total >> RICE_MEAN_SHIFT)
        elif age < HUFFMAN_START_FRAMES:
            total += (min(symbol, total >> 2 | 1) << 3) - (total >> 2)
        else:
            total += min(symbol, total >> 2 | 1) - (total >> 5)
    bits += "0" * (-len(bits) % 32)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


class TestGolden:
    @each_mode
    @pytest.mark.parametrize("sample_bits", range(8, 17))
    def test_widths_and_signals(self, mode, sample_bits):
        config = EncoderConfig(
            channels=5,
            sample_bits=sample_bits,
            modes=(mode,),
            packet_frames=17,
            restart_interval=3,
            aux_bits=3,
        )
        for samples in signals(config, 75):
            check(config, samples, words(config, 75))

    @each_mode
    @pytest.mark.parametrize(
        ("order", "channels"),
        [(Order.SEQUENTIAL, n) for n in (2, 3, 4, 33)]
        + [(Order.NP1, 24), (Order.NP1, 384), (Order.NP2, 32), (Order.NP2, 96)],
    )
    def test_orders(self, mode, order, channels):
        config = EncoderConfig(channels=channels, modes=(mode,), order=order, packet_frames=20)
        for samples in signals(config, 30):
            check(config, samples, words(config, 30))

    @each_mode
    @pytest.mark.parametrize("channels", [2, 3, 6, 40])
    def test_auxiliary_bits(self, mode, channels):
        for aux_bits in range(17):
            try:
                config = EncoderConfig(channels=channels, modes=(mode,), aux_bits=aux_bits)
            except ConfigError:  # the word does not fit two channels' codes
                continue
            *_, samples = signals(config, 20)
            check(config, samples, words(config, 20))

    @pytest.mark.parametrize("sample_bits", [8, 12, 16])
    def test_symbol_widths(self, sample_bits):
        for fixed_bits in range(2, sample_bits + 1):
            config = EncoderConfig(
                channels=3, sample_bits=sample_bits, modes=(Mode.FIXED,), fixed_bits=fixed_bits
            )
            *_, samples = signals(config, 50)
            check(config, samples, words(config, 50))

    @each_mode
    def test_real_recordings(self, mode, recordings):
        for samples, about in recordings.values():
            config = EncoderConfig(
                channels=about["channels"], sample_bits=about["adc_bits"], modes=(mode,)
            )
            check(config, samples[:300].astype(np.int64), words(config, min(300, len(samples))))

    def test_a_long_run_leaves_every_gear(self):
        config = EncoderConfig(channels=2, modes=(Mode.ADAPTIVE,), packet_frames=1100)
        for samples in signals(config, 1100):
            check(config, samples, words(config, 1100))


actions = st.tuples(
    st.integers(0, 5),  # frames
    st.sampled_from((None, *MODES)),
    st.booleans(),  # restart
    st.integers(0, 2),  # dropped
)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 9), st.integers(8, 16), st.integers(0, 9), st.lists(actions), st.integers(0, 99)
)
def test_any_run_of_packets(channels, sample_bits, aux_bits, run, seed):
    try:
        config = EncoderConfig(
            channels=channels,
            sample_bits=sample_bits,
            aux_bits=aux_bits,
            modes=MODES[seed % 4 :] + MODES[: seed % 4],
            restart_interval=3,
        )
    except ConfigError:
        return
    random = np.random.default_rng(seed)
    encoders = Encoder(config), Recorder(config)
    for frames, mode, restart, dropped in run:
        samples = list(signals(config, frames))[random.integers(7)]
        packets = [
            encoder.packet(
                samples,
                words(config, frames),
                mode=mode,
                restart=restart,
                dropped=dropped,
                cause=Flag.OVERRUN,
            )
            for encoder in encoders
        ]
        assert packets[0] == packets[1]
    decoders = Decoder(config), FastDecoder(config)
    for payload in encoders[1].payloads:
        assert outcome(decoders[0], payload) == outcome(decoders[1], payload)


class TestHostilePayloads:
    @each_mode
    @pytest.mark.parametrize("aux_bits", [0, 7])
    def test_fuzz(self, mode, aux_bits):
        """2,000 payloads in all: sound, cut, flipped, random; a restart where one is due."""
        random = np.random.default_rng([mode, aux_bits])
        sound = None
        for number in range(250):
            if sound is None or number % 25 == 0:
                config = EncoderConfig(
                    channels=int(random.integers(2 + (aux_bits > 0), 9)),
                    sample_bits=int(random.integers(8, 17)),
                    modes=(mode,),
                    aux_bits=aux_bits,
                )
                plain, compiled, fresh = Decoder(config), FastDecoder(config), True
                sound = [
                    check(config, samples, words(config, 12))[0] for samples in signals(config, 12)
                ]
            payload, frames, _, _ = sound[random.integers(len(sound))]
            data = bytearray(payload)
            kind = number % 5
            if kind == 1:
                del data[random.integers(len(data)) :]
            elif kind == 2:
                data[random.integers(len(data))] ^= 1 << random.integers(8)
            elif kind == 3:
                data = bytearray(random.bytes(len(data)))
            elif kind == 4:
                few = random.integers(0, 256, len(data)) & random.integers(0, 256)
                data = bytearray(few.astype(np.uint8))
            restart = fresh or bool(random.integers(2))
            hostile = bytes(data), frames + int(random.integers(3)), mode, restart
            expected = outcome(plain, hostile)
            assert outcome(compiled, hostile) == expected
            fresh = isinstance(expected, str)  # only a restart is decodable then
            if fresh:
                plain, compiled = Decoder(config), FastDecoder(config)

    def test_nothing_is_read_or_written_out_of_bounds(self, tmp_path):
        """The fuzz once more, with Numba's checks of every index compiled in."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
        environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(
            [*command, __file__, "-k", "test_fuzz or test_wide or test_auxiliary_bits"],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout

    @pytest.mark.parametrize("mode", [Mode.RICE, Mode.HUFFMAN, Mode.ADAPTIVE])
    @pytest.mark.parametrize("sample_bits", range(8, 17))
    def test_wide_symbols(self, mode, sample_bits):
        config = EncoderConfig(channels=2, sample_bits=sample_bits, modes=(mode,))
        hostile = largest_codes(config, 60), 60, mode, True
        plain, compiled = (outcome(kind(config), hostile) for kind in (Decoder, FastDecoder))
        assert plain.startswith("a symbol is wider than a sample in frame ")
        assert compiled == plain

    @each_mode
    def test_an_error_leaves_the_state(self, mode):
        config = EncoderConfig(channels=4, modes=(mode,), packet_frames=10, aux_bits=3)
        *_, samples = signals(config, 30)
        payloads = check(config, samples, words(config, 30))
        decoder = FastDecoder(config)
        decoder.payload(*payloads[0])
        for payload, frames, *rest in payloads[1:]:
            with pytest.raises(ValueError, match="run past the payload in frame"):
                decoder.payload(payload, 100 * frames, *rest)
            start = 10 * payloads.index((payload, frames, *rest))
            assert (decoder.payload(payload, frames, *rest)[0] == samples[start:][:frames]).all()

    def test_a_mode_that_is_not_built(self):
        for kind in (Decoder, FastDecoder):
            with pytest.raises(KeyError):
                kind(EncoderConfig(channels=2)).payload(b"", 0, Mode.FIXED, True)


class TestChoice:
    CONFIG = EncoderConfig(channels=4, modes=(Mode.ADAPTIVE,))

    def kinds(self):
        return type(fast.encoder(self.CONFIG)), type(fast.decoder(self.CONFIG))

    def test_compiled_where_numba_is_installed(self, monkeypatch):
        monkeypatch.delenv(fast.NO_NUMBA, raising=False)
        assert self.kinds() == (FastEncoder, FastDecoder)

    def test_golden_where_the_variable_says_so(self, monkeypatch):
        monkeypatch.setenv(fast.NO_NUMBA, "1")
        assert self.kinds() == (Encoder, Decoder)

    def test_golden_where_numba_is_missing(self, monkeypatch):
        monkeypatch.delenv(fast.NO_NUMBA, raising=False)
        monkeypatch.setitem(sys.modules, "numba", None)
        assert self.kinds() == (Encoder, Decoder)

    def test_captures_decode_alike(self, monkeypatch):
        *_, samples = signals(self.CONFIG, 50)
        capture = b"".join(encode(self.CONFIG, samples))
        for value in ("", "1"):
            monkeypatch.setenv(fast.NO_NUMBA, value)
            decoded = open_capture(capture)[:]
            assert decoded.dtype == np.int16
            assert (decoded == samples).all()

    def test_a_kernel_compiles_where_nothing_can_be_kept(self):
        scope = {}
        exec("def double(value):\n    return 2 * value", scope)  # no file, so no folder
        assert kernel(scope["double"])(21) == 42
