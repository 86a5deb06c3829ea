"""MII, RMII and RGMII: the golden model's frames at the pins, at the rate that they promise."""

import itertools

import numpy as np
import pytest
from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.golden.udp import UdpConfig, frame
from probecodec.hdl.links.mii import MiiLink
from probecodec.hdl.links.rgmii import RgmiiLink
from probecodec.hdl.links.rmii import RmiiLink

CLOCK_HZ = {MiiLink: 25e6, RmiiLink: 50e6, RgmiiLink: 125e6}
PINS = {MiiLink: 4, RmiiLink: 2, RgmiiLink: 8}  # bits in a cycle, by the specifications
LINE_HZ = {MiiLink: 100e6, RmiiLink: 100e6, RgmiiLink: 1e9}
FLUSH = 400
PREAMBLE = bytes.fromhex("55555555555555d5")


@pytest.fixture(params=CLOCK_HZ, ids=lambda link: link.__name__)
def link(request):
    return request.param


def config(words):
    return UdpConfig(source_mac="02:00:00:12:34:56", source_ip="10.0.0.9", payload_words=words)


def golden(setup, words):
    """Whole frames of full datagrams and a rest."""
    full = setup.payload_words
    parts = [words[n : n + full] for n in range(0, len(words), full)]
    return [frame(setup, np.array(p, ">u4").tobytes(), number) for number, p in enumerate(parts)]


def play(link, setup, words, *, sync_hz=36e6, cycles=0, reset=()):
    """Send words as fast as the link takes them; return (enable, bits) in each of its cycles.

    It runs ``cycles``, by default until a rest has gone out; ``reset`` are those in reset.
    """
    dut, seen, in_reset = link(config=setup, flush_cycles=FLUSH), [], Signal()
    enable = dut.tx_ctl if link is RgmiiLink else dut.tx_en

    async def source(ctx):
        ctx.set(dut.words.valid, 1)
        for word in words:
            ctx.set(dut.words.payload.data, word)
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(dut.words.ready)
        ctx.set(dut.words.valid, 0)

    async def phy(ctx):
        quiet = 0
        while len(seen) < cycles or (not cycles and quiet < 2 * FLUSH):
            ctx.set(in_reset, len(seen) in reset)
            _, _, enabled, bits = await ctx.tick("link").sample(enable, dut.txd)
            seen.append((enabled, bits))
            quiet = 0 if enabled or not ctx.get(words_are_sent) else quiet + 1

    words_are_sent = ~dut.words.valid
    simulator = Simulator(ResetInserter({"link": in_reset})(dut))
    simulator.add_clock(1 / sync_hz)
    simulator.add_clock(1 / CLOCK_HZ[link], domain="link", phase=0.3 / CLOCK_HZ[link])
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(phy)
    simulator.run()
    return seen


def runs(link, seen):
    """(enable, bytes or bit times) by turns; RGMII has its enable twice."""
    high = 0b11 if link is RgmiiLink else 1
    assert {enable for enable, _ in seen} <= {0, high}
    out = []
    for enable, group in itertools.groupby(seen, lambda pair: pair[0]):
        bits = [bits for _, bits in group]
        if enable:
            number = sum(value << place * PINS[link] for place, value in enumerate(bits))
            assert len(bits) * PINS[link] % 8 == 0
            bits = number.to_bytes(len(bits) * PINS[link] // 8, "little")
        out.append((bool(enable), bits if enable else len(bits) * PINS[link]))
    return out


def frames(parts):
    """The frames, after a check of preambles and gaps."""
    lines = [line for enable, line in parts if enable]
    assert all(line.startswith(PREAMBLE) for line in lines)
    assert min(gap for enable, gap in parts[:-1] if not enable) >= 96
    return [line[8:] for line in lines]


def some_words(count):
    return np.random.default_rng(1).integers(1 << 32, size=count).tolist()


@pytest.mark.parametrize(("full", "count"), [(1, 3), (4, 10), (5, 13), (24, 55)])
def test_frames_at_the_pins(link, full, count):
    """Padded ones, the shortest without padding, and longer ones."""
    words = some_words(count)
    seen = frames(runs(link, play(link, config(full), words)))
    assert seen == golden(config(full), words)
    assert min(map(len, seen)) >= 64


@pytest.mark.parametrize("full", [3, 32])
@pytest.mark.parametrize("sync_hz", [36e6, 75e6])
def test_full_rate_is_the_capacity(link, full, sync_hz):
    """From the first frame's end on, while there is always a word."""
    setup = config(full)
    cycles = 5 * (8 * max(60, 42 + 4 * full) + 192) // PINS[link]
    words = itertools.cycle(some_words(50))
    seen = play(link, setup, words, cycles=cycles, sync_hz=sync_hz)
    while seen[-1][0]:  # a frame cut off
        seen.pop()
    between = runs(link, seen)[2:-1]  # gap, frame, gap, frame …
    count = len(between) // 2
    assert count >= 2 and len(between) % 2 == 0
    bits = sum(8 * len(line) if enable else line for enable, line in between)
    rate = count * full * 32 / bits * LINE_HZ[link]
    dut = link(config=setup, flush_cycles=FLUSH)
    Simulator(dut)
    assert rate == pytest.approx(dut.capacity(CLOCK_HZ[link]), rel=0.01)
    assert {line for enable, line in between if not enable} == {96}


def test_capacity_by_hand():
    """1024 bytes of 1090 at 100 Mbit/s, and at 1 Gbit/s."""
    for link, clock_hz in CLOCK_HZ.items():
        dut = link(config=config(256))
        assert dut.capacity(clock_hz) == pytest.approx(LINE_HZ[link] * 1024 / 1090)
        Simulator(dut)  # elaborates it, which Amaranth expects


def test_link_down_and_up_again(link):
    """Silence at once; the first frame after is whole, and its gap too; words are in order."""
    setup, words = config(12), list(range(0x500, 0x500 + 150))
    begin = 1500 // PINS[link]  # within the second frame
    end = begin + 80
    seen = play(link, setup, words, reset=range(begin, end))
    assert seen[begin][0]
    assert not any(enable for enable, _ in seen[begin + 1 : end])
    after = frames(runs(link, seen[end:]))
    sent = b"".join(data[42 : 14 + int.from_bytes(data[16:18], "big")] for data in after)
    sent = np.frombuffer(sent, ">u4").tolist()
    assert sent == words[-len(sent) :] and 12 < len(sent) < len(words)
    assert after == golden(setup, sent)


def test_rgmii_clock_is_high_first():
    """It rises with the low half of a byte; all pins have double data rate."""
    dut = RgmiiLink(config=config(4))
    assert set(RgmiiLink.DDR) == set(dut.signature.members) - {"words"}
    seen = []

    async def bench(ctx):
        for _ in range(3):
            *_, clock = await ctx.tick("link").sample(dut.txc)
            seen.append(clock)

    simulator = Simulator(dut)
    simulator.add_clock(8e-9)
    simulator.add_clock(8e-9, domain="link")
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [0b01] * 3


def test_flush_cycles_that_cannot_be(link):
    with pytest.raises(ConfigError, match="flush_cycles must be a whole number"):
        link(config=config(8), flush_cycles=0)
