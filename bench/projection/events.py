"""Where traces cross their thresholds, and where they hold no spike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR = 4  # channels between a crossing and a deeper one, or the peak of the units tried for it


def quiet_begins(
    length: int, frames: NDArray[np.int64], before: int, taps: int
) -> NDArray[np.int64]:
    """First frames of all stretches of ``taps`` frames that hold no spike; int64, ascending.

    Where there are none, of all stretches.
    """
    quiet = np.ones(length, bool)
    for frame in frames:
        quiet[max(0, frame - before) : frame + taps] = False
    run = np.cumsum(np.r_[0, quiet])
    begins = np.flatnonzero(run[taps:] - run[:-taps] == taps)
    return begins if len(begins) else np.arange(length - taps + 1)


def crossings(
    traces: NDArray[np.float32], thresholds: NDArray[np.float32], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames and channels of troughs below the thresholds, the deepest within ``reach`` frames
    and `NEAR` channels; int64 (events,) each, ascending."""
    frames, channels = np.nonzero(traces < -thresholds)
    depth = traces[frames, channels] / thresholds[channels]
    before = np.clip(frames - 1, 0, None), channels
    after = np.clip(frames + 1, None, len(traces) - 1), channels
    trough = (traces[frames, channels] <= traces[before]) & (
        traces[frames, channels] <= traces[after]
    )
    frames, channels, depth = frames[trough], channels[trough], depth[trough]
    keep = np.ones(len(frames), bool)
    for step in range(1, len(frames)):  # against the step-th next, until none is in reach
        close = frames[step:] - frames[:-step] <= reach
        if not close.any():
            break
        close &= np.abs(channels[step:] - channels[:-step]) <= NEAR
        keep[step:] &= ~(close & (depth[:-step] <= depth[step:]))
        keep[:-step] &= ~(close & (depth[step:] < depth[:-step]))
    return frames[keep], channels[keep]
