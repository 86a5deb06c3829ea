"""Measures one method on one recording: size, round trip, speed, memory; in one thread."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .memory import PeakMemory
from .result import Result

_SECONDS, _TIMES = 0.5, 5  # short runs are repeated until both are reached; the best counts

Made = TypeVar("Made")


def measured(
    method: str,
    samples: NDArray[np.int16],
    sample_bits: int,
    *,
    encode: Callable[[], Sequence[bytes]],
    decode: Callable[[Any], NDArray[np.int16]],
    **rest: Any,
) -> Result:
    """Encode ``samples`` (frames, channels), decode what came of it, and compare.

    What goes wrong is told in the result.

    Parameters
    ----------
    encode : callable
        Returns blobs: everything that decoding needs, but for the shape.
    decode : callable
        Takes them; returns the samples.
    rest
        More of the `Result`'s attributes.
    """
    try:
        blobs, encode_s, encode_mb = _best(encode)
        size = sum(map(len, blobs))
        if not size:
            raise ValueError("it wrote nothing")
        back, decode_s, decode_mb = _best(lambda: decode(blobs))
    except Exception as error:  # others' code raises what it likes
        note = f"failed: {error or type(error).__name__}"
        return Result(method=method, failed=True, note=note, **rest)
    bits = 8 * size / samples.size
    passed = np.array_equal(back, samples)
    return Result(
        method=method,
        size=size,
        bits_per_sample=bits,
        ratio_int16=16 / bits,
        ratio_adc=sample_bits / bits,
        encode_mb_s=1e-6 * samples.nbytes / encode_s,
        decode_mb_s=1e-6 * samples.nbytes / decode_s,
        encode_peak_mb=encode_mb,
        decode_peak_mb=decode_mb,
        verified_frames=len(samples),
        passed=passed,
        failed=not passed,
        **rest,
    )


def _best(run: Callable[[], Made]) -> tuple[Made, float, float | None]:
    """What ``run`` returns, the seconds of its fastest run, and the memory of its first, MB."""
    gc.collect()
    with PeakMemory() as memory:
        start = perf_counter()
        made = run()
        best = total = perf_counter() - start
    for _ in range(_TIMES - 1):
        if total >= _SECONDS:
            break
        start = perf_counter()
        made = run()
        seconds = perf_counter() - start
        best, total = min(best, seconds), total + seconds
    return made, best, memory.megabytes
