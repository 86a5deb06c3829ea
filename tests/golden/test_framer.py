"""Framer: checks against a CRC-32 computed bit by bit, fields by hand."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden import framer
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import CRC_POLYNOMIAL, HEADER, METADATA, Flag, Kind, Mode, Order

CONFIG = EncoderConfig(channels=384, sample_bits=12, aux_bits=7, stream_id=0xA5, order=Order.NP2)
START = framer.Position(0, 0, 0)


def crc32(data):
    """Remainder of the message polynomial, bytes least significant bit first (IEEE 802.3)."""
    bits = [byte >> place & 1 for byte in data for place in range(8)] + [0] * 32
    bits[:32] = [1 - bit for bit in bits[:32]]
    remainder = 0
    for bit in bits:
        remainder = remainder << 1 | bit
        if remainder >> 32:
            remainder ^= 1 << 32 | CRC_POLYNOMIAL
    return int(f"{remainder ^ 0xFFFFFFFF:032b}"[::-1], 2)


def packet(payload=b"", frames=0, position=START, **others):
    arguments = {"kind": Kind.DATA, "mode": Mode.RICE, "flags": Flag(0)} | others
    return framer.packet(CONFIG, position=position, payload=payload, frames=frames, **arguments)


def test_the_check_value_of_the_catalogues():
    assert crc32(b"123456789") == 0xCBF43926


def test_header_by_hand():
    position = framer.Position(0x1234, 0x0123456789ABCDEF, 0xFEDCBA98)
    made = packet(position=position, kind=Kind.METADATA, flags=Flag.RESTART | Flag.OVERRUN)
    assert made[:28].hex(" ", 4) == (
        "1acffc1d "  # sync
        "1113a500 "  # version, kind, mode, flags, stream_id, extension
        "12340002 "  # sequence, error_bound, order
        "01234567 89abcdef "  # frame_index
        "fedcba98 "  # drop_count
        "17fb3800"  # 383, 11, 7: 000101111111 1011 00111 00000000000
    )


@given(st.binary(max_size=16), st.integers(0, 65535))
def test_checks(words, frames):
    payload = words * 4
    made = packet(payload, frames)
    assert made[28:32] == crc32(made[:28]).to_bytes(4, "big")
    assert made[32:-8] == payload
    assert made[-8:-4] == frames.to_bytes(2, "big") + len(words).to_bytes(2, "big")
    assert made[-4:] == crc32(made[:28] + made[32:-4]).to_bytes(4, "big")


def test_checks_continue_as_the_standard_library_does():
    made = packet(b"abcdefgh", 3)
    header_check = int.from_bytes(made[28:32], "big")
    assert zlib.crc32(made[32:-4], header_check) == int.from_bytes(made[-4:], "big")


def test_a_packet_of_nothing_is_40_bytes():
    assert len(packet()) == 40


@pytest.mark.parametrize(
    ("field", "given", "written"),
    [
        ("sequence", 0x1_0000, 0),
        ("sequence", 0x3_FFFF, 0xFFFF),
        ("drop_count", 0x1_0000_0000, 0),
        ("drop_count", 0x1_0000_0007, 7),
        ("frame_index", 2**64 - 1, 2**64 - 1),
    ],
)
def test_counters_wrap_to_their_fields(field, given, written):
    header = HEADER.unpack(packet(position=START._replace(**{field: given})))
    assert header[field] == written


@pytest.mark.parametrize(
    ("payload", "frames", "field"), [(b"", 65536, "frames"), (bytes(262144), 0, "payload_words")]
)
def test_what_does_not_fit_is_refused(payload, frames, field):
    with pytest.raises(ValueError, match=f"{field} = 65536 does not fit in 16 bits"):
        packet(payload, frames)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=9), st.integers(0, 9))
def test_the_trailer_is_found_among_payload_words(words, frames):
    """Payload words that look like lengths do not deceive: word i is i, the check is wrong."""
    words = [word & ~0xFFFF | i if word % 2 else word for i, word in enumerate(words)]
    payload = framer.words_to_bytes(np.array(words, np.uint32))
    made = packet(payload, frames)
    found = [
        i
        for i in range((len(made) - 32) // 4 - 1)
        if int.from_bytes(made[34 + 4 * i : 36 + 4 * i], "big") == i
        and crc32(made[:28] + made[32 : 36 + 4 * i])
        == int.from_bytes(made[36 + 4 * i :][:4], "big")
    ]
    assert found == [len(words)]


def test_metadata_payload():
    config = EncoderConfig(
        channels=384, rate_hz=30_000.123457, lsb_uv=2.34375, probe="NP 2.0", restart_interval=7
    )
    payload = config.metadata
    assert payload.hex(" ", 4) == (
        "00000006 fc258e41 0023c346 4e502032 2e300000 00000000 00000000 00aa0007"
    )
    assert METADATA.unpack(payload)["rate_microhertz"] == 30_000_123_457


@pytest.mark.parametrize("rate", [0.001, 1.0, 2500.0, 31_250.0, 999_999_999.0])
def test_rates_come_back(rate):
    payload = EncoderConfig(rate_hz=rate).metadata
    assert METADATA.unpack(payload)["rate_microhertz"] / 1e6 == rate
