"""How many columns a raw file has, by its values: frames follow one another, and are alike.

The step from each value to the next leaves out what neighbouring channels share. What is left, the
channels' offsets, gains and own signals, comes back with the next frame: the correlation of the
steps with later steps is highest where these come as many values later as there are columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_COLUMNS = 5000

_LEAST_VALUES = 2000
_LEAST_FRAMES = 10
_PIECE, _PIECES = 1 << 17, 4  # of the file: values in each, and how many

# Raw recordings, from 5 ms and 4 channels on, correlate by 0.6 to 0.99 from frame to frame, and by
# less than 0.8 of that at lags of no whole frames; from channel to channel, at one time, by 0.1 to
# 0.8. High-passed ones without offsets have 0.4 to 0.6, like pairs of sites: nothing is said then.
_ALIKE = 0.6  # from frame to frame, at least
_OTHERS = 0.8  # share of that, at most, at lags of no whole frames
_SLACK = 0.2  # frames are no more alike two frames on than one frame on, but for noise
_SITES, _LASTING = 8, 0.5  # sites in so many columns are alike too; offsets are for long
_UNLIKE = 0.4  # share of the likeness of frames: what has less is no frame
_ALIKE_CHANNELS = 0.08


def likely_columns(values: NDArray[np.int16]) -> int | None:
    """Return how many columns a raw file has, or None where that cannot be told.

    Parameters
    ----------
    values : int16, any shape
        The file's values in C order; a part of them is read.
    """
    return _likely(_correlation(values))


def doubt(values: NDArray[np.int16], columns: int) -> str | None:
    """Return how values contradict their ``columns`` and what to do, as "looks like …", or None.

    Parameters
    ----------
    values : int16, any shape
        As for `likely_columns`: whole frames.
    columns : int
        As the user says: the channels, and the auxiliary word where there is one.
    """
    alike = _correlation(values)
    likely = _likely(alike)
    frames = values.size // columns
    if likely == columns or frames < _LEAST_FRAMES:
        return None
    next_frame, next_channel = (_alike(values, lag) for lag in (columns, frames))
    others = np.delete(alike, slice(frames, None, frames))[2:]
    bounds = np.array([_ALIKE_CHANNELS, 2 * abs(next_frame), *others])
    if (likely is None or likely > columns) and next_channel > bounds.max():
        return (
            f"looks transposed, {columns} channels of {frames} frames each: write it frame by "
            "frame, or correct --channels"
        )
    if likely is None:
        return None
    if columns % likely and not next_frame < _UNLIKE * alike[likely]:
        return None
    advice = {1: ", or name the auxiliary column with --aux-bits 16", -1: " or --aux-bits"}
    return (
        f"looks like {likely} columns, not {columns}: correct --channels"
        f"{advice.get(likely - columns, '')}"
    )


def _likely(alike: NDArray[np.float64]) -> int | None:
    """The lag that stands out, with its multiples; the least of them."""
    if len(alike) < 3:
        return None
    best = 2 + int(alike[2:].argmax())
    if alike[best] < _ALIKE:
        return None
    enough = alike[best] * (1 - _SLACK * (1 - alike[best]))
    frames = (alike[lag : best + 1 : lag] for lag in range(2, best + 1) if best % lag == 0)
    likely = best // len(next(each for each in frames if each.mean() >= enough))
    others = np.delete(alike, slice(likely, None, likely))
    clear = others.max() < _OTHERS * alike[best]
    lasting = likely > _SITES or alike[likely::likely].mean() > _LASTING * alike[best]
    return likely if clear and lasting else None


def _correlation(values: NDArray[np.int16]) -> NDArray[np.float64]:
    """Correlation of steps with later steps, by lag; 0 at lag 0, where it tells nothing.

    Up to `_MOST_COLUMNS`, or fewer where the file has not `_LEAST_FRAMES` of so many; of lag 0 only
    where it is too short.
    """
    flat = values.reshape(-1)
    if flat.size < _LEAST_VALUES:
        return np.zeros(1)
    steps = _steps(flat, _starts(flat.size - _PIECE), _PIECE)
    power = np.abs(np.fft.rfft(steps, 2 * _PIECE)) ** 2  # padded: lags do not wrap around
    lags = np.arange(1 + min(_MOST_COLUMNS, flat.size // _LEAST_FRAMES))
    products = np.fft.irfft(power.sum(0))[lags]
    squares = np.append(0, np.cumsum((steps**2).sum(0)))
    both = squares[len(squares) - 1 - lags] + squares[-1] - squares[lags]  # of all but the ends
    products[0] = 0
    return 2 * products / np.maximum(both, 1)


def _alike(values: NDArray[np.int16], lag: int) -> float:
    """Correlation of steps with those ``lag`` later, of any lag; NaN where there are too few."""
    flat = values.reshape(-1)
    size = min(_PIECE // 4, flat.size - lag)
    if size < _LEAST_VALUES:
        return np.nan
    starts = _starts(flat.size - lag - size)
    now, later = np.split(_steps(flat, np.append(starts, starts + lag), size), 2)
    return 2 * float((now * later).sum()) / max(1.0, float((now**2 + later**2).sum()))


def _starts(last: int) -> NDArray[np.int64]:
    """First values of pieces all over the file."""
    return np.unique(np.linspace(0, max(0, last), _PIECES).astype(np.int64))


def _steps(flat: NDArray[np.int16], starts: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Steps in each piece, without their mean.

    They are limited to Tukey's fences, 1.5 times the quartiles' range beyond these: artefacts, and
    a word of bits amid the channels, would outweigh all others.
    """
    pieces = [flat[start : start + size].astype(np.int32) for start in starts]
    steps = np.diff(pieces).astype(np.float64)
    low, high = np.percentile(steps, (25, 75))
    reach = 1.5 * (high - low)
    steps = steps.clip(low - reach, high + reach)
    return steps - steps.mean()
