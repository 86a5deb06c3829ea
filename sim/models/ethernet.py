"""Ethernet: a PHY and a host behind it, which checks every frame and keeps what UDP brought.

The rules are those of IEEE 802.3 (frames), RFC 791 (IPv4) and RFC 768 (UDP).
"""

from __future__ import annotations

import logging
import struct
import zlib
from ipaddress import IPv4Address
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time
from cocotbext.eth import MiiSink

from ...golden.udp import UdpConfig

_PREAMBLE = b"\x55" * 7 + b"\xd5"
_GAP_BITS = 96
_RESIDUE = 0x2144DF1C  # CRC-32 of whatever ends in its own CRC-32


class Host:
    """Takes what a PHY received.

    Parameters
    ----------
    config : UdpConfig
        The addresses and ports that the frames must have.
    bit_ns : float
        Nanoseconds of a bit on the line, 10 at 100 Mbit/s: for the gaps.

    Attributes
    ----------
    payloads : list of bytes
        Those of the datagrams, in order.
    """

    def __init__(self, config: UdpConfig, *, bit_ns: float) -> None:
        self.payloads: list[bytes] = []
        self._config = config
        self._least_gap = _GAP_BITS * bit_ns
        self._end: float | None = None

    @property
    def capture(self) -> bytes:
        """All payloads, as `nc -lu` would write them."""
        return b"".join(self.payloads)

    def take(self, line: bytes, begin: float, end: float) -> None:
        """Check what was on the line from ``begin`` to ``end``, in ns; keep its payload."""
        gap = self._least_gap if self._end is None else begin - self._end
        assert gap >= self._least_gap - 1e-3, f"a gap of {gap} ns, under {self._least_gap}"
        self._end = end
        assert line.startswith(_PREAMBLE), f"a frame begins with {line[:8].hex()}"
        self.payloads.append(payload(line[len(_PREAMBLE) :], self._config))


def payload(frame: bytes, config: UdpConfig) -> bytes:
    """Return the UDP payload of a frame from destination to FCS, after a check of all of it."""
    assert 64 <= len(frame) <= 1518, f"a frame of {len(frame)} bytes"
    assert zlib.crc32(frame) == _RESIDUE, "a frame check sequence is wrong"
    target, source, kind = struct.unpack_from(">6s6sH", frame)
    assert target.hex(":") == config.destination_mac.lower(), f"a frame to {target.hex(':')}"
    assert source.hex(":") == config.source_mac.lower(), f"a frame from {source.hex(':')}"
    assert kind == 0x0800, f"a frame of type {kind:#06x}"

    packet, padding = _split(frame[14:-4], 2, least=28)
    version, fragment, _, protocol = struct.unpack_from(">B5xHBB", packet)
    assert version == 0x45, f"an IP version and header length of {version:#04x}"
    assert not fragment & 0x3FFF, "a fragment"
    assert protocol == 17, f"an IP packet of protocol {protocol}"
    total = sum(struct.unpack_from(">10H", packet))
    assert total % 0xFFFF == 0, "an IP header checksum is wrong"
    addresses = tuple(IPv4Address(packet[at : at + 4]) for at in (12, 16))
    wanted = (IPv4Address(config.source_ip), IPv4Address(config.destination_ip))
    assert addresses == wanted, f"an IP packet from {addresses[0]} to {addresses[1]}"
    assert not padding or len(frame) == 64, "padding in a frame that needs none"

    datagram, rest = _split(packet[20:], 4, least=8)
    assert not rest, f"{len(rest)} bytes behind a datagram"
    source_port, port, _, checksum = struct.unpack_from(">4H", datagram)
    assert (source_port, port) == (config.source_port, config.destination_port), (
        f"a datagram from port {source_port} to {port}"
    )
    assert checksum == 0, "a UDP checksum, where none was to be"
    return datagram[8:]


def mii(host: Host, txd: Any, tx_en: Any, tx_clk: Any) -> None:
    """Receive from MII pins, with the sink of cocotbext-eth."""
    sink = MiiSink(txd, None, tx_en, tx_clk)
    sink.log.setLevel(logging.WARNING)  # it tells of every frame

    async def run() -> None:
        while True:
            frame = await sink.recv()
            steps_in_ns = get_sim_time("ns") / get_sim_time()
            begin, end = frame.sim_time_start * steps_in_ns, frame.sim_time_end * steps_in_ns
            host.take(bytes(frame.data), begin, end)

    cocotb.start_soon(run())


def rmii(host: Host, txd: Any, tx_en: Any, ref_clk: Any) -> None:
    """Receive from RMII pins: the lowest two bits of a byte first."""
    cocotb.start_soon(_receive(host, txd, 2, tx_en, ref_clk))


def rgmii(host: Host, txd: Any, tx_ctl: Any, clock: Any) -> None:
    """Receive from what goes to the double data rate cells of RGMII pins.

    ``txd`` has 8 bits, those at the rising edge first; ``tx_ctl`` has 2, and ``clock`` is the clock
    of the flip-flops that drive them.
    """
    cocotb.start_soon(_receive(host, txd, 8, tx_ctl, clock))


async def _receive(host: Host, data: Any, width: int, enable: Any, clock: Any) -> None:
    """Collect the bits of each frame."""
    edge, bits, begin = RisingEdge(clock), [], 0.0
    while True:
        await edge
        enabled = int(enable.value)
        if enabled:
            assert enabled == (1 << len(enable)) - 1, "a PHY was told of an error"
            if not bits:
                begin = get_sim_time("ns")
            bits.append(int(data.value))
        elif bits:
            number = sum(value << place * width for place, value in enumerate(bits))
            length, rest = divmod(len(bits) * width, 8)
            assert rest == 0, f"a frame ends with {rest} bits of a byte"
            host.take(number.to_bytes(length, "little"), begin, get_sim_time("ns"))
            bits = []


def _split(data: bytes, at: int, least: int) -> tuple[bytes, bytes]:
    """Part ``data`` at the length that it tells in two bytes from ``at`` on."""
    length = int.from_bytes(data[at : at + 2], "big")
    assert least <= length <= len(data), f"a length of {length} with {len(data)} bytes"
    return data[:length], data[length:]
