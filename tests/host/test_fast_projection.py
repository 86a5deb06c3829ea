"""Mode PROJECTION in the compiled codec: byte for byte, and number for number, golden's."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden import packer
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import (
    HUFFMAN_FAR,
    LOSSLESS,
    MAX_CODE_BITS,
    Family,
    Flag,
    Mode,
    Order,
)
from probecodec.golden.framer import words_to_bytes
from probecodec.golden.highpass import Highpass
from probecodec.golden.huffman import Huffman, choose
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import fast

pytest.importorskip("numba")

from probecodec.host.fast_decode import FastDecoder
from probecodec.host.fast_encode import FastEncoder
from probecodec.host.fast_projection import FastHighpass


def loaded(window, measurements, seed=0):
    """Random coefficients that begin and end one after another, and bounds they are within."""
    rows = np.random.default_rng(seed).integers(-128, 128, (measurements, window))
    rows = np.tril(np.triu(rows), window - measurements)
    return {
        "family": Family.LOADED,
        "coefficients": tuple(map(tuple, rows.tolist())),
        "row_sum": int(np.abs(rows).sum(axis=1).max()),
    }


@st.composite
def matrices(draw):
    """What a `ProjectionConfig` is made of, but for channels and width."""
    window = draw(st.sampled_from([16, 32]))
    family = draw(st.sampled_from(Family))
    hold = 1 if family == Family.LOADED else draw(st.sampled_from([1, 2, 8]))
    most = {Family.SPARSE: window // hold // 2, Family.DENSE: window // 2, Family.LOADED: 8}
    count = draw(st.integers(1, most[family]))
    extra = loaded(window, count, draw(st.integers(0, 9))) if family == Family.LOADED else {}
    return {
        "family": family,
        "window": window,
        "hold": hold,
        "measurements": count,
        "highpass_shift": draw(st.sampled_from([0, 1, 8, 12])),
        "seed": 0 if extra else draw(st.integers(1, 2**32 - 1)),
        **extra,
    }


@st.composite
def configs(draw):
    """Encoders with mode PROJECTION, and often with another."""
    order = draw(st.sampled_from(Order))
    channels = {Order.NP1: 24, Order.NP2: 32}.get(order) or draw(st.integers(2, 9))
    bits, matrix = draw(st.integers(8, 16)), draw(matrices())
    more = draw(st.lists(st.sampled_from(LOSSLESS), max_size=2, unique=True))
    try:
        least = ProjectionConfig(channels=channels, sample_bits=bits, **matrix)
        most = min(15, least.measurement_bits - 8)
        matrix["shift"] = draw(st.integers(least.shift, most))
        return EncoderConfig(
            channels=channels,
            sample_bits=bits,
            order=order,
            aux_bits=draw(st.sampled_from([0, 1, 3])),
            modes=(Mode.PROJECTION, *more),
            projection=ProjectionConfig(channels=channels, sample_bits=bits, **matrix),
            packet_frames=2 * matrix["window"],
            restart_interval=draw(st.integers(1, 4)),
        )
    except ConfigError:  # measurements too wide, or too many auxiliary bits
        return EncoderConfig(
            channels=channels, sample_bits=bits, order=order, modes=(Mode.PROJECTION,)
        )


def signal(config, frames, random):
    """Quiet, noisy or at the ends of the range: int64 (frames, channels)."""
    half, shape = 1 << config.sample_bits - 1, (frames, config.channels)
    kind = random.integers(4)
    if kind == 0:
        return random.integers(-half, half, shape)
    if kind == 1:
        return np.where(random.integers(0, 2, shape), half - 1, -half)
    return np.clip(np.rint(random.normal(half / 3, half / 20, shape)), -half, half - 1).astype(int)


def words(config, frames, random):
    return random.integers(0, 1 << config.aux_bits, frames // 3 + 1).repeat(3)[:frames]


class Recorder(FastEncoder):
    """Keeps its payloads as (payload, frames, mode, restart)."""

    def __init__(self, config):
        super().__init__(config)
        self.payloads = []

    def _payload(self, samples, aux, restart):
        payload = super()._payload(samples, aux, restart)
        self.payloads.append((payload, len(samples), self._mode, restart))
        return payload


def outcome(decoder, payload):
    """What ``decoder`` makes of ``payload``: lists, or the error's text."""
    try:
        return [part.tolist() for part in decoder.payload(*payload)]
    except ValueError as error:
        return str(error)


actions = st.tuples(
    st.sampled_from([0, 1, 5, 15, 16, 29, 32, 40, 64]),  # frames
    st.integers(0, 3),  # mode
    st.sampled_from([False, False, True]),  # restart
    st.sampled_from([0, 0, 7]),  # dropped
)


@settings(deadline=None, max_examples=120)
@given(configs(), st.lists(actions, min_size=1, max_size=7), st.integers(0, 99))
def test_any_run_of_packets(config, run, seed):
    """Short packets leave the first row of a restart, which is raw, to a later one."""
    random = np.random.default_rng(seed)
    plain, compiled = Encoder(config), Recorder(config)
    for frames, choice, restart, dropped in run:
        mode = config.modes[choice] if choice < len(config.modes) else None
        samples, aux = signal(config, frames, random), words(config, frames, random)
        how = {"mode": mode, "restart": restart, "dropped": dropped, "cause": Flag.OVERRUN}
        assert compiled.packet(samples, aux, **how) == plain.packet(samples, aux, **how)
    assert (compiled.channel_bits == plain.channel_bits).all()
    decoders = Decoder(config), FastDecoder(config)
    for payload in compiled.payloads:
        assert outcome(decoders[1], payload) == outcome(decoders[0], payload)
        assert not isinstance(outcome(Decoder(config), payload), str) or not payload[3]


@pytest.mark.parametrize("lossless", [Mode.HUFFMAN, Mode.ADAPTIVE, Mode.RICE])
def test_a_raw_row_that_waits_is_forgotten_by_a_change_of_mode(lossless):
    config = EncoderConfig(
        channels=3,
        modes=(Mode.PROJECTION, lossless),
        projection=ProjectionConfig(window=16, measurements=2, hold=1),
    )
    random = np.random.default_rng(0)
    plain, compiled = Encoder(config), Recorder(config)
    run = [(8, Mode.PROJECTION), (4, lossless), (16, lossless), (8, Mode.PROJECTION), (16, None)]
    for frames, mode in run:
        samples, aux = signal(config, frames, random), np.zeros(frames, int)
        assert compiled.packet(samples, aux, mode=mode) == plain.packet(samples, aux, mode=mode)
    decoders = Decoder(config), FastDecoder(config)
    rows = [[decoder.payload(*each)[0] for each in compiled.payloads] for decoder in decoders]
    for one, other in zip(*rows, strict=True):
        assert np.array_equal(one, other)
    assert [len(one) for one in rows[0]] == [0, 4, 16, 0, 2]


@pytest.mark.parametrize("channels", [2, 384, 4096])
def test_many_channels(channels):
    config = EncoderConfig(
        channels=channels,
        aux_bits=1,
        modes=(Mode.PROJECTION,),
        projection=ProjectionConfig(window=16, measurements=4, hold=1),
        packet_frames=16,
    )
    random = np.random.default_rng(0)
    samples, aux = signal(config, 40, random), words(config, 40, random)
    assert list(FastEncoder(config).packets(samples, aux)) == list(
        Encoder(config).packets(samples, aux)
    )


def test_256_frames_and_128_measurements():
    """The largest window, and the most measurements."""
    config = EncoderConfig(
        channels=4,
        sample_bits=8,
        modes=(Mode.PROJECTION,),
        projection=ProjectionConfig(sample_bits=8, window=256, measurements=128, hold=1),
        packet_frames=256,
    )
    random = np.random.default_rng(0)
    samples, aux = signal(config, 600, random), np.zeros(600, int)
    compiled = Recorder(config)
    assert list(compiled.packets(samples, aux)) == list(Encoder(config).packets(samples, aux))
    decoders = Decoder(config), FastDecoder(config)
    for payload in compiled.payloads:
        one, other = (decoder.payload(*payload)[0] for decoder in decoders)
        assert np.array_equal(one, other)


@settings(deadline=None, max_examples=40)
@given(st.integers(8, 16), st.integers(1, 12), st.lists(st.integers(0, 40), max_size=5))
def test_highpass(sample_bits, shift, lengths):
    config = ProjectionConfig(
        channels=3, sample_bits=sample_bits, window=16, measurements=1, highpass_shift=shift
    )
    random = np.random.default_rng(shift)
    plain, compiled = Highpass(config), FastHighpass(config)
    half = 1 << sample_bits - 1
    for number, length in enumerate(lengths):
        if number == 2:
            plain.restart()
            compiled.restart()
        samples = random.integers(-half, half, (length, 3)).astype(np.int16)
        assert np.array_equal(compiled.encode(samples), plain.encode(samples))
        assert np.array_equal(compiled.means, plain.means)


def test_golden_where_the_variable_says_so(monkeypatch):
    config = ProjectionConfig(channels=3)
    monkeypatch.delenv(fast.NO_NUMBA, raising=False)
    assert type(fast.highpass(config)) is FastHighpass
    monkeypatch.setenv(fast.NO_NUMBA, "1")
    assert type(fast.highpass(config)) is Highpass


class TestHostilePayloads:
    @pytest.mark.parametrize("aux_bits", [0, 3])
    @pytest.mark.parametrize("family", Family, ids=lambda family: family.name)
    def test_fuzz(self, family, aux_bits):
        """Sound, cut, flipped, random; a restart where one is due."""
        random = np.random.default_rng([int(family), aux_bits])
        extra = loaded(16, 4) if family == Family.LOADED else {"family": family}
        for number in range(150):
            if number % 25 == 0:
                config = EncoderConfig(
                    channels=int(random.integers(4, 9)),
                    sample_bits=int(random.integers(8, 17)),
                    aux_bits=aux_bits,
                    modes=(Mode.PROJECTION,),
                    projection=ProjectionConfig(window=16, measurements=4, hold=1, **extra),
                )
                sent, fresh = Recorder(config), True
                plain, compiled = Decoder(config), FastDecoder(config)
                for frames in (48, 40, 3, 32):
                    sent.packet(signal(config, frames, random), words(config, frames, random))
            payload, frames, mode, _ = sent.payloads[random.integers(4)]
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
            hostile = bytes(data), frames + int(random.integers(20)), mode, restart
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
            [*command, __file__, "-k", "test_fuzz or waits"],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout

    def test_an_error_leaves_the_state(self):
        config = EncoderConfig(
            channels=4,
            aux_bits=3,
            modes=(Mode.PROJECTION,),
            projection=ProjectionConfig(window=16, measurements=4, hold=1),
            packet_frames=16,
        )
        random = np.random.default_rng(0)
        sent = Recorder(config)
        list(sent.packets(signal(config, 64, random), words(config, 64, random)))
        sound, shaken = FastDecoder(config), FastDecoder(config)
        for number, (payload, frames, *rest) in enumerate(sent.payloads):
            if number:
                with pytest.raises(ValueError, match="run past the payload in frame"):
                    shaken.payload(payload, 100 * frames, *rest)
            one, other = (each.payload(payload, frames, *rest) for each in (sound, shaken))
            assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])

    @pytest.mark.parametrize("code_bits", [8, 13, 19])
    def test_symbols_wider_than_a_measurement(self, code_bits):
        """The largest symbols that have a code: the means grow until one is too wide."""
        matrix = ProjectionConfig(
            sample_bits=14, window=16, measurements=4, hold=1, family=Family.DENSE
        )
        matrix = replace(matrix, shift=matrix.measurement_bits - min(code_bits, 18))
        config = EncoderConfig(
            channels=2, sample_bits=14, modes=(Mode.PROJECTION,), projection=matrix
        )
        coder = Huffman(config, config.symbol_bits(Mode.PROJECTION))
        parts = [coder.encode(np.zeros((1, 2), np.int64), True)]
        while parts[-1].length.max() < MAX_CODE_BITS and len(parts) < 400:
            raw = choose(coder.sums)[1]
            parts.append(coder.encode((2 * HUFFMAN_FAR << raw)[np.newaxis] - 1, False))
        data = words_to_bytes(
            packer.encode(packer.Codes(*map(np.concatenate, zip(*parts, strict=True))))
        )
        hostile = data, len(parts) // 4 * 16, Mode.PROJECTION, True
        plain, compiled = (outcome(kind(config), hostile) for kind in (Decoder, FastDecoder))
        assert plain.startswith("a symbol is wider than a sample in frame ")
        assert compiled == plain
