"""Decodes one block of a capture: the packets from a restart on, found and checked anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden.format import CRC_BITS, Kind
from ..golden.projection_config import ProjectionConfig
from . import fast
from .index import PIECE_BYTES
from .packets import Damage, Packet, dropped
from .scanner import Scanner
from .source import Source
from .timeline import Block, Cause, Gap


class CaptureError(ValueError):
    """A capture that cannot be read as asked; the message says why and what to do."""


class Piece(NamedTuple):
    """What a packet gives.

    Attributes
    ----------
    start : int
        Its first frame, as the source counts.
    samples : int16 (frames, channels)
    aux : uint16 (frames,)
    """

    start: int
    samples: NDArray[np.int16]
    aux: NDArray[np.uint16]


class Windows(NamedTuple):
    """What a packet of mode PROJECTION gives: its whole windows.

    Attributes
    ----------
    start : int
        Their first frame, as the source counts.
    values : int32 (windows, M, channels)
        Measurements, without their lowest ``shift`` bits.
    aux : uint16 (frames,)
        The auxiliary word of every frame, those of a window that was broken off included.
    matrix : ProjectionConfig
    """

    start: int
    values: NDArray[np.int32]
    aux: NDArray[np.uint16]
    matrix: ProjectionConfig


class Flaw(NamedTuple):
    """A packet whose codes make no sense, or that builds on such a packet."""

    gap: Gap
    damage: Damage | None


def windows_of(packet: Packet, rows: NDArray[Any], aux: NDArray[Any]) -> Windows:
    """What a packet gives whose measurements are ``rows``, (rows, channels)."""
    matrix = packet.config.projection
    assert matrix is not None
    whole = len(aux) // matrix.window
    values = rows[: whole * matrix.measurements].astype(np.int32)
    shape = whole, matrix.measurements, matrix.channels
    return Windows(packet.frame_index, values.reshape(shape), aux.astype(np.uint16), matrix)


def decode(source: Source, block: Block, stream_id: int) -> Iterator[Piece | Windows | Flaw]:
    """Yield what the packets of ``block`` give, in order; the block's bytes are read in pieces.

    Raises
    ------
    CaptureError
        Where the packets are not those that were indexed.
    """
    decoder, sound = None, True
    for packet in _packets(source, block, stream_id):
        if packet.restart:
            decoder, sound = decoder or fast.decoder(packet.config), True
        gap = Gap(packet.frame_index, packet.end_frame, Cause.WAITING)
        if not sound or decoder is None:
            yield Flaw(gap, None)
            continue
        mode = packet.config.modes[0]
        try:
            samples, aux = decoder.payload(packet.payload, packet.frames, mode, packet.restart)
        except ValueError as error:
            sound = False
            damage = Damage(packet.offset, f"packet at byte {packet.offset}: {error}")
            yield Flaw(gap._replace(cause=Cause.LOST), damage)
            continue
        if packet.frame_index < block.first:
            continue
        if packet.config.projection:
            yield windows_of(packet, samples, aux)
        else:
            yield Piece(packet.frame_index, samples.astype(np.int16), aux.astype(np.uint16))


def _packets(source: Source, block: Block, stream_id: int) -> Iterator[Packet]:
    """The packets of ``block``, in order."""
    places = None
    if block.offsets is not None:
        places = {offset: place for place, offset in enumerate(block.offsets)}
    early: dict[int, Packet] = {}  # by place
    last: Packet | None = None
    count = digest = 0
    for packet in _scan(source, block):
        if (packet.kind, packet.stream_id) != (Kind.DATA, stream_id) or not packet.frames:
            continue
        if places is None:
            early[count] = packet
        elif packet.offset in places:
            early[places[packet.offset]] = packet
        while count in early:
            following = early.pop(count)
            if last and following.frame_index != last.end_frame + dropped(following, last):
                raise _changed(source, block)
            last, count = following, count + 1
            digest = (digest + following.check) % (1 << CRC_BITS)
            yield following
    if (count, digest) != (block.packets, block.digest):
        raise _changed(source, block)


def _changed(source: Source, block: Block) -> CaptureError:
    return CaptureError(
        f"{source.name}: bytes {block.begin} to {block.end - 1} are not what they were when "
        "the capture was scanned: open it again; a stored index (.index) is to be deleted first"
    )


def _scan(source: Source, block: Block) -> Iterator[Packet]:
    scanner = Scanner(block.begin, keep=True)
    for start in range(block.begin, block.end, PIECE_BYTES):
        yield from scanner.feed(source.read(start, min(block.end, start + PIECE_BYTES)))
    yield from scanner.finish()
