"""Linear minimum-mean-square estimate of the waveforms from the measurements.

With R the covariance of the values x of a channel and its neighbours in a window and those around
it, A the projection of all these, and D the covariance of the quantization error::

    x^ = R A' (A R A' + D)^-1 y

The neighbours have other matrices, so that what one channel's folds together another's tells
apart. (S. Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, 1993, ch. 12.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import check
from .blocks import Progress, over_blocks
from .measure import joint
from .statistics import Statistics

BLOCK = 512  # windows


class Lmmse:
    """The estimator; its gains are computed once.

    Parameters
    ----------
    statistics : Statistics
        Of a lossless stretch; it needs lags for (2 ``context`` + 1) windows.
    matrix : int64 (channels, M, N)
    shift : int
        Bits dropped from each measurement.
    neighbours : int
        Channels taken jointly, the estimated one included.
    context : int
        Windows before and after that are taken too.
    spike_weight : float
        How much the spikes' share of the covariance counts; 1 as recorded. A larger weight
        shrinks spikes less, and lets more noise through.

    Raises
    ------
    ValueError
        Where the statistics do not go with the matrix.
    """

    def __init__(
        self,
        statistics: Statistics,
        matrix: NDArray[np.int64],
        shift: int = 0,
        neighbours: int = 4,
        context: int = 1,
        spike_weight: float = 10.0,
    ) -> None:
        check.agreeing(statistics.channels, matrix)
        self.matrix = matrix
        self.context = context
        self.groups = statistics.groups[:, :neighbours]
        self.gains = np.stack(
            [
                _gain(statistics, matrix, shift, group, context, spike_weight)
                for group in self.groups
            ]
        )

    def recover(
        self, measured: NDArray[np.generic], progress: Progress | None = None, workers: int = 1
    ) -> NDArray[np.float32]:
        """Return the values, float32 (windows N, channels).

        Parameters
        ----------
        measured : (windows, channels, M)
            As `dequantise` gives them. Beyond the first and last window all is taken as 0.
        progress : callable, optional
            Called with the windows done and their number.
        workers : int
            Threads.

        Raises
        ------
        ValueError
            Where a measurement is not finite, or their shape is another.
        """
        measured = check.measurements(measured, self.matrix)
        windows, channels, _ = measured.shape
        length = self.matrix.shape[2]
        padded = np.pad(measured, ((self.context, self.context), (0, 0), (0, 0)))
        values = np.empty((windows, length, channels), np.float32)

        def work(start: int, stop: int) -> None:
            part = padded[start : stop + 2 * self.context]
            for channel, group in enumerate(self.groups):
                rows = part[:, group].reshape(len(part), -1)
                ahead = range(2 * self.context + 1)
                near = np.hstack([rows[n : n + stop - start] for n in ahead])
                values[start:stop, :, channel] = near @ self.gains[channel]

        for _ in over_blocks(work, windows, BLOCK, progress, workers):
            pass
        return values.reshape(-1, channels)


def _gain(
    statistics: Statistics,
    matrix: NDArray[np.int64],
    shift: int,
    group: NDArray[np.int64],
    context: int,
    spike_weight: float,
) -> NDArray[np.float32]:
    """Return the gain of the group's first channel, transposed: float32 (measurements, N)."""
    from scipy.linalg import cho_factor, cho_solve

    length = matrix.shape[2]
    model = joint(statistics, matrix, shift, group, 2 * context + 1, spike_weight)
    first = context * len(group) * length
    wanted = model.cross[:, first : first + length]
    return cho_solve(cho_factor(model.measured), wanted).astype(np.float32)
