"""Orthogonal matching pursuit over a dictionary, all channels of a window in lockstep.

In each step every channel takes the atom whose correlation with what is left, squared and summed
over the channel and its neighbours, is largest, and fits all its atoms anew to its measurements.
The noise is white there, so that a correlation is in standard deviations; where the sum does not
exceed what noise makes, the channel is done. (Y. Pati, R. Rezaiifar, P. Krishnaprasad, Asilomar
1993; Gram form: R. Rubinstein, M. Zibulevsky, M. Elad, Technion CS-2008-08; jointly with other
matrices: D. Baron, M. Duarte et al., arXiv 0901.3403.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import check
from .blocks import Progress, over_blocks
from .dictionary import Dictionary, sense
from .statistics import Statistics

BLOCK = 64  # windows
RIDGE = 1e-3  # of atoms that look nearly alike in the measurements


class Omp:
    """The solver.

    Parameters
    ----------
    dictionary : Dictionary
    statistics : Statistics
        Of the noise, which is whitened, and of which channels are neighbours.
    matrix : int64 (channels, M, N)
    shift : int
        Bits dropped from each measurement.
    nonzeros : int
        Atoms in a window of a channel, at most.
    neighbours : int
        Channels that choose an atom together, the channel included.
    threshold : float
        Standard deviations below which a correlation counts as noise.

    Raises
    ------
    ValueError
        Where dictionary, statistics and matrix do not go together.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        statistics: Statistics,
        matrix: NDArray[np.int64],
        shift: int = 0,
        nonzeros: int = 6,
        neighbours: int = 3,
        threshold: float = 4.0,
    ) -> None:
        self.matrix = matrix
        self.dictionary = dictionary
        self.sensing = sense(dictionary, statistics, matrix, shift)
        self.nonzeros = min(nonzeros, matrix.shape[1])
        self.groups = statistics.groups[:, :neighbours]
        self.least = threshold**2 + self.groups.shape[1] - 1
        columns = self.sensing.columns
        self.grams = columns.transpose(0, 2, 1) @ columns

    def recover(
        self, measured: NDArray[np.generic], progress: Progress | None = None, workers: int = 1
    ) -> NDArray[np.float32]:
        """Return the spikes' part of the values, float32 (windows N, channels).

        Parameters
        ----------
        measured : (windows, channels, M)
            As `dequantise` gives them.
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

        values = np.empty((len(measured), self.matrix.shape[2], len(self.groups)), np.float32)

        def work(start: int, stop: int) -> None:
            codes = self._codes(measured[start:stop])
            found = (codes / self.sensing.norms[:, np.newaxis]) @ self.dictionary.atoms
            values[start:stop] = found.transpose(1, 2, 0)

        for _ in over_blocks(work, len(measured), BLOCK, progress, workers):
            pass
        return values.reshape(-1, len(self.groups))

    def _codes(self, measured: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the coefficients of all atoms: float32 (channels, windows, atoms)."""
        white = measured.transpose(1, 0, 2) @ self.sensing.whiten.transpose(0, 2, 1)
        first = white @ self.sensing.columns
        left = first.copy()
        codes = np.zeros_like(first)
        atoms = np.zeros((*first.shape[:2], self.nonzeros), np.int64)
        active = np.ones(first.shape[:2], bool)
        for step in range(1, self.nonzeros + 1):
            power = left**2
            power = sum(power[others] for others in self.groups.T)
            np.put_along_axis(power, atoms[:, :, : step - 1], -1, axis=2)  # not twice
            best = power.argmax(axis=2)
            active &= np.take_along_axis(power, best[..., np.newaxis], axis=2)[..., 0] > self.least
            channel, window = np.nonzero(active)
            if not len(channel):
                break
            atoms[channel, window, step - 1] = best[channel, window]
            chosen = atoms[channel, window, :step]
            rows = self.grams[channel[:, np.newaxis], chosen]  # (active, step, atoms)
            gram = np.take_along_axis(rows, chosen[:, np.newaxis], axis=2)
            gram[:, np.arange(step), np.arange(step)] += RIDGE
            right = np.take_along_axis(first[channel, window], chosen, axis=1)
            fit = np.linalg.solve(gram, right[..., np.newaxis])[..., 0]
            left[channel, window] = first[channel, window] - np.einsum("bs,bsp->bp", fit, rows)
            codes[channel[:, np.newaxis], window[:, np.newaxis], chosen] = fit
        return codes
