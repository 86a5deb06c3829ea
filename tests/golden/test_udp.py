"""UDP frames against published examples, an own parser, and CRC residues."""

import re
import struct

import pytest

from probecodec.golden.errors import ConfigError
from probecodec.golden.udp import HEADER_BYTES, UdpConfig, frame, header, ones_sum

MAC = "02:00:00:c0:ff:ee"


def fields(data):
    """The fields of a frame with an FCS, by their places in the RFCs."""
    names = "to source type version dscp length number fragment ttl protocol check source_ip to_ip"
    names += " source_port port udp_length udp_check"
    values = struct.unpack_from(">6s6sHBBHHHBBH4s4sHHHH", data)
    return dict(zip(names.split(), values, strict=True))


def crc(data):
    """CRC-32 of IEEE 802.3, clause 3.2.9, bit by bit."""
    register = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            out = (register & 1) ^ (byte >> bit & 1)
            register = register >> 1 ^ out * 0xEDB88320
    return register ^ 0xFFFFFFFF


def test_header_checksum_as_published():
    """The example of Wikipedia's article on the IPv4 header checksum: a UDP packet."""
    config = UdpConfig(
        source_mac=MAC, source_ip="192.168.0.1", destination_ip="192.168.0.199", payload_words=64
    )
    wanted = bytes.fromhex("45000073000040004011b861c0a80001c0a800c7")
    assert header(config, 0x73 - 28, 0)[14:34] == wanted


def test_sum_as_published():
    """The example of RFC 1071, section 3."""
    assert ones_sum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2


@pytest.mark.parametrize("words", [1, 4, 5, 256, 368])
@pytest.mark.parametrize("number", [0, 1, 0x8000, 0xFFFF])
def test_fields(words, number):
    config = UdpConfig(
        source_mac=MAC,
        destination_mac="AA:bb:0C:00:01:fe",
        source_ip="10.1.2.3",
        destination_ip="10.1.255.255",
        source_port=1,
        destination_port=65535,
        payload_words=368,
    )
    payload = bytes(n * 7 % 256 for n in range(4 * words))
    data = frame(config, payload, number)
    assert len(data) == max(64, HEADER_BYTES + 4 * words + 4)
    seen = fields(data)
    assert ones_sum(data[14:34]) == 0xFFFF
    assert seen.pop("check") not in (0, 0xFFFF)
    assert seen == {
        "to": bytes.fromhex("aabb0c0001fe"),
        "source": bytes.fromhex("020000c0ffee"),
        "type": 0x0800,
        "version": 0x45,
        "dscp": 0,
        "length": 20 + 8 + 4 * words,
        "number": number,
        "fragment": 0x4000,
        "ttl": 64,
        "protocol": 17,
        "source_ip": bytes([10, 1, 2, 3]),
        "to_ip": bytes([10, 1, 255, 255]),
        "source_port": 1,
        "port": 65535,
        "udp_length": 8 + 4 * words,
        "udp_check": 0,
    }
    assert data[42:].startswith(payload)
    assert not any(data[42 + 4 * words : -4])
    assert crc(data) == 0x2144DF1C  # the residue, whatever the frame


def test_defaults_reach_everyone():
    seen = fields(frame(UdpConfig(source_mac=MAC), bytes(4), 0))
    assert seen["to"] == bytes([255] * 6)
    assert seen["to_ip"] == bytes([255] * 4)
    assert (seen["source_port"], seen["port"]) == (5005, 5005)


def test_efficiency_by_hand():
    """1024 bytes of payload make 1090 on the line; 4 bytes make the shortest, 84."""
    assert UdpConfig(source_mac=MAC).efficiency == 1024 / 1090
    assert UdpConfig(source_mac=MAC, payload_words=1).efficiency == 4 / 84
    assert UdpConfig(source_mac=MAC, payload_words=368).efficiency == 1472 / 1538


@pytest.mark.parametrize("length", [0, 1, 6, 36])
def test_payloads_that_are_no_datagram(length):
    with pytest.raises(ValueError, match=f"not {length} bytes"):
        frame(UdpConfig(source_mac=MAC, payload_words=8), bytes(length), 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source_mac": "02:00:00:00:01"}, "source_mac must be six bytes"),
        ({"source_mac": "02:00:00:00:00:0g"}, "source_mac must be six bytes"),
        ({"source_mac": "2:00:00:00:00:001"}, "source_mac must be six bytes"),
        ({"source_mac": "02-00-00-00-00-01"}, "source_mac must be six bytes"),
        ({"source_mac": 2}, "source_mac must be six bytes"),
        ({"source_mac": "01:00:00:00:00:01"}, "make its first byte even"),
        ({"destination_mac": "ff"}, "destination_mac must be six bytes"),
        ({"source_ip": "192.168.1"}, "source_ip must be an IPv4 address"),
        ({"source_ip": "fe80::1"}, "source_ip must be an IPv4 address"),
        ({"source_ip": 7}, "source_ip must be an IPv4 address"),
        ({"source_ip": "224.0.0.1"}, "no address of one host"),
        ({"source_ip": "255.255.255.255"}, "no address of one host"),
        ({"source_ip": "0.0.0.0"}, "source_ip = 0.0.0.0 is no address on a network"),
        ({"destination_ip": "192.168.1.256"}, "destination_ip must be an IPv4 address"),
        ({"destination_ip": "127.0.0.1"}, "is no address on a network"),
        ({"source_port": 0}, "source_port must be a whole number from 1 to 65535"),
        ({"destination_port": 65536}, "destination_port must be a whole number"),
        ({"payload_words": 0}, "payload_words must be a whole number from 1 to 368"),
        ({"payload_words": 369}, "payload_words must be a whole number from 1 to 368"),
        ({"payload_words": 8.0}, "payload_words must be a whole number from 1 to 368"),
    ],
)
def test_what_cannot_be(given, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        UdpConfig(**{"source_mac": MAC} | given)
