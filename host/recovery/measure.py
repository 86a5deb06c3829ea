"""Measurements of whole recordings, and their joint covariance.

The encoder gives q = y >> shift of y = A x for each channel and window. With s = 2^shift, y is one
of the whole numbers s q … s q + s - 1; their mean is taken, and the error counts as white noise of
variance (s^2 - 1) / 12. (W. Bennett, Bell Syst. Tech. J. 27, 1948.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .statistics import Statistics

BLOCK = 1024  # windows at a time
LEAST_ERROR = 1 / 12  # keeps the covariance invertible where a channel never changes


def identity(channels: int, window: int) -> NDArray[np.int64]:
    """Return the matrix of a projection that keeps all: int64 (channels, N, N)."""
    return np.broadcast_to(np.eye(window, dtype=np.int64), (channels, window, window)).copy()


def measure(
    values: NDArray[np.generic], matrix: NDArray[np.int64], shift: int = 0
) -> NDArray[np.int64]:
    """Project all whole windows of a recording, as the encoder does.

    Parameters
    ----------
    values : whole numbers (frames, channels)
        High-passed samples.
    matrix : int64 (channels, M, N)
        `probecodec.golden.projection.matrix`.
    shift : int
        Bits of each measurement that are dropped.

    Returns
    -------
    int64 (windows, channels, M)
    """
    channels, count, window = matrix.shape
    windows = len(values) // window
    measured = np.empty((windows, channels, count), np.int64)
    rows = matrix.astype(np.float64).transpose(0, 2, 1)  # exact: the sums stay below 2^53
    for start in range(0, windows, BLOCK):
        part = values[start * window : min(start + BLOCK, windows) * window]
        columns = part.reshape(-1, window, channels).transpose(2, 0, 1).astype(np.float64)
        measured[start : start + BLOCK] = (columns @ rows).transpose(1, 0, 2)
    return measured >> shift


def dequantise(measured: NDArray[np.int64], shift: int) -> NDArray[np.float32]:
    """Return the mean of what each of ``measured`` may have been: float32, exact at shift 0."""
    step = 1 << shift
    return (measured * step + (step - 1) / 2).astype(np.float32)


class Joint(NamedTuple):
    """Some channels in consecutive windows, as one Gaussian vector.

    Attributes
    ----------
    blocks : float64 (windows channels, M, N)
        What each window of each channel is multiplied by.
    cross : float64 (windows channels M, windows channels N)
        Covariance of the measurements with the values.
    measured : float64 (windows channels M, windows channels M)
        Covariance of the measurements, error of quantization included.
    """

    blocks: NDArray[np.float64]
    cross: NDArray[np.float64]
    measured: NDArray[np.float64]


def joint(
    statistics: Statistics,
    matrix: NDArray[np.int64],
    shift: int,
    channels: NDArray[np.int64],
    windows: int,
    spike_weight: float,
) -> Joint:
    """Return the covariances of ``windows`` consecutive windows of ``channels``.

    Parameters are those of `Statistics.covariance` and `measure`.
    """
    count, length = len(channels), matrix.shape[2]
    values = statistics.covariance(channels, windows * length, spike_weight)
    values = values.reshape(count, windows, length, count, windows, length)
    values = values.transpose(1, 0, 2, 4, 3, 5).reshape(windows * count, length, -1)
    blocks = np.tile(matrix[channels].astype(np.float64), (windows, 1, 1))
    cross = (blocks @ values).reshape(-1, windows * count * length)
    measured = blocks @ cross.T.reshape(windows * count, length, -1)
    measured = measured.reshape(len(cross), len(cross))
    error = max((4**shift - 1) / 12, LEAST_ERROR)
    measured[np.diag_indices_from(measured)] += error
    return Joint(blocks, cross, measured)
