"""Opens captures as lazy arrays: what is asked for is decoded, on as many cores as there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from . import indexing
from .blocks import CaptureError, Piece, Windows
from .fill import Fill, fill_gaps
from .index import Index, Indexer, Progress, load
from .packets import Damage
from .reader import Reader, overlapping_gaps
from .source import Source
from .timeline import Cause, Gap, Metadata, Outline, join

_SPAN_ROWS = 1 << 13  # rows so near to each other are decoded together
_LISTED = 10  # segments, in a message


class MissingFrames(CaptureError):
    """Frames in a gap were asked for, and the policy is to give none."""


class Chunk(NamedTuple):
    """Rows in a row.

    Attributes
    ----------
    start : int
        The first.
    samples : (rows, channels)
    aux : uint16 (rows,)
        Auxiliary words.
    """

    start: int
    samples: NDArray[Any]
    aux: NDArray[np.uint16]


def open_capture(
    source: str | Path | BinaryIO | bytes,
    *,
    stream_id: int | None = None,
    segment: int | None = None,
    fill: str = Fill.ERROR,
    index: bool = False,
    growing: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Capture:
    """Open a capture: one scan finds its packets, and checks them; samples are decoded when used.

    No sample comes from a packet whose check failed, or from one that builds on such a packet.

    Parameters
    ----------
    source : path, binary file, or bytes
        Bytes of a link: they may begin and end anywhere, and hold garbage. A pipe is read to its
        end first, into a temporary file; `listen` decodes one while it comes.
    stream_id : int, optional
        The probe, where there are several.
    segment : int, optional
        Its number in ``segments``, where there are several.
    fill : {"error", "zero", "hold", "nan"}
        What stands for missing frames: reading them raises `MissingFrames`; zeros; the frame
        before; not a number, and the samples are float32.
    index : bool
        Keep the index beside the capture, in ``NAME.index``, for the next time.
    growing : bool
        The file is still being written: `Capture.refresh` takes in what has come.
    workers : int, optional
        Threads that decode; by default as many as there are cores.
    progress : callable, optional
        Called as ``progress(done, total)``, in bytes scanned.

    Raises
    ------
    CaptureError
        Where no packet can be read, or there is no such stream or segment.
    OSError
        Where the file cannot be read.
    """
    policy = _policy(fill)
    place = Source(source)
    try:
        indexer = Indexer(place, growing=growing) if growing else None
        found = indexer.extend(progress) if indexer else load(place, progress, keep=index)
        if not growing:
            _check(place, found)
        number = _choose(place, found, stream_id, segment)
    except BaseException:
        place.close()
        raise
    return Capture(Reader(place, found, workers), policy, number, indexer)


class Capture:
    """A capture, as a lazy array (frames, channels) of its only, or of the chosen, segment.

    Row n is frame ``first_frame`` + n as the source counts: since its reset, dropped frames
    included. Indexing is NumPy's, and decodes only the restarts needed. May be used by several
    threads, and sent to other processes unless it was opened from an open file.
    """

    ndim = 2

    def __init__(
        self, reader: Reader, policy: Fill, number: int | None, indexer: Indexer | None = None
    ) -> None:
        self._reader, self._policy, self._indexer = reader, policy, indexer
        self._outline = None if number is None else reader.index.segments[number]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._indexer:
            raise TypeError(f"{self.name} is growing: open it without growing=True")
        number = None if self._outline is None else self.number
        return _reopen, (self._reader.source, self._reader.index, self._policy, number)

    def __repr__(self) -> str:
        if self._outline is None and len(self.index.segments) != 1:
            return f"<capture {self.name}: {len(self.index.segments)} segments>"
        frames, channels = self.shape
        missing = sum(gap.stop - gap.start for gap in self.gaps)
        return f"<capture {self.name}: {frames} frames, {channels} channels, {missing} missing>"

    # The capture

    @property
    def name(self) -> str:
        """The file's name."""
        return self._reader.source.name

    @property
    def index(self) -> Index:
        """What the scan found."""
        return self._reader.index

    @property
    def segments(self) -> list[Capture]:
        """Every segment as an array: runs of the sources, in capture order."""
        return [
            Capture(self._reader, self._policy, number, self._indexer)
            for number in range(len(self.index.segments))
        ]

    @property
    def damaged(self) -> list[Damage]:
        """Places that could not be used, by byte."""
        met = [flaw.damage for _, flaw in self._reader.flaws if flaw.damage]
        return sorted({*self.index.damaged, *met})

    @property
    def complete(self) -> bool:
        """Nothing is missing, damaged or ignored, but duplicates.

        Frames sent as measurements are not missing, though they are gaps.
        """
        plan = self.index.plan
        gaps = any(
            gap.cause != Cause.PROJECTED
            for segment in self.segments
            for gap in [*segment.gaps, *segment.outline.gaps_before]
        )
        return not (gaps or self.damaged or plan.out_of_order)

    def refresh(self, progress: Progress | None = None) -> None:
        """Take in what a growing file holds beyond what is known."""
        if self._indexer is None:
            raise CaptureError(f"{self.name} was not opened with growing=True: open it anew")
        self._indexer.extend(progress)

    def verify(self, progress: Progress | None = None) -> None:
        """Decode everything; ``gaps`` and ``damaged`` then include all that shows only so.

        ``progress(done, total)`` is called in frames.
        """
        total = sum(segment.outline.frames for segment in self.segments)
        done = 0
        for segment in self.segments:
            outline = segment.outline
            start = outline.first_frame
            for piece in self._reader.stream(outline, start, start + outline.frames):
                done += len(piece.aux)
                if progress:
                    progress(done, total)
            for _ in segment.windows():
                pass

    def close(self) -> None:
        """Close the file, and forget what was decoded."""
        self._reader.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The segment

    @property
    def number(self) -> int:
        """The segment's place in ``segments``; `CaptureError` where none was chosen of several."""
        return next(n for n, one in enumerate(self.index.segments) if one is self.outline)

    @property
    def outline(self) -> Outline:
        """What is known of the segment without decoding it."""
        if self._outline is None:
            number = _choose(self._reader.source, self.index, None, None, must=True)
            assert number is not None
            self._outline = self.index.segments[number]
        return self._outline

    @property
    def stream_id(self) -> int:
        """Names the probe."""
        return self.outline.stream_id

    @property
    def first_frame(self) -> int:
        """The frame in row 0."""
        return self.outline.first_frame

    @property
    def gaps(self) -> list[Gap]:
        """Missing frames, as the source counts, in order, each with its cause."""
        outline = self.outline
        met = [flaw.gap for segment, flaw in self._reader.flaws if segment is outline]
        return join([*outline.gaps, *met]) if met else outline.gaps

    @property
    def config(self) -> EncoderConfig:
        """The core that sent it, as far as its packets tell."""
        return self.outline.config

    @property
    def metadata(self) -> Metadata | None:
        """None where no metadata packet was found."""
        return self.outline.metadata

    @property
    def rate_hz(self) -> float | None:
        """Frames a second; None where unknown."""
        return self.metadata.rate_hz if self.metadata else None

    @property
    def gain_uv(self) -> float | None:
        """Microvolts of one step of the samples; None where unknown."""
        return (self.metadata and self.metadata.lsb_uv) or None

    @property
    def unit(self) -> str:
        """What ``gain_uv`` times a sample is in: "uV"; "ADC steps" where the gain is unknown."""
        return "uV" if self.gain_uv else "ADC steps"

    @property
    def channel_ids(self) -> NDArray[np.int64]:
        """Channel numbers, 0 … channels - 1."""
        return np.arange(self.config.channels)

    # The array

    @property
    def shape(self) -> tuple[int, int]:
        """Frames, channels."""
        return self.outline.frames, self.config.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16, or float32 where gaps are filled with not-a-number."""
        return np.dtype(np.float32 if self._policy == Fill.NAN else np.int16)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        return self.select(*indexing.split(key, 2)).samples

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return _array(self, dtype, copy)

    @property
    def aux(self) -> Auxiliary:
        """Auxiliary words, as a lazy array."""
        return Auxiliary(self)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Chunk]:
        """Yield rows ``start`` to ``stop`` - 1 in order, decoded ahead on all cores.

        A chunk is a restart or a few, some MB; memory does not grow with the capture.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        first, before = self.first_frame, None
        columns = np.arange(self.config.channels)
        for piece in self._reader.stream(self.outline, first + start, first + max(start, stop)):
            before = self._filled(piece, columns, before)
            yield before

    def windows(self, start: int = 0, stop: int | None = None) -> Iterator[Windows]:
        """Yield the measurements of rows ``start`` to ``stop`` - 1, in order, packet by packet.

        Those of the packets that hold any of these rows: the first may begin before ``start``.
        Their ``start`` counts as the source does, not from row 0. `reconstruct` makes samples.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        first = self.first_frame
        yield from self._reader.windows(self.outline, first + start, first + max(start, stop))

    def to_dask(self, chunk_frames: int | None = None) -> Any:
        """Return the samples as a Dask array: chunks of about 64 MB, or of ``chunk_frames``.

        Needs the extra ``dask``; `bridges.dask.to_dask` tells the rest.
        """
        from .bridges.dask import to_dask

        return to_dask(self, chunk_frames)

    def held(self, start: int = 0, stop: int | None = None) -> NDArray[np.bool_]:
        """Tell which of rows ``start`` to ``stop`` - 1 are no gap: bool (rows,)."""
        start, stop, _ = slice(start, stop).indices(len(self))
        there = np.ones(max(0, stop - start), bool)
        first = self.first_frame + start
        for gap in overlapping_gaps(self.gaps, first, self.first_frame + stop):
            there[gap.start - first : gap.stop - first] = False
        return there

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for chunk in self.chunks():
            yield from chunk.samples

    def select(self, rows: Any, columns: Any = slice(None)) -> Chunk:
        """Return samples and auxiliary words of ``rows``; `Capture` and `aux` index by this."""
        count = len(self)
        channels = np.arange(self.config.channels)[columns]
        if channels.ndim > 1:
            raise IndexError("columns are one number, a slice or a list of numbers")
        kept = np.atleast_1d(channels)
        if indexing.is_number(rows):
            row = indexing.number(rows, count)
            start, samples, aux = self._rows(row, row + 1, kept, None)
            found = Chunk(start, samples[0], aux[0])
        elif isinstance(rows, slice):
            wanted = range(count)[rows]
            if wanted.step == 1:
                found = self._rows(wanted.start, max(wanted.start, wanted.stop), kept, None)
            else:
                found = self._scattered(np.array(wanted, np.int64), kept)
        elif not isinstance(columns, slice) and channels.ndim:
            raise IndexError("lists of rows and of columns: index by one after the other")
        else:
            found = self._scattered(indexing.numbers(rows, count), kept)
        return found if channels.ndim else found._replace(samples=found.samples[..., 0][()])

    def _rows(
        self, start: int, stop: int, columns: NDArray[np.intp], wanted: NDArray[np.int64] | None
    ) -> Chunk:
        """Rows ``start`` to ``stop`` - 1; of these only ``wanted`` are used, or all."""
        first = self.first_frame
        piece = self._reader.read(self.outline, first + start, first + stop, columns)
        return self._filled(piece, columns, wanted=wanted)

    def _scattered(self, rows: NDArray[np.int64], columns: NDArray[np.intp]) -> Chunk:
        """Any rows, in any order; those close together are read together."""
        samples = np.empty((len(rows), len(columns)), self.dtype)
        aux = np.empty(len(rows), np.uint16)
        order = np.argsort(rows, kind="stable")
        ordered, done = rows[order], 0
        while done < len(ordered):
            start = int(ordered[done])
            end = int(np.searchsorted(ordered, start + _SPAN_ROWS))
            part = self._rows(start, int(ordered[end - 1]) + 1, columns, ordered[done:end])
            samples[order[done:end]] = part.samples[ordered[done:end] - start]
            aux[order[done:end]] = part.aux[ordered[done:end] - start]
            done = end
        return Chunk(int(rows[0]) if len(rows) else 0, samples, aux)

    def _filled(
        self,
        piece: Piece,
        columns: NDArray[np.intp],
        before: Chunk | None = None,
        wanted: NDArray[np.int64] | None = None,
    ) -> Chunk:
        """``piece`` with its gaps filled; ``before`` is the chunk before it, if it is at hand."""
        gaps = overlapping_gaps(self.gaps, piece.start, piece.start + len(piece.aux))
        row = piece.start - self.first_frame
        samples = piece.samples.astype(self.dtype, copy=False)
        for gap in gaps if self._policy == Fill.ERROR else []:
            first, last = gap.start - self.first_frame, gap.stop - self.first_frame
            if wanted is not None and not ((first <= wanted) & (wanted < last)).any():
                continue
            raise MissingFrames(
                f"{self.name}: frames {gap.start} to {gap.stop - 1} are missing ({gap.cause}): "
                "choose what stands for them by fill: zero, hold or nan"
            )
        held = None
        if gaps and self._policy == Fill.HOLD and gaps[0].start == piece.start:
            held = (before.samples[-1], before.aux[-1]) if before else self._held(row, columns)
        fill_gaps(self._policy, samples, piece.aux, gaps, piece.start, held)
        return Chunk(row, samples, piece.aux)

    def _held(
        self, row: int, columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.int16], np.uint16] | None:
        """The frame before the gap in which ``row`` is; None where there is none."""
        frame = self.first_frame + row
        while True:
            gaps = self.gaps  # reading may have met another
            at = bisect_right(gaps, frame, key=lambda gap: gap.start) - 1
            while at >= 0 and gaps[at].stop >= frame:  # gaps of other causes touch
                frame, at = gaps[at].start, at - 1
            if frame <= self.first_frame:
                return None
            piece = self._reader.read(self.outline, frame - 1, frame, columns)
            if not overlapping_gaps(self.gaps, frame - 1, frame):
                return piece.samples[0], piece.aux[0]


class Auxiliary:
    """A capture's auxiliary words: a lazy array, uint16 (frames,), indexed as NumPy's."""

    ndim = 1
    dtype = np.dtype(np.uint16)

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    @property
    def shape(self) -> tuple[int]:
        """Frames."""
        return (len(self._capture),)

    def __len__(self) -> int:
        return len(self._capture)

    def __getitem__(self, rows: Any) -> Any:
        return self._capture.select(*indexing.split(rows, 1), slice(0)).aux

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return _array(self, dtype, copy)


def _array(lazy: Capture | Auxiliary, dtype: Any, copy: bool | None) -> NDArray[Any]:
    if copy is False:
        raise ValueError("a capture is decoded into a new array: copy=False cannot be")
    return lazy[:].astype(dtype or lazy.dtype, copy=False)


def _policy(name: str) -> Fill:
    try:
        return Fill(name)
    except ValueError:
        known = ", ".join(Fill)
        raise CaptureError(f"no way to fill is named {name!r}; there are {known}") from None


def _reopen(source: Source, index: Index, policy: Fill, number: int | None) -> Capture:
    return Capture(Reader(source, index), policy, number)


def _check(source: Source, found: Index) -> None:
    """Raise where no packet can be read."""
    if not found.packets and found.damaged:
        raise CaptureError(f"no readable packet in {source.name}: {found.damaged[0].sentence}")
    if not found.packets:
        raise CaptureError(
            f"no probecodec packet found in {source.name} ({found.size} bytes): is it a capture "
            "(.pcs)?"
        )


def _choose(
    source: Source, found: Index, stream_id: int | None, segment: int | None, *, must: bool = False
) -> int | None:
    """The number of the segment that is meant; None where that is open."""
    segments = found.segments
    mine = [
        number
        for number, outline in enumerate(segments)
        if stream_id in (None, outline.stream_id) and segment in (None, number)
    ]
    if not mine and (stream_id is not None or segment is not None):
        raise CaptureError(f"{source.name} has no such segment: {_listed(segments)}")
    full = [number for number in mine if segments[number].frames] or mine
    if len(full) == 1:
        return full[0]
    if must or stream_id is not None:
        raise CaptureError(
            f"{source.name}: choose a segment (segment=…, --segment): {_listed(segments)}"
        )
    return None


def _listed(segments: list[Outline]) -> str:
    """The segments there are, a few at most."""
    if not segments:
        return "it holds no data packet with frames, or none yet"
    each = [
        f"{number} (stream {outline.stream_id}, frames {outline.first_frame} to "
        f"{outline.first_frame + outline.frames - 1})"
        for number, outline in enumerate(segments[:_LISTED])
    ]
    return f"it has {'; '.join(each)}" + ("; …" if len(segments) > _LISTED else "")
