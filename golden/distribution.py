"""The distribution behind the Huffman tables: ``python -m probecodec.golden.distribution``.

No recording was used. Given the running mean m of a channel's symbols, the residual is taken to be
a Gaussian, rounded to whole numbers, whose scale is not known exactly: it is log-normal about the
scale at which the expected symbol is m, with a standard deviation of `SPREAD` (natural logarithm).
Of that, 0.09 is what a running mean over 64 effective samples of a Gaussian scatters by; the rest
allows for a level that changes. Within a table, m is spread evenly over its quarter of an octave.

The code lengths are then the optimal ones of at most ``HUFFMAN_ESCAPE_ZEROS`` bits, by the
package-merge algorithm (L. Larmore, D. Hirschberg, J. ACM 37, 1990).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .format import (
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_OCTAVES,
    HUFFMAN_QUARTER_BITS,
)

SPREAD = 0.2  # of the logarithm of the scale
FLOOR = 1e-5  # probability that every symbol has besides: what no model foresees
LEAST_MEAN = 0.3  # where the first table begins; below it every code but the first is wasted

_QUARTERS = 1 << HUFFMAN_QUARTER_BITS
_POINTS = np.linspace(0.1, 0.9, 5)  # of a quarter octave, where m is taken
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_erf = np.vectorize(math.erf, otypes=[float])


def table(index: int) -> tuple[int, ...]:
    """Return how many codes of 1, 2 … ``HUFFMAN_ESCAPE_ZEROS`` bits table ``index`` has."""
    octave, quarter = divmod(index, _QUARTERS)
    step = 2.0**octave / _QUARTERS
    low, high = (_QUARTERS + quarter) * step, (_QUARTERS + quarter + 1) * step
    if index == 0:
        low = LEAST_MEAN
    chances = np.zeros(2 * HUFFMAN_FAR)
    for mean in low * (high / low) ** _POINTS:
        fine = octave == HUFFMAN_OCTAVES - 1  # symbols are many: rounding no longer shows
        scale = _fine_scale(mean) if fine else _whole_scale(mean)
        model = _fine if fine else _whole
        chances += _blurred(model, scale)
    chances /= len(_POINTS) * _WEIGHTS.sum()
    near, far, escape = chances[:HUFFMAN_FAR], chances[HUFFMAN_FAR:].sum(), 1 - chances.sum()
    rare = [min(chance, near[-1]) for chance in (far, escape)]  # theirs are the longest codes
    lengths = sorted(_lengths(np.append(near, rare) + FLOOR))[:-1]  # the escape's stands apart
    return tuple(np.bincount(lengths, minlength=HUFFMAN_ESCAPE_ZEROS + 1)[1:].tolist())


def _blurred(model: Callable[[float], NDArray[np.float64]], scale: float) -> NDArray[np.float64]:
    """The symbols' chances, averaged over what the scale may be."""
    scales = scale * np.exp(SPREAD * _NODES - SPREAD**2 / 2)
    parts = [w * model(s) for w, s in zip(_WEIGHTS, scales, strict=True)]
    return np.asarray(np.sum(parts, axis=0))


def _below(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Standard normal distribution function."""
    return np.asarray((1 + _erf(x / math.sqrt(2))) / 2)


def _whole(scale: float) -> NDArray[np.float64]:
    """Chance of each symbol, zigzag of a rounded Gaussian."""
    low = (np.arange(2 * HUFFMAN_FAR) + 1) // 2 - 0.5
    return np.subtract(_below((low + 1) / scale), _below(low / scale))


def _whole_scale(mean: float) -> float:
    """The scale at which the expected symbol is ``mean``, by bisection."""
    low, high = 0.05, 50.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        magnitudes = np.arange(1.0, 8 * middle + 3)
        chances = _below((magnitudes + 0.5) / middle) - _below((magnitudes - 0.5) / middle)
        if float((chances * (4 * magnitudes - 1)).sum()) < mean:  # symbols 2n and 2n - 1
            low = middle
        else:
            high = middle
    return low


def _fine(scale: float) -> NDArray[np.float64]:
    """Chance of each class where the symbol is twice a continuous magnitude."""
    classes = np.arange(2 * HUFFMAN_FAR)
    return 2 * (_below((classes + 1) / 2 / scale) - _below(classes / 2 / scale))


def _fine_scale(mean: float) -> float:
    """The scale at which twice the magnitude has this mean."""
    return mean / 2 * math.sqrt(math.pi / 2)


def _lengths(chances: NDArray[np.float64]) -> list[int]:
    """Optimal code lengths, none over ``HUFFMAN_ESCAPE_ZEROS``, by package-merge."""
    items = sorted((chance, (n,)) for n, chance in enumerate(chances))
    packages: list[tuple[float, tuple[int, ...]]] = []
    for _ in range(HUFFMAN_ESCAPE_ZEROS):
        merged = sorted(items + packages)
        pairs = zip(merged[::2], merged[1::2], strict=False)
        packages = [(a + b, m + n) for (a, m), (b, n) in pairs]
    lengths = [0] * len(chances)
    for _, members in packages[: len(chances) - 1]:
        for n in members:
            lengths[n] += 1
    return lengths


if __name__ == "__main__":
    for number in range(HUFFMAN_OCTAVES * _QUARTERS):
        print(f"    {table(number)},")
