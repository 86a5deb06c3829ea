# amaranth: UnusedElaboratable=no
"""SPI: a host in mode 0 reads transactions, whole, short, broken off; no word lost or doubled."""

import numpy as np
import pytest
from amaranth import ClockDomain, Module
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.hdl.links.spi import Spi

MARKER = 0x5043
WORDS = np.random.default_rng(11).integers(1, 1 << 32, size=2000).tolist()


class Host:
    """The pins as a microcontroller sees them; times are in periods of ``sync``."""

    def __init__(self, ctx, dut, clock, half):
        self._ctx, self._dut, self._clock, self._half = ctx, dut, clock, half
        ctx.set(dut.cs_n, 1)

    @property
    def ready(self):
        return self._ctx.get(self._dut.ready)

    async def wait(self, time):
        await self._ctx.delay(time * 1e-6)

    async def read(self, bits):
        """Return a transaction's first bits as a number; the line is sampled as SCK rises."""
        ctx, value = self._ctx, 0
        ctx.set(self._dut.cs_n, 0)
        await self.wait(self._half)
        for _ in range(bits):
            value = value << 1 | ctx.get(self._dut.miso)
            ctx.set(self._clock, 1)
            await self.wait(self._half)
            assert value & 1 == ctx.get(self._dut.miso), "MISO changes at the rising edge"
            ctx.set(self._clock, 0)
            await self.wait(self._half)
        ctx.set(self._dut.cs_n, 1)
        await self.wait(1 + self._half)
        return value

    async def words(self, count, extra=0):
        """Read a transaction of ``count`` words and ``extra`` bits; return its count and words."""
        value = await self.read(32 * (1 + count) + extra) >> extra
        words = [value >> 32 * n & 0xFFFFFFFF for n in reversed(range(count + 1))]
        assert words[0] >> 16 == MARKER
        return words[0] & 0xFFFF, words[1:]


def play(script, *, half=0.37, offer=1.0, words=WORDS, reset=None, **parameters):
    """Offer words, and run ``script(host)``; return how many words the slave has taken.

    ``reset`` are pairs of a time until the reset of ``sync``, and its length.
    """
    m, random = Module(), np.random.default_rng(12)
    sync, link = ClockDomain("sync"), ClockDomain("link", reset_less=True)
    m.domains += [sync, link]
    m.submodules.dut = dut = Spi(**parameters)
    accepted = []

    async def source(ctx):
        for number, word in enumerate(words):
            while random.random() >= offer:
                await ctx.tick()
            ctx.set(dut.words.valid, 1)
            ctx.set(dut.words.payload, {"data": word, "last": number % 7 == 6})
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(dut.words.ready)
            ctx.set(dut.words.valid, 0)
            accepted.append(word)

    async def bench(ctx):
        await script(Host(ctx, dut, link.clk, half))

    async def resetter(ctx):
        for time, length in reset or ():
            await ctx.delay(time * 1e-6)
            ctx.set(sync.rst, 1)
            await ctx.delay(length * 1e-6)
            ctx.set(sync.rst, 0)

    simulator = Simulator(m)
    simulator.add_clock(1e-6, phase=0.11e-6)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(resetter, background=True)
    simulator.add_testbench(bench)
    simulator.run()
    return len(accepted)


@pytest.mark.parametrize("half", [0.11, 0.5, 1.37])
@pytest.mark.parametrize("offer", [1.0, 0.05])
def test_whole_transactions(half, offer):
    """As a host does it that reads the count, then the words."""
    got, counts = [], []

    async def script(host):
        while len(got) < 120:
            assert host.ready or await until_ready(host) < 400
            head = await peek(host)
            count, words = await host.words(head)
            assert count >= head
            counts.append(count)
            got.extend(words)

    async def until_ready(host):
        for n in range(400):
            if host.ready:
                return n
            await host.wait(1)
        return 400

    async def peek(host):
        """A transaction of the header alone takes no word."""
        count, _ = await host.words(0)
        return count

    play(script, half=half, offer=offer, depth=16, timeout=60)
    assert got == WORDS[: len(got)]
    assert max(counts) <= 16 and min(counts) >= 1


def test_fixed_length_and_zeros_behind_the_count():
    got, counts = [], []

    async def script(host):
        for _ in range(12):
            count, words = await host.words(24)
            got.extend(words[:count])
            counts.append(count)
            assert not any(words[count:])

    play(script, half=0.13, depth=16, words=WORDS[:100])
    assert got == WORDS[:100]
    assert 0 in counts and max(counts) in (14, 15, 16)


@pytest.mark.parametrize("seed", range(3))
def test_broken_transactions(seed):
    """Cut off after any bit: a word counts if its 32 bits were read, else it comes again."""
    random, got, cuts = np.random.default_rng(seed), [], set()

    async def script(host):
        while len(got) < 90:
            bits = int(random.integers(0, 32 * 8))
            if random.random() < 0.4:
                bits = int(random.choice([0, 15, 16, 31, 32, 33, 63, 64, 65, 95, 96]))
            value = await host.read(bits)
            cuts.add(bits % 32)
            if bits >= 32:
                header = value >> (bits - 32)
                assert header >> 16 == MARKER
                whole = min(bits // 32 - 1, header & 0xFFFF)
                value >>= bits % 32
                words = [value >> 32 * n & 0xFFFFFFFF for n in reversed(range(bits // 32 - 1))]
                got.extend(words[:whole])
            elif bits:
                assert value == (MARKER << 16 >> (32 - bits)) or bits > 16

    play(script, half=0.21, offer=0.5, depth=8)
    assert got == WORDS[: len(got)]
    assert {0, 1, 31} <= cuts


def test_sck_without_chip_select():
    """The bus of another chip: nothing moves."""

    async def script(host):
        await host.wait(60)
        ctx, dut = host._ctx, host._dut
        for _ in range(200):
            ctx.set(host._clock, 1)
            await host.wait(0.3)
            ctx.set(host._clock, 0)
            await host.wait(0.3)
        assert ctx.get(dut.ready)
        count, words = await host.words(6)
        assert count in (6, 7, 8) and words == WORDS[:6]

    play(script, depth=8)


def test_memory_never_overflows():
    """The writer waits; every word accepted is read once."""
    got = []

    async def script(host):
        await host.wait(100)
        count, words = await host.words(3)
        assert 14 <= count <= 16
        got.extend(words)
        await host.wait(40)
        count, words = await host.words(16)
        got.extend(words[:count])

    accepted = play(script, depth=16)
    assert got == WORDS[: len(got)] and len(got) >= 17
    assert accepted <= len(got) + 16


def test_ready():
    """High with a chunk, low once it is taken; high for the rest after the timeout, until taken."""

    async def script(host):
        await host.wait(40)
        assert host.ready  # 20 words wait, and 12 are a chunk
        _, words = await host.words(9)
        assert words == WORDS[:9]
        await host.wait(6)
        assert not host.ready  # 11 words
        await host.wait(100 - 6 - 6)
        assert not host.ready
        await host.wait(12)
        assert host.ready
        count, words = await host.words(11)
        assert count == 11 and words == WORDS[9:20]
        await host.wait(6)
        assert not host.ready
        await host.wait(200)
        assert not host.ready

    play(script, depth=32, chunk=12, timeout=100, words=WORDS[:20])


def test_ready_with_a_chunk():
    async def script(host):
        await host.wait(40)
        assert host.ready

    play(script, depth=32, chunk=12, timeout=1000, words=WORDS[:12])


def test_one_word():
    async def script(host):
        await host.wait(40)
        assert await host.words(2) == (1, [WORDS[0], 0])
        assert await host.words(1) == (0, [0])

    play(script, depth=8, words=WORDS[:1])


def test_ready_counts_down_again_while_the_host_reads():
    async def script(host):
        for taken in range(3):
            await host.wait(80)
            assert not host.ready
            assert (await host.words(1))[1] == [WORDS[taken]]
        await host.wait(140)
        assert not host.ready
        await host.wait(20)
        assert host.ready

    play(script, depth=32, chunk=12, timeout=150, words=WORDS[:10])


@pytest.mark.parametrize("offer", [0.1, 1.0])
@pytest.mark.parametrize("reset", [[(20.3, 1)], [(60.4, 1)], [(150.2, 1), (40.1, 90)]])
def test_reset_of_the_core(reset, offer):
    """What was accepted before is still there, be the memory full or not, SCK still or not."""
    got = []

    async def script(host):
        await host.wait(90)
        while len(got) < 60:
            count, words = await host.words(6)
            assert count <= 16
            got.extend(words[: min(count, 6)])

    play(script, half=0.2, offer=offer, depth=16, reset=reset)
    assert got == WORDS[: len(got)]


def test_capacity():
    assert Spi(depth=64, chunk=31).capacity(32e6) == 31e6


@pytest.mark.parametrize(
    "parameters",
    [
        {"depth": 12},
        {"depth": 2},
        {"depth": 256.0},
        {"depth": "256"},
        {"depth": 16, "chunk": 15},
        *({"chunk": chunk} for chunk in (-1, "8", None, True)),
        *({"timeout": timeout} for timeout in (0, "9", None, True, (1 << 24) + 1)),
    ],
)
def test_bad_parameters(parameters):
    with pytest.raises(ConfigError, match=f"{list(parameters)[-1]} must be a"):
        Spi(**parameters)
