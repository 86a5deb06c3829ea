"""Units of a lossless stretch: detection, alignment, principal components, clusters.

A spike is a trough below the threshold that no neighbouring channel within half a millisecond
undercuts. Its waveforms on all channels around, as principal components, are clustered by density
(HDBSCAN: R. Campello, D. Moulavi, J. Sander, PAKDD 2013), so that the number of units need not be
known and overlaps are left out. (The steps are those of M. Lewicki, Network 9, 1998.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import check
from .statistics import nearest
from .templates import Templates, cut_templates

DEAD_FRAMES = 15  # on either side of a trough
COMPONENTS = 3  # of a channel's waveform
FEATURES = 10  # of a spike
LEAST_SPIKES = 15  # of a unit


def find_troughs(
    values: NDArray[np.float32], threshold: float, groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return frame and channel of the troughs that are deepest among their neighbours.

    Parameters
    ----------
    values : float32 (frames, channels)
    threshold : float
        Depth in robust standard deviations of the channel.
    groups : int64 (channels, group)
        Each channel's neighbours, itself first.
    """
    from scipy.ndimage import minimum_filter1d

    deviation = np.median(np.abs(values), axis=0) / 0.6745
    depth = values / np.maximum(deviation, 1).astype(np.float32)
    deepest = minimum_filter1d(depth, 2 * DEAD_FRAMES + 1, axis=0)
    frames, channels = np.nonzero((depth == deepest) & (depth < -threshold))
    lowest = np.array(
        [deepest[frame, groups[c]].min() for frame, c in zip(frames, channels, strict=True)]
    )
    kept = depth[frames, channels] <= lowest
    return frames[kept], channels[kept]


def sort_units(
    values: NDArray[np.generic],
    threshold: float = 5.0,
    before: int = 20,
    after: int = 40,
    positions: ArrayLike | None = None,
    group: int = 12,
) -> tuple[Templates, NDArray[np.int64], NDArray[np.int64]]:
    """Find the units of a lossless stretch.

    Parameters
    ----------
    values : (frames, channels)
        High-passed samples.
    threshold : float
        Depth of a spike's trough, in robust standard deviations of the noise.
    before, after : int
        Frames of a template before its trough, and from it on.
    positions : optional
        As for `nearest`.
    group : int
        Channels around a spike's deepest one that tell units apart.

    Returns
    -------
    templates : Templates
    frames, units : int64 (spikes,)
        The spikes that the templates were made of.

    Raises
    ------
    ValueError
        Where a value is not finite, or no unit is found.
    """
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import PCA

    values = check.finite("The lossless stretch", values, 2)
    groups = nearest(values.shape[1], group, positions)
    frames, channels = find_troughs(values, threshold, groups)
    inside = (frames >= before) & (frames < len(values) - after)
    frames, channels = frames[inside], channels[inside]
    if len(frames) < LEAST_SPIKES:
        raise ValueError(
            f"Only {len(frames)} spikes exceed {threshold} deviations; units need "
            f"{LEAST_SPIKES}: take a longer stretch or a lower threshold."
        )
    span = np.arange(-before, after)
    peaks = np.stack([values[f + span, c] for f, c in zip(frames, channels, strict=True)])
    basis = PCA(COMPONENTS, random_state=0).fit(peaks).components_.astype(np.float32)
    features = np.zeros((len(frames), COMPONENTS, values.shape[1]), np.float32)  # 0 if far away
    for spike, (frame, channel) in enumerate(zip(frames, channels, strict=True)):
        near = groups[channel]
        features[spike][:, near] = basis @ values[frame + span][:, near]
    features = features.reshape(len(frames), -1)
    count = min(FEATURES, *features.shape)
    reduced = PCA(count, random_state=0).fit_transform(features)
    labels = HDBSCAN(min_cluster_size=LEAST_SPIKES, min_samples=3, copy=True).fit_predict(reduced)
    kept = labels >= 0
    if not kept.any():
        raise ValueError("No unit was found; take a longer stretch or a lower threshold.")
    frames, units = frames[kept], labels[kept].astype(np.int64)
    return cut_templates(values, frames, units, before, after), frames, units
