"""Projection: each window of N frames of a channel becomes M measurements, a matrix times it.

**Measurement k begins in frame k.** In frame k of a window, measurement k of the window before is
given, and the new one starts from that frame's sample; so there is one accumulator for each
measurement and channel, read and written once a sample, and never cleared. What follows for the
matrix A (M × N, for each channel) is A[k, n] = 0 for n < k, and nothing else: a turn of the
measurements makes any matrix so (`turned`), and a random one does not miss the corner.

With x the state of the channel's generator in the frame (`probecodec.golden.generator`):

SPARSE
    One measurement a sample: k = n for n < M, so that each begins with a sample of its own;
    else k = floor(M h / 2^HIT_BITS), with h the HIT_BITS topmost bits of x. Its sign is negative
    where the lowest bit of x is 1.
DENSE
    All measurements k <= n; the sign of the k-th is negative where bit k of x is 1.
HELD
    The same, but only every ``hold``-th frame takes new states; the others use those again.
LOADED
    ``config.coefficients``, the same for all channels.

The matrix is that of every window. (Sparse random signs: D. Achlioptas, J. Comput. Syst. Sci. 66,
2003; one hit a sample: M. Charikar, K. Chen, M. Farach-Colton, Theor. Comput. Sci. 312, 2004.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import generator
from .format import GENERATOR_BITS, HIT_BITS, Family
from .projection_config import ProjectionConfig


def matrix(config: ProjectionConfig) -> NDArray[np.int64]:
    """Return what every window is multiplied by, int64 (channels, M, N)."""
    columns = Columns(config)
    return np.stack([columns.at(frame) for frame in range(config.window)], axis=2)


class Columns:
    """The columns of the matrices of all channels, frame by frame."""

    def __init__(self, config: ProjectionConfig) -> None:
        self._config = config
        self._states = np.zeros((0, config.channels), np.uint32)
        if config.family != Family.LOADED:
            count = config.window // config.hold * config.channels
            self._states = generator.run(config.start, count).reshape(-1, config.channels)

    def at(self, frame: int) -> NDArray[np.int64]:
        """Return column ``frame``, int64 (channels, M)."""
        config = self._config
        count = config.measurements
        shape = config.channels, count
        if config.family == Family.LOADED:
            loaded = np.array([row[frame] for row in config.coefficients], np.int64)
            return np.broadcast_to(loaded, shape).copy()
        states = self._states[frame // config.hold].astype(np.int64)
        if config.family == Family.SPARSE:
            hits = (states >> GENERATOR_BITS - HIT_BITS) * count >> HIT_BITS
            if frame < count:
                hits[:] = frame
            column = np.zeros(shape, np.int64)
            column[np.arange(config.channels), hits] = 1 - 2 * (states & 1)
            return column
        column = np.ones(shape, np.int64)
        column -= 2 * (states[:, np.newaxis] >> np.arange(count) & 1)
        column[:, frame + 1 :] = 0
        return column


class Projection:
    """The projection and its state.

    Attributes
    ----------
    sums : int64 (channels, M)
        The accumulators.
    frame : int
        The next frame's place in its window.
    full : bool
        Whether a window was completed since the restart: only then are measurements given.
    """

    def __init__(self, config: ProjectionConfig) -> None:
        self._config = config
        self._columns = Columns(config)
        self.sums = np.zeros((config.channels, config.measurements), np.int64)
        self.restart()

    def restart(self) -> None:
        """Begin a window; one that is not complete is lost."""
        self.frame = 0
        self.full = False

    def encode(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the measurements that are given while ``values``, int64 (frames, channels), come.

        int64 (measurements, channels): a window's M follow one another, one a frame, in the first
        frames of the next window.
        """
        given = []
        for row in values:
            frame = self.frame
            if frame < self._config.measurements:
                if self.full:
                    given.append(self.sums[:, frame].copy())
                self.sums[:, frame] = 0
            self.sums += self._columns.at(frame) * row[:, np.newaxis]
            self.frame = (frame + 1) % self._config.window
            self.full |= self.frame == 0
        return np.array(given, np.int64).reshape(-1, self._config.channels)


def turned(
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn the rows of any matrix so that row k is 0 before column k.

    Nothing is lost: the turn is orthogonal, and only its rows' mixture is another.

    Parameters
    ----------
    rows : float64 (M, N)

    Returns
    -------
    rows : float64 (M, N)
    turn : float64 (M, M)
        ``turn`` @ the new rows (or measurements) gives the old ones.
    """
    turn, _ = np.linalg.qr(rows[:, : len(rows)])
    return np.triu(turn.T @ rows), turn
