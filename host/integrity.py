"""What is intact of a capture, and what is not: for people and for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from .capture import Capture
from .timeline import Cause, Gap

_MANY = {cause: str(cause) for cause in Cause} | {Cause.WAITING: "wait for a restart"}
_SHOWN = 20  # gaps, and places damaged: a bad link makes thousands


def report(capture: Capture) -> dict[str, Any]:
    """Return everything as JSON."""
    index = capture.index
    return {
        "capture": capture.name,
        "bytes": index.size,
        "packets": index.packets,
        "complete": capture.complete,
        "damaged": [damage._asdict() for damage in capture.damaged],
        "bytes_skipped": index.bytes_skipped,
        "duplicates": index.plan.duplicates,
        "out_of_order": index.plan.out_of_order,
        "segments": [describe(segment) for segment in capture.segments],
    }


def describe(segment: Capture) -> dict[str, Any]:
    """Return a segment as JSON."""
    outline, config = segment.outline, segment.config
    return {
        "stream_id": segment.stream_id,
        "first_frame": segment.first_frame,
        "frames": len(segment),
        "missing": missing(segment),
        "projected": projected(segment),
        "channels": config.channels,
        "sample_bits": config.sample_bits,
        "aux_bits": config.aux_bits,
        "order": config.order.name.lower(),
        "modes": [mode.name.lower() for mode in config.modes],
        "matrix": str(config.projection) if config.projection else None,
        "metadata": segment.metadata and segment.metadata._asdict(),
        "gaps": [gap._asdict() for gap in segment.gaps],
        "gaps_before": [gap._asdict() for gap in outline.gaps_before],
        "packets": outline.packets,
        "bytes": outline.size,
        **rates(outline.size, outline.held * config.channels, config.sample_bits),
    }


def missing(segment: Capture) -> int:
    """Return how many frames are missing; those sent as measurements are not."""
    return _frames(gap for gap in segment.gaps if gap.cause != Cause.PROJECTED)


def projected(segment: Capture) -> int:
    """Return how many frames were sent as measurements."""
    return _frames(gap for gap in segment.gaps if gap.cause == Cause.PROJECTED)


def _frames(gaps: Iterable[Gap]) -> int:
    return sum(gap.stop - gap.start for gap in gaps)


def span(segment: Capture) -> str:
    """Return a segment's frames in words."""
    last = segment.first_frame + len(segment) - 1
    measured = projected(segment)
    also = f", {measured} sent as measurements" if measured else ""
    return f"frames {segment.first_frame} to {last}, {missing(segment)} of them missing{also}"


def summary(capture: Capture, segments: list[Capture]) -> str:
    """Return in a sentence or two how much is there, and why not all."""
    plan, frames = capture.index.plan, sum(len(segment) for segment in segments)
    causes: Counter[Cause] = Counter()
    for segment in segments:
        before = segment.outline.gaps_before
        frames += sum(gap.stop - gap.start for gap in before)
        for gap in [*segment.gaps, *before]:
            causes[gap.cause] += gap.stop - gap.start
    parts = []
    if capture.damaged:
        places = _count(len(capture.damaged), "place")
        skipped = f", {capture.index.bytes_skipped} bytes" if capture.index.bytes_skipped else ""
        parts.append(f"{places} could not be used{skipped}")
    if plan.out_of_order:
        parts.append(f"{_count(plan.out_of_order, 'packet')} too late, ignored")
    measured = causes.pop(Cause.PROJECTED, 0)
    also = f"; {measured} of them are {Cause.PROJECTED} (reconstruct)" if measured else ""
    if causes:
        share = 100 * causes.total() / max(frames, 1)
        why = "; ".join(f"{causes[cause]} {_MANY[cause]}" for cause in Cause if causes[cause])
        parts.append(f"{causes.total()} of {frames} frames missing ({share:.2g} %): {why}")
    if not parts:
        return f"complete: every packet is intact, no frame of {frames} is missing{also}"
    if not causes:
        parts.append(f"no gap in its {frames} frames")
    return f"not complete: {'. '.join(parts)}{also}"


def warn(capture: Capture, segments: list[Capture]) -> None:
    """Tell on stderr what is missing, damaged or ignored, place by place."""
    some([damage.sentence for damage in capture.damaged], "places")
    plan = capture.index.plan
    for count, what in (
        (plan.duplicates, "duplicates of packets ignored"),
        (plan.out_of_order, "packets ignored: they are out of order"),
    ):
        if count:
            click.echo(f"{count} {what}", err=True)
    gaps = [gap for segment in segments for gap in segment.outline.gaps_before + segment.gaps]
    shown = [f"frames {start} to {stop - 1} ({stop - start}): {why}" for start, stop, why in gaps]
    rest = sum(gap.stop - gap.start for gap in gaps[_SHOWN:])
    some(shown, "gaps", f"{rest} frames in ")


def some(lines: list[str], what: str, rest: str = "") -> None:
    """Print the first of ``lines``."""
    for line in lines[:_SHOWN]:
        click.echo(line, err=True)
    if len(lines) > _SHOWN:
        more = len(lines) - _SHOWN
        click.echo(f"and {rest}{more} more {what}; --json tells all", err=True)


def rates(size: int, samples: int, sample_bits: int) -> dict[str, float | None]:
    """Bits per sample and ratios of ``samples`` in ``size`` bytes; None where there are none."""
    bits = size * 8 / samples if samples else None
    return {
        "bits_per_sample": bits,
        "ratio_int16": bits and 16 / bits,
        "ratio_adc": bits and sample_bits / bits,
    }


def rates_text(told: dict[str, Any]) -> str:
    """What `rates` returns, in words."""
    if told["bits_per_sample"] is None:
        return "no sample"
    return (
        f"{told['bits_per_sample']:.3f} b/S, {told['ratio_int16']:.2f}:1 to int16, "
        f"{told['ratio_adc']:.2f}:1 to the ADC"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
