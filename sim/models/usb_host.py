"""A USB host: packets, transactions, enumeration; after USB 2.0, chapters 7 to 9."""

from __future__ import annotations

import struct
from typing import NamedTuple

from .ulpi import SYNC, Line, Ulpi

OUT, IN, SOF, SETUP = 0b0001, 0b1001, 0b0101, 0b1101  # USB 2.0, table 8-1
DATA0, DATA1 = 0b0011, 0b1011
ACK, NAK, STALL = 0b0010, 0b1010, 0b1110
SILENT = -1  # no answer

MICROSECOND = 60  # cycles
MICROFRAME = 7500
FRAME = 60_000
# Times, in cycles, of what the link does not see.
HOST_GAP = 11  # 88 bit times, the least between two packets of a host; USB 2.0, 7.1.18.2
# From the link's stop to the SYNC of the host's answer: EOP, the delays of both the PHY's
# directions (UTMI 1.05, 5.4: up to 40 and 63 bit times), and the host's own time.
ANSWER_GAP = 16
ANSWER_TIMEOUT = 92  # 736 bit times; USB 2.0, 7.1.19.2
LONGEST = 590  # of a transaction of 512 bytes


def _crc(bits: int, polynomial: int, data: bytes) -> int:
    """Return the CRC, bits reversed, of bytes, low bit first; all ones at first, inverted."""
    crc = ones = (1 << bits) - 1
    for byte in data:
        for n in range(8):
            feedback = (crc ^ byte >> n) & 1
            crc = crc >> 1 ^ (polynomial if feedback else 0)
    return crc ^ ones


def crc16(data: bytes) -> int:
    """Return the CRC of a data packet's payload: x¹⁶ + x¹⁵ + x² + 1."""
    return _crc(16, 0xA001, data)


def crc5(field: int, bits: int = 11) -> int:
    """Return the CRC of a token's field: x⁵ + x² + 1."""
    crc = 0x1F
    for n in range(bits):
        feedback = (crc ^ field >> n) & 1
        crc = crc >> 1 ^ (0x14 if feedback else 0)
    return crc ^ 0x1F


def _pid(pid: int) -> bytes:
    return bytes([pid | (~pid & 0xF) << 4])


def token(pid: int, field: int) -> bytes:
    """Return a token; its field is address and endpoint, or a frame number."""
    return _pid(pid) + struct.pack("<H", field | crc5(field) << 11)


def data(pid: int, payload: bytes) -> bytes:
    """Return a data packet."""
    return _pid(pid) + payload + struct.pack("<H", crc16(payload))


class Answer(NamedTuple):
    """What the device answered: PID, or SILENT; the payload of a data packet."""

    pid: int
    payload: bytes = b""


class Stalled(AssertionError):
    """The device refuses a control request."""


class Host:
    """A host controller with one device.

    Attributes
    ----------
    phy : Ulpi
    address : int
    answer_cycles : float
        The longest that the device took to answer, as ULPI counts it.
    toggle : int
        PID of the data packet expected next from the bulk endpoint.
    naks, repeats : int
        Of the bulk endpoint: answers without data, and data packets that came again.
    """

    def __init__(self, phy: Ulpi) -> None:
        self.phy = phy
        self.address = 0
        self.answer_cycles = 0.0
        self.toggle = DATA0
        self.naks = self.repeats = 0
        self._frame = 0  # microframes at high speed
        self._next_sof = 0.0

    # Bus states

    async def plug(self) -> None:
        """Supply VBUS; wait for the device's pull-up."""
        await self.phy.show(None, vbus=True)
        for _ in range(20):
            await self.phy.idle(100 * MICROSECOND)
            if self.phy.line == Line.J:
                return await self.phy.idle(200 * MICROSECOND)  # for 100 ms; USB 2.0, 7.1.7.3
        raise AssertionError("the device does not show itself")

    async def unplug(self) -> None:
        """Take VBUS away, for a millisecond."""
        await self.phy.show(None, vbus=False)
        await self.phy.idle(FRAME)

    async def reset(self, *, high_speed: bool = True) -> None:
        """Reset the bus, and detect the speed (USB 2.0, 7.1.7.5)."""
        phy = self.phy
        phy.chirp_us = 0.0
        await phy.show(Line.IDLE)
        for _ in range(80):
            await phy.idle(6000)
            if phy.chirp_us:
                break
        assert 1000 <= phy.chirp_us <= 7000, f"the device's chirp took {phy.chirp_us:.0f} µs"
        if high_speed:
            await phy.idle(20 * MICROSECOND)
            for _ in range(4):
                for line in (Line.K, Line.J):
                    await phy.show(line)
                    await phy.idle(50 * MICROSECOND)
            await phy.show(None)
            await phy.idle(100 * MICROSECOND)
            assert phy.high_speed, "the device did not take high speed"
        else:
            await phy.idle(3000 * MICROSECOND)
            await phy.show(None)
            await phy.idle(100 * MICROSECOND)
            assert phy.pulled_up, "the device did not take full speed"
        self.address, self.toggle = 0, DATA0
        self._next_sof = phy.now

    async def pause(self, microframes: int) -> None:
        """Send nothing but SOFs."""
        for _ in range(microframes):
            await self.phy.idle(max(0, self._next_sof - self.phy.now))
            await self._sof()

    # Transactions

    async def transaction_in(self, endpoint: int, *, acknowledge: bool = True) -> Answer:
        """Ask for data."""
        await self._begin(token(IN, self.address | endpoint << 7))
        answer = await self._answer()
        if answer.pid in (DATA0, DATA1) and acknowledge:
            await self._packet(_pid(ACK), ANSWER_GAP)
        return answer

    async def transaction_out(self, pid: int, data_pid: int, payload: bytes) -> Answer:
        """Send data to endpoint 0, after a token OUT or SETUP."""
        await self._begin(token(pid, self.address))
        await self._packet(data(data_pid, payload), HOST_GAP)
        return await self._answer()

    async def bulk_in(self, endpoint: int = 1, *, acknowledge: bool = True) -> bytes | None:
        """Ask for a bulk packet; None where there is none, or none new."""
        answer = await self.transaction_in(endpoint, acknowledge=acknowledge)
        if answer.pid == NAK:
            self.naks += 1
            return None
        assert answer.pid in (DATA0, DATA1), f"bulk: answer {answer.pid:#x}"
        assert len(answer.payload) <= (512 if self.phy.high_speed else 64), "bulk: packet too long"
        if answer.pid != self.toggle:
            self.repeats += 1
            return None
        self.toggle ^= DATA0 ^ DATA1
        return answer.payload

    async def control_in(self, request_type: int, request: int, value: int, length: int) -> bytes:
        """Ask endpoint 0; index is 0."""
        setup = struct.pack("<BBHHH", request_type, request, value, 0, length)
        assert (await self.transaction_out(SETUP, DATA0, setup)).pid == ACK
        received, expected = b"", DATA1
        while len(received) < length:
            answer = await self._retry(lambda: self.transaction_in(0))
            if answer.pid == STALL:
                raise Stalled(f"request {request}, value {value:#x}")
            assert answer.pid == expected, f"control: PID {answer.pid:#x}, not {expected:#x}"
            expected ^= DATA0 ^ DATA1
            received += answer.payload
            if len(answer.payload) < 64:
                break
        status = await self._retry(lambda: self.transaction_out(OUT, DATA1, b""))
        assert status.pid == ACK
        return received

    async def control_out(self, request_type: int, request: int, value: int, index: int = 0):
        """Tell endpoint 0 something that needs no data."""
        setup = struct.pack("<BBHHH", request_type, request, value, index, 0)
        assert (await self.transaction_out(SETUP, DATA0, setup)).pid == ACK
        status = await self._retry(lambda: self.transaction_in(0))
        if status.pid == STALL:
            raise Stalled(f"request {request}, value {value:#x}")
        assert status == Answer(DATA1), f"control: status {status}"

    async def descriptor(self, kind: int, index: int = 0, length: int = 255) -> bytes:
        """GET_DESCRIPTOR."""
        return await self.control_in(0x80, 6, kind << 8 | index, length)

    async def enumerate(self, address: int) -> None:
        """SET_ADDRESS, SET_CONFIGURATION."""
        await self.control_out(0x00, 5, address)
        await self.phy.idle(200)
        self.address = address
        await self.configure(1)

    async def configure(self, number: int) -> None:
        """SET_CONFIGURATION, which restarts the toggle."""
        await self.control_out(0x00, 9, number)
        self.toggle = DATA0

    async def _retry(self, transaction) -> Answer:
        for _ in range(20):
            answer = await transaction()
            if answer.pid != NAK:
                return answer
        raise AssertionError("control: only NAKs")

    async def _sof(self) -> None:
        fast = self.phy.high_speed
        number = self._frame >> 3 if fast else self._frame
        await self._packet(token(SOF, number & 0x7FF), HOST_GAP)
        self._frame += 1
        self._next_sof = max(self._next_sof, self.phy.now - 100) + (MICROFRAME if fast else FRAME)

    async def _begin(self, packet: bytes) -> None:
        """Send the token of a transaction; behind the next SOF where it would not fit before."""
        left = self._next_sof - self.phy.now
        if left < (LONGEST if self.phy.high_speed else 8 * LONGEST):
            await self.phy.idle(max(0, left))
            await self._sof()
        await self._packet(packet, HOST_GAP)

    async def _packet(self, packet: bytes, gap: int) -> None:
        await self.phy.idle(gap + SYNC)
        await self.phy.receive(packet)

    async def _answer(self) -> Answer:
        """Return the device's answer, its CRC checked."""
        begin = self.phy.now
        packet = await self.phy.listen(ANSWER_TIMEOUT)
        if packet is None:
            return Answer(SILENT)
        self.answer_cycles = max(self.answer_cycles, self.phy.began - begin)
        return self._parse(packet)

    def _parse(self, packet: bytes) -> Answer:
        pid = packet[0] & 0xF
        if pid not in (DATA0, DATA1):
            assert pid in (ACK, NAK, STALL) and len(packet) == 1, f"the device sent {packet.hex()}"
            return Answer(pid)
        payload, crc = packet[1:-2], packet[-2:]
        assert struct.pack("<H", crc16(payload)) == crc, "wrong CRC"
        return Answer(pid, payload)
