"""USB: the bulk endpoint as LUNA's device sees it; `tests/sim/test_usb.py` has the rest."""

import os
import warnings

import numpy as np
import pytest
from amaranth import DomainRenamer, Fragment, Module
from amaranth.back import verilog
from amaranth.sim import Simulator

from probecodec.golden.config import ConfigError
from probecodec.hdl.links.usb import Usb
from probecodec.hdl.links.usb_descriptors import descriptors
from probecodec.hdl.links.usb_endpoint import BulkIn

IN_PID = 0b1001
FLUSH = 50
PACKET_WORDS = 128


def play(bench):
    """Run an endpoint, number 1; ``bench`` gets the context, the endpoint and its device."""
    m = Module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # LUNA speaks an older Amaranth
        dut = BulkIn(number=1, flush_cycles=FLUSH)
        m.submodules.dut = DomainRenamer({"usb": "sync"})(Fragment.get(dut, None))
    simulator = Simulator(m)
    simulator.add_clock(1e-6)

    async def testbench(ctx):
        await bench(ctx, dut, Device(ctx, dut))

    simulator.add_testbench(testbench)
    simulator.run()


class Device:
    """What LUNA's device does around its endpoint."""

    def __init__(self, ctx, dut):
        self.ctx, self.dut = ctx, dut
        self.toggle = None

    async def configure(self):
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.configure, 1)
        await ctx.tick()
        ctx.set(dut.configure, 0)
        ctx.set(dut.interface.active_config, 1)

    async def offer(self, words, cycles):
        """Offer words for so many cycles; return the cycles in which each was taken."""
        ctx, stream, taken = self.ctx, self.dut.words, []
        for cycle in range(cycles):
            ctx.set(stream.valid, len(taken) < len(words))
            ctx.set(stream.payload.data, words[min(len(taken), len(words) - 1)])
            _, _, ready = await ctx.tick().sample(stream.ready)
            if ready and len(taken) < len(words):
                taken.append(cycle)
        ctx.set(stream.valid, 0)
        return taken

    async def ask(self, *, endpoint=1, acknowledge=True):
        """Return the packet after an IN token, or None."""
        ctx, interface = self.ctx, self.dut.interface
        ctx.set(interface.tokenizer.pid, IN_PID)
        ctx.set(interface.tokenizer.is_in, 1)
        ctx.set(interface.tokenizer.endpoint, endpoint)
        await self._strobe(interface.tokenizer.new_token)
        ctx.set(interface.tokenizer.ready_for_response, 1)
        ctx.set(interface.tx.ready, 1)
        _, _, empty, last = await ctx.tick().sample(interface.tx.valid, interface.tx.last)
        ctx.set(interface.tokenizer.ready_for_response, 0)
        packet = bytearray()
        while not (empty and last):
            _, _, valid, last, byte, toggle = await ctx.tick().sample(
                interface.tx.valid, interface.tx.last, interface.tx.payload, interface.tx_pid_toggle
            )
            if not valid:
                return None
            packet.append(byte)
            self.toggle = toggle
            if last:
                break
        ctx.set(interface.tx.ready, 0)
        if acknowledge:
            await self.acknowledge()
        return bytes(packet)

    async def acknowledge(self):
        await self._strobe(self.dut.interface.handshakes_in.ack)

    async def _strobe(self, signal):
        self.ctx.set(signal, 1)
        await self.ctx.tick()
        self.ctx.set(signal, 0)
        await self.ctx.tick()


def make(count):
    return np.random.default_rng(count).integers(1 << 32, size=count).tolist()


def to_bytes(words):
    return np.array(words, ">u4").tobytes()


def test_one_byte_per_cycle_into_two_packets():
    words = make(2 * PACKET_WORDS + 1)

    async def bench(ctx, dut, device):
        assert not await device.offer(words, 20)  # not configured
        await device.configure()
        taken = await device.offer(words, 3 * 4 * PACKET_WORDS)
        begin = taken[0]
        assert [cycle - begin for cycle in taken[:PACKET_WORDS]] == list(range(0, 512, 4))
        assert len(taken) == len(words)  # the last stands before the packets
        got = [await device.ask(), await device.ask()]
        assert b"".join(got) == to_bytes(words[:-1])
        await ctx.tick().repeat(FLUSH + 10)
        assert await device.ask() == to_bytes(words[-1:])

    play(bench)


def test_the_byte_before_a_pause_waits():
    async def bench(ctx, dut, device):
        await device.configure()
        await device.offer(make(1), 4)
        await ctx.tick().repeat(FLUSH - 2)
        assert await device.ask() is None
        await ctx.tick().repeat(FLUSH)
        assert await device.ask() == to_bytes(make(1))

    play(bench)


def test_only_its_own_acknowledge_counts():
    words = make(3)

    async def bench(ctx, dut, device):
        await device.configure()
        await device.offer(words, FLUSH + 20)
        assert await device.ask(acknowledge=False) == to_bytes(words)
        toggle = device.toggle
        token = dut.interface.tokenizer
        for pid, endpoint in ((0, 1), (IN_PID, 0)):  # another device's; endpoint 0
            ctx.set(token.is_in, pid == IN_PID)
            ctx.set(token.endpoint, endpoint)
            await device.acknowledge()
            assert await device.ask(acknowledge=False) == to_bytes(words)
            assert device.toggle == toggle == 0
        assert await device.ask() == to_bytes(words)
        assert await device.ask() is None

    play(bench)


@pytest.mark.parametrize("waiting", range(1, 11))
def test_a_configuration_begins_with_data0_and_a_whole_word(waiting):
    """Whatever the endpoint was about when the connection ended."""
    words = make(PACKET_WORDS + 9)

    async def bench(ctx, dut, device):
        await device.configure()
        await device.offer(words, 4 * PACKET_WORDS + 8)
        await device.ask(acknowledge=waiting % 2)
        await device.offer(words[:4], waiting)
        ctx.set(dut.interface.active_config, 0)
        assert not await device.offer(words, 9)
        assert await device.ask() is None
        await device.configure()
        await device.offer([1, 2, 3], FLUSH + 30)
        assert await device.ask() == to_bytes([1, 2, 3])
        assert device.toggle == 0

    play(bench)


@pytest.mark.parametrize("cycle", range(8))
def test_a_flush_does_not_fall_into_a_new_configuration(cycle):
    async def bench(ctx, dut, device):
        await device.configure()
        await device.offer(make(1), 4)
        ctx.set(dut.interface.active_config, 0)
        await ctx.tick().repeat(FLUSH - 4 + cycle)
        await device.configure()
        await device.offer([1, 2, 3], FLUSH + 30)
        assert await device.ask() == to_bytes([1, 2, 3])

    play(bench)


@pytest.mark.parametrize("cycle", range(6))
def test_configured_again_nothing_is_lost(cycle):
    """SET_CONFIGURATION may fall on the cycle in which a packet is ready."""
    words = make(2)

    async def bench(ctx, dut, device):
        await device.configure()
        await device.offer(words, 9)
        await ctx.tick().repeat(FLUSH - 3 + cycle)
        await device.configure()
        await ctx.tick().repeat(FLUSH)
        assert await device.ask() == to_bytes(words)
        assert device.toggle == 0

    play(bench)


def test_descriptors_have_the_lengths_they_name():
    for (kind, _), descriptor in descriptors((512, 64), 100).items():
        assert descriptor[1] == kind
        total = descriptor[2] if kind in (2, 7) else descriptor[0]
        assert total == len(descriptor)
        while descriptor:
            size = descriptor[0]
            assert 2 < size <= len(descriptor)
            descriptor = descriptor[size:]


def test_verilog_is_reproducible_and_without_warnings(monkeypatch):
    monkeypatch.undo()  # no garbage in memories
    monkeypatch.setitem(os.environ, "AMARANTH_USE_YOSYS", "builtin")
    first, second = (verilog.convert(Usb(), emit_src=False) for _ in range(2))
    assert first == second


def test_capacity():
    assert Usb.capacity(60e6) == 12 * 512 * 8 * 8000


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"flush_cycles": 0}, "flush_cycles must be a whole number from 1 to 16777216, not 0"),
        ({"flush_cycles": (1 << 24) + 1}, "from 1 to 16777216, not 16777217"),
        ({"flush_cycles": "9"}, "flush_cycles must be a whole number .*, not '9'"),
        ({"milliamperes": 501}, "milliamperes must be a whole number from 2 to 500, not 501"),
        ({"milliamperes": 100.0}, "milliamperes must be a whole number .*, not 100.0"),
        ({"milliamperes": None}, "milliamperes must be a whole number"),
        ({"depth": 4}, "depth must be a whole number from 8 to 4096, not 4"),
        ({"depth": True}, "depth must be a whole number from 8 to 4096, not True"),
        ({"phy_registers": {"a": 0}}, "whole numbers as addresses and values, not 'a' and 0"),
        ({"phy_registers": {1: 2.0}}, "whole numbers as addresses and values, not 1 and 2.0"),
        ({"phy_registers": [1, 2]}, "phy_registers must map addresses to values"),
        ({"phy_registers": {64: 0}}, "0x40 to 0x0 does not fit"),
        ({"phy_registers": {0x39: 256}}, "0x39 to 0x100 does not fit"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ConfigError, match=message):
        Usb(**parameters)
