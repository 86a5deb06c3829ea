"""Noise: its level behind the high-pass, and real noise spun out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECE = 4096  # frames of real noise that stay together where a short recording is spun out


def smooth_highpass(signal: NDArray[np.generic], shift: int) -> NDArray[np.float32]:
    """The integer high-pass (`probecodec.golden.highpass`) without its rounding, along axis 0.

    With the mean's step a = 2^-shift: y[n] = (1 - a) y[n - 1] + x[n] - x[n - 1], and y[0] = 0.
    """
    from scipy.signal import lfilter

    numerator, denominator = np.array([[1, -1], [1, 2.0**-shift - 1]], np.float32)
    started = np.subtract(signal, signal[0], dtype=np.float32)
    return lfilter(numerator, denominator, started, axis=0)


def rms(microvolts: NDArray[np.float32], shift: int) -> float:
    """The rms behind the high-pass, from the first seconds."""
    return float(smooth_highpass(microvolts[:100_000], shift).std())


def spun_out(
    codes: NDArray[np.int16], frames: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return ``frames`` of a recording, float32 without each channel's median.

    Of one that is too short, random pieces overlap by half under sine windows, whose squares add
    up to one: variance, spectrum and coherence stay those of the recording.
    """
    centred = codes - np.median(codes, axis=0).astype(np.float32)
    if len(codes) >= frames:
        return centred[:frames]
    size = min(PIECE, len(codes) // 2 * 2)
    window = np.sin(np.pi * (np.arange(size, dtype=np.float32) + 0.5) / size)[:, np.newaxis]
    made = np.zeros((frames + size, codes.shape[1]), np.float32)
    for start in range(0, frames, size // 2):
        begin = rng.integers(len(codes) - size + 1)
        made[start : start + size] += window * centred[begin : begin + size]
    return made[size // 2 : size // 2 + frames]
