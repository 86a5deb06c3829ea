"""Zigzag mapper: signed residuals to unsigned symbols, small magnitudes first.

0, -1, 1, -2, 2 … map to 0, 1, 2, 3, 4 …; a residual of W bits gives a symbol of W bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def encode(residuals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the symbols, 0 … 2^W - 1, of residuals of any shape."""
    return np.where(residuals < 0, -2 * residuals - 1, 2 * residuals)


def decode(symbols: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the residuals; the inverse of `encode`."""
    return np.where(symbols & 1, -(symbols + 1 >> 1), symbols >> 1)
