"""A unit's matched filters in the measurement domain, one for each frame of a window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .measure import joint
from .statistics import Statistics


class Filters(NamedTuple):
    """One unit's filters.

    Attributes
    ----------
    channels : int64 (group,)
    signals : float32 (N, windows, group, M)
        What the template gives, for each frame of the first window at which it may begin.
    filters : float32 (windows group M, N)
    energies : float32 (N,)
    """

    channels: NDArray[np.int64]
    signals: NDArray[np.float32]
    filters: NDArray[np.float32]
    energies: NDArray[np.float32]


def filters(
    waveform: NDArray[np.float32],
    channels: NDArray[np.int64],
    statistics: Statistics,
    matrix: NDArray[np.int64],
    shift: int,
    windows: int,
) -> Filters:
    """Return the filters of a unit.

    Parameters
    ----------
    waveform : float32 (frames, group)
        On ``channels``.
    windows : int
        As many as the template may touch. The others are those of `Detector`.
    """
    from scipy.linalg import cho_factor, cho_solve

    length = matrix.shape[2]
    model = joint(statistics, matrix, shift, channels, windows, 0.0)
    shifted = np.zeros((length, windows * length, len(channels)))
    for frame in range(length):
        shifted[frame, frame : frame + len(waveform)] = waveform
    shifted = shifted.reshape(length, windows, length, -1).transpose(0, 1, 3, 2)
    signals = model.blocks @ shifted.reshape(length, -1, length, 1)
    signals = signals.reshape(length, -1)
    white = cho_solve(cho_factor(model.measured), signals.T)
    energies = (signals * white.T).sum(axis=1)
    return Filters(
        channels,
        signals.reshape(length, windows, len(channels), -1).astype(np.float32),
        white.astype(np.float32),
        energies.astype(np.float32),
    )
