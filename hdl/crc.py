"""One word through the packets' CRC; its golden twin is zlib's CRC-32."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import combinations

from amaranth import Cat, Value
from amaranth.lib import crc

from ..golden.format import CRC_BITS, CRC_POLYNOMIAL, WORD_BITS

# Through the CRC register a word is linear, and one as wide as the register only adds to it:
# new = columns × (old ^ word). amaranth.lib.crc gives the columns in software; its own hardware
# keeps two matrices, which costs twice the XORs.
_WORD = crc.Algorithm(
    crc_width=CRC_BITS,
    polynomial=CRC_POLYNOMIAL,
    initial_crc=0,
    reflect_input=True,
    reflect_output=True,
    xor_output=0,
)(data_width=WORD_BITS)


def advance(summed: Value) -> Value:
    """Return the CRC register after a word; ``summed`` is the word plus the register.

    The word's first byte is the lowest. The register is as zlib keeps it: inverted.
    """
    pairs, rows = _sharing()
    terms = list(summed)
    for a, b in pairs:
        terms.append(terms[a] ^ terms[b])
    return Cat(Cat(terms[n] for n in row).xor() for row in rows)


@cache
def _sharing() -> tuple[list[tuple[int, int]], list[list[int]]]:
    columns = [_WORD.compute([1 << n]) for n in range(WORD_BITS)]
    rows = [[n for n in range(WORD_BITS) if columns[n] >> bit & 1] for bit in range(CRC_BITS)]
    return share(rows, WORD_BITS)


def share(
    rows: Sequence[Sequence[int]], count: int
) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """Find sums of two terms that many of ``rows`` have: half the XORs of the CRC.

    Greedily the pair that most rows have, of the least deep ones (Paar, "Optimized arithmetic for
    Reed-Solomon encoders", ISIT 1997).

    Parameters
    ----------
    rows : sequence
        Each names the inputs, 0 … ``count`` - 1, of which it is the sum.

    Returns
    -------
    pairs : list of (int, int)
        Term ``count`` + n is the sum of the terms of pair n.
    rows : list of list of int
        The rows, now of single terms.
    """
    left = [set(row) for row in rows]
    depth, pairs = [0] * count, []
    while any(len(row) > 1 for row in left):
        found = Counter(pair for row in left for pair in combinations(sorted(row), 2))
        best = max(found.values())
        a, b = min(
            (pair for pair in found if found[pair] == best),
            key=lambda pair: (max(depth[n] for n in pair), pair),
        )
        for row in left:
            if {a, b} <= row:
                row -= {a, b}
                row.add(len(depth))
        depth.append(max(depth[a], depth[b]) + 1)
        pairs.append((a, b))
    return pairs, [sorted(row) for row in left]
