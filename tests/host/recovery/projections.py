"""Matrices to test with, and figures."""

import numpy as np

from probecodec.golden.format import Family
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig

from .conftest import CHANNELS, WINDOW


def projection(measurements=8, family=Family.SPARSE, **rest):
    """The matrices of all channels, int64 (channels, M, N)."""
    return matrix(
        ProjectionConfig(
            channels=CHANNELS,
            sample_bits=10,
            window=WINDOW,
            measurements=measurements,
            family=family,
            **rest,
        )
    )


def db(signal, estimate):
    """Signal to error in dB."""
    return 10 * np.log10(np.sum(signal**2) / np.sum((signal - estimate) ** 2))


def found(truth, spikes, tolerance=5):
    """Share of the true spikes that were found as their unit, and of the found that are wrong."""
    right = 0
    for unit in range(truth.units.max() + 1):
        times = np.sort(spikes.frames[spikes.units == unit])
        true = truth.frames[truth.units == unit]
        place = np.searchsorted(times, true - tolerance)
        inside = place < len(times)
        right += np.sum(times[place[inside]] <= true[inside] + tolerance)
    return right / len(truth.frames), 1 - right / max(1, len(spikes.frames))
