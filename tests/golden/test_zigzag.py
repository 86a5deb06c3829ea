"""Zigzag: symbols count residuals by size."""

import numpy as np
import pytest

from probecodec.golden import zigzag


def test_first_symbols():
    residuals = np.array([[0, -1, 1], [-2, 2, -3]])
    assert zigzag.encode(residuals).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("bits", range(8, 17))
def test_symbols_are_the_ranks_of_residuals_by_size(bits):
    half = 1 << (bits - 1)
    by_size = sorted(range(-half, half), key=lambda residual: (abs(residual), residual > 0))
    # Of the two that are equal in size the negative comes first; -2^(W-1) has no partner.
    symbols = np.arange(1 << bits)
    assert zigzag.encode(np.array(by_size)).tolist() == symbols.tolist()
    assert zigzag.decode(symbols).tolist() == by_size
