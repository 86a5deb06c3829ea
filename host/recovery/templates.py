"""Templates of units: their mean waveforms on all channels, from a lossless stretch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import check


class Templates(NamedTuple):
    """Mean waveforms of units.

    Attributes
    ----------
    waveforms : float32 (units, frames, channels)
        In ADC steps.
    before : int
        Row of the trough.
    """

    waveforms: NDArray[np.float32]
    before: int

    @property
    def peaks(self) -> NDArray[np.int64]:
        """The channel on which each unit has most energy: int64 (units,)."""
        return np.argmax((self.waveforms**2).sum(axis=1), axis=1)


def cut_templates(
    values: NDArray[np.generic],
    frames: NDArray[np.int64],
    units: NDArray[np.int64],
    before: int = 20,
    after: int = 40,
    rank: int = 3,
) -> Templates:
    """Return templates of known spikes, with overlaps of other units taken apart.

    The mean of what lies around a unit's spikes holds the mean of what others do there. So the
    means are taken again from what the other spikes' templates leave, a few times.

    Parameters
    ----------
    values : (frames, channels)
        High-passed samples.
    frames, units : (spikes,)
        The trough's frame, and the unit (0, 1 …) of each spike.
    before, after : int
        Frames of a template before its trough, and from it on.
    rank : int
        Waveforms that make up a template over all channels, by singular values; the others are
        mostly noise. (M. Pachitariu et al., NIPS 2016.)

    Raises
    ------
    ValueError
        Where a value is not finite, or a unit has no spike that lies within the stretch.
    """
    values = check.finite("The lossless stretch", values, 2)
    frames, units = np.asarray(frames), np.asarray(units)
    inside = (frames >= before) & (frames <= len(values) - after)
    frames, units = frames[inside], units[inside]
    count = int(units.max(initial=-1)) + 1
    number = np.bincount(units, minlength=count)
    if count == 0 or (number == 0).any():
        raise ValueError("A unit has no spike within the lossless stretch.")
    span = np.arange(-before, after)
    waveforms = np.zeros((count, len(span), values.shape[1]), np.float32)
    residual = values.copy()
    for _ in range(3):
        changes = np.stack(
            [
                np.mean([residual[frame + span] for frame in frames[units == unit]], axis=0)
                for unit in range(count)
            ]
        )
        for frame, unit in zip(frames, units, strict=True):
            residual[frame + span] -= changes[unit]
        waveforms += changes
    left, sizes, right = np.linalg.svd(waveforms, full_matrices=False)
    sizes[:, rank:] = 0
    return Templates((left * sizes[:, np.newaxis]) @ right, before)
