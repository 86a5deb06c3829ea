"""Crossing: every word once, in order, for any two clocks, and after a reset of either side."""

import itertools

import numpy as np
import pytest
from amaranth import ClockDomain, Module
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.hdl.links.crossing import Crossing

WORDS = 120
PERIODS = [(1.0, 1.0), (1.0, 0.31), (1.0, 0.97), (1.0, 1.03), (0.29, 1.0), (1.0, 5.3)]


def play(periods, offer, take, depth=16, resets=()):
    """Send 0, 1, … until ``WORDS`` are through; return [(time, number)] taken.

    ``resets`` are (time, domain, length): in periods of the slower clock.
    """
    m, random = Module(), np.random.default_rng(7)
    domains = {name: ClockDomain(name) for name in ("sync", "link")}
    m.domains += domains.values()
    m.submodules.dut = dut = Crossing(depth=depth)
    taken, slower = [], max(periods)

    async def source(ctx):
        for number in itertools.count():
            while random.random() >= offer:
                await ctx.tick()
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, {"data": number, "last": number % 3 == 0})
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def sink(ctx):
        cycle = 0
        while len(taken) < WORDS:
            ready = random.random() < take
            ctx.set(dut.o.ready, ready)
            *_, valid, data, last = await ctx.tick("link").sample(
                dut.o.valid, dut.o.payload.data, dut.o.payload.last
            )
            cycle += 1
            assert cycle < 40 * WORDS
            if valid and ready:
                assert last == (data % 3 == 0)
                taken.append((cycle, data))

    async def reset(ctx):
        time = 0
        for at, name, length in resets:
            await ctx.delay((at - time) * slower * 1e-6)
            ctx.set(domains[name].rst, 1)
            await ctx.delay(length * slower * 1e-6)
            ctx.set(domains[name].rst, 0)
            time = at + length

    simulator = Simulator(m)
    simulator.add_clock(periods[0] * 1e-6)
    simulator.add_clock(periods[1] * 1e-6, phase=0.43e-6, domain="link")
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(reset, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    return taken


@pytest.mark.parametrize("periods", PERIODS)
@pytest.mark.parametrize(("offer", "take"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.5)])
def test_every_word_once_in_order(periods, offer, take):
    assert [word for _, word in play(periods, offer, take)] == list(range(WORDS))


@pytest.mark.parametrize("periods", [(1.0, 1.0), (0.29, 1.0), (1.0, 1.03)])
def test_one_word_per_cycle(periods):
    """Where the writer is as fast as the reader, or faster."""
    cycles = np.array([cycle for cycle, _ in play(periods, 1.0, 1.0)])
    pauses = np.diff(cycles)[20:] - 1
    assert pauses.sum() <= 100 * max(0.0, periods[0] / periods[1] - 1) + 4


@pytest.mark.parametrize("periods", PERIODS)
@pytest.mark.parametrize("domain", ["sync", "link"])
def test_reset(periods, domain):
    """Held for 3 cycles of the slower clock: words are lost, none is doubled or out of order."""
    words = [word for _, word in play(periods, 1.0, 0.7, resets=[(30.2, domain, 3)])]
    assert len(words) == WORDS
    steps = np.diff(words)
    assert (steps >= 1).all() and (steps > 1).sum() <= 2
    assert steps.max() < 60 and (steps[-30:] == 1).all()


def test_least_depth_carries_a_word_per_cycle():
    cycles = np.array([cycle for cycle, _ in play((0.29, 1.0), 1.0, 1.0, depth=8)])
    assert (np.diff(cycles)[20:] == 1).all()


@pytest.mark.parametrize("depth", [-1, 0, 1, 7, 4097, 1_000_000, 16.0, True, "16", None])
def test_bad_depth(depth):
    with pytest.raises(ConfigError, match="depth must be a whole number from 8 to 4096, not "):
        Crossing(depth=depth)
