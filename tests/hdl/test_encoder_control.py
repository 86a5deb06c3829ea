"""The whole encoder: reset, registers while it runs, and sources that break frames."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden import encoder as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.format import Flag, Mode
from probecodec.golden.registers import register_map
from probecodec.hdl.encoder import Encoder

DUAL = EncoderConfig(
    channels=32,
    aux_bits=2,
    modes=(Mode.RICE, Mode.FIXED),
    packet_frames=3,
    restart_interval=3,
    fifo_words=128,
)
ALL = replace(DUAL, modes=(Mode.ADAPTIVE, Mode.RICE, Mode.HUFFMAN, Mode.FIXED))
TINY = EncoderConfig(
    channels=3, sample_bits=8, modes=(Mode.FIXED,), packet_frames=2, restart_interval=9
)


CONFIGS = pytest.mark.parametrize("config", [DUAL, ALL], ids=["dual", "all"])


@pytest.fixture
def record(harness, capture):
    """A function that runs samples through an encoder."""
    return lambda config, *args, **options: capture.record(
        harness, Encoder(config), *args, config=config, **options
    )


def signal(config, frames):
    """Return (samples, auxiliary words)."""
    random = np.random.default_rng(18)
    samples = random.integers(-9, 10, (frames, config.channels))
    return samples, random.integers(1 << config.aux_bits, size=frames)


def flags(packets):
    return [Flag(packet.header["flags"]) for packet in packets]


@CONFIGS
@pytest.mark.parametrize("after", [70, 90, 97, 200, 333])
def test_reset_begins_a_clean_stream(record, config, after):
    """Wherever it comes, and whatever it leaves in the memories."""
    samples, aux = signal(config, frames=7)
    seen = record(config, samples, aux, reset_after=after)
    assert seen.data == b"".join(golden.encode(config, samples, aux))


@pytest.mark.parametrize(
    ("config", "writes"),
    [
        (DUAL, {100: Mode.FIXED, 400: Mode.RICE, 405: Mode.FIXED, 600: Mode.RICE}),
        (ALL, {100: Mode.FIXED, 200: Mode.HUFFMAN, 290: Mode.ADAPTIVE, 600: Mode.RICE}),
        (ALL, {90: Mode.HUFFMAN, 280: Mode.RICE, 400: Mode.ADAPTIVE, 500: Mode.FIXED}),
        (ALL, {90: Mode.RICE, 200: Mode.ADAPTIVE, 480: Mode.HUFFMAN, 580: Mode.FIXED}),
    ],
    ids=["dual", "all-1", "all-2", "all-3"],
)
def test_the_mode_switches_at_the_next_packet(record, config, writes):
    samples, aux = signal(config, frames=24)
    registers = {cycle: ("mode", mode) for cycle, mode in writes.items()}
    seen = record(config, samples, aux, registers=registers)
    packet_cycles = config.packet_frames * config.channels
    modes = [config.modes[0]]
    for packet in range(1, 8):
        before = [mode for cycle, mode in writes.items() if cycle < packet * packet_cycles]
        modes.append(before[-1] if before else modes[0])
    stream = golden.Encoder(config)
    assert seen.data == b"".join(
        stream.packet(samples[n : n + 3], aux[n : n + 3], mode=modes[n // 3])
        for n in range(0, 24, 3)
    )
    assert set(modes) == set(config.modes)


@CONFIGS
def test_registers_reach_their_stages(record, config):
    samples, aux = signal(config, frames=24)
    registers = {
        5: ("id", None),
        110: ("restart_interval", 1),
        2: ("stream_id", 0xA5),
        500: ("status", None),
    }
    seen = record(config, samples, aux, registers=registers)
    restarts = [bool(flag & Flag.RESTART) for flag in flags(seen.data_packets)]
    assert restarts == [True, False] + [True] * 6
    assert {packet.header["stream_id"] for packet in seen.packets} == {0xA5}
    identity = register_map(config)["id"].fields
    assert seen.rdata[6] == sum(field.reset << field.low for field in identity.values())
    assert seen.rdata[501] == 0


@CONFIGS
def test_idle_once_all_is_sent(record, config):
    samples, aux = signal(config, frames=4)
    end = samples.size
    reads = {end + n: ("status", None) for n in range(1, 200)}
    seen = record(config, samples, aux, registers=reads | {end: ("control", 0)})
    idle = seen.rdata[end + 2 : end + 200] >> register_map(config)["status"].fields["idle"].low & 1
    first = int(np.flatnonzero(idle)[0]) + end + 2
    assert idle[first - end - 2 :].all()
    assert 0 < first - seen.received[-1] < 10


@CONFIGS
def test_disabled_for_a_while(record, config):
    samples, aux = signal(config, frames=14)
    seen = record(config, samples, aux, registers={140: ("control", 0), 32 * 9 + 7: ("control", 1)})
    stream = golden.Encoder(config)
    assert seen.data == b"".join(
        [
            stream.packet(samples[:3], aux[:3]),
            stream.packet(samples[3:5], aux[3:5]),
            stream.packet(samples[10:13], aux[10:13], dropped=5, restart=True),
            stream.packet(samples[13:], aux[13:]),
        ]
    )


def decode(config, packets):
    """Return (first frame, samples, auxiliary words) of every packet."""
    decoder = Decoder(config)
    for packet in packets:
        restart = bool(packet.header["flags"] & Flag.RESTART)
        mode, frames = Mode(packet.header["mode"]), packet.trailer["frames"]
        yield packet.header["frame_index"], *decoder.payload(packet.payload, frames, mode, restart)


@pytest.mark.parametrize(
    ("config", "idle"),
    [(DUAL, "none"), (DUAL, "random"), (DUAL, "bursts"), (ALL, "none"), (ALL, "bursts")],
    ids=["dual-none", "dual-random", "dual-bursts", "all-none", "all-bursts"],
)
def test_a_source_that_breaks_frames(record, config, idle):
    """Whole frames decode, at their index; every gap is counted, flagged, and soon over."""
    random = np.random.default_rng(19)
    width = config.channels
    lengths = np.where(random.random(60) < 0.1, random.choice([1, 7, 31, 33, 40], 60), width)
    frames = [random.integers(-9, 10, length) for length in lengths]
    aux = random.integers(4, size=60)
    packets = record(config, frames, aux, idle=idle).data_packets
    for first, samples, words in decode(config, packets):
        whole = slice(first, first + len(samples))
        assert (lengths[whole] >= width).all()
        assert samples.tolist() == [frame[:width].tolist() for frame in frames[whole]]
        np.testing.assert_array_equal(words, aux[whole])
    end = drops = 0
    for packet in packets:
        start = packet.header["frame_index"]
        drops += start - end
        assert packet.header["drop_count"] == drops
        assert start - end < 6
        breaks = (lengths[end:start] < width).any() or (
            lengths[max(end - 1, 0) : start] > width
        ).any()
        flags = Flag(packet.header["flags"])
        assert bool(flags & Flag.MISFRAME) == breaks
        assert not breaks or flags & Flag.RESTART
        assert not flags & Flag.OVERRUN
        end = start + packet.trailer["frames"]


def rows(*lengths):
    """Return frames of these lengths, every sample another."""
    return np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1])


def reported(packets):
    """Return (first frame, frames, flags, drop count) of every packet."""
    return [
        (
            packet.header["frame_index"],
            packet.trailer["frames"],
            Flag(packet.header["flags"]),
            packet.header["drop_count"],
        )
        for packet in packets
    ]


@pytest.mark.parametrize("later", range(0, 16, 3))
def test_a_frame_too_long_after_a_pause(record, later):
    """The packet so far is shorter than a word, so all seems sent; but it is still to come."""
    cycles = np.array([0, 1, 2, 60, *range(61 + later, 64 + later), *range(200, 206)])
    seen = record(TINY, rows(4, 3, 3, 3), cycles=cycles)
    assert reported(seen.data_packets) == [
        (0, 1, Flag.RESTART, 0),
        (2, 2, Flag.RESTART | Flag.MISFRAME, 1),
    ]


def test_frames_too_short_after_a_pause(record):
    """Likewise; the frames that it costs come behind the packet, not before."""
    cycles = np.array([0, 1, 2, 60, 120, 121, 122, 123, *range(200, 206)])
    seen = record(TINY, rows(3, 1, 1, 3, 3, 3), cycles=cycles)
    assert reported(seen.data_packets) == [
        (0, 1, Flag.RESTART, 0),
        (4, 2, Flag.RESTART | Flag.MISFRAME, 3),
    ]
