"""The timeline of a stream: its segments, the blocks that can be decoded, and the gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ..golden.config import EncoderConfig
from ..golden.format import Mode


class Cause(StrEnum):
    """Why frames are missing."""

    DROPPED = "dropped at the source"
    LOST = "lost or damaged in the capture"
    PROJECTED = "sent as measurements"  # `probecodec reconstruct`
    BROKEN = "in a window that was broken off"  # met by `reconstruct` alone
    WAITING = "waits for a restart"  # the packet is intact, but one that it builds on is not


class Gap(NamedTuple):
    """Frames ``start`` to ``stop`` - 1 are missing."""

    start: int
    stop: int
    cause: Cause


class Metadata(NamedTuple):
    """What a metadata packet tells; units as in `EncoderConfig`."""

    rate_hz: float
    lsb_uv: float
    probe: str
    packet_frames: int
    restart_interval: int


@dataclass(kw_only=True, slots=True)
class Block:
    """Packets that can be decoded without any others: each goes on from the one before.

    Attributes
    ----------
    first, stop : int
        The frames it gives, from ``first`` to ``stop`` - 1; those in gaps are not there.
    entry : int
        The frame of the restart that it begins with: before ``first`` where the segment began in
        the midst of a chain of packets.
    begin, end : int
        All its packets are in these bytes of the capture, ``begin`` to ``end`` - 1.
    packets, digest : int
        How many, and the sum of their checks: it is still the block that was indexed.
    offsets : list of int or None
        Where its packets begin, in the order to decode them; None where these bytes hold no other
        packets with frames of the stream, and they are in order.
    """

    first: int
    stop: int
    entry: int
    begin: int
    end: int
    packets: int = 0
    digest: int = 0
    offsets: list[int] | None = None


@dataclass(kw_only=True)
class Outline:
    """One run of a source, from its reset or the capture's begin on; its samples not decoded yet.

    Attributes
    ----------
    stream_id : int
    first_frame : int
        The first frame captured; what came before is no gap.
    frames : int
        From the first to the last, gaps included.
    config : EncoderConfig
        The configuration of the core that sent it, as far as its packets tell.
    metadata : Metadata or None
        None where no metadata packet was found.
    gaps : list of Gap
        In order; where two touch, their causes differ. Where a jump is partly frames that the
        source dropped and partly lost packets, the lost stand first: the totals are exact, their
        order is not known.
    gaps_before : list of Gap
        Between the stream's segment before and this one, where they are too large to be filled.
    blocks : list of Block
        What can be decoded, in order.
    projected : list of Block
        What can be decoded to measurements, in order; to samples its frames are a gap.
    packets, held, size : int
        Intact data packets, the frames in them, and their bytes with the metadata packets'.
    """

    stream_id: int
    first_frame: int
    frames: int = 0
    config: EncoderConfig
    metadata: Metadata | None = None
    gaps: list[Gap] = field(default_factory=list)
    gaps_before: list[Gap] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list, repr=False)
    projected: list[Block] = field(default_factory=list, repr=False)
    packets: int = 0
    held: int = 0
    size: int = 0

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of its packets."""
        return self.config.modes

    @property
    def missing(self) -> int:
        """Frames in gaps."""
        return sum(gap.stop - gap.start for gap in self.gaps)


def add_gap(gaps: list[Gap], gap: Gap) -> None:
    """Append ``gap``, the latest, unless it is empty; join it to one of its cause."""
    if gaps and (gaps[-1].stop, gaps[-1].cause) == (gap.start, gap.cause):
        gap = Gap(gaps.pop().start, gap.stop, gap.cause)
    if gap.stop > gap.start:
        gaps.append(gap)


def join(gaps: Iterable[Gap]) -> list[Gap]:
    """``gaps``, whatever their order, as a timeline has them.

    What is missing among frames sent as measurements is missing.
    """
    gaps = sorted(gaps)
    parts = [gap for gap in gaps if gap.cause != Cause.PROJECTED]
    missing = list(parts)
    for start, stop, cause in gaps:
        if cause != Cause.PROJECTED:
            continue
        for gap in missing[bisect_right(missing, start, key=lambda gap: gap.stop) :]:
            if gap.start >= stop:
                break
            parts.append(Gap(start, max(start, gap.start), cause))
            start = max(start, gap.stop)
        parts.append(Gap(start, max(start, stop), cause))
    joined: list[Gap] = []
    for gap in sorted(parts):
        add_gap(joined, gap)
    return joined
