"""Transform coding behind the high-pass: wavelets with a threshold, and PCA cut off.

Rates are zero-order entropies, each coefficient's own: no coder of packets is behind them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Traces, entropy, finest, piece
from .ground_truth import GroundTruth

WAVELET, LEVELS = "sym4", 5
BLOCK = 1 << 15  # frames at a time
PATCH_FRAMES, PATCH_CHANNELS = 32, 8  # of a PCA


def wavelet(truth: GroundTruth, target: float) -> Coded | None:
    """Wavelet transform of each channel; what is below a threshold is 0, the rest in its steps."""
    step = finest(lambda step: _wavelet(truth.values[piece(truth)], step)[0], target)
    if step is None:
        return None
    train, test = (_wavelet(truth.values[truth.stretch(train=t)], step) for t in (True, False))
    setting = f"{WAVELET}, threshold {step:.1f}"
    return Coded(bits=test[0], setting=setting, traces=Traces(train[1], test[1]))


def _wavelet(values: NDArray[np.int32], step: float) -> tuple[float, NDArray[np.float32]]:
    """Return the bits a sample, and what comes back.

    The interval around 0 is twice as wide as the others: it is the threshold. (D. Donoho, IEEE
    Trans. Inf. Theory 41, 1995.)
    """
    import pywt

    back = np.empty(values.shape, np.float32)
    symbols: list[list[NDArray[np.int64]]] = []
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float32)
        levels = pywt.wavedec(block, WAVELET, "periodization", LEVELS, axis=0)
        symbols.append([np.trunc(level / step).astype(np.int64) for level in levels])
        levels = [((np.abs(q) + 0.5) * np.sign(q) * step).astype(np.float32) for q in symbols[-1]]
        made = pywt.waverec(levels, WAVELET, "periodization", axis=0)
        back[start : start + BLOCK] = made[: len(block)]
    bits = sum(entropy(np.concatenate(level)) for level in zip(*symbols, strict=True))
    return bits / values.size, back


def pca(truth: GroundTruth, target: float) -> Coded | None:
    """Principal components of patches, learned from the lossless stretch.

    All coefficients have the same step, so that those that vary less than it are cut off.
    """
    bases = _bases(truth)
    step = finest(lambda step: _pca(truth.values[piece(truth)], bases, step)[0], target)
    if step is None:
        return None
    parts = (truth.values[truth.stretch(train=t)] for t in (True, False))
    train, test = (_pca(part, bases, step) for part in parts)
    setting = f"{PATCH_FRAMES} frames × {PATCH_CHANNELS} channels, step {step:.1f}, "
    setting += f"{test[2]:.0f} components"
    return Coded(bits=test[0], setting=setting, traces=Traces(train[1], test[1]))


def _patches(values: NDArray[np.generic], first: int) -> NDArray[np.float32]:
    """Return the patches of some channels as rows, float32; the last frames may be missing."""
    part = values[: len(values) // PATCH_FRAMES * PATCH_FRAMES, first : first + PATCH_CHANNELS]
    return part.reshape(-1, PATCH_FRAMES * part.shape[1]).astype(np.float32)


@lru_cache(maxsize=1)
def _bases(truth: GroundTruth) -> list[NDArray[np.float32]]:
    """Principal axes, as columns, of each neighbourhood's patches."""
    values, bases = truth.values[truth.stretch(train=True)], []
    for first in range(0, values.shape[1], PATCH_CHANNELS):
        patches = _patches(values, first)
        bases.append(np.linalg.eigh((patches.T @ patches).astype(np.float64))[1])
    return [basis.astype(np.float32) for basis in bases]


def _pca(
    values: NDArray[np.int32], bases: list[NDArray[np.float32]], step: float
) -> tuple[float, NDArray[np.float32], float]:
    """Return the bits a sample, what comes back, and how many components a patch keeps."""
    back = np.zeros(values.shape, np.float32)
    bits, kept = 0.0, 0
    whole = len(values) // PATCH_FRAMES * PATCH_FRAMES
    for index, basis in enumerate(bases):
        first = index * PATCH_CHANNELS
        symbols = np.rint(_patches(values, first) @ basis / np.float32(step)).astype(np.int64)
        bits += entropy(symbols)
        kept += int(np.any(symbols, axis=0).sum())
        made = (symbols.astype(np.float32) * np.float32(step)) @ basis.T
        back[:whole, first : first + PATCH_CHANNELS] = made.reshape(whole, -1)
    return bits / back[:whole].size, back, kept / len(bases)
