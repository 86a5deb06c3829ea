"""Pseudo-random generator of the projection: xorshift32, one step a sample.

The states of a window's slots are x(0) = ``config.start`` and x(t + 1) = T x(t), with t counting
samples in the order in which they come; T is linear over GF(2): three shifts, each added (XOR) to
what it shifts. So T^n is a matrix too, and a run of states is made in doublings: the next 2^k are
T^(2^k) times the first 2^k. Every window begins at x(0) again.

(G. Marsaglia, Xorshift RNGs, J. Stat. Softw. 8(14), 2003. Unlike those of an LFSR that shifts by
one, neighbouring states share no bits.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .format import GENERATOR_BITS, GENERATOR_SHIFTS

_BYTES = GENERATOR_BITS // 8


def step(states: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the state after each of ``states``."""
    left, right, again = (np.uint32(shift) for shift in GENERATOR_SHIFTS)
    states = states ^ states << left
    states = states ^ states >> right
    return states ^ states << again


def run(start: int, count: int) -> NDArray[np.uint32]:
    """Return the first ``count`` states from ``start``, uint32 (count,)."""
    states = np.array([start], np.uint32)
    # What the map makes of each single bit; it maps any state to the sum over its bits.
    images = step(np.uint32(1) << np.arange(GENERATOR_BITS, dtype=np.uint32))
    while len(states) < count:
        table = _table(images)
        states = np.concatenate([states, _apply(table, states)])
        images = _apply(table, images)  # the map, twice
    return states[:count]


def _table(images: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return what the map makes of every value of each byte, uint32 (bytes, 256)."""
    table = np.zeros((_BYTES, 1), np.uint32)
    for bit in range(8):
        table = np.hstack([table, table ^ images[bit::8, np.newaxis]])
    return table


def _apply(table: NDArray[np.uint32], states: NDArray[np.uint32]) -> NDArray[np.uint32]:
    result = np.zeros_like(states)
    for place, column in enumerate(table):
        result ^= column[states >> np.uint32(8 * place) & np.uint32(255)]
    return result
