"""Decodes captures: link bytes back to samples, with every missing frame accounted for.

``scan`` (packets.py) finds the packets, ``plan`` (timeline.py) tells which of them can be decoded,
`read_capture` decodes those. Frames are counted as the source does: since its reset, dropped ones
included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.encoder import Decoder
from . import fast
from .packets import Damage, Packet, scan
from .timeline import Cause, Gap, Outline, join, plan

Progress = Callable[[int, int], None]


class CaptureError(ValueError):
    """A file without a packet that could be read; the message says what to do."""


@dataclass(kw_only=True)
class Segment(Outline):
    """A decoded segment: row n is frame ``first_frame`` + n; the rows of gaps are zeros.

    Attributes
    ----------
    samples : int16 (frames, channels)
    aux : uint16 (frames,)
        Auxiliary words.
    """

    samples: NDArray[np.int16] = field(repr=False)
    aux: NDArray[np.uint16] = field(repr=False)


@dataclass(kw_only=True)
class Capture:
    """A capture, and how much of it is intact.

    Attributes
    ----------
    segments : list of Segment, or of Outline from `outline_capture`
        In capture order; `Timeline` says what begins one.
    size : int
        Bytes in the capture.
    packets : int
        Intact packets, metadata packets included.
    damaged : list of Damage
        Places that could not be used, by byte.
    bytes_skipped : int
        Bytes outside intact packets.
    duplicates : int
        Copies of packets, ignored.
    out_of_order : int
        Packets ignored because their counters run backwards without a restart.
    """

    segments: list[Segment] | list[Outline]
    size: int
    packets: int
    damaged: list[Damage]
    bytes_skipped: int
    duplicates: int
    out_of_order: int

    @property
    def complete(self) -> bool:
        """No gap, nothing damaged, nothing ignored but duplicates."""
        gaps = any(segment.gaps or segment.gaps_before for segment in self.segments)
        return not (gaps or self.damaged or self.out_of_order)


def read_capture(source: str | Path | bytes, progress: Progress | None = None) -> Capture:
    """Decode a capture whole.

    No sample comes from a packet whose check failed, or from one that builds on such a packet.

    Parameters
    ----------
    source : path or bytes
        Bytes of a link: they may begin and end anywhere, and hold garbage.
    progress : callable, optional
        Called as ``progress(done, total)``, in packets to decode.

    Raises
    ------
    CaptureError
        Where no packet can be read.
    OSError
        Where the file cannot be read.
    """
    data, capture = _outline(source)
    outlines, capture.segments = capture.segments, []
    total = sum(len(chain) for outline in outlines for chain in outline.chains)
    done = 0
    decoders: dict[int, Decoder | None] = {}  # by stream; None where a packet before was no good
    for outline in outlines:
        segment = _blank(outline)
        if segment.frames or segment.gaps_before:
            capture.segments.append(segment)
        for chain in outline.chains:
            if chain[0].restart:
                decoders[outline.stream_id] = fast.decoder(chain[0].config)
            failure = _decode(data, chain, segment, decoders[outline.stream_id])
            if failure:
                capture.damaged.append(failure)
                decoders[outline.stream_id] = None
            done += len(chain)
            if progress:
                progress(done, total)
    capture.damaged.sort()
    return capture


def outline_capture(source: str | Path | bytes) -> Capture:
    """Check a capture as `read_capture` does, but decode no samples: the segments are outlines."""
    capture = _outline(source)[1]
    capture.segments = [s for s in capture.segments if s.frames or s.gaps_before]
    return capture


def _outline(source: str | Path | bytes) -> tuple[bytes, Capture]:
    if isinstance(source, str | Path):
        name, path = str(source), Path(source)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise CaptureError(f"{name} is no regular file: save the stream first")
        data = path.read_bytes()
    else:
        name, data = "the capture", bytes(source)
    found = scan(data)
    if not found.packets and found.damaged:
        raise CaptureError(f"no readable packet in {name}: {found.damaged[0].sentence}")
    if not found.packets:
        raise CaptureError(
            f"no probecodec packet found in {name} ({len(data)} bytes): is it a capture (.pcs)?"
        )
    timeline = plan(found.packets)
    return data, Capture(
        segments=timeline.segments,
        size=len(data),
        packets=len(found.packets),
        damaged=sorted(found.damaged + timeline.refused),
        bytes_skipped=found.bytes_skipped,
        duplicates=timeline.duplicates,
        out_of_order=timeline.out_of_order,
    )


def _blank(outline: Outline) -> Segment:
    """A segment of zeros."""
    shape = outline.frames, outline.config.channels
    return Segment(
        **vars(outline), samples=np.zeros(shape, np.int16), aux=np.zeros(outline.frames, np.uint16)
    )


def _decode(
    data: bytes, chain: list[Packet], segment: Segment, decoder: Decoder | None
) -> Damage | None:
    """Decode ``chain`` into ``segment``; without a decoder it becomes a gap.

    Where a packet's codes make no sense although its check holds, it and the packets after it
    become gaps, and the place is returned.
    """
    failure = None
    gaps = []
    for packet in chain:
        if decoder is None:
            gaps.append(Gap(packet.frame_index, packet.end_frame, Cause.WAITING))
            continue
        payload, mode = data[packet.payload], packet.config.modes[0]
        try:
            samples, aux = decoder.payload(payload, packet.frames, mode, packet.restart)
        except ValueError as error:
            failure = Damage(packet.offset, f"packet at byte {packet.offset}: {error}")
            gaps.append(Gap(packet.frame_index, packet.end_frame, Cause.LOST))
            decoder = None
            continue
        first = packet.frame_index - segment.first_frame
        segment.samples[first : first + packet.frames] = samples
        segment.aux[first : first + packet.frames] = aux
    segment.gaps = join([*segment.gaps, *gaps])
    return failure
