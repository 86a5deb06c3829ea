# amaranth: UnusedElaboratable=no
"""FIFO: what an FTDI chip takes, at rising clock edges with WR# and TXE# low, is the stream."""

import numpy as np
import pytest
from amaranth import ClockDomain, Module
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.hdl.links.fifo import FtFifo

WORDS = np.random.default_rng(8).integers(1 << 32, size=80).tolist()
FILE = np.array(WORDS, ">u4").tobytes()
PACKET = 5  # words


def play(width, full, *, period=1.0, offer=1.0, cycles=None, reset=None):
    """Return the bytes taken, and the pins in every cycle of the chip's clock, as arrays.

    ``full`` is TXE# in each cycle, its last value for ever. TXE# moves a little behind the clock
    edge. ``reset`` is the cycle in which both
    domains are reset for 10 cycles.
    """
    m, random = Module(), np.random.default_rng(9)
    domains = [ClockDomain("sync"), ClockDomain("link")]
    m.domains += domains
    m.submodules.dut = dut = FtFifo(width=width)
    lanes, taken, pins = width // 8, bytearray(), []
    cycles = cycles or len(FILE) // lanes * 6 + 200

    async def source(ctx):
        for number, word in enumerate(WORDS):
            while random.random() >= offer:
                await ctx.tick()
            ctx.set(dut.words.valid, 1)
            ctx.set(dut.words.payload, {"data": word, "last": number % PACKET == PACKET - 1})
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(dut.words.ready)
            ctx.set(dut.words.valid, 0)

    async def chip(ctx):
        watched = [dut.wr_n, dut.data, dut.oe_n, dut.rd_n, dut.siwu_n if width == 8 else dut.be]
        before, rest = None, 40
        for cycle in range(cycles):
            level = int(full[min(cycle, len(full) - 1)])
            ctx.set(dut.txe_n, level)
            *_, wr_n, data, oe_n, rd_n, other = await ctx.tick("link").sample(*watched)
            if before is not None:
                assert (wr_n, data) == before, "the pins must stay until the word is taken"
            before = (wr_n, data) if level and not wr_n else None
            if not wr_n and not level:
                taken.extend(data.to_bytes(lanes, "little"))
            pins.append((wr_n, level, other, oe_n & rd_n))
            rest -= len(taken) == len(FILE)
            if not rest:
                break

    async def resetter(ctx):
        if reset is not None:
            await ctx.delay(reset * 1e-6)
            for domain in domains:
                ctx.set(domain.rst, 1)
            await ctx.delay(10e-6)
            for domain in domains:
                ctx.set(domain.rst, 0)

    simulator = Simulator(m)
    simulator.add_clock(period * 1e-6)
    simulator.add_clock(1e-6, phase=0.37e-6, domain="link")
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(resetter, background=True)
    simulator.add_testbench(chip)
    simulator.run()
    names = ("wr_n", "txe_n", "other", "never_read")
    return bytes(taken), dict(zip(names, np.array(pins).T, strict=True))


WAYS = {
    "never": np.zeros(1),
    "random": np.random.default_rng(10).integers(2, size=4000),
    "every-cycle": np.arange(4000) % 2,
    "every-other": np.arange(4000) // 2 % 2,
    "one-in-three": np.arange(4000) % 3 == 0,
    "long": np.arange(4000) // 23 % 2,
    "hiccup": np.arange(4000) % 50 < 10,
}


@pytest.mark.parametrize("width", [8, 16, 32])
@pytest.mark.parametrize("way", WAYS)
def test_every_byte_once_in_order(width, way):
    data, pins = play(width, WAYS[way])
    assert data == FILE
    assert pins["never_read"].all()
    if width > 8:
        assert set(pins["other"]) == {(1 << width // 8) - 1}


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("period", [0.21, 0.99, 2.7])
def test_clocks_and_pauses(width, period):
    data, _ = play(width, WAYS["random"], period=period, offer=0.3, cycles=1200)
    assert data == FILE


@pytest.mark.parametrize("width", [8, 16, 32])
def test_one_transfer_per_clock(width):
    _, pins = play(width, np.zeros(1), period=0.7)
    assert np.ptp(np.flatnonzero(pins["wr_n"] == 0)) == len(FILE) * 8 // width - 1


def test_full_before_the_first():
    """Nothing counts as taken while the chip has no room."""
    data, pins = play(8, np.ones(1), cycles=200)
    assert data == b"" and not pins["wr_n"][-1]


@pytest.mark.parametrize("way", ["never", "one-in-three", "long"])
def test_send_immediate(way):
    """SIWU# falls once a packet's last byte is taken, for 16 clocks."""
    data, pins = play(8, WAYS[way])
    assert data == FILE
    is_taken = (pins["wr_n"] == 0) & (pins["txe_n"] == 0)
    ends = np.flatnonzero(is_taken)[PACKET * 4 - 1 :: PACKET * 4]
    low = np.zeros(len(is_taken), bool)
    for end in ends:
        low[end + 2 : end + 18] = True
    np.testing.assert_array_equal(pins["other"] == 0, low)
    assert len(ends) == len(WORDS) // PACKET


def test_reset_in_the_middle():
    """What comes afterwards is whole words of the stream."""
    data, _ = play(8, np.zeros(1), reset=150)
    assert 40 < len(data) < len(FILE)
    begin = next(n for n in range(len(data)) if data[: n + 1] != FILE[: n + 1])
    assert FILE.endswith(data[begin:]) and len(data[begin:]) % 4 == 0


def test_capacity():
    assert FtFifo(width=8).capacity(60e6) == 320e6  # USB 2.0
    assert FtFifo(width=32).capacity(100e6) == 3.2e9


def test_bad_width():
    with pytest.raises(ConfigError, match="width"):
        FtFifo(width=24)


@pytest.mark.parametrize("depth", [7, 1_000_000, True, "16"])
def test_bad_depth(depth):
    with pytest.raises(ConfigError, match="depth must be a whole number from 8 to 4096"):
        FtFifo(depth=depth)
