"""Integer wavelets by lifting: exactly reversible, in place, any length.

All arithmetic is modulo 2**16: each step adds what the other half alone determines, so that it can
be taken off again whatever wrapped. Coefficients of 16-bit samples stay int16, then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.int16]

FRAME_LEVELS = 10
CHANNEL_LEVELS = 3  # where a transform has two dimensions


class Wavelet(NamedTuple):
    """Two lifting steps along the first axis.

    Attributes
    ----------
    predict : callable
        Takes the samples at even places; returns what is taken off those at odd places.
    update : callable
        Takes what is left at the odd places; returns what is added at the even places.
    """

    predict: Callable[[Values], Values]
    update: Callable[[Values], Values]


def _mean(one: Values, other: Values) -> Values:
    """Half the sum, rounded down, that does not overflow."""
    return (one & other) + ((one ^ other) >> 1)


def _before(values: Values) -> Values:
    return np.concatenate([values[:1], values])


def _after(values: Values) -> Values:
    return np.concatenate([values, values[-1:]])


def _legall_update(odd: Values) -> Values:
    mean = _mean(_before(odd), _after(odd))
    return (mean >> 1) + (mean & 1)  # the sum, + 2, over 4


# The S-transform (A. Said and W. Pearlman, IEEE Trans. Image Process. 5, 1996).
HAAR = Wavelet(predict=lambda even: even, update=lambda odd: odd >> 1)
# 5/3 (D. Le Gall and A. Tabatabai, ICASSP 1988) as JPEG 2000 has it (ITU-T T.800, Annex F),
# with symmetric extension.
LEGALL = Wavelet(
    predict=lambda even: _mean(even, _after(even[1:]) if len(even) > 1 else even),
    update=_legall_update,
)


def transform(samples: Values, wavelet: Wavelet, channel_levels: int = 0) -> Values:
    """Transform along time, then along channels; return coefficients of the same shape.

    Rows and columns of the coefficients are in the order of bands, the coarsest first.

    Parameters
    ----------
    samples : int16 (frames, channels)
    channel_levels : int
        0 for time alone.
    """
    values = samples.copy()
    for lines, levels in ((values, FRAME_LEVELS), (values.T, channel_levels)):
        for level in range(levels):
            even, odd = _halves(lines, level)
            odd -= wavelet.predict(even)[: len(odd)]
            update = wavelet.update(odd)[: len(even)]
            even[: len(update)] += update
    return values[_places(values, channel_levels)]


def inverse(coefficients: Values, wavelet: Wavelet, channel_levels: int = 0) -> Values:
    """Return the samples that `transform` took."""
    values = np.empty_like(coefficients)
    values[_places(values, channel_levels)] = coefficients
    for lines, levels in ((values.T, channel_levels), (values, FRAME_LEVELS)):
        for level in reversed(range(levels)):
            even, odd = _halves(lines, level)
            update = wavelet.update(odd)[: len(even)]
            even[: len(update)] -= update
            odd += wavelet.predict(even)[: len(odd)]
    return values


def _halves(lines: Values, level: int) -> tuple[Values, Values]:
    """Even and odd places of what the levels before have left."""
    rest = lines[:: 1 << level]
    return rest[::2], rest[1::2]


def _places(values: Values, channel_levels: int) -> tuple[NDArray[np.intp], ...]:
    """Where the coefficients lie, band after band."""
    sides = zip(values.shape, (FRAME_LEVELS, channel_levels), strict=True)
    return np.ix_(*(_bands(length, levels) for length, levels in sides))


def _bands(length: int, levels: int) -> NDArray[np.intp]:
    details = [np.arange(1 << level, length, 2 << level) for level in reversed(range(levels))]
    return np.concatenate([np.arange(0, length, 1 << levels), *details])
