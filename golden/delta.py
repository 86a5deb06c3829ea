"""Delta predictor: each sample is predicted by the previous sample of its channel.

The difference is taken modulo 2^W, so that it has the width of the sample and wrap-around is
lossless. After a restart the previous sample is zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def wrap(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return ``values`` modulo 2^``bits`` as signed numbers of ``bits`` bits."""
    half = 1 << (bits - 1)
    return (values + half & (1 << bits) - 1) - half


def encode(samples: NDArray[np.int64], previous: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return the residuals, signed numbers of ``bits`` bits.

    Parameters
    ----------
    samples : int64 (frames, channels)
    previous : int64 (channels,)
        The frame before; zeros at a restart.
    """
    return wrap(np.diff(samples, axis=0, prepend=previous[np.newaxis]), bits)


def decode(
    residuals: NDArray[np.int64], previous: NDArray[np.int64], bits: int
) -> NDArray[np.int64]:
    """Return the samples; the inverse of `encode`."""
    return wrap(previous + np.cumsum(residuals, axis=0), bits)
