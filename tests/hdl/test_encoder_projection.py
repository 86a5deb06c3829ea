"""The encoder in mode PROJECTION: its bytes are the golden model's."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden import order as channel_order
from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder as Golden
from probecodec.golden.encoder import encode
from probecodec.golden.format import Family, Flag, Kind, Mode, Order
from probecodec.golden.projection import banded
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.golden.registers import load, register_map
from probecodec.hdl import encoder as hdl

ALONE, BOTH = (Mode.PROJECTION,), (Mode.PROJECTION, Mode.HUFFMAN)
ALL = (Mode.PROJECTION, Mode.ADAPTIVE, Mode.FIXED, Mode.HUFFMAN, Mode.RICE)
ROWS = banded(np.random.default_rng(1).normal(size=(3, 16)))[0]
COEFFICIENTS = tuple(map(tuple, np.rint(127 * ROWS / np.abs(ROWS).max()).astype(int).tolist()))
LOADED = {"family": Family.LOADED, "measurements": 3, "coefficients": COEFFICIENTS}


@pytest.fixture
def record(harness, capture):
    """A function that runs samples through an encoder."""
    return lambda config, *args, **options: capture.record(
        harness, hdl.Encoder(config), *args, config=config, **options
    )


def make(modes=ALONE, channels=32, aux_bits=0, sample_bits=10, order=Order.SEQUENTIAL, **matrix):
    """Return a small configuration."""
    return EncoderConfig(
        modes=modes,
        channels=channels,
        aux_bits=aux_bits,
        sample_bits=sample_bits,
        order=order,
        projection=ProjectionConfig(**{"window": 16, "measurements": 3} | matrix),
        packet_frames=32,
        restart_interval=2,
        fifo_words=128,
    )


def signal(config, frames, size=9):
    """Return (samples, auxiliary words): noise about offsets, with jumps to the ends."""
    random = np.random.default_rng(config.channels)
    half = 1 << config.sample_bits - 1
    offsets = random.integers(-half // 2, half // 2, config.channels)
    samples = np.rint(random.normal(offsets, size, (frames, config.channels))).astype(np.int64)
    samples = samples.clip(-half, half - 1)
    samples[random.random(samples.shape) < 0.02] = half - 1
    samples[random.random(samples.shape) < 0.02] = -half
    return samples, random.integers(1 << config.aux_bits, size=frames // 2 + 1).repeat(2)[:frames]


@pytest.mark.parametrize(("idle", "link"), [("none", "always"), ("random", "mostly")])
@pytest.mark.parametrize(
    "config",
    [
        make(),
        make(channels=33, measurements=8, seed=99),
        make(aux_bits=5, hold=2),
        make(sample_bits=16, highpass_shift=0, aux_bits=1, measurements=1),
        make(BOTH, family=Family.DENSE, shift=2),
        make(ALL, sample_bits=12, aux_bits=3, family=Family.DENSE, hold=4, measurements=5),
        make(BOTH, channels=48, order=Order.NP1, aux_bits=16),
    ],
    ids=lambda config: f"{len(config.modes)}-{config.projection.family.name}-{config.sample_bits}",
)
def test_equals_the_golden_model(record, config, idle, link):
    samples, aux = signal(config, 32 * 3 + 21)
    slots = samples[:, channel_order.channels(config)]
    got = record(config, slots, aux, idle=idle, link=link).data
    assert got == b"".join(encode(config, samples, aux))


def test_loaded_coefficients(record):
    config = make(BOTH, **LOADED)
    samples, aux = signal(config, 70)
    names = {register.address: name for name, register in register_map(config).items()}
    writes = [(names[address], word) for address, word in load(config.projection)]
    start = len(writes) + 2
    got = record(
        config,
        samples,
        aux,
        cycles=start + np.arange(samples.size),
        registers=dict(enumerate(writes)),
    )
    assert got.data == b"".join(encode(config, samples, aux))


def test_a_core_that_was_told_of_no_coefficients_names_none(record):
    config = make(**LOADED)
    samples, aux = signal(config, 20)
    packet = record(config, samples, aux).data
    assert packet[36:40] == bytes(4) != config.projection.extension[4:]
    assert packet[32:36] == config.projection.extension[:4]


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
def test_switching_to_lossless_and_back(record, family):
    """At packet boundaries; the high-pass begins anew, and no window is lost."""
    config = make(ALL, family=family, aux_bits=2)
    samples, aux = signal(config, 32 * 6)
    frame = config.channels
    turns = {0: Mode.PROJECTION, 2: Mode.HUFFMAN, 3: Mode.PROJECTION, 5: Mode.ADAPTIVE}
    registers = {
        max(0, 32 * packet * frame - frame): ("mode", mode.value) for packet, mode in turns.items()
    }
    got = record(config, samples, aux, registers=registers).data
    golden = Golden(config)
    wanted = b"".join(
        golden.packet(samples[n : n + 32], aux[n : n + 32], mode=turns.get(n // 32))
        for n in range(0, len(samples), 32)
    )
    assert got == wanted


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
def test_broken_frames(record, family):
    """What is broken off in mid-window spoils nothing behind it, and the high-pass begins anew."""
    config = replace(make(BOTH, family=family, channels=26), restart_interval=99)
    samples, aux = signal(config, 32 * 4)
    frames, cut = list(samples), 32 + 9
    frames[cut] = frames[cut][:11]
    got = record(config, frames, aux)
    packets = [packet for packet in got.packets if packet.header["kind"] == Kind.DATA]
    assert [packet.trailer["frames"] for packet in packets[:2]] == [32, 9]
    assert packets[1].payload[8:] == bytes(4)  # no measurement was complete
    resumed = packets[2].header["frame_index"]
    assert cut < resumed <= cut + 4
    golden = Golden(config)
    wanted = golden.packet(samples[:32], aux[:32]) + golden.packet(samples[32:cut], aux[32:cut])
    dropped, cause, restart = resumed - cut, Flag.MISFRAME, True
    for n in range(resumed, len(samples), 32):
        wanted += golden.packet(
            samples[n : n + 32], aux[n : n + 32], dropped=dropped, cause=cause, restart=restart
        )
        dropped, cause, restart = 0, Flag(0), False
    assert got.data == wanted


def test_overrun_in_mid_window(record):
    """A window that the link broke off ends its packet; the high-pass goes on behind it."""
    config = make(sample_bits=12, measurements=8)
    samples = np.random.default_rng(0).integers(-2048, 2048, (32 * 8, config.channels))
    link = (np.arange(samples.size) % 4000 > 3000).astype(int)
    got = record(config, samples, link=link)
    dropped = np.ones(len(samples), bool)
    for packet in got.packets:
        first = packet.header["frame_index"]
        dropped[first : first + packet.trailer["frames"]] = False
    assert 0 < dropped.sum() < len(samples)
    frames = [packet.trailer["frames"] for packet in got.packets]
    assert any(count % 16 for count in frames)
    assert got.data == b"".join(encode(config, samples, dropped=dropped))


@pytest.mark.parametrize("modes", [ALONE, (Mode.HUFFMAN,)])
def test_idle_only_when_no_packet_is_under_way(record, modes):
    """Also in a window that has given nothing yet, from a source that is slow."""
    config = EncoderConfig(channels=26, modes=modes, packet_frames=64, fifo_words=128)
    cycles = 60 * np.arange(4 * 26)
    end = int(cycles[-1])
    reads = {cycle: ("status", None) for cycle in range(90, end, 7)}
    seen = record(config, signal(config, 4)[0], cycles=cycles, registers=reads).rdata
    idle = register_map(config)["status"].fields["idle"].low
    assert not any(seen[cycle + 1] >> idle & 1 for cycle in reads)
