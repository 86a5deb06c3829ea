"""SPI register port: a bit-banging master that is not in step with the clock."""

import random

import pytest
from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from probecodec.golden.config import EncoderConfig
from probecodec.hdl.registers import Registers
from probecodec.hdl.skins.spi_registers import SpiRegisters

CONFIG = EncoderConfig(channels=32, restart_interval=5, stream_id=7)
ID = 0x9C010002  # magic, version, mode rice
CLOCK = 1.0
PERIOD = 8 * CLOCK  # of SCK, as short as may be


class Master:
    """Sends on falling edges, samples on rising edges, most significant bit first."""

    def __init__(self, ctx, dut, mode, period):
        self.ctx, self.dut, self.mode, self.half = ctx, dut, mode, period / 2
        ctx.set(dut.spi_sck, mode == 3)

    async def access(self, bits, count=40, answers=True, hold=None):
        """Send the ``count`` highest of 40 bits, or these and the lowest; return what was heard.

        CS# rises ``hold`` after SCK's last rising edge, or in good time.
        """
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.spi_cs_n, 0)
        await ctx.delay(max(self.half, 4 * CLOCK))
        heard = 0
        for n in range(count):
            if self.mode == 3:
                ctx.set(dut.spi_sck, 0)
            ctx.set(dut.spi_mosi, bits >> 39 - n & 1 if n < 40 else bits >> count - 1 - n & 1)
            await ctx.delay(self.half)
            heard = heard << 1 | ctx.get(dut.spi_miso)
            assert ctx.get(dut.spi_miso_oe) == answers
            ctx.set(dut.spi_sck, 1)
            if hold is not None and n == count - 1:
                break
            await ctx.delay(self.half)
            if self.mode == 0:
                ctx.set(dut.spi_sck, 0)
        await ctx.delay(self.half if hold is None else hold)
        ctx.set(dut.spi_cs_n, 1)
        ctx.set(dut.spi_mosi, random.getrandbits(1))
        await ctx.delay(4 * CLOCK + random.random())
        assert not ctx.get(dut.spi_miso_oe)
        return heard

    async def write(self, address, word, count=40):
        return await self.access(1 << 39 | address << 32 | word, count)

    async def read(self, address):
        return await self.access(address << 32 | random.getrandbits(32))


def play(scenario, mode=0, period=PERIOD, phase=0.0):
    m = Module()
    m.submodules.dut = dut = SpiRegisters(CONFIG)
    m.submodules.core = core = Registers(CONFIG)
    for name in ("address", "write", "wdata"):
        m.d.comb += getattr(core, name).eq(getattr(dut.registers, name))
    m.d.comb += dut.registers.rdata.eq(core.rdata)

    async def bench(ctx):
        master = Master(ctx, dut, mode, period)
        master.reset = reset
        await ctx.delay(5 * CLOCK + phase)
        await scenario(master)

    reset = Signal()
    simulator = Simulator(ResetInserter(reset)(m))
    simulator.add_clock(CLOCK)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("mode", [0, 3])
@pytest.mark.parametrize(
    ("period", "phase"), [(8, 0.1), (8, 0.6), (8.05, 0.3), (8.37, 0), (11.9, 0), (50.3, 0)]
)
def test_reads_and_writes(mode, period, phase):
    """At the highest rate, at any phase of the clocks, and slower."""

    async def scenario(spi):
        random.seed(2)
        held = {1: 1, 3: 5, 4: 7}
        masks = {1: 1, 3: 0xFFFF, 4: 0xFF}
        assert await spi.read(0) == ID
        for address in (*held, *random.choices([*held], k=8)):
            assert await spi.read(address) == held[address]
            word = random.getrandbits(32)
            await spi.write(address, word)
            held[address] = word & masks[address]
        for address, value in held.items():
            assert await spi.read(address) == value

    play(scenario, mode, period, phase)


def test_what_cannot_be_read_is_zero():
    async def scenario(spi):
        for address in range(7, 16):
            assert await spi.read(address) == 0
        await spi.write(0, 0xFFFFFFFF)
        assert await spi.read(0) == ID

    play(scenario)


@pytest.mark.parametrize("mode", [0, 3])
def test_only_a_whole_write_counts(mode):
    async def scenario(spi):
        for count in (0, 1, 7, 8, 9, 20, 39, 41, 48, 80, 104):
            await spi.write(4, 0xFFFFFFFF, count)
            assert await spi.read(4) == 7
            await spi.access(0xC2 << 32, count)  # one bit later it reads as a write to register 4
            assert await spi.read(4) == 7
        await spi.write(4, 0xA5)
        assert await spi.read(4) == 0xA5

    play(scenario, mode)


def test_what_a_reset_cut_is_no_access():
    """40 bits that come after the reset, but within one access: not a write."""

    async def scenario(spi):
        ctx, dut = spi.ctx, spi.dut
        ctx.set(dut.spi_cs_n, 0)
        ctx.set(spi.reset, 1)
        await ctx.delay(4 * CLOCK)
        ctx.set(spi.reset, 0)
        await spi.access(1 << 39 | 4 << 32 | 0xFF, answers=False)
        assert await spi.read(4) == 7
        await spi.write(4, 0xFF)
        assert await spi.read(4) == 0xFF

    play(scenario)


def test_numbers_beyond_the_map():
    """All 7 bits of the number count."""

    async def scenario(spi):
        for address in (0x10, 0x11, 0x13, 0x24, 0x44, 0x7F):
            assert await spi.read(address) == 0
        for address in (0x11, 0x13, 0x14, 0x24, 0x44, 0x74):
            await spi.write(address, 0)
        assert [await spi.read(address) for address in (0, 1, 3, 4)] == [ID, 1, 5, 7]

    play(scenario)


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.4, 0.6, 0.9])
def test_least_time_to_the_end_of_a_write(phase):
    """Mode 3 ends with SCK's rising edge; CS# may rise 2 cycles later."""

    async def scenario(spi):
        random.seed(3)
        for word in (0x5A, 0xFF, 0):
            await spi.access(1 << 39 | 4 << 32 | word, hold=2 * CLOCK)
            assert await spi.read(4) == word

    play(scenario, mode=3, phase=phase)


def test_a_read_writes_nothing():
    async def scenario(spi):
        for _ in range(4):
            await spi.access(4 << 32 | 0xFF)
        assert await spi.read(4) == 7

    play(scenario)
