"""Units: their waveforms, and their spikes added to a recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPIKE_UV = 60.0, 250.0  # smallest and largest trough
BEFORE_MS, AFTER_MS = 0.6, 1.6  # of a template, around its trough
SIZE_SPREAD = 0.1  # standard deviation of the logarithm of a spike's size
REACH = 8  # channels on either side of its peak that a unit is seen on


def make_templates(
    units: int, channels: int, rate_hz: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw the units' waveforms in uV, float32 (units, taps, channels).

    Trough and recovery are Gaussians whose widths, sizes and delay differ from unit to unit; the
    size falls exponentially along the probe, and the wave comes later farther away.
    """
    ms = np.arange(-BEFORE_MS, AFTER_MS, 1000 / rate_hz)[:, np.newaxis]
    made = np.empty((units, len(ms), channels), np.float32)
    peaks = rng.choice(channels, units)  # some share a site, as neurons do
    sizes = np.exp(rng.uniform(*np.log(SPIKE_UV), units))
    for unit, (peak, size) in enumerate(zip(peaks, sizes, strict=True)):
        distance = np.abs(np.arange(channels) - peak)
        late = ms - rng.uniform(0, 0.012) * distance
        trough = np.exp(-((late / rng.uniform(0.09, 0.14)) ** 2))
        recovery = np.exp(-(((late - rng.uniform(0.35, 0.5)) / rng.uniform(0.2, 0.3)) ** 2))
        wave = rng.uniform(0.25, 0.45) * recovery - trough
        reach = np.exp(-distance / rng.uniform(1.5, 3)) * (distance <= REACH)
        made[unit] = size * reach * wave / -wave[:, peak].min()
    return made


def add_spikes(
    signal: NDArray[np.float32],
    frames: NDArray[np.int64],
    units: NDArray[np.integer],
    sizes: NDArray[np.float64],
    templates: NDArray[np.float32],
    before: int,
) -> None:
    """Add to ``signal``, float32 (frames, channels), each spike's waveform times its size.

    ``frames``, ``units`` and ``sizes`` are (spikes,); a waveform begins ``before`` its frame.
    """
    taps = templates.shape[1]
    for frame, unit, size in zip(frames, units, sizes.astype(np.float32), strict=True):
        begin = frame - before
        first, last = max(begin, 0), min(begin + taps, len(signal))
        if first < last:
            signal[first:last] += size * templates[unit, first - begin : last - begin]
