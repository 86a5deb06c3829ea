"""Bit packer: codes, most significant bit first, into 32-bit words.

A packet's last word is padded with zeros. Codes that are all empty, as those of a window that has
given no measurement yet, make one word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .format import WORD_BITS


class Codes(NamedTuple):
    """Codes in stream order, all arrays of one shape.

    Attributes
    ----------
    bits : int64
        The code, right-aligned.
    length : int64
        Its length in bits, 0 … 32.
    """

    bits: NDArray[np.int64]
    length: NDArray[np.int64]


def encode(codes: Codes) -> NDArray[np.uint32]:
    """Return the words that hold ``codes``."""
    bits, length = codes.bits.ravel().astype(np.uint64), codes.length.ravel()
    end = np.cumsum(length)
    start = end - length
    count = max(1, -(-int(end[-1]) // WORD_BITS)) if end.size else 0
    words = np.zeros(count + 1, np.uint64)
    # A code touches at most two words: place it in a 64-bit window that begins at its first.
    window = bits << (2 * WORD_BITS - start % WORD_BITS - length).astype(np.uint64)
    np.bitwise_or.at(words, start // WORD_BITS, window >> np.uint64(WORD_BITS))
    np.bitwise_or.at(words, np.minimum(start // WORD_BITS + 1, len(words) - 1), window & _LOW)
    return words[:-1].astype(np.uint32)


_LOW = np.uint64((1 << WORD_BITS) - 1)
_WINDOW_BYTES = 9  # 64 bits at any bit offset


class BitReader:
    """Reads codes back, most significant bit first.

    Reading past the end gives zeros; ``position`` then exceeds ``bits``.

    Parameters
    ----------
    data : bytes
        A packet's payload.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self.bits = len(data) * 8
        self.position = 0
        self._data = bytes(data) + bytes(_WINDOW_BYTES)

    def _window(self) -> int:
        """The next 64 bits."""
        byte, bit = self.position >> 3, self.position & 7
        chunk = int.from_bytes(self._data[byte : byte + _WINDOW_BYTES], "big")
        return chunk >> 8 - bit & 0xFFFF_FFFF_FFFF_FFFF

    def peek(self, count: int) -> int:
        """Return the next ``count`` bits (0 … 64) as a number, and stay."""
        return self._window() >> 64 - count

    def take(self, count: int) -> int:
        """Return the next ``count`` bits (0 … 64) as a number."""
        value = self.peek(count)
        self.position += count
        return value

    def zeros(self, limit: int) -> int:
        """Skip zeros, at most ``limit``, and the one that ends a shorter run; return the count."""
        count = 64 - self._window().bit_length()
        if count >= limit:
            self.position += limit
            return limit
        self.position += count + 1
        return count
