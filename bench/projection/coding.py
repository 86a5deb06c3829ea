"""What every family gives, how it is timed, and the search for the setting that meets a rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from time import perf_counter
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .ground_truth import GroundTruth
from .noise import smooth_highpass

PIECE_SECONDS = 2.0  # of the lossless stretch, on which settings are tried
UNIT = 32  # frames, of which a piece is a multiple, for families that code so many at a time
ROUNDS = 9  # of bisection
COARSEST = 1 << 16  # step: no sample is larger
SECONDS, TIMES = 0.3, 3  # short work is repeated until either is reached; the best time counts

Made = TypeVar("Made")


class Bits(StrEnum):
    """What a family's bits are."""

    LINK = "link"  # on our link, packets included
    FILE = "file"  # of the codec's own file
    ENTROPY = "entropy"  # of an ideal coder, which is not there


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
    encode_s, decode_s : float
        Seconds for that stretch; of measurements, ``decode_s`` is what comes before the recovery.
    traces : Traces or None
        None for measurements, which are in ``measured``.
    measured : Any
        What `probecodec.bench.projection.recovering` needs of a projection.
    """

    bits: float
    setting: str
    encode_s: float
    decode_s: float = 0.0
    traces: Traces | None = None
    measured: Any = field(default=None, repr=False)


class Coder(NamedTuple):
    """A family whose setting is chosen.

    Attributes
    ----------
    encode : callable
        A stretch, (frames, channels), to whatever is sent of it.
    decode : callable
        That to the stretch again, float32.
    bits : callable
        That to its bits in all.
    """

    encode: Callable[[NDArray[np.integer]], Any]
    decode: Callable[[Any], NDArray[np.float32]]
    bits: Callable[[Any], float]

    def rate(self, stretch: NDArray[np.integer]) -> float:
        """Bits a sample."""
        return self.bits(self.encode(stretch)) / stretch.size


def through(truth: GroundTruth, coder: Coder, setting: str, *, raw: bool = False) -> Coded:
    """Code both stretches; ``raw``: as sampled, so that the high-pass comes after the decoder."""
    source = truth.samples if raw else truth.values
    train, test = (source[truth.stretch(train=part)] for part in (True, False))
    sent, encode_s = timed(lambda: coder.encode(test))
    back, decode_s = timed(lambda: coder.decode(sent))
    first = coder.decode(coder.encode(train))
    if raw:
        values = smooth_highpass(np.concatenate([first, back]), truth.highpass_shift)
        first, back = values[: len(first)], values[len(first) :]
    return Coded(
        bits=coder.bits(sent) / test.size,
        setting=setting,
        encode_s=encode_s,
        decode_s=decode_s,
        traces=Traces(first, back),
    )


def timed(work: Callable[[], Made]) -> tuple[Made, float]:
    """Return what ``work`` gives, and its seconds: the best of a few where it is short."""
    best, total = np.inf, 0.0
    for _ in range(TIMES):
        start = perf_counter()
        made = work()
        seconds = perf_counter() - start
        best, total = min(best, seconds), total + seconds
        if total >= SECONDS:
            break
    return made, best


def once(function: Callable[..., Made]) -> Callable[..., Made]:
    """Keep what ``function(truth, …)`` learns as long as the recording itself."""
    kept: WeakKeyDictionary[GroundTruth, dict[tuple[Any, ...], Made]] = WeakKeyDictionary()

    @wraps(function)
    def learned(truth: GroundTruth, *rest: Any) -> Made:
        mine = kept.setdefault(truth, {})
        if rest not in mine:
            mine[rest] = function(truth, *rest)
        return mine[rest]

    return learned


def piece(truth: GroundTruth) -> slice:
    """The last frames of the lossless stretch."""
    frames = min(truth.train_frames, int(PIECE_SECONDS * truth.rate_hz)) // UNIT * UNIT
    return slice(truth.train_frames - frames, truth.train_frames)


def finest(
    bits: Callable[[float], float], target: float, low: float = 0.5, high: float = 200.0
) -> float | None:
    """Return the finest step from ``low`` with ``bits`` of at most ``target``; None where none has.

    ``bits`` falls as the step rises; the steps tried are geometric. Above ``high`` the step is
    looked for only where it has to be, in loud recordings.
    """
    while bits(high) > target:
        if high > COARSEST:
            return None
        low, high = high, 8 * high
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
