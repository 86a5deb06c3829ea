"""Linear prediction in integers, from a channel's own past and from the channels below it.

The weights are least squares over the whole recording: they look ahead, so that this is a bound
for causal coders of the kind. They go with the residuals, in fixed point, so that decoding is
exact on any machine. All arithmetic is modulo 2**16.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .differences import accumulate, difference, pack, unpack

Samples = NDArray[np.int16]  # (frames, channels)

BITS = 8  # of a residual; what does not fit is set aside

_FRACTION = 12  # bits of a weight, so that int16 holds −8 to 8
_SINGULAR = 1e-10  # eigenvalues below that share of the largest count as 0


def encode(samples: Samples, rate_hz: float, *, past: int, neighbours: int) -> list[bytes]:
    """Predict from ``past`` own samples, then what is left from ``neighbours`` lower channels.

    Without ``past`` first differences are taken; without ``neighbours`` the second step is left
    out.

    Returns
    -------
    list of bytes
        What the predictors need, int16: the mean of each channel, and weights, the furthest
        first; then the parts of `probecodec.bench.differences.pack` with the residuals.
    """
    frames, channels = samples.shape
    needed = []
    if past:
        means = np.rint(samples.mean(axis=0)).astype(np.int16)
        values = samples - means
        lines = np.ascontiguousarray(_padded(values, past).T)
        weights = _fitted(sliding_window_view(line, frames) for line in lines)
        values = _residuals(values, weights[:, None])
        needed += [means[None], weights]
    else:
        values = difference(samples)
    if neighbours:
        lines = _padded(values.T, neighbours)
        weights = _fitted(lines[c : c + neighbours + 1] for c in range(channels))
        values = _residuals(values.T, weights[:, :, None]).T
        needed.append(weights)
    return [np.concatenate(needed).astype("<i2").tobytes(), *pack(values, BITS)]


def decode(blobs: list[bytes], shape: tuple[int, int], *, past: int, neighbours: int) -> Samples:
    """Return the samples that `encode` took with that ``past`` and ``neighbours``."""
    needed = np.frombuffer(blobs[0], "<i2").reshape(-1, shape[1])
    values = unpack(blobs[1:], BITS, shape)
    if neighbours:
        values = _restored(values.T, needed[-neighbours:, :, None]).T
    if not past:
        return accumulate(values)
    return _restored(values, needed[1 : past + 1, None]) + needed[0]


def _padded(values: NDArray[np.int16], order: int) -> NDArray[np.int16]:
    """Put ``order`` rows of 0 above."""
    return np.concatenate([np.zeros((order, values.shape[1]), np.int16), values])


def _fitted(windows: Iterable[NDArray[np.int16]]) -> NDArray[np.int16]:
    """Fit the last row of each window to its other rows; return weights (order, windows)."""
    columns = []
    for window in windows:
        rows = window.astype(np.float64)
        products = rows @ rows.T
        solved, *_ = np.linalg.lstsq(products[:-1, :-1], products[:-1, -1], _SINGULAR)
        columns.append(np.rint(np.ldexp(solved, _FRACTION)))
    return np.clip(np.stack(columns, axis=1), -(1 << 15), (1 << 15) - 1).astype(np.int16)


def _residuals(values: NDArray[np.int16], weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Take from each row what the rows above it predict.

    Parameters
    ----------
    values : int16 (rows, columns)
    weights : int16 (order, rows or 1, columns or 1)
        Of the row furthest above first.
    """
    order, padded = len(weights), _padded(values, len(weights))
    each = _by_row(weights, len(values))
    predicted = [_predicted(padded[i : i + order], w) for i, w in enumerate(each)]
    return values - np.stack(predicted)


def _restored(residuals: NDArray[np.int16], weights: NDArray[np.int16]) -> NDArray[np.int16]:
    """Undo `_residuals`."""
    order, padded = len(weights), _padded(residuals, len(weights))
    for i, w in enumerate(_by_row(weights, len(residuals))):
        padded[order + i] += _predicted(padded[i : i + order], w)
    return padded[order:]


def _by_row(weights: NDArray[np.int16], rows: int) -> NDArray[np.int32]:
    """Weights (rows, order, columns or 1)."""
    order, _, columns = weights.shape
    return np.broadcast_to(weights.astype(np.int32), (order, rows, columns)).swapaxes(0, 1)


def _predicted(above: NDArray[np.int16], weights: NDArray[np.int32]) -> NDArray[np.int16]:
    """Weigh the rows (order, columns), and drop the fraction.

    A sum that wrapped is right in the bits that are kept: 12 to 27.
    """
    total = (above * weights).sum(axis=0, dtype=np.int32)
    return ((total + (1 << (_FRACTION - 1))) >> _FRACTION).astype(np.int16)
