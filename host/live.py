"""Decodes a stream while it arrives: from a serial port, a pipe, a socket, or a growing file."""

from __future__ import annotations

import errno
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden.decoder import Decoder
from . import fast
from .blocks import Windows, windows_of
from .packets import Damage
from .planner import Placed, Plan, Planner
from .scanner import Scanner
from .timeline import Cause, Gap, Outline, join

_READ_BYTES = 1 << 16
_MEMORY = 1 << 10  # packets whose copies are known as such
_POLL_SECONDS = 0.02


class Arrival(NamedTuple):
    """A packet that has arrived.

    Attributes
    ----------
    segment : Outline
        The run of the source that it belongs to: its stream, configuration, metadata and gaps.
    start : int
        Its first frame, as the source counts.
    samples : int16 (frames, channels)
        None, (0, channels), in mode PROJECTION.
    aux : uint16 (frames,)
    windows : Windows or None
        The measurements of mode PROJECTION.
    """

    segment: Outline
    start: int
    samples: NDArray[np.int16]
    aux: NDArray[np.uint16]
    windows: Windows | None = None


class Listener:
    """Decodes bytes as they come; a packet is given with its last byte.

    No sample comes from a packet whose check failed, or from one that builds on such a packet.

    Parameters
    ----------
    reorder : int
        Packets to wait for one that is late, where the link can mix them up. A serial link or a
        pipe cannot.
    """

    def __init__(self, reorder: int = 0) -> None:
        self._scanner = Scanner(keep=True, eager=True)
        self._planner = Planner(reorder, _MEMORY)
        self._decoders: dict[int, Decoder | None] = {}  # by stream; None after a packet no good
        self._flaws: list[Damage] = []

    @property
    def plan(self) -> Plan:
        """Segments with their gaps, and the counts of packets ignored."""
        return self._planner.plan

    @property
    def damaged(self) -> list[Damage]:
        """Places that could not be used."""
        return sorted([*self._scanner.damaged, *self.plan.refused, *self._flaws])

    def feed(self, data: bytes) -> Iterator[Arrival]:
        """Take the next bytes; yield what they complete."""
        for packet in self._scanner.feed(data):
            yield from self._decoded(self._planner.add(packet))

    def finish(self) -> Iterator[Arrival]:
        """Yield what was waiting, for nothing comes any more."""
        for packet in self._scanner.finish():
            yield from self._decoded(self._planner.add(packet))
        yield from self._decoded(self._planner.finish())

    def _decoded(self, placed: list[Placed]) -> Iterator[Arrival]:
        for segment, packet, decodable in placed:
            if not decodable:
                continue
            if packet.restart:
                self._decoders[packet.stream_id] = fast.decoder(packet.config)
            decoder = self._decoders[packet.stream_id]
            gap = Gap(packet.frame_index, packet.end_frame, Cause.WAITING)
            if decoder is None:
                segment.gaps[:] = join([*segment.gaps, gap])
                continue
            mode = packet.config.modes[0]
            try:
                samples, aux = decoder.payload(packet.payload, packet.frames, mode, packet.restart)
            except ValueError as error:
                self._decoders[packet.stream_id] = None
                sentence = f"packet at byte {packet.offset}: {error}"
                self._flaws.append(Damage(packet.offset, sentence))
                segment.gaps[:] = join([*segment.gaps, gap._replace(cause=Cause.LOST)])
                continue
            windows = None
            if packet.config.projection:
                windows, samples = windows_of(packet, samples, aux), samples[:0]
            samples, aux = samples.astype(np.int16), aux.astype(np.uint16)
            yield Arrival(segment, packet.frame_index, samples, aux, windows)


def listen(
    stream: Any, *, reorder: int = 0, timeout: float | None = None, listener: Listener | None = None
) -> Iterator[Arrival]:
    """Yield the packets of a live stream as they arrive, until it ends.

    Parameters
    ----------
    stream : path, binary file, socket or serial port
        A file is read to its end and then on, as it grows, without an end unless ``timeout`` sets
        one; a named pipe or device as it comes. Of
        an object ``recv``, ``read1`` or ``read`` is used, whichever gives what is there.
    reorder : int
        As in `Listener`.
    timeout : float, optional
        Seconds without a byte after which a growing file or a silent port counts as ended; by
        default never.
    listener : Listener, optional
        One of your own, to ask it for gaps and damage.

    Raises
    ------
    OSError
        Where the stream cannot be read.
    """
    listener = listener or Listener(reorder)
    for data in _pieces(stream, timeout):
        yield from listener.feed(data)
    yield from listener.finish()


def _pieces(stream: Any, timeout: float | None) -> Iterator[bytes]:
    """The bytes of ``stream`` as they come."""
    if isinstance(stream, str | Path):
        grows = Path(stream).is_file()
        with open(stream, "rb", buffering=0) as file:
            yield from _poll(file, file.read, timeout, ends=not grows)
    elif hasattr(stream, "recv"):
        yield from _poll(stream, stream.recv, timeout, ends=True)
    elif hasattr(stream, "in_waiting"):  # a serial port
        read = lambda _: stream.read(max(1, stream.in_waiting))  # noqa: E731
        yield from _poll(stream, read, timeout, ends=False)
    else:
        yield from _poll(stream, getattr(stream, "read1", stream.read), timeout, ends=True)


def _poll(
    stream: Any, read: Callable[[int], bytes | None], timeout: float | None, *, ends: bool
) -> Iterator[bytes]:
    """Read until the end; where nothing ends the stream (not ``ends``), until it is silent."""
    last = time.monotonic()
    while True:
        try:
            data = read(_READ_BYTES) if timeout is None or _is_ready(stream, timeout) else None
        except (BlockingIOError, TimeoutError):
            data = None  # nothing there yet
        except OSError as error:
            if error.errno != errno.EIO:  # a terminal or serial port that has been pulled
                raise
            return
        if data:
            last = time.monotonic()
            yield data
            continue
        silent = timeout is not None and time.monotonic() - last > timeout
        if silent or (ends and data is not None):
            return
        time.sleep(_POLL_SECONDS)


def _is_ready(stream: Any, timeout: float) -> bool:
    """Can something be read, or will it be soon? True too where that cannot be told."""
    try:
        return bool(select.select([stream.fileno()], [], [], timeout)[0])
    except (AttributeError, OSError, ValueError):  # no file; or not one that can be waited for
        return True
