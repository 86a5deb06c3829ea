"""Wishbone slave: a master that keeps to the specification, against the core's own registers."""

import random

import pytest
from amaranth import Module
from amaranth.sim import Simulator

from probecodec.golden.config import EncoderConfig
from probecodec.hdl.registers import Registers
from probecodec.hdl.skins.wishbone import WishboneRegisters

CONFIG = EncoderConfig(channels=32, restart_interval=5, stream_id=7)
ID = 0x9C010002  # magic, version, mode rice
ALL = 0b1111


class Bus:
    """A master: everything stays as it is from STB until ACK or ERR."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut

    async def transfer(self, address, word=None, select=ALL, keep=False):
        """Return (acknowledged, word read, cycles); ``keep`` leaves STB high for the next."""
        ctx, dut = self.ctx, self.dut
        for port, value in (
            (dut.wb_cyc_i, 1),
            (dut.wb_stb_i, 1),
            (dut.wb_we_i, word is not None),
            (dut.wb_adr_i, address),
            (dut.wb_sel_i, select),
            (dut.wb_dat_i, random.getrandbits(32) if word is None else word),
        ):
            ctx.set(port, value)
        ack = err = cycles = 0
        while not (ack or err):
            cycles += 1
            assert cycles < 10, "no answer"
            _, _, ack, err, data = await ctx.tick().sample(dut.wb_ack_o, dut.wb_err_o, dut.wb_dat_o)
            assert not (ack and err)
        if not keep:
            ctx.set(dut.wb_stb_i, 0)
            ctx.set(dut.wb_cyc_i, 0)
        return bool(ack), data, cycles

    async def write(self, address, word, **how):
        return (await self.transfer(address, word, **how))[0]

    async def read(self, address, **how):
        acknowledged, data, _ = await self.transfer(address, **how)
        return data if acknowledged else None


def play(scenario):
    m = Module()
    m.submodules.dut = dut = WishboneRegisters(CONFIG)
    m.submodules.core = core = Registers(CONFIG)
    for name in ("address", "write", "wdata"):
        m.d.comb += getattr(core, name).eq(getattr(dut.registers, name))
    m.d.comb += dut.registers.rdata.eq(core.rdata)

    async def bench(ctx):
        await scenario(Bus(ctx, dut))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("keep", [False, True])
def test_reads_and_writes(keep):
    async def scenario(bus):
        random.seed(1)
        held = {1: 1, 3: 5, 4: 7}
        masks = {1: 1, 3: 0xFFFF, 4: 0xFF}
        assert await bus.read(0, keep=keep) == ID
        for _ in range(60):
            address = random.choice([*held])
            if random.random() < 0.5:
                word = random.getrandbits(32)
                assert await bus.write(address, word, keep=keep)
                held[address] = word & masks[address]
            else:
                assert await bus.read(address, keep=keep) == held[address]

    play(scenario)


def test_a_transfer_takes_two_cycles():
    async def scenario(bus):
        for word in (None, 3):
            for keep in (True, False):
                assert (await bus.transfer(4, word, keep=keep))[2] == 2

    play(scenario)


def test_errors_change_nothing():
    async def scenario(bus):
        for address in (0, 6, *range(7, 16)):
            assert not await bus.write(address, 0xFFFFFFFF)
        for address in range(7, 16):
            assert await bus.read(address) is None
        for select in range(ALL):
            assert not await bus.write(4, 0xFF, select=select)
            assert await bus.read(4, select=select) == 7

    play(scenario)


def test_nothing_without_a_transfer():
    """Garbage on the bus is no transfer unless CYC and STB are both there."""

    async def scenario(bus):
        ctx, dut = bus.ctx, bus.dut
        ctx.set(dut.wb_we_i, 1)
        ctx.set(dut.wb_adr_i, 4)
        ctx.set(dut.wb_sel_i, ALL)
        ctx.set(dut.wb_dat_i, 0xFF)
        for cyc, stb in ((0, 0), (1, 0), (0, 1)):
            ctx.set(dut.wb_cyc_i, cyc)
            ctx.set(dut.wb_stb_i, stb)
            for _ in range(4):
                _, _, ack, err = await ctx.tick().sample(dut.wb_ack_o, dut.wb_err_o)
                assert not ack and not err
        assert await bus.read(4) == 7

    play(scenario)


def test_one_write_in_each_transfer():
    """A master that goes on writes once for each ACK."""

    async def scenario(bus):
        ctx, dut = bus.ctx, bus.dut
        writes = []
        ctx.set(dut.wb_cyc_i, 1)
        ctx.set(dut.wb_stb_i, 1)
        ctx.set(dut.wb_we_i, 1)
        ctx.set(dut.wb_sel_i, ALL)
        ctx.set(dut.wb_adr_i, 4)
        for _ in range(20):
            _, _, write, ack = await ctx.tick().sample(dut.registers.write, dut.wb_ack_o)
            writes.append((write, ack))
        assert writes == [(1, 0), (0, 1)] * 10

    play(scenario)
