"""A dictionary of waveforms, in which a window of a channel has few atoms.

A few shapes of spikes are learned from the lossless stretch (online dictionary learning: J. Mairal,
F. Bach, J. Ponce, G. Sapiro, J. Mach. Learn. Res. 11, 2010), and every second shift of each shape
is an atom, also those that a window's borders cut. Learned windows would need an atom for every
shift all the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import check
from .measure import joint
from .sort import find_troughs
from .statistics import Statistics, nearest

STRIDE = 2  # frames from one shift to the next
LEAST_ENERGY = 0.1  # of a shape, that must lie within the window
BEFORE, AFTER = 20, 40  # frames of a shape around the trough
MOST_SPIKES = 5000


class Dictionary(NamedTuple):
    """Atoms, and what they were made of.

    Attributes
    ----------
    atoms : float32 (atoms, N)
        Of norm 1.
    shapes : float32 (shapes, frames)
    """

    atoms: NDArray[np.float32]
    shapes: NDArray[np.float32]


def learn_dictionary(
    values: NDArray[np.generic],
    window: int,
    shapes: int = 4,
    threshold: float = 5.0,
    positions: ArrayLike | None = None,
    seed: int = 0,
) -> Dictionary:
    """Learn the dictionary from a lossless stretch.

    Parameters
    ----------
    values : (frames, channels)
        High-passed samples.
    window : int
        Frames N.
    shapes : int
        Shapes of spikes.
    threshold : float
        Depth of a spike's trough, in robust standard deviations of the noise.
    positions : optional
        As for `nearest`.
    seed : int
        Of the learning.

    Raises
    ------
    ValueError
        Where a value is not finite, or there are hardly any spikes.
    """
    from sklearn.decomposition import MiniBatchDictionaryLearning

    values = check.finite("The lossless stretch", values, 2)
    groups = nearest(values.shape[1], 3, positions)
    frames, channels = find_troughs(values, threshold, groups)
    inside = (frames >= BEFORE) & (frames < len(values) - AFTER)
    spikes = list(zip(frames[inside], groups[channels[inside]], strict=True))[:MOST_SPIKES]
    if len(spikes) < 10 * shapes:
        raise ValueError(
            f"Only {len(spikes)} spikes exceed {threshold} deviations; {shapes} shapes need "
            f"{10 * shapes}: take a longer stretch or a lower threshold."
        )
    span = np.arange(-BEFORE, AFTER)
    waves = np.concatenate([values[frame + span][:, near].T for frame, near in spikes])
    waves /= np.maximum(np.linalg.norm(waves, axis=1, keepdims=True), 1)
    learner = MiniBatchDictionaryLearning(
        shapes,
        alpha=0.2,
        max_iter=20,
        batch_size=256,
        transform_algorithm="omp",
        random_state=seed,
    )
    learned = learner.fit(waves).components_.astype(np.float32)
    atoms = []
    for shape in learned:
        for first in range(STRIDE - len(shape), window, STRIDE):
            atom = np.zeros(window, np.float32)
            part = slice(max(0, first), min(window, first + len(shape)))
            atom[part] = shape[part.start - first : part.stop - first]
            energy = np.sum(atom**2)
            if energy > LEAST_ENERGY * np.sum(shape**2):
                atoms.append(atom / np.sqrt(energy))
    return Dictionary(np.array(atoms), learned)


class Sensing(NamedTuple):
    """What the atoms become in the measurements of each channel, white and of norm 1.

    Attributes
    ----------
    whiten : float32 (channels, M, M)
        Applied to measurements it makes their noise white, with deviation 1.
    columns : float32 (channels, M, atoms)
    norms : float32 (channels, atoms)
        What the columns were divided by: a coefficient over it is the atom's size in ADC steps.
    """

    whiten: NDArray[np.float32]
    columns: NDArray[np.float32]
    norms: NDArray[np.float32]


def sense(
    dictionary: Dictionary, statistics: Statistics, matrix: NDArray[np.int64], shift: int
) -> Sensing:
    """Return the atoms as the projection sees them.

    Raises
    ------
    ValueError
        Where dictionary, statistics and matrix do not go together.
    """
    from scipy.linalg import solve_triangular

    check.agreeing(statistics.channels, matrix)
    if dictionary.atoms.shape[1] != matrix.shape[2]:
        raise ValueError(
            f"The dictionary is for windows of {dictionary.atoms.shape[1]} frames, "
            f"the projection's have {matrix.shape[2]}."
        )
    whiten, columns = [], []
    for channel, rows in enumerate(matrix):
        model = joint(statistics, matrix, shift, np.array([channel]), 1, 0.0)
        root = np.linalg.cholesky(model.measured)
        whiten.append(solve_triangular(root, np.eye(len(root)), lower=True))
        columns.append(whiten[-1] @ rows @ dictionary.atoms.T)
    stacked = np.array(columns, np.float32)
    norms = np.linalg.norm(stacked, axis=1)
    norms = np.maximum(norms, 1e-3 * norms.max())  # atoms that a channel hardly sees
    return Sensing(np.array(whiten, np.float32), stacked / norms[:, np.newaxis], norms)
