"""What every family gives, and the search for the setting that meets a rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ground_truth import GroundTruth

PIECE_SECONDS = 2.0  # of the lossless stretch, on which settings are tried
ROUNDS = 9  # of bisection


class Traces(NamedTuple):
    """Both stretches as a coder gives them back, float32 (frames, channels), ADC steps."""

    train: NDArray[np.float32]
    test: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """A recording at one rate.

    Attributes
    ----------
    bits : float
        Bits a sample of the stretch that is judged.
    setting : str
        What was chosen, for people.
    traces : Traces or None
        None for measurements, which are in ``measured``.
    measured : Any
        What `probecodec.bench.projection.recovering` needs of a projection.
    """

    bits: float
    setting: str
    traces: Traces | None = None
    measured: Any = field(default=None, repr=False)


def piece(truth: GroundTruth) -> slice:
    """The last frames of the lossless stretch."""
    frames = min(truth.train_frames, int(PIECE_SECONDS * truth.rate_hz))
    return slice(truth.train_frames - frames, truth.train_frames)


def finest(
    bits: Callable[[float], float], target: float, low: float = 0.5, high: float = 200.0
) -> float | None:
    """Return the finest step between ``low`` and ``high`` with ``bits`` of at most ``target``.

    None where none has. ``bits`` falls as the step rises; the steps tried are geometric.
    """
    if bits(high) > target:
        return None
    for _ in range(ROUNDS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if bits(middle) > target else (low, middle)
    return high


def entropy(symbols: NDArray[np.integer], axis: int = 0) -> float:
    """Return the bits of the zero-order entropy, each column's own, summed over all symbols.

    No coder does better that takes the symbols of a column as independent; what it costs to tell
    it the frequencies is left out. (C. Shannon, Bell Syst. Tech. J. 27, 1948.)
    """
    total = 0.0
    columns = np.moveaxis(symbols, axis, 0).reshape(symbols.shape[axis], -1)
    for column in columns.T:
        counts = np.bincount(column - column.min())
        counts = counts[counts > 0]
        total += float(np.sum(counts * np.log2(len(column) / counts)))
    return total
