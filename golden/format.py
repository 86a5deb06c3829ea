"""Stream format, version 1: every field, width, constant and polynomial, stated once.

RTL, golden model, decoder, documents and the C++ bench all derive from this file.
``docs/stream-format.md`` explains it in prose, with a worked example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cached_property

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

    FIXED = 0  # difference, fixed-width symbols
    RICE = 1  # difference, adaptive Golomb-Rice
    HUFFMAN = 2  # difference, Huffman by running mean
    ADAPTIVE = 3  # adaptive prediction of the difference, Huffman by running mean
    PROJECTION = 4  # measurements of windows, Huffman by running mean; not lossless


LOSSLESS = tuple(mode for mode in Mode if mode != Mode.PROJECTION)


class Order(IntEnum):
    """The order in which the source delivers a frame's channels (golden/order.py)."""

    SEQUENTIAL = 0
    NP1 = 1  # Neuropixels 1.0: 12 channels to an ADC
    NP2 = 2  # Neuropixels 2.0: 16 channels to an ADC


ORDER_STEPS = {Order.SEQUENTIAL: 1, Order.NP1: 12, Order.NP2: 16}  # channels to a converter


class Family(IntEnum):
    """How a projection's matrix is made (golden/projection.py)."""

    SPARSE = 0  # each sample goes, with a random sign, into one measurement of its channel
    DENSE = 1  # into all of them
    LOADED = 2  # coefficients from a memory, the same for all channels


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

    @cached_property
    def words(self) -> int:
        """Length in 32-bit words."""
        return sum(self.fields.values()) // WORD_BITS

    @cached_property
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
        return {name: packed >> shift & mask for name, shift, mask in self._places}

    @cached_property
    def _places(self) -> list[tuple[str, int, int]]:
        """Every field's name, its place in the packed number, and a mask of its width."""
        shift, places = self.words * WORD_BITS, []
        for name, bits in self.fields.items():
            shift -= bits
            places.append((name, shift, (1 << bits) - 1))
        return places


HEADER = Layout(
    {
        "sync": 32,
        "version": 4,
        "kind": 4,
        "mode": 4,
        "flags": 4,
        "stream_id": 8,
        "extension": 8,  # words between header and payload: those of MATRIX in mode PROJECTION
        "sequence": 16,  # counts packets of these two kinds, modulo 2^16
        "error_bound": 8,  # reserved for near-lossless coding; 0 is lossless
        "order": 8,
        "frame_index": 64,  # of the packet's first frame, since reset, dropped frames included
        "drop_count": 32,  # frames dropped before this packet, since reset, modulo 2^32
        "channels_minus_1": 12,
        "sample_bits_minus_1": 4,
        "aux_bits": 5,
        "parameter": 11,  # of the mode: fixed_bits for FIXED, else 0
        "check": CRC_BITS,  # CRC-32 of the words before it
    }
)

# The extension of every packet of mode PROJECTION: what its matrix is.
MATRIX = Layout(
    {
        "family": 4,
        "window_log2": 4,  # frames N in a window
        "hold_log2": 4,  # frames that share signs and hits
        "measurements_minus_1": 7,  # M of each channel and window
        "highpass_shift": 4,
        "shift": 4,  # lowest bits of a measurement that are not sent
        "code_bits": 5,  # of a measurement that are
        "seed": 32,  # of the generator; for LOADED the CRC-32 of the coefficients
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

# Huffman by running mean: a table for each quarter of an octave of the mean. Below 8 the tables
# differ by octave too; above, the symbol is divided by a power of two, and they repeat.
HUFFMAN_MEAN_SHIFT = 5  # the running mean moves by 1/32 of the deviation a sample
HUFFMAN_START_FRAMES = 16  # frames since the restart before which it moves faster:
HUFFMAN_START_SHIFT = 2  # by 1/4
HUFFMAN_CAP_SHIFT = 2  # a symbol counts in the sum as about 1/4 of it at most: eight times the mean
HUFFMAN_QUARTER_BITS = 2
HUFFMAN_OCTAVES = 4  # mean below 2, below 4, below 8, and any above
HUFFMAN_NEAR_BITS = 6  # symbols of at most so many bits have codes of their own, one bit more
HUFFMAN_FAR = 1 << HUFFMAN_NEAR_BITS  # share this code; any other is escaped
HUFFMAN_ESCAPE_ZEROS = 12  # no code is longer
# Codes of 1, 2, 3 … bits in each table: golden/distribution.py derives them from a stated
# distribution, not from recordings.
HUFFMAN_COUNTS: tuple[tuple[int, ...], ...] = (
    (1, 1, 1, 1, 1, 0, 2, 0, 0, 1, 2, 55),
    (0, 3, 1, 1, 0, 2, 2, 0, 0, 2, 1, 53),
    (0, 3, 1, 1, 0, 2, 2, 0, 0, 2, 1, 53),
    (0, 3, 1, 1, 0, 2, 2, 0, 0, 2, 1, 53),
    (0, 2, 3, 0, 2, 2, 2, 0, 0, 2, 3, 49),
    (0, 1, 4, 2, 2, 2, 2, 0, 1, 1, 1, 49),
    (0, 1, 4, 2, 2, 2, 1, 1, 3, 1, 3, 45),
    (0, 0, 5, 4, 2, 2, 1, 2, 1, 2, 1, 45),
    (0, 0, 5, 3, 3, 3, 3, 2, 1, 3, 1, 41),
    (0, 0, 4, 5, 3, 3, 2, 4, 1, 3, 3, 37),
    (0, 0, 3, 6, 4, 4, 4, 4, 2, 2, 3, 33),
    (0, 0, 1, 10, 4, 4, 4, 3, 4, 3, 3, 29),
    (0, 0, 0, 11, 5, 6, 4, 3, 4, 4, 3, 25),
    (0, 0, 0, 9, 8, 7, 5, 5, 4, 5, 5, 17),
    (0, 0, 0, 6, 13, 8, 6, 6, 7, 5, 5, 9),
    (0, 0, 0, 3, 18, 9, 8, 6, 7, 6, 7, 1),
)

# Adaptive predictor, golden/lms.py. Measured choices: docs/design.md.
LMS_LAGS = 3  # past differences of the channel itself
LMS_NEIGHBOURS = 3  # neighbours: their latest differences
LMS_NEIGHBOUR_LAGS = 2  # of the first of them, the difference before that too
LMS_FEATURES = LMS_LAGS + LMS_NEIGHBOURS + LMS_NEIGHBOUR_LAGS
LMS_WEIGHT_BITS = 12  # signed
LMS_FRACTION_BITS = 11
LMS_INITIAL = (0,) * LMS_LAGS + (256,) * LMS_NEIGHBOURS + (0,) * LMS_NEIGHBOUR_LAGS
LMS_GEARS = (16, 64, 256, 1024)  # frames since the restart before which the step doubles

# Projection, golden/projection.py. Its signs come from a xorshift generator (golden/generator.py).
GENERATOR_BITS = 32
GENERATOR_SHIFTS = (13, 17, 5)  # left, right, left; the period is 2^32 - 1
HIT_BITS = 12  # of the generator, by which a sparse sample finds its measurement
LOADED_MEASUREMENTS = 8  # at most; iCE40 UP5K has so many multipliers


def initial_mean(sample_bits: int) -> int:
    """Mean symbol value assumed after a restart: about that of neural data at this width."""
    return 1 << (sample_bits // 2 - 1)
