"""Projection: each window of N frames of a channel becomes M measurements, a matrix times it.

**A window's measurements begin and end one after another.** Measurement k is 0 before it begins and
is given as soon as it ends; so there is one accumulator for each measurement and channel, read and
written once a sample, never cleared, and what a packet gives is complete with its last frame. For
the matrix A (M × N, for each channel) that means zeros in two corners; random rows do not miss
them, and any others can be made so (`banded`).

With x the state of the channel's generator in the frame (`probecodec.golden.generator`):

SPARSE
    The N frames are G = N / hold groups; all samples of a group g go into one measurement: k = g
    for g < M and k = g - G + M for g >= G - M, so that each begins and ends with a group of its
    own; else k = floor(M h / 2^HIT_BITS), with h the HIT_BITS topmost bits of x. The sign is
    negative where the lowest bit of x is 1. Measurement k is given in the last frame of group
    G - M + k.
DENSE
    Every sample goes into all measurements with k <= n <= N - M + k; the sign of the k-th is
    negative where bit k of x is 1. Measurement k is given in frame N - M + k.
LOADED
    ``config.coefficients``, the same for all channels; given as in DENSE.

Only every ``hold``-th frame takes new states; the others use those again.

The matrix is that of every window. (Sparse random signs: D. Achlioptas, J. Comput. Syst. Sci. 66,
2003; one hit a sample: M. Charikar, K. Chen, M. Farach-Colton, Theor. Comput. Sci. 312, 2004.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import generator
from .errors import ConfigError
from .format import GENERATOR_BITS, HIT_BITS, Family
from .projection_config import ProjectionConfig


def matrix(config: ProjectionConfig) -> NDArray[np.int64]:
    """Return what every window is multiplied by, int64 (channels, M, N)."""
    columns = Columns(config)
    return np.stack([columns.at(frame) for frame in range(config.window)], axis=2)


_SMALL = 1e-9  # of the largest coefficient: 0 but for rounding


class Columns:
    """The columns of the matrices of all channels, frame by frame."""

    def __init__(self, config: ProjectionConfig) -> None:
        if config.family == Family.LOADED and not config.coefficients:
            raise ConfigError(
                f"the coefficients of family loaded (CRC-32 {config.seed:08x}) are not known: "
                "give them (--coefficients)"
            )
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
            group, groups = frame // config.hold, config.window // config.hold
            hits = (states >> GENERATOR_BITS - HIT_BITS) * count >> HIT_BITS
            if group < count:
                hits[:] = group
            elif group >= groups - count:
                hits[:] = group - groups + count
            column = np.zeros(shape, np.int64)
            column[np.arange(config.channels), hits] = 1 - 2 * (states & 1)
            return column
        column = np.ones(shape, np.int64)
        column -= 2 * (states[:, np.newaxis] >> np.arange(count) & 1)
        column[:, frame + 1 :] = 0
        column[:, : max(0, frame - config.given_frames[0])] = 0
        return column


class Projection:
    """The projection and its state.

    Attributes
    ----------
    sums : int64 (channels, M)
        The accumulators.
    frame : int
        The next frame's place in its window.
    """

    def __init__(self, config: ProjectionConfig) -> None:
        self._config = config
        self._columns = Columns(config)
        self.sums = np.zeros((config.channels, config.measurements), np.int64)
        self.frame = 0

    def begin(self) -> None:
        """Begin a window; of one that is not complete the rest is never given."""
        self.frame = 0

    def encode(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the measurements that are given while ``values``, int64 (frames, channels), come.

        int64 (measurements, channels), without their lowest ``shift`` bits. A window's M follow one
        another, in the frames `ProjectionConfig.given_frames`.
        """
        config, given = self._config, []
        for row in values:
            if self.frame == 0:
                self.sums[:] = 0
            self.sums += self._columns.at(self.frame) * row[:, np.newaxis]
            if self.frame in config.given_frames:
                given.append(self.sums[:, config.given_frames.index(self.frame)].copy())
            self.frame = (self.frame + 1) % config.window
        return np.array(given, np.int64).reshape(-1, config.channels) >> config.shift


def given(config: ProjectionConfig, frames: int) -> NDArray[np.bool_]:
    """Tell in which of the first ``frames`` frames of a packet a measurement is given."""
    window = np.zeros(config.window, bool)
    window[list(config.given_frames)] = True
    return np.resize(window, frames)


def banded(
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mix the rows of a matrix so that row k is 0 before column k and behind column N - M + k.

    The rows span what they spanned, so nothing is lost but what rounding takes. Each is the
    combination that is 0 in those M - 1 columns; where there are several, any (but always the
    same), for only special ones would depend on each other.

    Parameters
    ----------
    rows : float64 (M, N)

    Returns
    -------
    rows : float64 (M, N)
        Each of length 1.
    mixture : float64 (M, M)
        ``mixture`` @ the old rows (or measurements) gives the new ones.

    Raises
    ------
    ConfigError
        Where there are no such combinations.
    """
    count, window = rows.shape
    mixture = np.empty((count, count))
    new = np.zeros_like(rows)
    random = np.random.default_rng(0)
    for k in range(count):
        outside = np.r_[:k, window - count + k + 1 : window]
        left, sizes, _ = np.linalg.svd(rows[:, outside])
        rank = int((sizes > _SMALL * np.abs(rows).max()).sum())
        free = left[:, min(rank, count - 1) :]  # all that are 0 outside; mostly only one
        mixture[k] = free @ random.normal(size=free.shape[1])
        inside = slice(k, window - count + k + 1)
        new[k, inside] = mixture[k] @ rows[:, inside]
    if np.linalg.matrix_rank(new) < count:
        raise ConfigError(
            f"these {count} rows have no mixtures that begin and end one after another: use others"
        )
    lengths = np.linalg.norm(new, axis=1, keepdims=True)
    return new / lengths, mixture / lengths
