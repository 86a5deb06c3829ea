"""Unrolled iterative thresholding: fixed depth, each layer's step and threshold tuned.

With B the white sensing columns of a channel and L the square of its norm, layer k makes codes z
of the measurements y, from v = z = 0 on::

    z' = shrink(v + s_k / L B' (y - B v), t_k s_k / L)
    v = z' + m_k (z' - z)

with the momenta m_k of FISTA. The threshold applies to the root mean square over the channel and
its neighbours, so that what they share survives, and shrinks by the garrote 1 - (t / |z|)^2, which
takes less from large codes than the soft threshold. Steps and thresholds are tuned on a lossless
stretch that is projected. (K. Gregor, Y. LeCun, ICML 2010; few numbers a layer: J. Liu, X. Chen,
Z. Wang, W. Yin, ICLR 2019; A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2, 2009; garrote: H.-Y. Gao,
J. Comput. Graph. Stat. 7, 1998; groups: M. Yuan, Y. Lin, J. R. Stat. Soc. B 68, 2006.)
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import check
from .blocks import Progress, over_blocks
from .dictionary import Dictionary, sense
from .measure import dequantise, measure
from .statistics import Statistics

BLOCK = 64  # windows
FIRST, LAST = (5.0, 10.0, 20.0), (1.5, 2.0, 3.0)  # thresholds to begin with, in deviations of noise
FACTORS = 0.7, 1.4  # by which a layer's step or threshold is tried
TUNED_WINDOWS = 48


class Lista:
    """The solver, tuned.

    Parameters
    ----------
    dictionary : Dictionary
    statistics : Statistics
    matrix : int64 (channels, M, N)
    shift : int
        Bits dropped from each measurement.
    values : whole numbers (frames, channels)
        The lossless stretch, high-passed. Of the half of its windows with the larger values some
        serve.
    layers : int
        Depth.
    neighbours : int
        Channels that share a threshold, the channel included.

    Attributes
    ----------
    steps, thresholds : float64 (layers,)
        s_k and t_k.

    Raises
    ------
    ValueError
        Where what is given does not go together, or the stretch is shorter than two windows.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        statistics: Statistics,
        matrix: NDArray[np.int64],
        shift: int,
        values: NDArray[np.generic],
        layers: int = 16,
        neighbours: int = 3,
    ) -> None:
        self.matrix = matrix
        self.atoms = dictionary.atoms
        self.sensing = sense(dictionary, statistics, matrix, shift)
        self.groups = statistics.groups[:, :neighbours]
        norms = np.linalg.norm(self.sensing.columns, 2, axis=(1, 2))
        self._pace = (1 / norms**2)[:, np.newaxis, np.newaxis].astype(np.float32)
        ages = [1.0]
        for _ in range(layers):
            ages.append((1 + np.sqrt(1 + 4 * ages[-1] ** 2)) / 2)
        self._momenta = [(a - 1) / b for a, b in pairwise(ages)]
        self.steps = np.ones(layers)
        self.thresholds = np.ones(layers)
        self._tune(values, shift)

    def recover(
        self, measured: NDArray[np.generic], progress: Progress | None = None, workers: int = 1
    ) -> NDArray[np.float32]:
        """Return the spikes' part of the values, float32 (windows N, channels).

        Parameters and errors are those of `Omp.recover`.
        """
        measured = check.measurements(measured, self.matrix)

        values = np.empty((len(measured), self.matrix.shape[2], len(self.groups)), np.float32)

        def work(start: int, stop: int) -> None:
            values[start:stop] = self._values(measured[start:stop]).transpose(1, 2, 0)

        for _ in over_blocks(work, len(measured), BLOCK, progress, workers):
            pass
        return values.reshape(-1, len(self.groups))

    def _values(self, measured: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values of some windows, float32 (channels, windows, N)."""
        columns = self.sensing.columns
        white = measured.transpose(1, 0, 2) @ self.sensing.whiten.transpose(0, 2, 1)
        codes = np.zeros((*white.shape[:2], len(self.atoms)), np.float32)
        ahead = codes
        for step, threshold, momentum in zip(
            self.steps, self.thresholds, self._momenta, strict=True
        ):
            pace = self._pace * np.float32(step)
            pulled = ahead + pace * ((white - ahead @ columns.transpose(0, 2, 1)) @ columns)
            power = pulled**2
            power = sum(power[others] for others in self.groups.T) / self.groups.shape[1]
            least = (np.float32(threshold) * pace) ** 2
            following = pulled * np.maximum(0, 1 - least / np.maximum(power, 1e-20))
            ahead = following + np.float32(momentum) * (following - codes)
            codes = following
        return (codes / self.sensing.norms[:, np.newaxis]) @ self.atoms

    def _tune(self, values: NDArray[np.generic], shift: int) -> None:
        """Choose steps and thresholds for the least squared error of the values."""
        values = check.finite("The lossless stretch", values, 2)
        check.agreeing(values.shape[1], self.matrix)
        length = self.matrix.shape[2]
        count = len(values) // length
        if count < 2:
            raise ValueError(f"The lossless stretch has no two windows of {length} frames.")
        windows = values[: count * length].reshape(count, length, -1)
        order = np.argsort(-np.abs(windows).max(axis=(1, 2)), kind="stable")
        chosen = windows[order[: count // 2][:: max(1, count // 2 // TUNED_WINDOWS)]]
        whole = np.rint(chosen.reshape(-1, values.shape[1])).astype(np.int64)
        measured = dequantise(measure(whole, self.matrix, shift), shift)
        target = chosen.transpose(2, 0, 1)

        def error() -> float:
            return float(np.mean((self._values(measured) - target) ** 2))

        best = np.inf
        for first in FIRST:
            for last in LAST:
                before = self.thresholds
                self.thresholds = np.geomspace(first, last, len(before))
                if (reached := error()) < best:
                    best = reached
                else:
                    self.thresholds = before
        for tuned in (self.thresholds, self.steps):
            for layer in range(len(tuned)):
                for factor in FACTORS:
                    tuned[layer] *= factor
                    if (reached := error()) < best:
                        best = reached
                    else:
                        tuned[layer] /= factor
