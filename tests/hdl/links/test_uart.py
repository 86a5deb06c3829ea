# amaranth: UnusedElaboratable=no
"""UART: the line, sampled every clock cycle, against what 8N1 says."""

import numpy as np
import pytest
from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.hdl.links.uart import Uart, uart_divisor

WORDS = np.random.default_rng(2).integers(1 << 32, size=12).tolist()
FILE = np.array(WORDS, ">u4").tobytes()


def play(dut, cycles, pause=0.0, stop=None, reset=None):
    """Send the words again and again; return the line's level in every cycle.

    ``pause`` is the share of cycles without a word; ``stop`` and ``reset`` are ``cts_n`` and the
    reset in every cycle.
    """
    random, line, hold = np.random.default_rng(3), [], Signal()

    async def source(ctx):
        ctx.set(dut.words.valid, 0)
        while True:
            for word in WORDS:
                while random.random() < pause:
                    await ctx.tick()
                ctx.set(dut.words.valid, 1)
                ctx.set(dut.words.payload.data, word)
                ready = False
                while not ready:
                    *_, ready = await ctx.tick().sample(dut.words.ready)
                ctx.set(dut.words.valid, 0)

    async def watch(ctx):
        for cycle in range(cycles):
            if stop is not None:
                ctx.set(dut.cts_n, int(stop[cycle]))
            if reset is not None:
                ctx.set(hold, int(reset[cycle]))
            _, _, level = await ctx.tick().sample(dut.tx)
            line.append(level)

    simulator = Simulator(ResetInserter(hold)(dut))
    simulator.add_clock(1e-6)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(watch)
    simulator.run()
    return np.array(line)


def receive(line, divisor):
    """Return the bytes on the line, and the cycle in which each begins; all bits must be exact."""
    data, begins, cycle = bytearray(), [], 0
    while len(falls := np.flatnonzero(line[cycle:] == 0)):
        cycle += falls[0]
        if cycle + 10 * divisor > len(line):
            break
        bits = line[cycle : cycle + 10 * divisor].reshape(10, divisor)
        assert (bits == bits[:, :1]).all(), "a level changes within a bit"
        assert bits[0, 0] == 0 and bits[9, 0] == 1
        data.append(int(np.packbits(bits[1:9, 0], bitorder="little")[0]))
        begins.append(int(cycle))
        cycle += 10 * divisor
    return bytes(data), np.array(begins)


@pytest.mark.parametrize("divisor", [2, 3, 4, 25])
def test_full_rate_without_gaps(divisor):
    cycles = 10 * divisor * (len(FILE) + 3)
    data, begins = receive(play(Uart(divisor=divisor), cycles), divisor)
    assert data[: len(FILE)] == FILE
    assert set(np.diff(begins)) == {10 * divisor}
    assert begins[0] >= 10 * divisor  # one byte of idle line after reset


@pytest.mark.parametrize(("divisor", "pause"), [(2, 0.98), (5, 0.995)])
def test_pauses_between_words(divisor, pause):
    data, begins = receive(play(Uart(divisor=divisor), 6000, pause), divisor)
    count = min(len(data), len(FILE))
    assert count > 24 and data[:count] == FILE[:count]
    assert np.diff(begins).min() == 10 * divisor < np.diff(begins).max()


def test_stops_behind_the_byte_under_way():
    """And goes on where it stopped."""
    divisor, random = 3, np.random.default_rng(4)
    stop = np.repeat(random.integers(2, size=60), 70)
    line = play(Uart(divisor=divisor, flow_control=True), len(stop), stop=stop)
    data, begins = receive(line, divisor)
    assert len(data) > 40 and data[: len(FILE)] == FILE[: len(data)]
    # A byte that begins in cycle t was decided upon in t - 1, by a level 2 to 3 cycles older.
    assert not stop[begins - 3].any()
    # Where the host lets it go, it goes on at once.
    assert set(np.diff(begins[stop[begins] == 0])) >= {10 * divisor}
    rises = np.flatnonzero(np.diff(stop) == -1) + 1
    for cycle in rises[(rises > 60) & (rises < len(line) - 40)]:
        assert (begins >= cycle).any() and begins[begins >= cycle][0] == cycle + 3


def test_nothing_sent_before_the_host_is_there():
    line = play(Uart(divisor=2, flow_control=True), 200, stop=np.ones(200))
    assert line.all()


def test_reset_in_the_middle():
    """A receiver that was in the middle of a byte finds the next one: the line idles as long."""
    divisor, reset = 3, np.zeros(1500)
    reset[700] = 1
    line = play(Uart(divisor=divisor), len(reset), reset=reset)
    assert not line[680:701].all()
    assert line[701 : 701 + 10 * divisor].all()
    data, begins = receive(line[702:], divisor)
    assert len(data) > 20 and set(np.diff(begins)) == {10 * divisor}
    assert data[:20] in FILE + FILE


def test_capacity():
    assert Uart(divisor=3).capacity(36e6) == pytest.approx(9.6e6)


def test_divisor():
    assert uart_divisor(36e6, 12e6) == 3
    assert uart_divisor(75e6, 3e6) == 25
    assert uart_divisor(36e6, 115_200) == 313  # 0.16 % off
    with pytest.raises(ConfigError, match=r"36 MHz.*7,200,000 or 9,000,000"):
        uart_divisor(36e6, 8e6)
    with pytest.raises(ConfigError, match=r"use 12,000,000 or 18,000,000"):
        uart_divisor(36e6, 20e6)
    assert uart_divisor(36e6, 3) == 12_000_000
    with pytest.raises(ConfigError, match="1 baud is too slow for a 36 MHz clock; use at least 3"):
        uart_divisor(36e6, 1)


BAD_RATES = [0, -1, -1e6, float("nan"), float("inf"), 10**400, "x", "9600", None, [9600], True]


@pytest.mark.parametrize("baud", BAD_RATES, ids=lambda rate: repr(rate)[:9])
def test_bad_baud(baud):
    with pytest.raises(ConfigError) as caught:
        uart_divisor(36e6, baud)
    echoed = repr(baud) if len(repr(baud)) <= 40 else repr(baud)[:39] + "…"
    assert str(caught.value) == f"baud must be a number above 0, not {echoed}"


def test_bad_flow_control():
    with pytest.raises(ConfigError, match="flow_control must be True or False, not 'off'"):
        Uart(divisor=3, flow_control="off")


@pytest.mark.parametrize("divisor", [1, 0, 2.5, True, "3", (1 << 24) + 1])
def test_bad_divisor(divisor):
    with pytest.raises(ConfigError, match="divisor"):
        Uart(divisor=divisor)
