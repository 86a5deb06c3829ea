"""Exports the binary format of Open Ephys: a folder, here with one experiment and one recording.

::

    OUT/experiment1/recording1/structure.oebin             what there is, JSON
    OUT/experiment1/recording1/continuous/NAME/…           samples, their numbers and times
    OUT/experiment1/recording1/events/NAME/TTL/…           changes of the auxiliary word's bits
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .content import ExportError, Progress, chunks, known, present, probe_of
from .staging import check_folder, staged

if TYPE_CHECKING:
    from ..capture import Capture

_ENTRIES = ("experiment1",)  # of the folder
_VERSION = "0.6.7"  # of the program whose layout this is: readers tell layouts by it


def export_open_ephys(
    cap: Capture,
    out: Path,
    *,
    force: bool = False,
    progress: Progress = None,
    rate_hz: float | None = None,
    gain_uv: float | None = None,
    stream: str = "probecodec",
) -> list[str]:
    """Write the folder ``out``.

    Missing frames are left out: ``sample_numbers.npy`` (int64, as the source counts frames) and
    ``timestamps.npy`` (float64, seconds from the source's frame 0) jump there. The auxiliary word
    becomes TTL events, bit b being line b + 1; ``initial_state`` is the word of the first frame.

    Parameters
    ----------
    rate_hz, gain_uv : float, optional
        Hertz and microvolts a step, before those of the capture.
    stream : str
        Name of the stream and of its folder.

    Raises as `export`.
    """
    if not stream.isprintable() or set(stream) & set('/\\:*?"<>|') or stream.strip(". ") == "":
        raise ExportError(f"the stream's name {stream!r} cannot name a folder: choose another")
    check_folder(out, _ENTRIES, force=force)
    rate, gain = known(cap, rate_hz, gain_uv)
    with staged(out) as part:
        recording = part / "experiment1" / "recording1"
        state = _write(cap, recording, stream, rate, progress)
        text = json.dumps(_structure(cap, stream, rate, gain, state), indent=4)
        (recording / "structure.oebin").write_text(text + "\n", "utf-8")
    missing = sum(gap.stop - gap.start for gap in cap.gaps)
    if not missing:
        return []
    return [
        f"{missing} missing frames are left out: the sample numbers jump there, but a reader that "
        "looks only at the samples takes them for continuous"
    ]


def _write(cap: Capture, recording: Path, stream: str, rate: float, progress: Progress) -> int:
    """Write samples and events; return the auxiliary word of the first frame."""
    continuous = recording / "continuous" / stream
    ttl = recording / "events" / stream / "TTL"
    continuous.mkdir(parents=True)
    with ExitStack() as files:
        samples = files.enter_context((continuous / "continuous.dat").open("xb"))
        numbers = files.enter_context(_growing(continuous / "sample_numbers.npy", "<i8"))
        times = files.enter_context(_growing(continuous / "timestamps.npy", "<f8"))
        events: dict[str, Any] = {}
        if cap.config.aux_bits:
            ttl.mkdir(parents=True)
            kinds = {
                "sample_numbers": "<i8",
                "timestamps": "<f8",
                "states": "<i2",
                "full_words": "<u8",
            }
            events = {
                name: files.enter_context(_growing(ttl / f"{name}.npy", kind))
                for name, kind in kinds.items()
            }
        initial = last = None
        for chunk in chunks(cap, progress):
            for run in present(cap, chunk.start, chunk.start + len(chunk.samples)):
                kept = chunk.samples[run].astype("<i2", copy=False)
                samples.write(np.ascontiguousarray(kept).data)
                first = cap.first_frame + chunk.start + run.start
                at = np.arange(first, first + len(kept), dtype=np.int64)
                numbers(at)
                times(at / rate)
                aux = np.asarray(chunk.aux[run], np.uint16)
                if last is None:
                    initial = last = int(aux[0])
                if events:
                    frames, states, words = edges(aux, last)
                    events["sample_numbers"](at[frames])
                    events["timestamps"](at[frames] / rate)
                    events["states"](states)
                    events["full_words"](words)
                    last = int(aux[-1])
    return initial or 0


def edges(
    words: NDArray[np.uint16], before: int
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.uint64]]:
    """Changes of bits in ``words``, by frame, then by bit.

    Parameters
    ----------
    words : uint16 (frames,)
    before : int
        The word before the first.

    Returns
    -------
    frames : int64 (events,)
        Index into ``words``.
    states : int16 (events,)
        b + 1 where bit b rises, -(b + 1) where it falls.
    full : uint64 (events,)
        The word after the change.
    """
    changed = np.flatnonzero(np.diff(words, prepend=np.uint16(before)))
    after = words[changed]
    flipped = after ^ np.concatenate([[np.uint16(before)], words])[changed]
    rows, bits = np.nonzero(flipped[:, np.newaxis] >> np.arange(16, dtype=np.uint16) & 1)
    rises = after[rows] >> bits.astype(np.uint16) & 1
    states = np.where(rises, bits + 1, -(bits + 1)).astype(np.int16)
    return changed[rows], states, after[rows].astype(np.uint64)


@contextmanager
def _growing(path: Path, kind: str) -> Iterator[Any]:
    """Write a one-dimensional ``.npy`` bit by bit; yields a function that appends an array."""
    dtype, count = np.dtype(kind), 0

    def header() -> None:
        about = {"descr": kind, "fortran_order": False, "shape": (count,)}
        np.lib.format.write_array_header_1_0(file, about)

    def append(values: NDArray[Any]) -> None:
        nonlocal count
        file.write(values.astype(dtype, copy=False).tobytes())
        count += len(values)

    with path.open("xb") as file:
        header()
        begin = file.tell()
        yield append
        file.seek(0)
        header()
        # NumPy leaves room for any count.
        if file.tell() != begin:
            raise RuntimeError(f"the header of {path.name} changed its size")


def _structure(
    cap: Capture, stream: str, rate: float, gain: float, initial_state: int
) -> dict[str, Any]:
    """The content of ``structure.oebin``."""
    sample_rate = int(rate) if math.isfinite(rate) and rate == int(rate) else rate
    source = {
        "source_processor_name": "probecodec",
        "source_processor_id": 100,
        "stream_name": stream,
        "recorded_processor": "Record Node",
        "recorded_processor_id": 101,
    }
    channels = [
        {
            "channel_name": f"CH{number + 1}",
            "description": f"probe {probe_of(cap)}" if probe_of(cap) else "",
            "identifier": "",
            "history": "probecodec",
            "bit_volts": gain,
            "units": "uV",
        }
        for number in cap.channel_ids.tolist()
    ]
    event = {
        "folder_name": f"{stream}/TTL/",
        "channel_name": "TTL",
        "description": "Changes of the auxiliary word's bits",
        "identifier": "probecodec.aux",
        "sample_rate": sample_rate,
        "type": "int16",
        "source_processor": "probecodec",
        "stream_name": stream,
        "initial_state": initial_state,
    }
    return {
        "GUI version": _VERSION,
        "continuous": [
            {
                "folder_name": f"{stream}/",
                "sample_rate": sample_rate,
                **source,
                "num_channels": len(channels),
                "channels": channels,
            }
        ],
        "events": [event] if cap.config.aux_bits else [],
        "spikes": [],
    }
