"""Transform coding behind the high-pass: wavelets with a threshold, and PCA cut off.

Rates are zero-order entropies, each coefficient's own: no coder of packets is behind them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Coder, entropy, finest, once, piece, through
from .ground_truth import GroundTruth

WAVELET, LEVELS = "sym4", 5
BLOCK = 1 << 15  # frames at a time
PATCH_FRAMES, PATCH_CHANNELS = 32, 8  # of a PCA

Levels = list[NDArray[np.int32]]


def wavelet(truth: GroundTruth, target: float) -> Coded | None:
    """Wavelet transform of each channel; what is below a threshold is 0, the rest in its steps."""
    values = truth.values[piece(truth)]
    step = finest(lambda step: _wavelet(step).rate(values), target)
    if step is None:
        return None
    return through(truth, _wavelet(step), f"threshold {step:.1f}")


def _wavelet(step: float) -> Coder:
    """The interval around 0 is twice as wide as the others: it is the threshold.

    (D. Donoho, IEEE Trans. Inf. Theory 41, 1995.)
    """
    import pywt

    def encode(values: NDArray[np.int32]) -> tuple[list[Levels], int]:
        sent = []
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK].astype(np.float32)
            levels = pywt.wavedec(block, WAVELET, "periodization", LEVELS, axis=0)
            sent.append([np.trunc(level / np.float32(step)).astype(np.int32) for level in levels])
        return sent, len(values)

    def decode(sent: tuple[list[Levels], int]) -> NDArray[np.float32]:
        blocks = []
        for numbers in sent[0]:
            levels = [((np.abs(q) + 0.5) * np.sign(q) * step).astype(np.float32) for q in numbers]
            blocks.append(pywt.waverec(levels, WAVELET, "periodization", axis=0))
        return np.concatenate(blocks)[: sent[1]]

    def bits(sent: tuple[list[Levels], int]) -> float:
        return sum(entropy(np.concatenate(level)) for level in zip(*sent[0], strict=True))

    return Coder(encode, decode, bits)


def pca(truth: GroundTruth, target: float) -> Coded | None:
    """Principal components of patches, learned from the lossless stretch.

    All coefficients have the same step, so that those that vary less than it are cut off.
    """
    bases, values = _bases(truth), truth.values[piece(truth)]
    step = finest(lambda step: _pca(bases, step).rate(values), target)
    if step is None:
        return None
    return through(truth, _pca(bases, step), f"step {step:.1f}")


@once
def _bases(truth: GroundTruth) -> list[NDArray[np.float32]]:
    """Principal axes, as columns, of each neighbourhood's patches."""
    bases = []
    for patches in cut(truth.values[truth.stretch(train=True)]):
        bases.append(np.linalg.eigh((patches.T @ patches).astype(np.float64))[1])
    return [basis.astype(np.float32) for basis in bases]


def _pca(bases: list[NDArray[np.float32]], step: float) -> Coder:
    wide = np.float32(step)

    def encode(values: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        pairs = zip(cut(values), bases, strict=True)
        return [np.rint(patches @ basis / wide).astype(np.int32) for patches, basis in pairs]

    def decode(sent: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        pairs = zip(sent, bases, strict=True)
        return joined([(numbers.astype(np.float32) * wide) @ basis.T for numbers, basis in pairs])

    return Coder(encode, decode, bits=lambda sent: sum(map(entropy, sent)))


def cut(values: NDArray[np.generic]) -> list[NDArray[np.float32]]:
    """Return the patches of each neighbourhood as rows, float32 (patches, frames channels).

    The last neighbourhood may have fewer channels; ``values`` must be whole patches long.
    """
    firsts = range(0, values.shape[1], PATCH_CHANNELS)
    parts = (values[:, first : first + PATCH_CHANNELS] for first in firsts)
    return [part.reshape(-1, PATCH_FRAMES * part.shape[1]).astype(np.float32) for part in parts]


def joined(patches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return what `cut` has cut, float32 (frames, channels)."""
    return np.hstack([part.reshape(len(part) * PATCH_FRAMES, -1) for part in patches])
