"""Cuts a capture into parts that can be decoded elsewhere: each has all that it takes.

A part is a few blocks. Workers open the file under the same absolute path as the client.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..blocks import CaptureError
from ..index import Index
from ..planner import Plan
from ..reader import Reader, overlapping_blocks, overlapping_gaps
from ..source import Source
from ..timeline import Cause, Gap, Outline, join


@dataclass(frozen=True, slots=True)
class Part:
    """Frames ``start`` to ``stop`` - 1 of a segment, and all that it takes to decode them.

    Attributes
    ----------
    path : str
        The capture's, absolute.
    outline : Outline
        The segment, cut to the part; with the frame that its first gap may hold.
    """

    path: str
    start: int
    stop: int
    outline: Outline

    def reader(self) -> Reader:
        """Open the capture, to be read by this thread alone."""
        return Reader(Source(self.path), Index(plan=Plan(segments=[self.outline])), workers=1)


def cut(
    reader: Reader, outline: Outline, start: int, stop: int, step: int, *, held: bool = False
) -> Iterator[Part]:
    """Cut frames ``start`` to ``stop`` - 1 into parts of whole blocks, as `_spans` says.

    With ``held``, a part has with it the frame that a gap at its begin holds.
    """
    path = path_of(reader.source)
    gaps = join(gap._replace(cause=Cause.LOST) for gap in outline.gaps)  # whatever their causes
    for first, last in _spans(outline, gaps, start, stop, max(1, step)):
        at = bisect_right(gaps, first, key=lambda gap: gap.start) - 1
        gap = gaps[at] if at >= 0 and gaps[at].stop >= first else Gap(first, first, Cause.LOST)
        blocks = overlapping_blocks(outline.blocks, gap.start - 1, gap.start) if held else []
        begin = min([first, *(block.first for block in blocks)])
        if gap.stop < last:
            blocks = overlapping_blocks(outline.blocks, begin, last)
        piece = replace(
            outline,
            first_frame=begin,
            frames=last - begin,
            gaps=overlapping_gaps(outline.gaps, begin, last),
            gaps_before=[],
            blocks=[replace(block) for block in blocks],  # those of a growing capture grow
        )
        yield Part(path, first, last, piece)


def _spans(
    outline: Outline, gaps: list[Gap], start: int, stop: int, step: int
) -> Iterator[tuple[int, int]]:
    """Frames ``start`` to ``stop`` - 1, cut where blocks begin, and anywhere in gaps.

    Each span has ``step`` frames at most, but one block at least.
    """
    edges = {block.first for block in outline.blocks}
    for gap in gaps:
        if gap.stop - gap.start > step:
            edges.update((*range(gap.start, gap.stop, step), gap.stop))
    first = last = start
    for edge in (*sorted(edge for edge in edges if start < edge < stop), stop):
        if edge - first > step and last > first:
            yield first, last
            first = last
        last = edge
    if first < stop:
        yield first, stop


def path_of(source: Source) -> str:
    """The absolute path of a capture."""
    if source.path is None:
        raise CaptureError(f"{source.name} is no file that workers can open: open it by its path")
    return os.path.abspath(source.path)
