"""Second-order statistics of a recording, learned from a lossless stretch of it.

For each pair of channels that lie near each other, the covariance at every lag is kept twice: of
what is between the spikes, and of the spikes. With x the high-passed samples of channels i and j,
and 0 in place of those that belong to the other part::

    r_ij(l) = sum over t of x_i(t) x_j(t + l) / frames

The noise's is corrected for the share of frames left in each channel. So both are covariances of
some process (positive semidefinite), and so is what any weights >= 0 make of them; sums over the
pairs of frames left, or a difference, would not be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .check import finite

FRAMES_PER_LAG = 100  # a lossless stretch shorter than that is refused
SPIKE_THRESHOLD = 4.5  # in robust standard deviations
SPIKE_FRAMES = 20, 40  # before and after a crossing
FFT_FRAMES = 2048


def nearest(channels: int, count: int, positions: ArrayLike | None = None) -> NDArray[np.int64]:
    """Return the ``count`` channels nearest to each, itself first: int64 (channels, count).

    Parameters
    ----------
    positions : (channels,) or (channels, dimensions), optional
        Where the channels lie, in any unit; by default they are in a row.

    Raises
    ------
    ValueError
        Where there are not as many positions as channels.
    """
    places = np.arange(channels) if positions is None else np.asarray(positions)
    if len(places) != channels:
        raise ValueError(f"There are {len(places)} positions for {channels} channels.")
    places = places.reshape(channels, -1).astype(np.float64)
    distance = np.linalg.norm(places[:, np.newaxis] - places, axis=2)
    np.fill_diagonal(distance, -1)
    return np.argsort(distance, axis=1, kind="stable")[:, : min(count, channels)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics:
    """Covariances over lag and neighbouring channels, in squared ADC steps.

    Attributes
    ----------
    groups : int64 (channels, group)
        The channels nearest to each, itself first. Any two of a group are a pair that is kept.
    pairs : int64 (channels, channels)
        The row of the pair (i, j), i <= j; -1 for one that is not kept.
    noise, spikes : float32 (pairs, 2 lags + 1)
        Covariance at lags -lags … lags, and what the frames with spikes add to it.
    """

    groups: NDArray[np.int64]
    pairs: NDArray[np.int64]
    noise: NDArray[np.float32]
    spikes: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """Channels of the recording."""
        return len(self.groups)

    @property
    def lags(self) -> int:
        """The longest lag."""
        return self.noise.shape[1] // 2

    def covariance(
        self, channels: NDArray[np.int64], frames: int, spike_weight: float = 0.0
    ) -> NDArray[np.float64]:
        """Return the covariance of ``frames`` frames of ``channels``, all of one group.

        Parameters
        ----------
        spike_weight : float
            0 is noise alone, 1 about all that was recorded; more lets spikes count for more.

        Returns
        -------
        float64 (channels, frames, channels, frames)

        Raises
        ------
        ValueError
            Where the lags or the pairs were not learned.
        """
        if frames - 1 > self.lags:
            raise ValueError(
                f"Statistics over {self.lags} lags do not span {frames} frames; learn more lags."
            )
        low, high = np.minimum.outer(channels, channels), np.maximum.outer(channels, channels)
        rows = self.pairs[low, high]
        if (rows < 0).any():
            raise ValueError("Some of these channels lie too far apart; learn larger groups.")
        kept = self.noise[rows] + np.float32(spike_weight) * self.spikes[rows]
        backward = np.greater.outer(channels, channels)
        kept[backward] = kept[backward][:, ::-1]  # r_ji(l) = r_ij(-l)
        lag = np.arange(frames) - np.arange(frames)[:, np.newaxis] + self.lags
        return kept[:, :, lag].transpose(0, 2, 1, 3).astype(np.float64)


def learn(
    values: NDArray[np.generic],
    lags: int = 192,
    group: int = 12,
    positions: ArrayLike | None = None,
) -> Statistics:
    """Learn the statistics of a lossless stretch.

    Parameters
    ----------
    values : (frames, channels)
        High-passed samples (`probecodec.golden.highpass`), in ADC steps.
    lags : int
        Longest lag in frames; three windows serve all that is done here.
    group : int
        Channels that are taken jointly, at most.
    positions : optional
        As for `nearest`.

    Raises
    ------
    ValueError
        Where the stretch is too short, or a value is not finite.
    """
    values = finite("The lossless stretch", values, 2)
    frames, channels = values.shape
    if frames < FRAMES_PER_LAG * lags:
        raise ValueError(
            f"The lossless stretch has {frames} frames; statistics over {lags} lags need "
            f"{FRAMES_PER_LAG * lags}."
        )
    groups = nearest(channels, group, positions)
    kept = np.zeros((channels, channels), bool)
    for near in groups:
        kept[np.ix_(near, near)] = True
    kept = np.triu(kept)
    pairs = np.full(kept.shape, -1, np.int64)
    pairs[kept] = np.arange(kept.sum())
    quiet = ~_spikes(values, groups)
    share = np.maximum(quiet.mean(axis=0), 1 / frames)
    noise = _covariances(values * quiet, pairs, lags)
    first, second = np.nonzero(kept)
    noise /= np.sqrt(share[first] * share[second]).astype(np.float32)[:, np.newaxis]
    spikes = _covariances(values * ~quiet, pairs, lags)
    return Statistics(groups=groups, pairs=pairs, noise=noise, spikes=spikes)


def _spikes(values: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a spike may be: bool (frames, channels)."""
    deviation = np.median(np.abs(values[:: max(1, len(values) // 50_000)]), axis=0) / 0.6745
    crossing = np.abs(values) > np.maximum(SPIKE_THRESHOLD * deviation, 1)
    before, after = SPIKE_FRAMES
    padded = np.pad(crossing, ((after + 1, before), (0, 0)))
    count = np.cumsum(padded, axis=0, dtype=np.int32)
    wide = count[before + after + 1 :] != count[: -before - after - 1]
    return np.stack([wide[:, near].any(axis=1) for near in groups], axis=1)


def _covariances(
    values: NDArray[np.float32], pairs: NDArray[np.int64], lags: int
) -> NDArray[np.float32]:
    """Return the covariances of ``pairs``: float32 (pairs, 2 lags + 1)."""
    from scipy import fft

    frames, channels = values.shape
    length = max(FFT_FRAMES, fft.next_fast_len(8 * lags))
    step = length - 2 * lags
    starts = np.arange(0, frames, step)
    padded = np.pad(values, ((lags, lags + length), (0, 0)))
    sums = np.zeros((pairs.max() + 1, length // 2 + 1), np.complex128)
    for some in np.array_split(starts, -(-len(starts) // 16)):
        wide = np.stack([padded[start : start + length].T for start in some], axis=-1)
        narrow = np.zeros_like(wide)  # (channels, length, blocks)
        narrow[:, :step] = wide[:, lags : lags + step]
        spectra = fft.rfft(wide, axis=1)
        turned = fft.rfft(narrow, axis=1).conj()
        for channel in range(channels):
            others = np.nonzero(pairs[channel] >= 0)[0]
            products = np.einsum("fb,cfb->cf", turned[channel], spectra[others])
            sums[pairs[channel, others]] += products
    return (fft.irfft(sums, length)[:, : 2 * lags + 1] / frames).astype(np.float32)
