"""WavPack's hybrid mode, its lossy file alone: bits of true files.

Laboratories use it for recordings (A. Buccino et al., J. Neural Eng. 20, 2023).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..codecs import wavpack_decode, wavpack_encode
from .coding import Coded, Coder, finest, piece, through
from .ground_truth import GroundTruth

LEAST, MOST = 2.0, 16.0  # bits a sample that the command takes; its files have others
NO_SHAPING = "-s0"  # shaped noise suits ears: it is loudest where spikes are

Sent = tuple[list[bytes], tuple[int, int]]


def wavpack_hybrid(truth: GroundTruth, target: float) -> Coded | None:
    """The most bits of which the files have at most ``target`` a sample."""
    samples, rate_hz = truth.samples[piece(truth)], truth.rate_hz
    if _coder(LEAST, rate_hz).rate(samples) > target:
        return None
    share = finest(
        lambda share: _coder(MOST / share, rate_hz).rate(samples), target, 1.0, MOST / LEAST
    )
    bits = MOST / (share or MOST / LEAST)
    return through(truth, _coder(bits, rate_hz), f"-b{bits:.2f} {NO_SHAPING}", raw=True)


def _coder(bits: float, rate_hz: float) -> Coder:
    level = (f"-b{bits:.2f}", NO_SHAPING)

    def encode(samples: NDArray[np.int16]) -> Sent:
        return wavpack_encode(samples, rate_hz, level=level), samples.shape

    def decode(sent: Sent) -> NDArray[np.float32]:
        return wavpack_decode(*sent).astype(np.float32)

    return Coder(encode, decode, bits=lambda sent: 8 * sum(map(len, sent[0])))
