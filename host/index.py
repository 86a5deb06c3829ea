"""The index of a capture: built by one scan, and kept beside the capture on request."""

from __future__ import annotations

import contextlib
import json
import warnings
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..golden.config import EncoderConfig
from .packets import Damage
from .planner import Plan, Planner
from .recording import replacing
from .scanner import Scanner
from .source import Source
from .timeline import Block, Cause, Gap, Metadata, Outline

Progress = Callable[[int, int], None]

SUFFIX = ".index"  # appended to the capture's name
PIECE_BYTES = 1 << 17  # read at once: larger pieces are fresh memory each time, a third slower
_REORDER_WINDOW = 1 << 12  # packets: a file waits for late ones without keeping their payloads
_LAYOUT = 2  # of the file
_EDGE_BYTES = 1 << 16


@dataclass
class Index:
    """What a capture holds, and where.

    Attributes
    ----------
    size : int
        Bytes scanned.
    packets : int
        Intact packets, metadata packets included.
    damaged : list of Damage
        Places that could not be used, by byte.
    bytes_skipped : int
        Bytes outside intact packets.
    plan : Plan
    """

    size: int = 0
    packets: int = 0
    damaged: list[Damage] = field(default_factory=list)
    bytes_skipped: int = 0
    plan: Plan = field(default_factory=Plan)

    @property
    def segments(self) -> list[Outline]:
        """The segments that hold frames, or tell of missing ones."""
        return [one for one in self.plan.segments if one.frames or one.gaps_before]


class Indexer:
    """Builds the index of a source, and extends it while the source grows.

    Parameters
    ----------
    source : Source
    growing : bool
        Its end is not the capture's end: what is incomplete there may still come.
    """

    def __init__(self, source: Source, *, growing: bool = False) -> None:
        self._source, self._growing = source, growing
        self._scanner = Scanner(eager=growing)
        self._planner = Planner(0 if growing else _REORDER_WINDOW)
        self.index = Index(plan=self._planner.plan)

    def extend(self, progress: Progress | None = None) -> Index:
        """Take in what the source holds beyond the index; return the index.

        ``progress(done, total)`` is called in bytes.
        """
        index, size = self.index, self._source.size()
        while index.size < size:
            piece = self._source.read(index.size, min(size, index.size + PIECE_BYTES))
            if not piece:
                break  # the file was cut meanwhile
            for packet in self._scanner.feed(piece):
                self._planner.add(packet)
                index.packets += 1
            index.size += len(piece)
            if progress:
                progress(index.size, size)
        if not self._growing:
            for packet in self._scanner.finish():
                self._planner.add(packet)
                index.packets += 1
            self._planner.finish()
        index.bytes_skipped = self._scanner.bytes_skipped
        index.damaged = sorted(self._scanner.damaged + index.plan.refused)
        return index


def load(source: Source, progress: Progress | None = None, *, keep: bool = False) -> Index:
    """Return the index of ``source``: the one kept beside it if it fits, else from a scan.

    Parameters
    ----------
    keep : bool
        Look for ``NAME.index`` beside the capture, and write it where it is not there or old.
    """
    if not keep or source.path is None:
        return Indexer(source).extend(progress)
    path = path_of(source.path)
    state = _state(source)
    with contextlib.suppress(OSError, ValueError, RecursionError):  # not there, or not ours
        head, _, body = path.read_bytes().partition(b"\n")
        if json.loads(head) == [_LAYOUT, *state, zlib.crc32(body)]:
            return _from_json(json.loads(body))
    index = Indexer(source).extend(progress)
    body = json.dumps(asdict(index), separators=(",", ":")).encode()
    try:
        with replacing(path) as file:
            file.write(json.dumps([_LAYOUT, *state, zlib.crc32(body)]).encode() + b"\n" + body)
    except OSError as error:
        warnings.warn(f"{path}: the index was not kept: {error.strerror}", stacklevel=2)
    return index


def _state(source: Source) -> list[int]:
    """Changes when the capture does; each block's packets are checked anyway."""
    assert source.path is not None
    about, size = source.path.stat(), source.size()
    edges = zlib.crc32(source.read(0, _EDGE_BYTES))
    edges = zlib.crc32(source.read(max(0, size - _EDGE_BYTES), size), edges)
    return [size, about.st_mtime_ns, edges]


def _from_json(told: dict[str, Any]) -> Index:
    plan = told["plan"]
    return Index(
        size=told["size"],
        packets=told["packets"],
        damaged=[Damage(*damage) for damage in told["damaged"]],
        bytes_skipped=told["bytes_skipped"],
        plan=Plan(
            segments=[_outline(segment) for segment in plan["segments"]],
            refused=[Damage(*damage) for damage in plan["refused"]],
            duplicates=plan["duplicates"],
            out_of_order=plan["out_of_order"],
        ),
    )


def _outline(told: dict[str, Any]) -> Outline:
    config = EncoderConfig.from_json(told["config"])
    gaps = {
        name: [Gap(start, stop, Cause(cause)) for start, stop, cause in told[name]]
        for name in ("gaps", "gaps_before")
    }
    metadata = told["metadata"] and Metadata(*told["metadata"])
    blocks = {name: [Block(**block) for block in told[name]] for name in ("blocks", "projected")}
    return Outline(**told | gaps | blocks | {"config": config, "metadata": metadata})


def path_of(capture: Path) -> Path:
    """Where the index of ``capture`` is kept."""
    return capture.with_name(capture.name + SUFFIX)
