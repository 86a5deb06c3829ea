"""Reads frames of a capture's segments: decodes blocks side by side, and keeps the latest."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from .blocks import Flaw, Piece, Windows, decode
from .index import Index
from .source import Source
from .timeline import Block, Gap, Outline

_SMALL_SAMPLES = 1 << 24  # a block of more is decoded packet by packet, never held whole
_CACHE_SAMPLES = 1 << 27  # 256 MiB
_GAP_SAMPLES = 1 << 22  # of a gap, given at once

Columns = slice | NDArray[np.intp]


class Reader:
    """Reads one capture.

    Parameters
    ----------
    source : Source
    index : Index
    workers : int, optional
        Threads that decode; by default as many as there are cores.

    Attributes
    ----------
    flaws : list of (Outline, Flaw)
        Packets with good checks whose codes make no sense, as far as they have been met.
    """

    def __init__(self, source: Source, index: Index, workers: int | None = None) -> None:
        self.source, self.index = source, index
        self.flaws: list[tuple[Outline, Flaw]] = []
        self._workers = workers or os.cpu_count() or 1
        self._pool: ThreadPoolExecutor | None = None
        self._process = os.getpid()  # of the pool
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[int, ...], Piece] = OrderedDict()
        self._cached = 0  # samples

    def read(
        self,
        outline: Outline,
        start: int,
        stop: int,
        columns: Columns = slice(None),
        *,
        keep: bool = True,
    ) -> Piece:
        """Return frames ``start`` to ``stop`` - 1 of a segment; zeros where one is missing.

        With ``keep``, blocks that are decoded are kept for the next call.
        """
        width = len(np.arange(outline.config.channels)[columns])
        samples = np.zeros((stop - start, width), np.int16)
        aux = np.zeros(stop - start, np.uint16)

        def copy(block: Block) -> None:
            for piece in self._pieces(outline, block, stop, keep):
                first = max(start, piece.start)
                last = min(stop, piece.start + len(piece.aux))
                if first < last:
                    rows = slice(first - piece.start, last - piece.start)
                    samples[first - start : last - start] = piece.samples[rows, columns]
                    aux[first - start : last - start] = piece.aux[rows]

        blocks = overlapping_blocks(outline.blocks, start, stop)
        if len(blocks) > 1 and self._workers > 1:
            for _ in self._threads().map(copy, blocks):
                pass
        else:
            for block in blocks:
                copy(block)
        return Piece(start, samples, aux)

    def stream(self, outline: Outline, start: int, stop: int) -> Iterator[Piece]:
        """Yield frames ``start`` to ``stop`` - 1 in order, as many at once as a block has."""
        pending: deque[Future[Piece]] = deque()
        at = start
        for block in overlapping_blocks(outline.blocks, start, stop):
            first, last = max(block.first, at), min(block.stop, stop)
            for gap in (*_parts(outline, at, first), None):
                if gap is None and not _is_small(outline, block):
                    while pending:
                        yield pending.popleft().result()
                    yield from self._huge(outline, block, first, last)
                    continue
                span = gap or (first, last)
                pending.append(self._threads().submit(self.read, outline, *span, keep=False))
                if len(pending) > self._workers:
                    yield pending.popleft().result()
            at = last
        while pending:
            yield pending.popleft().result()
        for span in _parts(outline, at, stop):
            yield self.read(outline, *span)

    def _huge(self, outline: Outline, block: Block, start: int, stop: int) -> Iterator[Piece]:
        """Stream one block packet by packet."""
        at = start
        for piece in self._pieces(outline, block, stop, keep=False):
            first, last = max(at, piece.start), min(stop, piece.start + len(piece.aux))
            if first >= last:
                continue
            yield from self._zeros(outline, at, first)
            rows = slice(first - piece.start, last - piece.start)
            yield Piece(first, piece.samples[rows], piece.aux[rows])
            at = last
        yield from self._zeros(outline, at, stop)

    def _zeros(self, outline: Outline, start: int, stop: int) -> Iterator[Piece]:
        for first, last in _parts(outline, start, stop):
            samples = np.zeros((last - first, outline.config.channels), np.int16)
            yield Piece(first, samples, np.zeros(last - first, np.uint16))

    def _pieces(self, outline: Outline, block: Block, stop: int, keep: bool) -> Iterator[Piece]:
        """What ``block`` gives before frame ``stop``, from the cache where it is there."""
        key = (block.begin, block.first, block.stop)
        with self._lock:
            if found := self._cache.get(key):
                self._cache.move_to_end(key)
        if found:
            yield found
        elif keep and _is_small(outline, block):
            shape = block.stop - block.first, outline.config.channels
            whole = Piece(block.first, np.zeros(shape, np.int16), np.zeros(shape[0], np.uint16))
            for piece in self._decode(outline, block):
                rows = slice(piece.start - block.first, piece.start - block.first + len(piece.aux))
                whole.samples[rows], whole.aux[rows] = piece.samples, piece.aux
            self._keep(key, whole)
            yield whole
        else:
            for piece in self._decode(outline, block):
                if piece.start >= stop:
                    return
                yield piece

    def windows(self, outline: Outline, start: int, stop: int) -> Iterator[Windows]:
        """Yield the measurements in frames ``start`` to ``stop`` - 1 in order, packet by packet."""
        for block in overlapping_blocks(outline.projected, start, stop):
            for piece in self._decode(outline, block):
                if piece.start >= stop:
                    return
                frames = range(piece.start, piece.start + len(piece.aux))
                if isinstance(piece, Windows) and start < frames.stop:
                    yield piece

    def _decode(self, outline: Outline, block: Block) -> Iterator[Piece | Windows]:
        for piece in decode(self.source, block, outline.stream_id):
            if not isinstance(piece, Flaw):
                yield piece
                continue
            with self._lock:
                known = any(flaw.gap == piece.gap and o is outline for o, flaw in self.flaws)
                if not known and piece.gap.stop > block.first:
                    self.flaws.append((outline, piece))

    def _keep(self, key: tuple[int, ...], piece: Piece) -> None:
        """Put ``piece`` in the cache, and out what was not used for longest."""
        with self._lock:
            if key in self._cache:
                return
            self._cache[key] = piece
            self._cached += piece.samples.size
            while self._cached > _CACHE_SAMPLES:
                self._cached -= self._cache.popitem(last=False)[1].samples.size

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None or self._process != os.getpid():  # a fork has no threads
                self._pool = ThreadPoolExecutor(self._workers, "probecodec")
                self._process = os.getpid()
            return self._pool

    def close(self) -> None:
        """Forget what was decoded; close the file."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._cache.clear()
        self._cached = 0
        self.source.close()


def overlapping_gaps(gaps: list[Gap], start: int, stop: int) -> list[Gap]:
    """Those of ``gaps``, in order, cut to what lies in frames ``start`` to ``stop`` - 1."""
    first = bisect_right(gaps, start, key=lambda gap: gap.stop)
    last = bisect_left(gaps, stop, key=lambda gap: gap.start)
    return [Gap(max(gap.start, start), min(gap.stop, stop), gap.cause) for gap in gaps[first:last]]


def overlapping_blocks(blocks: list[Block], start: int, stop: int) -> list[Block]:
    """Those of ``blocks``, in order, that give any of frames ``start`` to ``stop`` - 1."""
    first = bisect_right(blocks, start, key=lambda block: block.stop)
    last = bisect_left(blocks, stop, key=lambda block: block.first)
    return blocks[first:last] if start < stop else []


def _is_small(outline: Outline, block: Block) -> bool:
    return (block.stop - block.entry) * outline.config.channels <= _SMALL_SAMPLES


def _parts(outline: Outline, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Frames ``start`` to ``stop`` - 1, a few at a time."""
    step = max(1, _GAP_SAMPLES // outline.config.channels)
    for first in range(start, stop, step):
        yield first, min(stop, first + step)
