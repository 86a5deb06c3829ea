"""Reads a damaged capture in every way there is, and lets the oracle judge what comes."""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np

from probecodec.host import open_capture
from probecodec.host.capture import Capture, CaptureError
from probecodec.host.live import Listener

from .fuzz_cases import Case
from .fuzz_oracle import Oracle, require


def run_case(case: Case, rng: Random, folder: Path | None = None) -> str:
    """Read ``case`` in every way; raise where a reader does what it must not."""
    oracle = Oracle(case)
    live = rng.random() < 0.7
    if live:
        _listen(oracle, rng)
    try:
        capture = open_capture(oracle.data, fill="zero", workers=1)
    except CaptureError as error:
        there = any(whole.places for whole in oracle.runs)
        require(not there, f"whole packets, but: {error}")
        return "nothing readable"
    with capture:
        segments = [_segment(one) for one in capture.segments]
        oracle.judge(segments)
        require(oracle.poisoned or not capture._reader.flaws, "codes that make no sense")
        for segment in segments:
            if rng.random() < 0.25:
                _slices(segment, rng)
            if rng.random() < 0.1:
                _chunks(segment)
        if folder is not None and rng.random() < 0.02:
            _stored(oracle.data, capture, segments, folder)
        return "whole" if capture.complete else "in part"


def _shape(outline) -> tuple[int, ...]:
    config = outline.config
    return outline.stream_id, config.channels, config.sample_bits, config.aux_bits, config.order


def _segment(capture: Capture) -> SimpleNamespace:
    chunk, windows = capture.select(slice(None)), list(capture.windows())
    return SimpleNamespace(
        capture=capture,
        shape=_shape(capture.outline),
        first=capture.first_frame,
        frames=len(capture),
        samples=chunk.samples,
        aux=chunk.aux,
        windows=windows,
        gaps=capture.gaps,
    )


def _slices(segment: SimpleNamespace, rng: Random) -> None:
    for _ in range(3):
        start, stop = rng.randint(0, segment.frames), rng.randint(0, segment.frames)
        columns = slice(rng.randrange(segment.shape[1]), None)
        part = segment.capture.select(slice(start, stop), columns)
        same = np.array_equal(part.samples, segment.samples[start:stop, columns])
        require(same and np.array_equal(part.aux, segment.aux[start:stop]), "a slice differs")
        first, last = segment.first + start, segment.first + max(start, stop)
        wanted = [
            piece.start
            for piece in segment.windows
            if first < last and piece.start < last and first < piece.start + len(piece.aux)
        ]
        found = [piece.start for piece in segment.capture.windows(start, stop)]
        require(found == wanted, "other windows than asked for")


def _chunks(segment: SimpleNamespace) -> None:
    at = 0
    for chunk in segment.capture.chunks():
        rows = slice(at, at + len(chunk.aux))
        same = chunk.start == at and np.array_equal(chunk.samples, segment.samples[rows])
        require(same and np.array_equal(chunk.aux, segment.aux[rows]), "a chunk differs")
        at = rows.stop
    require(at == segment.frames, "the chunks are not all frames")


def _stored(data: bytes, capture: Capture, segments: list, folder: Path) -> None:
    """The index as it is kept beside a file tells the same."""
    path = folder / "case.pcs"
    path.write_bytes(data)
    for _ in range(2):
        with open_capture(path, fill="zero", index=True, workers=1) as again:
            require(again.index == capture.index, "the stored index differs")
            for one, segment in zip(again.segments, segments, strict=True):
                require(np.array_equal(one[:], segment.samples), "samples by the index differ")
                for piece, wanted in zip(one.windows(), segment.windows, strict=True):
                    same = np.array_equal(piece.values, wanted.values)
                    require(same and piece.start == wanted.start, "windows by the index differ")


def _listen(oracle: Oracle, rng: Random) -> None:
    """Feed a listener in random pieces."""
    listener, arrivals, data = Listener(), [], oracle.data
    largest = rng.choice((1, 40, 200, 1000, 1 << 20)) if len(data) < 300 else rng.choice((99, 9999))
    at = 0
    while at < len(data):
        stop = at + rng.randint(1, largest)
        arrivals += listener.feed(data[at:stop])
        at = stop
    arrivals += listener.finish()
    segments = listener.plan.segments
    oracle.judge_arrivals([(_shape(one.segment), *one) for one in arrivals], segments)
    for whole in oracle.runs:
        if whole.places and oracle.exact(whole, in_order=True):
            live = [_outline(one) for one in segments if one.frames]
            oracle._gaps(whole, live)


def _outline(outline) -> SimpleNamespace:
    return SimpleNamespace(
        shape=_shape(outline), first=outline.first_frame, frames=outline.frames, gaps=outline.gaps
    )
