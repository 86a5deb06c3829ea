"""Coder `huffman`: sixteen Huffman tables, chosen by the channel's running mean.

The running mean m of a channel's past symbols chooses a table: the quarter of its octave, and its
octave while m is below 8. Above, the symbol's lowest floor(log2 m) - 3 bits are sent as they are,
and the rest has a code if it is below 64, its *class*. Those of 64 to 127 share the class 64, whose
code is followed by their lowest six bits. Any other symbol is escaped: ``HUFFMAN_ESCAPE_ZEROS``
zeros, then the symbol in W bits. At a restart the first frame is raw (W bits) and the means start
at a fixed value, from which they move faster for some frames. In the mean no symbol counts as more
than eight times the mean before it, so that one artefact does not spoil the codes after it.

A table is canonical: the code lengths do not fall as the classes rise, and a code is one less than
that of the class before it (with zeros appended where it is longer). So two numbers for each
length say all: how many classes have codes of at most that length, and the sum, the same for
all of them, of code and class. (D. Huffman, Proc. IRE 40, 1952; E. Schwartz, B. Kallick,
Commun. ACM 7, 1964. Tables: `probecodec.golden.distribution`.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .format import (
    HUFFMAN_CAP_SHIFT,
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_MEAN_SHIFT,
    HUFFMAN_NEAR_BITS,
    HUFFMAN_OCTAVES,
    HUFFMAN_QUARTER_BITS,
    HUFFMAN_START_FRAMES,
    HUFFMAN_START_SHIFT,
    initial_mean,
)
from .packer import BitReader, Codes
from .tables import BASES, ENDS, SPACES

QUARTERS = 1 << HUFFMAN_QUARTER_BITS
LEAST_SUM = 1 << HUFFMAN_MEAN_SHIFT  # a mean below 1 counts as 1
FIRST_SHIFT = HUFFMAN_MEAN_SHIFT + HUFFMAN_OCTAVES - 1  # log2 of the sum from which bits are raw


class Huffman:
    """The coder and its state.

    Parameters
    ----------
    config : EncoderConfig
    width : int, optional
        Of the symbols; by default that of a sample.

    Attributes
    ----------
    sums : int64 (channels,)
        The mean times 2^HUFFMAN_MEAN_SHIFT.
    age : int
        Rows of symbols since the restart.
    """

    def __init__(self, config: EncoderConfig, width: int = 0) -> None:
        self.width = width or config.sample_bits
        self.sums = np.zeros(config.channels, np.int64)
        self.restart()

    def restart(self) -> None:
        """Forget the past."""
        self.sums[:] = initial_mean(self.width) << HUFFMAN_MEAN_SHIFT
        self.age = 0

    def encode(self, symbols: NDArray[np.int64], restart: bool) -> Codes:
        """Return the codes of ``symbols``, int64 (rows, channels); the first raw at a restart."""
        sums = np.empty_like(symbols)  # before each symbol: causal, so that the decoder knows it
        for frame, row in enumerate(symbols):
            sums[frame] = self.sums
            if frame > 0 or not restart:
                self.age += 1
                self._learn(slice(None), row)
        table, shift = choose(sums)
        scaled = symbols >> shift
        escaped = scaled >= 2 * HUFFMAN_FAR
        classes = np.minimum(scaled, HUFFMAN_FAR)
        shift += np.where(classes == HUFFMAN_FAR, HUFFMAN_NEAR_BITS, 0)
        place = np.zeros_like(symbols)
        for column in range(HUFFMAN_ESCAPE_ZEROS - 1):
            place += classes >= ENDS[table, column]
        code = BASES[table, place] - classes
        bits = np.where(escaped, symbols, code << shift | symbols & (1 << shift) - 1)
        length = np.where(escaped, HUFFMAN_ESCAPE_ZEROS + self.width, place + 1 + shift)
        if restart:
            bits[:1], length[:1] = symbols[:1], self.width
        return Codes(bits, length)

    def decode(self, reader: BitReader, channel: int) -> int:
        """Return the next symbol."""
        self.age += channel == 0
        one = slice(channel, channel + 1)
        table, shift = (int(value[0]) for value in choose(self.sums[one]))
        ahead = reader.peek(HUFFMAN_ESCAPE_ZEROS)
        if ahead == 0:
            reader.take(HUFFMAN_ESCAPE_ZEROS)
            symbol = reader.take(self.width)
        else:
            place = int(np.argmax(ahead >= SPACES[table]))
            code = reader.take(place + 1)
            index = int(BASES[table, place]) - code
            if index == HUFFMAN_FAR:
                shift, index = shift + HUFFMAN_NEAR_BITS, 1
            symbol = index << shift | reader.take(shift)
        self._learn(one, np.array([symbol]))
        return symbol

    def _learn(self, channels: slice, symbols: NDArray[np.int64]) -> None:
        """Move the running means."""
        sums = self.sums[channels]
        starting = self.age < HUFFMAN_START_FRAMES
        shift = HUFFMAN_START_SHIFT if starting else HUFFMAN_MEAN_SHIFT
        counted = np.minimum(symbols, sums >> HUFFMAN_CAP_SHIFT | 1)  # never 0: it could not rise
        sums += (counted << HUFFMAN_MEAN_SHIFT - shift) - (sums >> shift)


def choose(sums: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the table and the number of raw bits for each of ``sums``."""
    sums = np.maximum(sums, LEAST_SUM)
    octave = np.frexp(sums.astype(np.float64))[1].astype(np.int64) - 1  # exact below 2^53
    quarter = sums >> octave - HUFFMAN_QUARTER_BITS & QUARTERS - 1
    step = np.minimum(octave - HUFFMAN_MEAN_SHIFT, HUFFMAN_OCTAVES - 1)
    return step * QUARTERS + quarter, np.maximum(octave - FIRST_SHIFT, 0)
