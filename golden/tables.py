"""The Huffman tables, as coder and decoder use them; all from ``HUFFMAN_COUNTS``.

A table is canonical: code lengths do not fall as the classes rise, and a code is one less than that
of the class before it, with zeros appended where it is longer. The code of the first class is all
ones. All arrays are int64 (tables, HUFFMAN_ESCAPE_ZEROS); column n is about codes of n + 1 bits.
"""

import numpy as np

from .format import HUFFMAN_COUNTS, HUFFMAN_ESCAPE_ZEROS

_COUNTS = np.array(HUFFMAN_COUNTS)
_SHORTER = HUFFMAN_ESCAPE_ZEROS - np.arange(1, HUFFMAN_ESCAPE_ZEROS + 1)

ENDS = np.cumsum(_COUNTS, axis=1)
"""How many classes have codes of at most so many bits."""

SPACES = (1 << HUFFMAN_ESCAPE_ZEROS) - np.cumsum(_COUNTS << _SHORTER, axis=1)
"""Where the next HUFFMAN_ESCAPE_ZEROS bits are at least this number, the code is no longer."""

BASES = (SPACES >> _SHORTER) + ENDS - 1
"""Code plus class, the same for all codes of so many bits."""
