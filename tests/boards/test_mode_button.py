"""The button that moves on to the next mode: once with each press, however it bounces."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.boards.top import ModeButton
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.registers import register_map

BITS = 5
REST = 1 << BITS  # cycles that the button must rest
LATE = 4  # cycles that synchroniser and registers take
CONFIG = EncoderConfig(channels=8, modes=(Mode.FIXED, Mode.ADAPTIVE, Mode.RICE))
REGISTERS = register_map(CONFIG)


def play(levels, config=CONFIG):
    """Return the writes, as (cycle, data); check all else that is on the port."""
    dut = ModeButton(config, debounce_bits=BITS)
    writes = []

    async def bench(ctx):
        for cycle, level in enumerate(levels):
            ctx.set(dut.button, int(level))
            _, _, address, write, data = await ctx.tick().sample(dut.address, dut.write, dut.wdata)
            if write:
                assert address == REGISTERS["mode"].address
                writes.append((cycle, data))
            elif cycle:
                assert address == REGISTERS["status"].address

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return writes


def bouncing(level, cycles=200):
    """Contacts that change at random, none at rest long enough; they end at ``level``."""
    random = np.random.default_rng(4)
    levels = np.repeat(np.arange(cycles) % 2, random.integers(1, REST - 1, cycles))
    return [*levels[:cycles], 1 - level]


def rest(level, cycles=REST + LATE):
    return [level] * cycles


@pytest.mark.parametrize("bounces", [False, True])
def test_each_press_is_one_step(bounces):
    """All modes, and around again; nothing happens as it is released."""
    levels, pressed = rest(0), []
    for _ in range(2 * len(CONFIG.modes)):
        levels += bouncing(1) * bounces
        pressed.append(len(levels))
        levels += rest(1) + rest(1, 90) + bouncing(0) * bounces + rest(0) + rest(0, 70)
    cycles, modes = zip(*play(levels), strict=True)
    assert modes == (*CONFIG.modes[1:], *CONFIG.modes, CONFIG.modes[0])
    for cycle, begin in zip(cycles, pressed, strict=True):
        assert REST <= cycle - begin <= REST + LATE


@pytest.mark.parametrize("cycles", [1, 2, REST // 2, REST - 1])
def test_a_press_too_short_is_none(cycles):
    levels = rest(0) + (rest(1, cycles) + rest(0, 3)) * 5 + rest(0)
    assert play(levels) == []


def test_a_release_too_short_is_none():
    levels = rest(0) + (rest(1) + rest(0, REST - 1)) * 3 + rest(1)
    assert [data for _, data in play(levels)] == [Mode.ADAPTIVE]


def test_a_button_held_at_power_up_is_a_press():
    assert [data for _, data in play(rest(1, 5 * REST))] == [Mode.ADAPTIVE]


def test_two_modes_alternate():
    config = EncoderConfig.preset("projection")
    levels = (rest(1) + rest(0)) * 3
    assert [data for _, data in play(levels, config)] == [
        Mode.PROJECTION,
        Mode.HUFFMAN,
        Mode.PROJECTION,
    ]
