"""The golden encoder's captures, read by the reference decoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import LOSSLESS, Flag, Kind, Mode, Order

ORDERED = {Order.SEQUENTIAL: 5, Order.NP1: 48, Order.NP2: 32}  # channels


def expected(config, samples, aux, kept=None):
    """What the reference decoder ought to find."""
    return {
        (config.stream_id, frame): (samples[frame].tolist(), int(aux[frame]))
        for frame in (range(len(samples)) if kept is None else np.flatnonzero(kept).tolist())
    }


def aux_words(config, frames):
    return np.random.default_rng(frames).integers(0, 1 << config.aux_bits, frames) // 3 * 3


@pytest.mark.parametrize("sample_bits", range(8, 17))
@pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
def test_widths(sample_bits, mode, signal, reference):
    config = EncoderConfig(
        channels=5, sample_bits=sample_bits, modes=(mode,), aux_bits=6, packet_frames=20
    )
    samples, aux = signal(config, 50), aux_words(config, 50)
    capture = b"".join(encode(config, samples, aux))
    assert reference.decode(capture) == expected(config, samples, aux)


@pytest.mark.parametrize("channels", [2, 3, 31, 32, 33, 384, 1000, 4096])
@pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
def test_channels(channels, mode, reference):
    config = EncoderConfig(channels=channels, modes=(mode,), packet_frames=2, aux_bits=10)
    samples = np.random.default_rng(0).normal(0, 20, (3, channels)).astype(np.int64)
    aux = np.array([1023, 1023, 0])
    capture = b"".join(encode(config, samples, aux))
    assert reference.decode(capture) == expected(config, samples, aux)


@pytest.mark.parametrize("order", Order, ids=lambda order: order.name)
@pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
def test_orders(order, mode, signal, reference):
    config = EncoderConfig(
        channels=ORDERED[order], order=order, modes=(mode,), aux_bits=6, packet_frames=4
    )
    samples, aux = signal(config, 10), aux_words(config, 10)
    samples = samples // np.arange(1, config.channels + 1)  # no two channels alike
    capture = b"".join(encode(config, samples, aux))
    assert reference.decode(capture) == expected(config, samples, aux)


@pytest.mark.parametrize("mode", [Mode.HUFFMAN, Mode.ADAPTIVE], ids=lambda mode: mode.name)
def test_every_age_and_two_restarts(mode, reference):
    """Learning gets slower until 1,024 frames after a restart."""
    config = EncoderConfig(
        channels=4, sample_bits=12, modes=(mode,), packet_frames=300, restart_interval=5
    )
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(0, 20, (2100, 1)) + random.normal(0, 9, (2100, 4)), axis=0)
    samples = np.rint(2000 * np.sin(walk / 2000)).astype(np.int64)
    aux = np.zeros(2100, np.int64)
    capture = b"".join(encode(config, samples, aux))
    assert reference.decode(capture) == expected(config, samples, aux)


@pytest.mark.parametrize("aux_bits", range(17))
@pytest.mark.parametrize("channels", [3, 5, 18])
def test_aux_bits(channels, aux_bits, reference):
    config = EncoderConfig(channels=channels, aux_bits=aux_bits, packet_frames=4)
    samples, aux = np.zeros((30, channels), np.int64), aux_words(config, 30)
    capture = b"".join(encode(config, samples, aux))
    assert reference.decode(capture) == expected(config, samples, aux)


@st.composite
def configs(draw):
    sample_bits = draw(st.integers(8, 16))
    order = draw(st.sampled_from(Order))
    sequential = order == Order.SEQUENTIAL
    try:
        return EncoderConfig(
            channels=draw(st.integers(2, 20)) if sequential else ORDERED[order],
            order=order,
            sample_bits=sample_bits,
            aux_bits=draw(st.integers(0, 16)),
            modes=tuple(draw(st.permutations(LOSSLESS))),
            fixed_bits=draw(st.integers(2, sample_bits)),
            packet_frames=draw(st.integers(1, 6)),
            restart_interval=draw(st.integers(1, 4)),
            stream_id=draw(st.integers(0, 255)),
        )
    except ConfigError:  # too many auxiliary bits for so few channels
        return EncoderConfig(channels=2, sample_bits=sample_bits, packet_frames=3, modes=LOSSLESS)


@st.composite
def recordings(draw):
    config = draw(configs())
    frames = draw(st.integers(0, 20))
    half = 1 << (config.sample_bits - 1)
    value = st.sampled_from([-half, half - 1, 0]) | st.integers(-half, half - 1)
    samples = draw(arrays(np.int64, (frames, config.channels), elements=value))
    aux = draw(arrays(np.int64, frames, elements=st.integers(0, (1 << config.aux_bits) - 1)))
    return config, samples, aux


@given(recordings(), st.data())
def test_any_recording_with_any_drops(reference, recording, data):
    config, samples, aux = recording
    dropped = data.draw(arrays(bool, len(samples)))
    capture = b"".join(encode(config, samples, aux, dropped))
    assert reference.decode(capture) == expected(config, samples, aux, ~dropped)


@given(recordings(), st.data())
def test_any_sequence_of_modes_restarts_and_lengths(reference, recording, data):
    """Both decoders, on packets of 1 to 6 frames."""
    config, samples, aux = recording
    encoder, decoder = Encoder(config), Decoder(config)
    capture, start, frames = b"", 0, []
    while start < len(samples):
        stop = start + data.draw(st.integers(1, 6))
        mode, restart = data.draw(st.sampled_from([None, *LOSSLESS])), data.draw(st.booleans())
        made = encoder.packet(samples[start:stop], aux[start:stop], mode=mode, restart=restart)
        for packet in reference.packets(made):
            if packet["kind"] == Kind.DATA:
                flags = bool(packet["flags"] & Flag.RESTART)
                mode = Mode(packet["mode"])
                frames.append(decoder.payload(packet["payload"], packet["frames"], mode, flags))
        capture, start = capture + made, stop
    assert reference.decode(capture) == expected(config, samples, aux)
    if frames:
        assert np.array_equal(np.concatenate([part for part, _ in frames]), samples)
        assert np.array_equal(np.concatenate([part for _, part in frames]), aux)


def test_two_streams_in_one_capture(reference):
    samples, aux = np.arange(24).reshape(8, 3), np.zeros(8, np.int64)
    streams = [
        EncoderConfig(channels=3, packet_frames=2, stream_id=stream_id) for stream_id in (4, 7)
    ]
    pairs = zip(*(encode(config, samples, aux) for config in streams), strict=True)
    capture = b"".join(part for pair in pairs for part in pair)
    both = expected(streams[0], samples, aux) | expected(streams[1], samples, aux)
    assert reference.decode(capture) == both
