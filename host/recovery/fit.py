"""Do measurements fit the matrix that they are said to be made with?

Of noise with covariance R, measurements y = A x have covariance S = A R A' + D, so y' S^-1 y / n is
about 1. With the S of another matrix it is larger, on average tr(S_other^-1 S) / n. Where the named
matrix gains much less over another one than that, it is not the right one. What has changed since
the statistics were learned (gain, noise) changes both alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .measure import joint
from .statistics import Statistics

WINDOWS = 512
LEAST_WINDOWS = 64
CHANNELS = 16  # looked at
GROUP = 4
LEAST_GAIN = 0.04  # below, the noise is too white for the matrices to differ
SHARE = 1 / 3  # of the gain that the right matrix has


def fits(
    statistics: Statistics,
    named: NDArray[np.int64],
    other: NDArray[np.int64],
    shift: int,
    measured: NDArray[np.generic],
) -> bool:
    """Return False where the measurements do not fit ``named``; True too where nobody can tell.

    Parameters
    ----------
    statistics : Statistics
        Of a lossless stretch; lags for one window.
    named, other : int64 (channels, M, N)
        The matrix that is to be judged, and one that is not it.
    shift : int
    measured : (windows, channels, M)
        As `dequantise` gives them.
    """
    if len(measured) < LEAST_WINDOWS:
        return True
    step = max(1, -(-len(measured) // WINDOWS))
    measured = np.asarray(measured[::step], np.float64)
    gains, expected = [], []
    for channel in range(0, len(named), max(1, len(named) // CHANNELS)):
        group = statistics.groups[channel, :GROUP]
        right, wrong = (
            joint(statistics, rows, shift, group, 1, 0.0).measured for rows in (named, other)
        )
        y = measured[:, group].reshape(len(measured), -1)
        forms = [np.median((y * np.linalg.solve(s, y.T).T).sum(axis=1)) for s in (right, wrong)]
        gains.append(forms[1] / forms[0] - 1)
        expected.append(np.trace(np.linalg.solve(wrong, right)) / y.shape[1] - 1)
    gain = float(np.mean(expected))
    return gain < LEAST_GAIN or float(np.mean(gains)) > SHARE * gain
