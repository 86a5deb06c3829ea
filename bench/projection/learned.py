"""Sparse codes over a dictionary learned from the lossless stretch, each channel by itself.

Rates are entropies: of how many atoms a window has, of which, and of their sizes.
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Traces, entropy, finest, piece
from .ground_truth import GroundTruth

WINDOW, ATOMS, MOST = 32, 96, 12  # frames; atoms in the dictionary, and in a window at most
LEARNED = 30_000  # windows
BLOCK = 1 << 17  # windows at a time


def dictionary(truth: GroundTruth, target: float) -> Coded | None:
    """Matching pursuit, sizes quantised within; atoms below half a step end a window."""
    atoms = _learn(truth)
    step = finest(lambda step: _pursue(truth.values[piece(truth)], atoms, step)[0], target, 2.0)
    if step is None:
        return None
    train, test = (
        _pursue(truth.values[truth.stretch(train=t)], atoms, step) for t in (True, False)
    )
    setting = f"{ATOMS} atoms of {WINDOW} frames, step {step:.1f}"
    return Coded(bits=test[0], setting=setting, traces=Traces(train[1], test[1]))


def _windows(values: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return each channel's windows, float32 (channels, windows, WINDOW)."""
    whole = values[: len(values) // WINDOW * WINDOW].T
    return whole.reshape(len(whole), -1, WINDOW).astype(np.float32)


@lru_cache(maxsize=1)
def _learn(truth: GroundTruth) -> NDArray[np.float32]:
    """Learn unit atoms, float32 (ATOMS, WINDOW), mostly from windows that hold much.

    (J. Mairal, F. Bach, J. Ponce, G. Sapiro, J. Mach. Learn. Res. 11, 2010.)
    """
    from sklearn.decomposition import MiniBatchDictionaryLearning
    from sklearn.exceptions import ConvergenceWarning

    windows = _windows(truth.values[truth.stretch(train=True)]).reshape(-1, WINDOW)
    rng = np.random.default_rng(0)
    energy = np.sum(windows**2, axis=1, dtype=np.float64)
    chosen = rng.choice(len(windows), min(LEARNED, len(windows)), p=energy / energy.sum())
    windows = windows[chosen]
    windows /= np.maximum(np.linalg.norm(windows, axis=1, keepdims=True), 1e-6)
    learner = MiniBatchDictionaryLearning(
        ATOMS, alpha=0.3, batch_size=1024, max_iter=3, random_state=0, fit_algorithm="cd"
    )
    with warnings.catch_warnings():  # a fit's last digits do not matter here
        warnings.simplefilter("ignore", ConvergenceWarning)
        atoms = learner.fit(windows).components_
    return (atoms / np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-6)).astype("f4")


def _pursue(
    values: NDArray[np.int32], atoms: NDArray[np.float32], step: float
) -> tuple[float, NDArray[np.float32]]:
    """Return the bits a sample, and what comes back.

    (S. Mallat, Z. Zhang, IEEE Trans. Signal Process. 41, 1993.)
    """
    windows = _windows(values)
    flat = windows.reshape(-1, WINDOW)
    made = np.empty_like(flat)
    gram = atoms @ atoms.T
    counts, indices, sizes = [], [], []
    for start in range(0, len(flat), BLOCK):
        matches = flat[start : start + BLOCK] @ atoms.T
        codes = np.zeros_like(matches)
        count = np.zeros(len(matches), np.int64)
        going = np.arange(len(matches))
        for _ in range(MOST):
            best = np.abs(matches[going]).argmax(axis=1)
            size = np.rint(matches[going, best] / step).astype(np.int64)
            going, best, size = going[size != 0], best[size != 0], size[size != 0]
            if len(going) == 0:
                break
            amount = size.astype(np.float32) * np.float32(step)
            codes[going, best] += amount
            matches[going] -= amount[:, np.newaxis] * gram[best]
            count[going] += 1
            indices.append(best)
            sizes.append(size)
        counts.append(count)
        made[start : start + BLOCK] = codes @ atoms
    bits = sum(entropy(np.concatenate(part)) for part in (counts, indices, sizes) if part)
    back = np.zeros(values.shape, np.float32)
    back[: windows.shape[1] * WINDOW] = made.reshape(len(windows), -1).T
    return bits / flat.size, back
