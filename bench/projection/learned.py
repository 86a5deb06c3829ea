"""Sparse codes over a dictionary learned from the lossless stretch, each channel by itself.

Rates are entropies: of how many atoms a window has, of which, and of their sizes.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Coder, entropy, finest, once, piece, through
from .ground_truth import GroundTruth

WINDOW, ATOMS, MOST = 32, 96, 12  # frames; atoms in the dictionary, and in a window at most
LEARNED = 30_000  # windows
SWEEPS = 100  # over the atoms; more make the same traces to 0.01 dB, in five times the time
BLOCK = 1 << 17  # windows at a time


class Atoms(NamedTuple):
    """The atoms of all windows, round after round of the pursuit.

    Attributes
    ----------
    windows, atoms, sizes : int64 (atoms,)
        Whose, which, and how large, in steps.
    counts : int64 (channels windows,)
        How many each window has.
    channels : int
    """

    windows: NDArray[np.int64]
    atoms: NDArray[np.int64]
    sizes: NDArray[np.int64]
    counts: NDArray[np.int64]
    channels: int


def dictionary(truth: GroundTruth, target: float) -> Coded | None:
    """Matching pursuit, sizes quantised within; atoms below half a step end a window."""
    atoms, values = _learn(truth), truth.values[piece(truth)]
    step = finest(lambda step: _pursuit(atoms, step).rate(values), target, 2.0)
    if step is None:
        return None
    return through(truth, _pursuit(atoms, step), f"step {step:.1f}")


def _windows(values: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return each channel's windows, float32 (channels windows, WINDOW)."""
    return values.T.reshape(-1, WINDOW).astype(np.float32)


@once
def _learn(truth: GroundTruth) -> NDArray[np.float32]:
    """Learn unit atoms, float32 (ATOMS, WINDOW), mostly from windows that hold much.

    (J. Mairal, F. Bach, J. Ponce, G. Sapiro, J. Mach. Learn. Res. 11, 2010.)
    """
    from sklearn.decomposition import MiniBatchDictionaryLearning
    from sklearn.exceptions import ConvergenceWarning

    windows = _windows(truth.values[truth.stretch(train=True)])
    rng = np.random.default_rng(0)
    energy = np.sum(windows**2, axis=1, dtype=np.float64)
    chosen = rng.choice(len(windows), min(LEARNED, len(windows)), p=energy / energy.sum())
    windows = windows[chosen]
    windows /= np.maximum(np.linalg.norm(windows, axis=1, keepdims=True), 1e-6)
    learner = MiniBatchDictionaryLearning(
        ATOMS,
        alpha=0.3,
        batch_size=1024,
        max_iter=3,
        random_state=0,
        fit_algorithm="cd",
        transform_max_iter=SWEEPS,
    )
    with warnings.catch_warnings():  # a fit's last digits do not matter here
        warnings.simplefilter("ignore", ConvergenceWarning)
        atoms = learner.fit(windows).components_
    return (atoms / np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-6)).astype("f4")


def _pursuit(atoms: NDArray[np.float32], step: float) -> Coder:
    """Matching pursuit. (S. Mallat, Z. Zhang, IEEE Trans. Signal Process. 41, 1993.)"""
    from scipy.sparse import csr_array

    gram = atoms @ atoms.T

    def encode(values: NDArray[np.int32]) -> Atoms:
        windows = _windows(values)
        counts = np.zeros(len(windows), np.int64)
        found = []
        for start in range(0, len(windows), BLOCK):
            matches = windows[start : start + BLOCK] @ atoms.T
            going = np.arange(len(matches))
            for _ in range(MOST):
                best = np.abs(matches[going]).argmax(axis=1)
                size = np.rint(matches[going, best] / step).astype(np.int64)
                going, best, size = going[size != 0], best[size != 0], size[size != 0]
                if len(going) == 0:
                    break
                amount = size.astype(np.float32) * np.float32(step)
                matches[going] -= amount[:, np.newaxis] * gram[best]
                counts[start + going] += 1
                found.append((start + going, best, size))
        parts = zip(*found, strict=True) if found else ([np.zeros(0, np.int64)],) * 3
        return Atoms(*map(np.concatenate, parts), counts, values.shape[1])

    def decode(sent: Atoms) -> NDArray[np.float32]:
        amounts = sent.sizes.astype(np.float32) * np.float32(step)
        places = sent.windows, sent.atoms
        codes = csr_array((amounts, places), shape=(len(sent.counts), ATOMS))
        made = codes @ atoms
        return made.reshape(sent.channels, -1).T

    def bits(sent: Atoms) -> float:
        parts = sent.counts, sent.atoms, sent.sizes
        return sum(entropy(part) for part in parts if len(part))

    return Coder(encode, decode, bits)
