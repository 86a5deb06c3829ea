"""Multiplexed: all lanes' samples in order; strobes amiss never put one on another channel."""

from itertools import chain

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Order
from probecodec.golden.order import channels
from probecodec.hdl.inputs.multiplexed import Multiplexed
from probecodec.sim.models.multiplexed import lane_bits


def play(watch, dut, bits, *, high=2, low=2, aux=()):
    """Send bits, each so many cycles high and low; return the samples."""
    seen, words = watch(dut), list(aux)

    async def bench(ctx):
        for bit in bits:
            ctx.set(dut.bit_clock, 0)
            for name, level in bit._asdict().items():
                ctx.set(getattr(dut, name), level)
            if words:
                ctx.set(dut.aux, words.pop(0) if bit.frame else 0)
            for _ in range(low):
                await seen.cycle(ctx)
            ctx.set(dut.bit_clock, 1)
            for _ in range(high):
                await seen.cycle(ctx)
        ctx.set(dut.bit_clock, 0)
        for _ in range(80):
            await seen.cycle(ctx)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen.samples


def make(frames, config, adcs, idle_bits=0):
    """Return samples in channel order, and the bits of each frame."""
    half = 1 << (config.sample_bits - 1)
    values = np.random.default_rng(5).integers(-half, half, (frames, config.channels))
    shape = {"adcs": adcs, "sample_bits": config.sample_bits, "idle_bits": idle_bits}
    return values, [list(lane_bits(row[channels(config)], **shape)) for row in values]


CASES = [  # order, channels, adcs, bits, idle bits, high, low
    (Order.NP1, 384, 32, 10, 0, 2, 2),
    (Order.NP1, 384, 32, 10, 3, 3, 2),
    (Order.NP2, 64, 4, 14, 0, 2, 2),
    (Order.NP2, 384, 24, 12, 2, 2, 4),
    (Order.SEQUENTIAL, 64, 64, 16, 0, 2, 2),
    (Order.SEQUENTIAL, 12, 3, 8, 1, 2, 3),
    (Order.SEQUENTIAL, 5, 1, 9, 0, 7, 6),
    (Order.SEQUENTIAL, 12, 3, 8, 20, 2, 2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0].name.lower()}-{c[1]}ch-{c[2]}adcs")
def test_every_sample_in_order(watch, case):
    kind, count, adcs, width, idle, high, low = case
    config = EncoderConfig(channels=count, sample_bits=width, order=kind)
    values, bits = make(3, config, adcs, idle)
    dut = Multiplexed(config, adcs=adcs)
    got = play(watch, dut, chain.from_iterable(bits), high=high, low=low)
    np.testing.assert_array_equal(got.frames(count), values[:, channels(config)])
    assert len(got.value) == values.size
    period = (high + low) * (width + idle) * count // adcs
    assert set(np.diff(got.cycle[got.first])) == {period}
    # A conversion's results come at once, not later than stated after the edge of its last bit.
    last_edge = (high + low) * (width - 1) + low
    assert 0 < got.cycle[0] - last_edge <= 6
    assert set(np.diff(got.cycle[:adcs])) <= {1}


def test_auxiliary_word_comes_with_its_frame(watch):
    config = EncoderConfig(channels=24, sample_bits=8, aux_bits=5)
    values, bits = make(5, config, 12)
    words = [3, 31, 0, 17, 9]
    got = play(watch, Multiplexed(config, adcs=12), chain.from_iterable(bits), aux=words)
    np.testing.assert_array_equal(got.frames(24), values)
    assert got.aux[got.first].tolist() == words


def without(bits, at, **levels):
    """Return bits with other levels at one place."""
    changed = list(bits)
    changed[at] = changed[at]._replace(**levels)
    return changed


FAULTS = {
    "slot missing": lambda bits: without(bits, 20, slot=0),
    "slot early": lambda bits: without(bits, 25, slot=1),
    "slot twice": lambda bits: without(bits, 1, slot=1),
    "frame missing": lambda bits: without(bits, 0, frame=0),
    "both missing": lambda bits: without(bits, 0, frame=0, slot=0),
    "frame early": lambda bits: without(bits, 25, frame=1),
    "bit lost": lambda bits: bits[:13] + bits[14:],
    "cut off": lambda bits: bits[:33],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_frame_with_a_fault_has_another_length(watch, fault):
    """So the gate drops it; the frames before and after are whole."""
    config = EncoderConfig(channels=16, sample_bits=10)
    values, bits = make(4, config, 4)
    bits[1] = FAULTS[fault](bits[1])
    got = play(watch, Multiplexed(config, adcs=4), chain.from_iterable(bits))
    parts = np.split(got.value, np.flatnonzero(got.first)[1:])
    whole = [part.tolist() for part in parts if len(part) == 16]
    assert len(parts) > len(whole)
    assert whole[-2:] == values[2:].tolist()
    if fault in ("frame missing", "both missing", "slot twice"):
        assert whole[:-2] == []  # frame 1 has no beginning: it seems to belong to frame 0
    else:
        assert whole[:-2] == [values[0].tolist()]


def test_a_stopped_clock_gives_nothing(watch):
    config = EncoderConfig(channels=16, sample_bits=10)
    values, bits = make(2, config, 4)
    dut = Multiplexed(config, adcs=4)
    got = play(watch, dut, bits[0] + bits[1][:9])
    np.testing.assert_array_equal(got.frames(16), values[:1])


def test_a_start_in_the_middle_of_a_conversion(watch):
    """Nothing of it is given."""
    config = EncoderConfig(channels=16, sample_bits=10)
    values, bits = make(2, config, 4, idle_bits=12)
    got = play(watch, Multiplexed(config, adcs=4), bits[0][5:] + bits[1])
    np.testing.assert_array_equal(got.value, values.ravel()[4:])
    assert np.flatnonzero(got.first).tolist() == [12]


@pytest.mark.parametrize(
    ("config", "adcs", "message"),
    [
        ({"channels": 384, "order": Order.NP1}, 24, "32 converters, not 24"),
        ({"channels": 384, "order": Order.NP2}, 32, "24 converters, not 32"),
        ({"channels": 100}, 32, "does not divide 100"),
        ({"channels": 100}, 0, "does not divide"),
        ({"channels": 100}, True, "adcs must be a whole number, not True"),
        ({"channels": 384, "order": Order.NP1}, 32.0, "adcs must be a whole number, not 32.0"),
        ({"channels": 410, "sample_bits": 10}, 41, "at most 40 lanes"),
    ],
)
def test_lanes_that_do_not_go_with_the_channels(config, adcs, message):
    with pytest.raises(ConfigError, match=message):
        Multiplexed(EncoderConfig(**config), adcs=adcs)
