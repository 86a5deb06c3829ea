"""What exporters ask of a capture: its rate and gain, its frames in blocks, which are missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..capture import Capture, Chunk

Progress = Callable[[int, int], None] | None


class ExportError(ValueError):
    """A capture that cannot be exported as asked; the message says why and what to do."""


def known(cap: Capture, rate_hz: float | None, gain_uv: float | None) -> tuple[float, float]:
    """Return the rate in Hz and the gain in microvolts a step: as given, else as captured.

    Raises `ExportError` where one is not known, or not above 0.
    """
    rate = cap.rate_hz if rate_hz is None else rate_hz
    gain = cap.gain_uv if gain_uv is None else gain_uv
    for what, name, value in (
        ("its frames a second", "rate_hz (--rate)", rate),
        ("the microvolts of one ADC step", "gain_uv (--gain-uv)", gain),
    ):
        if value is None:
            raise ExportError(f"the capture does not tell {what}: give {name}")
        if not 0 < value < float("inf"):
            raise ExportError(f"{name} must be above 0, not {value!r}")
    assert rate is not None and gain is not None
    return float(rate), float(gain)


def probe_of(cap: Capture) -> str:
    """The probe's name as captured; "" where unknown."""
    return cap.metadata.probe if cap.metadata else ""


def gap_list(cap: Capture) -> list[list[Any]]:
    """The gaps as [start, stop, cause], frames as the source counts them; ready for JSON."""
    return [[int(gap.start), int(gap.stop), gap.cause.name.lower()] for gap in cap.gaps]


def chunks(cap: Capture, progress: Progress) -> Iterator[Chunk]:
    """The chunks of ``cap``; tells ``progress`` of each after it was used."""
    with closing(cap.chunks()) as source:
        for chunk in source:
            yield chunk
            if progress is not None:
                progress(chunk.start + len(chunk.samples), len(cap))


def blocks(
    cap: Capture, rows: int, progress: Progress
) -> Iterator[tuple[int, NDArray[np.int16], NDArray[np.uint16]]]:
    """Cut the chunks of ``cap`` anew, into blocks of ``rows`` frames, the last one shorter.

    Compressed chunks on disk are so written once each. Yields the first row, int16
    (rows, channels) and uint16 (rows,); the arrays are used again for the next block.
    """
    samples = np.empty((min(rows, len(cap)), cap.shape[1]), np.int16)
    aux = np.empty(len(samples), np.uint16)
    start = held = 0
    for chunk in chunks(cap, progress):
        done = 0
        while done < len(chunk.samples):
            step = min(len(chunk.samples) - done, len(samples) - held)
            samples[held : held + step] = chunk.samples[done : done + step]
            aux[held : held + step] = chunk.aux[done : done + step]
            held, done = held + step, done + step
            if held == len(samples):
                yield start, samples, aux
                start, held = start + held, 0
    if held:
        yield start, samples[:held], aux[:held]


def present(cap: Capture, start: int, stop: int) -> Iterator[slice]:
    """The runs of rows from ``start`` to ``stop`` that are in no gap, as rows after ``start``."""
    at, gaps = start, cap.gaps
    for gap in gaps[bisect_right(gaps, start + cap.first_frame, key=lambda gap: gap.stop) :]:
        first, last = gap.start - cap.first_frame, gap.stop - cap.first_frame
        if first >= stop:
            break
        if first > at:
            yield slice(at - start, first - start)
        at = last
    if at < stop:
        yield slice(at - start, stop - start)
