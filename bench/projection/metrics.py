"""How near traces and spikes are to the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE_MS = 0.5  # between a true spike and one that counts as it
NEAR = 8  # channels: a spike found farther away is another one


@dataclass(frozen=True, kw_only=True)
class SpikeScore:
    """Spikes found against true ones.

    Attributes
    ----------
    true, found, correct, wrong : int
        True spikes; those found; true ones found as their own unit; as another unit nearby.
    """

    true: int
    found: int
    correct: int
    wrong: int

    @property
    def error(self) -> float:
        """Share of the true spikes that are missed or given to another unit."""
        return 1 - self.correct / max(1, self.true)

    @property
    def recall(self) -> float:
        """Share of the true spikes that are found, as any unit nearby."""
        return (self.correct + self.wrong) / max(1, self.true)

    @property
    def precision(self) -> float:
        """Share of those found that are a true spike, of any unit nearby."""
        return (self.correct + self.wrong) / max(1, self.found)


@dataclass(frozen=True, kw_only=True)
class TraceScore:
    """Traces against the original behind the same high-pass, all channels pooled.

    Attributes
    ----------
    snr_db : float
        10 log10 of the original's power over the error's.
    correlation : float
        Mean over channels of Pearson's correlation.
    nrmse, spike_nrmse : float
        rms of the error over that of the original: overall, and within 1 ms and 2 channels of
        true spikes.
    """

    snr_db: float
    correlation: float
    nrmse: float
    spike_nrmse: float


def score_spikes(
    true: tuple[NDArray[np.int64], NDArray[np.int64]],
    found: tuple[NDArray[np.int64], NDArray[np.int64]],
    unit_channels: NDArray[np.int64],
    rate_hz: float,
) -> SpikeScore:
    """Compare spikes; each counts once.

    Parameters
    ----------
    true, found : (frames, units), int64 (spikes,) each
        Of what is left when every spike found as its own unit is paired, each true one may be
        paired with one of another unit whose peak is `NEAR`.
    unit_channels : int64 (units,)
    """
    tolerance = int(TOLERANCE_MS * rate_hz / 1000)
    left, right, apart = _pairs(true[0], found[0], tolerance)
    units = true[1][left], found[1][right]
    same = units[0] == units[1]
    correct = _matched(left[same], right[same], apart[same])
    free = ~same & ~np.isin(left, correct[0]) & ~np.isin(right, correct[1])
    free &= np.abs(unit_channels[units[0]] - unit_channels[units[1]]) <= NEAR
    wrong = _matched(left[free], right[free], apart[free])
    return SpikeScore(
        true=len(true[0]), found=len(found[0]), correct=len(correct[0]), wrong=len(wrong[0])
    )


def _pairs(
    true: NDArray[np.int64], found: NDArray[np.int64], tolerance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All pairs no more than ``tolerance`` apart: indices of both, and how far apart."""
    order = np.argsort(found, kind="stable")
    begin = np.searchsorted(found[order], true - tolerance, "left")
    count = np.searchsorted(found[order], true + tolerance, "right") - begin
    left = np.repeat(np.arange(len(true)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    right = order[np.repeat(begin, count) + within]
    return left, right, np.abs(true[left] - found[right])


def _matched(
    left: NDArray[np.int64], right: NDArray[np.int64], apart: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of which no spike is in two, the nearest first."""
    taken: tuple[dict[int, None], dict[int, None]] = {}, {}
    for pair in np.argsort(apart, kind="stable"):
        a, b = int(left[pair]), int(right[pair])
        if a not in taken[0] and b not in taken[1]:
            taken[0][a] = taken[1][b] = None
    return np.array(list(taken[0]), np.int64), np.array(list(taken[1]), np.int64)


def score_traces(
    original: NDArray[np.generic],
    traces: NDArray[np.float32],
    frames: NDArray[np.int64],
    channels: NDArray[np.int64],
    rate_hz: float,
) -> TraceScore:
    """Compare ``traces`` with the ``original``, both (frames, channels), in any unit.

    Parameters
    ----------
    frames, channels : int64 (spikes,)
        Where true spikes have their troughs.
    """
    near = np.zeros(original.shape, bool)
    reach = int(rate_hz / 1000)
    for frame, channel in zip(frames, channels, strict=True):
        near[max(0, frame - reach) : frame + reach + 1, max(0, channel - 2) : channel + 3] = True
    sums = np.zeros((6, original.shape[1]))  # x, y, xx, yy, xy, (x - y)²
    spiking = np.zeros(2)
    for start in range(0, len(original), 1 << 15):
        part = slice(start, start + (1 << 15))
        x, y = original[part].astype(np.float64), traces[part].astype(np.float64)
        sums += [values.sum(axis=0) for values in (x, y, x * x, y * y, x * y, (x - y) ** 2)]
        spiking += ((x - y)[near[part]] ** 2).sum(), (x[near[part]] ** 2).sum()
    x, y, xx, yy, xy, error = sums
    count = len(original)
    deviation = np.sqrt(np.maximum(count * xx - x * x, 0) * np.maximum(count * yy - y * y, 0))
    with np.errstate(divide="ignore"):  # no error: infinite SNR
        snr_db = float(10 * np.log10(xx.sum() / error.sum()))
    return TraceScore(
        snr_db=snr_db,
        correlation=float(np.mean((count * xy - x * y) / np.maximum(deviation, 1e-12))),
        nrmse=float(np.sqrt(error.sum() / xx.sum())),
        spike_nrmse=float(np.sqrt(spiking[0] / max(spiking[1], 1e-12))),
    )
