"""A USB transceiver with a ULPI interface, as cocotb sees it at the link's pins.

After ULPI 1.1 and UTMI 1.05. One `cycle` is one clock: the PHY's pins change after the rising
edge, and the link's are read before the next. A packet is its bytes from the PID to the CRC.
"""

from __future__ import annotations

import random
from enum import IntEnum
from typing import Any, NamedTuple

from cocotb.triggers import FallingEdge, First, RisingEdge, Timer, ValueChange
from cocotb.utils import get_sim_time

CLOCK_PS = 16_666  # 60 MHz, to an even number
FULL_SPEED_CYCLES = 40  # per byte, of 12 Mbit/s
SYNC, EOP = 4, 1  # cycles at high speed
FUNCTION_CONTROL, OTG_CONTROL = 0x04, 0x0A  # ULPI 1.1, table 19
TERMINATION = 1 << 2  # bit TermSelect of Function Control


class Line(IntEnum):
    """State of D+ and D− as an RXCMD shows it; at high speed IDLE is squelch, J is activity."""

    IDLE = 0
    J = 1
    K = 2


class Driven(NamedTuple):
    """What the link drove in a cycle."""

    data: int
    stop: bool


class Ulpi:
    """The PHY; whoever calls its methods is the other end of the cable.

    Attributes
    ----------
    registers : dict
        What the link wrote: address to value.
    driven : Line or None
        What the host drives, by `show`; None leaves the line to the device's pull-up.
    vbus : bool
    sent : list of bytes
        Packets that the link sent while nobody waited for one.
    began : float
        When the link's last packet began, in cycles.
    chirp_us : float
        How long the link's last chirp lasted.
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._rise, self._fall = RisingEdge(dut.link_clk), FallingEdge(dut.link_clk)
        self.registers: dict[int, int] = {}
        self.driven: Line | None = None
        self.vbus = False
        self._shown = Line.IDLE
        self.sent: list[bytes] = []
        self.chirp_us = 0.0
        self.began = 0.0
        self._direction, self._turned = 0, 0  # of `dir`; cycles since it changed
        dut.dir.value = dut.nxt.value = dut.data_i.value = 0

    @property
    def now(self) -> float:
        """Clock cycles since the simulation's start."""
        return get_sim_time("ps") / CLOCK_PS

    @property
    def high_speed(self) -> bool:
        """Has the link chosen high speed? XcvrSelect, TermSelect and OpMode are all 0."""
        return self.registers[FUNCTION_CONTROL] & 0x1F == 0

    @property
    def pulled_up(self) -> bool:
        """Does the link show itself as a full-speed device?"""
        return self.registers[FUNCTION_CONTROL] & 0x1F == 0b00101

    async def start(self) -> None:
        """Wait until the link ends the reset; check its length; then the clock is stable."""
        dut = self._dut
        dut.dir.value = self._direction = 1
        await self._fall
        assert dut.reset.value, "the link does not reset the PHY"
        begin = self.now
        await FallingEdge(dut.reset)
        assert self.now - begin >= 60, "the PHY's reset is shorter than 1 µs"
        self.registers = {FUNCTION_CONTROL: 0x41, OTG_CONTROL: 0x06}
        await self._rise
        for _ in range(100):
            await self.cycle(direction=1)
        await self.cycle(direction=1, data=self._rxcmd())
        await self.idle(10)

    async def cycle(self, *, direction: int = 0, nxt: int = 0, data: int | None = None) -> Driven:
        """Drive the PHY's pins for one clock; where data counts for nothing, it is garbage."""
        dut = self._dut
        if self._direction != direction:
            dut.dir.value = self._direction = direction
            self._turned = 0
        dut.nxt.value = nxt
        dut.data_i.value = random.getrandbits(8) if data is None else data
        await self._fall
        self._turned += 1
        if self._turned > 1:
            assert bool(dut.data_oe.value) != bool(direction), "nobody or both drive the bus"
        driven = Driven(dut.data_o.value.to_unsigned(), bool(dut.stp.value))
        await self._rise
        return driven

    async def idle(self, cycles: float) -> None:
        """Let time pass; carry out what the link asks for meanwhile."""
        end = self.now + cycles
        while self.now < end:
            packet = await self.listen(end - self.now)
            if packet is not None:
                self.sent.append(packet)

    @property
    def line(self) -> Line:
        """The cable's state."""
        if self.driven is not None:
            return self.driven
        return Line.J if self.pulled_up else Line.IDLE

    async def show(self, driven: Line | None, *, vbus: bool = True) -> None:
        """Change what the host drives, and tell the link."""
        self.driven, self.vbus = driven, vbus
        await self._tell()

    async def _tell(self) -> None:
        self._shown = self.line
        await self.cycle(direction=1)
        await self.cycle(direction=1, data=self._rxcmd())
        await self.cycle()

    def _rxcmd(self, *, active: bool = False) -> int:
        line = Line.J if active and self.high_speed else self.line
        return line | (0b11 if self.vbus else 0) << 2 | active << 4

    async def receive(self, packet: bytes) -> None:
        """Bring a packet from the cable to the link."""
        await self.cycle(direction=1, nxt=1)
        await self.cycle(direction=1, data=self._rxcmd(active=True))
        for n, byte in enumerate(packet):
            waits = 0 if self.high_speed else FULL_SPEED_CYCLES - 1
            if self.high_speed and n and random.random() < 0.05:
                waits = 1  # stuffed bits
            for _ in range(waits):
                await self.cycle(direction=1, data=self._rxcmd(active=True))
            await self.cycle(direction=1, nxt=1, data=byte)
        for _ in range(EOP):
            await self.cycle(direction=1, data=self._rxcmd(active=True))
        await self.cycle(direction=1, data=self._rxcmd())
        await self.cycle()

    async def listen(self, cycles: float) -> bytes | None:
        """Return the packet that the link sends, or None where none begins in so many cycles.

        Register writes and chirps are carried out on the way.
        """
        end = self.now + cycles
        while self.now < end:
            driven = await self.cycle()
            command = driven.data >> 6
            if command == 0b01:
                self.began = self.now
                packet = await self._transmit(driven.data & 0xF)
                if packet is not None:
                    return packet
            elif command == 0b10:
                await self._write(driven.data & 0x3F)
            elif command == 0b11:
                raise AssertionError("the model knows no register reads")
            else:
                assert driven == Driven(0, False), f"the link drives {driven} while idle"
                left = end - self.now
                if left > 20:
                    rest = Timer(int(left) * CLOCK_PS, "ps")
                    await First(ValueChange(self._dut.data_o), rest)
                    await self._rise
        return None

    async def _write(self, address: int) -> None:
        """Write a register: address, value, stop (ULPI 1.1, 3.8.3.1)."""
        await self.cycle()  # the PHY may take its time
        command = await self.cycle(nxt=1)
        assert command == Driven(0x80 | address, False), "the command was not held"
        value = await self.cycle(nxt=1)
        assert not value.stop
        assert (await self.cycle()).stop, "no stop after a register write"
        self.registers[address] = value.data
        if self.line != self._shown:
            await self.idle(30)
            await self._tell()

    async def _transmit(self, pid: int) -> bytes | None:
        """Take a packet (ULPI 1.1, 3.8.2.2), or a chirp, which is none."""
        mode = self.registers[FUNCTION_CONTROL] >> 3 & 0b11
        command = await self.cycle(nxt=1)
        assert command == Driven(0x40 | pid, False), "the command was not held"
        if mode == 0b10:
            await self._chirp()
            return None
        assert mode == 0 and pid, "the link sends in a mode for chirps"
        packet = bytearray([pid | (~pid & 0xF) << 4])
        stuffing = _Stuffing()
        waits = SYNC if self.high_speed else FULL_SPEED_CYCLES - 1  # the PHY sends SYNC
        while True:
            driven = await self.cycle(nxt=not waits)
            if driven.stop:
                break
            if waits:
                waits -= 1
                continue
            packet.append(driven.data)
            waits = stuffing.cycles(driven.data) if self.high_speed else FULL_SPEED_CYCLES - 1
        assert driven.data == 0, "the link ends its packet with an error"
        return bytes(packet)

    async def _chirp(self) -> None:
        """Zeros without bit stuffing are a K, as long as the link likes."""
        begin = self.now
        await self.cycle(nxt=1)
        await RisingEdge(self._dut.stp)
        await self._rise
        self._dut.nxt.value = 0
        self.chirp_us = (self.now - begin) / 60


class _Stuffing:
    """Counts stuffed bits: one after six ones (USB 2.0, 7.1.9); eight of them cost a cycle."""

    def __init__(self) -> None:
        self._ones, self._bits = 0, 0

    def cycles(self, byte: int) -> int:
        """Return the cycles lost after ``byte``."""
        for n in range(8):
            self._ones = self._ones + 1 if byte >> n & 1 else 0
            if self._ones == 6:
                self._ones = 0
                self._bits += 1
        lost, self._bits = divmod(self._bits, 8)
        return lost
