"""UDP datagrams in Ethernet frames, as the links send them: RFC 768, RFC 791, IEEE 802.3.

A frame's bytes, in order on the wire; numbers have their most significant byte first::

    7 × 55, D5 │ Ethernet 14 │ IPv4 20 │ UDP 8 │ payload │ zeros up to 60 │ FCS 4 │ gap 12
    preamble   └───────────────── the FCS covers these ────────────────┘
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from .errors import ConfigError, check_range, require
from .format import WORD_BYTES

PREAMBLE = bytes([0x55] * 7 + [0xD5])  # with the start frame delimiter
LEAST_FRAME = 60  # bytes from the destination to the end of the padding
FCS_BYTES = 4
GAP = 12  # bytes of silence from one frame to the next
MOST_PAYLOAD = 1472  # bytes, with which an IPv4 packet has 1500

ETHERNET_BYTES, IP_BYTES, UDP_BYTES = 14, 20, 8
HEADER_BYTES = ETHERNET_BYTES + IP_BYTES + UDP_BYTES
# Where in the header the 16-bit fields stand that differ from frame to frame.
IP_LENGTH, IDENTIFICATION, CHECKSUM, UDP_LENGTH = 16, 18, 24, 38

_IPV4 = 0x0800  # type of what is in an Ethernet frame
_VERSION = 0x45  # IPv4, a header of five 32-bit words
_DO_NOT_FRAGMENT = 0x4000
_TIME_TO_LIVE = 64
_UDP = 17  # protocol of what is in an IPv4 packet


@dataclass(frozen=True, kw_only=True)
class UdpConfig:
    """Who sends to whom, and how much at once.

    Nothing here asks for addresses (no ARP): the broadcast addresses reach every host on the
    network. Where others are on it too, give the receiver's own MAC and IP addresses.

    Parameters
    ----------
    source_mac : str
        Six bytes in hexadecimal with colons; one that begins with ``02`` needs no registration.
    destination_mac : str
        Broadcast by default.
    source_ip, destination_ip : str
        IPv4 addresses. The receiver must be in the source's subnet. Broadcast by default.
    source_port, destination_port : int
        UDP ports, 1 … 65535.
    payload_words : int
        32-bit words in a full datagram, 1 … 368, which are 1472 bytes.

    Raises
    ------
    ConfigError
        Where an address is none, or a value is out of range.
    """

    source_mac: str
    destination_mac: str = "ff:ff:ff:ff:ff:ff"
    source_ip: str = "192.168.1.50"
    destination_ip: str = "255.255.255.255"
    source_port: int = 5005
    destination_port: int = 5005
    payload_words: int = 256

    def __post_init__(self) -> None:
        require(
            not _mac(self, "source_mac")[0] & 1,
            f"source_mac = {self.source_mac} is a group's address; make its first byte even",
        )
        _mac(self, "destination_mac")
        source = _ip(self, "source_ip")
        require(
            not (source.is_multicast or source.is_reserved),
            f"source_ip = {source} is no address of one host; use one of the receiver's subnet",
        )
        _ip(self, "destination_ip")
        check_range(self, "source_port", 1, 65535)
        check_range(self, "destination_port", 1, 65535)
        check_range(self, "payload_words", 1, MOST_PAYLOAD // WORD_BYTES)

    @property
    def efficiency(self) -> float:
        """Payload's share of the line's time, when full datagrams follow without a pause."""
        payload = WORD_BYTES * self.payload_words
        covered = max(LEAST_FRAME, HEADER_BYTES + payload)
        return payload / (len(PREAMBLE) + covered + FCS_BYTES + GAP)


def header(config: UdpConfig, payload_bytes: int, identification: int) -> bytes:
    """Return the `HEADER_BYTES` before a payload.

    The UDP checksum is 0, which means none (RFC 768): the FCS covers the payload on the wire, and
    the packets in it have CRCs of their own.
    """
    ip = struct.pack(
        ">BxHHHBBxx4s4s",
        _VERSION,
        IP_BYTES + UDP_BYTES + payload_bytes,
        identification,
        _DO_NOT_FRAGMENT,
        _TIME_TO_LIVE,
        _UDP,
        _ip(config, "source_ip").packed,
        _ip(config, "destination_ip").packed,
    )
    udp = struct.pack(
        ">HHHxx", config.source_port, config.destination_port, UDP_BYTES + payload_bytes
    )
    ethernet = _mac(config, "destination_mac") + _mac(config, "source_mac")
    ethernet += _IPV4.to_bytes(2, "big")
    before = CHECKSUM - ETHERNET_BYTES
    checksum = 0xFFFF - ones_sum(ip)
    return ethernet + ip[:before] + checksum.to_bytes(2, "big") + ip[before + 2 :] + udp


def frame(config: UdpConfig, payload: bytes, identification: int) -> bytes:
    """Return a frame from the destination's address to the FCS, without preamble.

    Raises ``ValueError`` where the payload is no datagram of ``config``.
    """
    if not payload or len(payload) % WORD_BYTES or len(payload) > WORD_BYTES * config.payload_words:
        raise ValueError(
            f"a payload is 1 to {config.payload_words} words of {WORD_BYTES} bytes, "
            f"not {len(payload)} bytes"
        )
    covered = header(config, len(payload), identification) + payload
    covered = covered.ljust(LEAST_FRAME, b"\0")
    return covered + zlib.crc32(covered).to_bytes(FCS_BYTES, "little")


def ones_sum(data: bytes) -> int:
    """Return the ones' complement sum of 16-bit numbers (RFC 1071)."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _mac(config: UdpConfig, name: str) -> bytes:
    """The bytes of a MAC address, or an error."""
    value: Any = getattr(config, name)
    parts = value.split(":") if isinstance(value, str) else []
    digits = set("0123456789abcdefABCDEF")
    if len(parts) != 6 or not all(len(part) == 2 and set(part) <= digits for part in parts):
        raise ConfigError(f"{name} must be six bytes such as 02:00:00:00:00:01, not {value!r}")
    return bytes.fromhex("".join(parts))


def _ip(config: UdpConfig, name: str) -> IPv4Address:
    """An IPv4 address that may be in a packet between two hosts, or an error."""
    value: Any = getattr(config, name)
    try:
        address = IPv4Address(value if isinstance(value, str) else "")
    except AddressValueError:
        raise ConfigError(
            f"{name} must be an IPv4 address such as 192.168.1.50, not {value!r}"
        ) from None
    require(
        not (address.is_unspecified or address.is_loopback),
        f"{name} = {address} is no address on a network; use one of the receiver's subnet",
    )
    return address
