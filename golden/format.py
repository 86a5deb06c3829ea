"""Stream format, version 1: every field, width, constant and polynomial, stated once.

RTL, golden model, decoder, documents and the C++ bench all derive from this file.
``docs/stream-format.md`` explains it in prose, with a worked example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

VERSION = 1
WORD_BITS = 32  # the link carries whole words, most significant byte first
WORD_BYTES = WORD_BITS // 8

SYNC = 0x1ACFFC1D  # attached sync marker of CCSDS 131.0-B-5, section 9.3: few self-matches

# CRC-32 as in zlib, PNG and IEEE 802.3 (amaranth.lib.crc.catalog.CRC32_ISO_HDLC).
CRC_POLYNOMIAL = 0x04C11DB7
CRC_BITS = 32


class Kind(IntEnum):
    """What a packet holds."""

    DATA = 0
    METADATA = 1


class Mode(IntEnum):
    """How a data packet's payload is coded."""

    FIXED = 0
    RICE = 1


class Flag(IntFlag):
    """Header flags."""

    RESTART = 1  # decodable without any earlier packet
    OVERRUN = 2  # just before this packet, frames were dropped: the link was too slow
    MISFRAME = 4  # just before this packet, the source sent a frame too short (dropped) or too long
    TAG = 8  # reserved: an authentication tag stands before the trailer


@dataclass(frozen=True)
class Layout:
    """Bit fields packed most significant first into whole 32-bit words.

    Parameters
    ----------
    fields : dict of str to int
        Field name to width in bits, in stream order. No field crosses a word boundary unless
        it starts and ends on one.
    """

    fields: dict[str, int]

    @property
    def words(self) -> int:
        """Length in 32-bit words."""
        return sum(self.fields.values()) // WORD_BITS

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.words * WORD_BYTES

    def pack(self, **values: int) -> bytes:
        """Return the fields as bytes; a field left out is zero.

        Raises ``ValueError`` where a value does not fit its field.
        """
        packed = 0
        for name, bits in self.fields.items():
            value = values.pop(name, 0)
            if not 0 <= value < 1 << bits:
                raise ValueError(f"{name} = {value} does not fit in {bits} bits")
            packed = packed << bits | value
        if values:
            raise ValueError(f"unknown field {', '.join(values)}")
        return packed.to_bytes(self.size, "big")

    def unpack(self, data: bytes | memoryview) -> dict[str, int]:
        """Return every field's value from the first ``self.size`` bytes of ``data``."""
        packed = int.from_bytes(data[: self.size], "big")
        values = {}
        shift = self.words * WORD_BITS
        for name, bits in self.fields.items():
            shift -= bits
            values[name] = packed >> shift & (1 << bits) - 1
        return values


HEADER = Layout(
    {
        "sync": 32,
        "version": 4,
        "kind": 4,
        "mode": 4,
        "flags": 4,
        "stream_id": 8,
        "extension": 8,  # words between header and payload; version 1 encoders write none
        "sequence": 16,  # counts packets of these two kinds, modulo 2^16
        "error_bound": 8,  # reserved for near-lossless coding; 0 is lossless
        "reserved": 8,
        "frame_index": 64,  # of the packet's first frame, since reset, dropped frames included
        "drop_count": 32,  # frames dropped before this packet, since reset, modulo 2^32
        "channels_minus_1": 12,
        "sample_bits_minus_1": 4,
        "aux_bits": 5,
        "parameter": 11,  # of the mode: fixed_bits for FIXED, else 0
        "check": CRC_BITS,  # CRC-32 of the words before it
    }
)

METADATA = Layout(
    {
        "rate_microhertz": 64,
        "lsb_picovolts": 32,
        "probe": 128,  # ASCII, padded with zero bytes
        "packet_frames": 16,
        "restart_interval": 16,  # in packets, at elaboration; a register may have changed it
    }
)

TRAILER = Layout(
    {
        "frames": 16,  # whole frames in the payload
        "payload_words": 16,
        "check": CRC_BITS,  # CRC-32 of all words from the sync word, the two checks left out
    }
)

MAX_PAYLOAD_WORDS = (1 << TRAILER.fields["payload_words"]) - 1
MAX_PACKET_FRAMES = (1 << TRAILER.fields["frames"]) - 1

MAX_CODE_BITS = WORD_BITS  # no code is longer than the packer's word

# Adaptive Golomb-Rice. Measured on six recordings: a longer prefix or another decay gains less
# than 0.01 bit per sample (docs/stream-format.md).
RICE_ESCAPE_ZEROS = 12  # a quotient of this or more is escaped
RICE_MEAN_SHIFT = 4  # the running mean moves by 1/16 of the deviation a sample


def rice_initial_mean(sample_bits: int) -> int:
    """Mean symbol value assumed after a restart: about that of neural data at this width."""
    return 1 << (sample_bits // 2 - 1)
