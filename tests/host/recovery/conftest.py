"""A small recording whose noise and spikes are known exactly."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter

from probecodec.host.recovery import Templates, learn

CHANNELS, FRAMES, WINDOW = 6, 60_000, 32
NOISE, MIXING = 4.0, 0.5  # ADC steps; what a channel has of the next one's noise
BEFORE, AFTER = 10, 20


def waveforms():
    """Three units: float32 (units, frames, channels)."""
    ms = (np.arange(-BEFORE, AFTER) / 30)[:, np.newaxis]
    made = []
    for peak, width, size in ((1, 0.1, 60), (2, 0.16, 45), (4, 0.12, 50)):
        wave = 0.4 * np.exp(-(((ms - 0.35) / 0.2) ** 2)) - np.exp(-((ms / width) ** 2))
        made.append(size * wave * np.exp(-np.abs(np.arange(CHANNELS) - peak) / 1.2))
    return np.array(made, np.float32)


def noise(frames, seed):
    """First-order autoregressive in time, mixed with the next channel's: float64."""
    white = np.random.default_rng(seed).standard_normal((frames, CHANNELS + 1))
    coloured = lfilter([1], [1, -0.5], white, axis=0) * np.sqrt(1 - 0.5**2)
    return NOISE * (coloured[:, :-1] + MIXING * coloured[:, 1:])


def noise_covariance(frames):
    """The exact covariance of that noise: float64 (channels, frames, channels, frames)."""
    lag = np.abs(np.subtract.outer(np.arange(frames), np.arange(frames)))
    between = (1 + MIXING**2) * np.eye(CHANNELS)
    between += MIXING * (np.eye(CHANNELS, k=1) + np.eye(CHANNELS, k=-1))
    return NOISE**2 * np.einsum("ab,ts->atbs", between, 0.5**lag)


def recording(seed):
    """A recording with about 20 spikes of each unit a second."""
    rng = np.random.default_rng(seed)
    frames = np.sort(rng.choice(FRAMES // 50 - 2, 3 * FRAMES // 1500, replace=False)) * 50 + 50
    frames += rng.integers(0, 50, len(frames))  # some overlap
    units = rng.integers(0, 3, len(frames))
    clean = np.zeros((FRAMES, CHANNELS))
    for frame, unit in zip(frames, units, strict=True):
        clean[frame - BEFORE : frame + AFTER] += waveforms()[unit]
    values = np.rint(clean + noise(FRAMES, seed + 1)).astype(np.int64)
    return SimpleNamespace(values=values, clean=clean, frames=frames, units=units)


@pytest.fixture(scope="session")
def lossless():
    """The stretch that is learned from."""
    return recording(1)


@pytest.fixture(scope="session")
def unseen():
    """Another one of the same kind."""
    return recording(5)


@pytest.fixture(scope="session")
def statistics(lossless):
    """Of the lossless stretch, over three windows."""
    return learn(lossless.values, lags=3 * WINDOW, group=4)


@pytest.fixture(scope="session")
def templates():
    """The true ones."""
    return Templates(waveforms(), BEFORE)
