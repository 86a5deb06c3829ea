"""Exports Neurodata Without Borders: an HDF5 file with an electrical series in volts."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.data_utils import AbstractDataChunkIterator, DataChunk
from numpy.typing import NDArray
from pynwb import H5DataIO, NWBFile, TimeSeries
from pynwb.base import TimeSeriesReference
from pynwb.ecephys import ElectricalSeries
from pynwb.epoch import TimeIntervals

from ..recording import check_output
from .content import ExportError, Progress, blocks, gap_list, known, probe_of
from .disk import Disk, open_nwb
from .staging import staged

if TYPE_CHECKING:
    from ..capture import Capture

_FRAMES = 16_384  # in a chunk: half a second, 2 MiB with all its channels
_CHANNELS = 64


def export_nwb(
    cap: Capture,
    out: Path,
    *,
    force: bool = False,
    progress: Progress = None,
    rate_hz: float | None = None,
    gain_uv: float | None = None,
    session_start_time: str | datetime | None = None,
    session_description: str = "Decoded by probecodec; nothing is known of the session",
    identifier: str | None = None,
    location: str = "unknown",
) -> list[str]:
    """Write the file ``out`` (.nwb).

    ``acquisition/ElectricalSeries`` has the samples as captured, ``conversion`` their volts a
    step; ``acquisition/auxiliary`` the auxiliary words, where there are any. Both start at
    ``first_frame / rate_hz`` seconds: time 0 is the source's frame 0. Gaps are filled, and told by
    ``intervals/invalid_times``, each with its cause as a tag.

    Parameters
    ----------
    rate_hz, gain_uv : float, optional
        Hertz and microvolts a step, before those of the capture.
    session_start_time : datetime or str in ISO 8601, optional
        When the source's frame 0 was; UTC where it names no zone. A capture does not tell it, and
        the format demands it: 1970-01-01T00:00:00Z, by default, stands for unknown.
    session_description : str
    identifier : str, optional
        Unique for the file; a random UUID by default.
    location : str
        Brain area of all electrodes.

    Raises as `export`.
    """
    check_output(out, (".nwb",), force=force)
    rate, gain = known(cap, rate_hz, gain_uv)
    notes = []
    if session_start_time is None:
        notes.append("the session's start is unknown: the file says 1970-01-01")
    file = NWBFile(
        session_description=session_description,
        identifier=identifier or str(uuid.uuid4()),
        session_start_time=_start(session_start_time),
    )
    samples, aux = _split(cap, progress)
    timing = {"rate": rate, "starting_time": cap.first_frame / rate}
    series = ElectricalSeries(
        name="ElectricalSeries",
        description="Samples as captured, missing frames filled",
        data=_compressed(samples),
        electrodes=_electrodes(file, cap, location),
        conversion=gain * 1e-6,
        **timing,
    )
    file.add_acquisition(series)
    if cap.config.aux_bits:
        words = TimeSeries(
            name="auxiliary",
            description=f"Auxiliary word of each frame, {cap.config.aux_bits} bits",
            data=_compressed(aux),
            unit="n.a.",
            **timing,
        )
        file.add_acquisition(words)
    with staged(out) as part:
        with Disk(part, "x+") as disk, open_nwb(disk, "w") as io:
            samples.check = aux.check = disk.check  # a full disk ends it, not a lost write each
            io.write(file)
        if gaps := gap_list(cap):  # some show only when the samples are decoded
            _add_gaps(part, gaps, cap.first_frame, rate)
    return notes


def _add_gaps(path: Path, gaps: list[list[Any]], first_frame: int, rate: float) -> None:
    """Add the intervals of ``gaps`` to the file ``path``."""
    table = TimeIntervals(name="invalid_times", description="Frames that are missing, and why")
    with Disk(path, "r+") as disk, open_nwb(disk, "r+") as io:
        file = io.read()
        series = file.acquisition["ElectricalSeries"]
        for start, stop, cause in gaps:
            # Not add_interval: it works the rows out of the times, and rounds them down.
            rows = TimeSeriesReference(start - first_frame, stop - start, series)
            table.add_row(
                start_time=start / rate, stop_time=stop / rate, tags=[cause], timeseries=[rows]
            )
        file.invalid_times = table
        io.write(file)


def _start(when: str | datetime | None) -> datetime:
    """``when`` with a time zone."""
    try:
        time = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        raise ExportError(
            f"session_start_time {when!r} is no time: give it as 2026-01-31T13:00:00+01:00"
        ) from None
    time = time or datetime.fromtimestamp(0, UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _electrodes(file: NWBFile, cap: Capture, location: str) -> Any:
    """Make ``file``'s table of electrodes, one for each channel; return the region of them all."""
    probe = probe_of(cap)
    about = f"Neural probe, {probe or 'part number unknown'}"
    device = file.create_device(name="probe", description=about)
    group = file.create_electrode_group(
        name="electrodes", description=about, location=location, device=device
    )
    for number in cap.channel_ids.tolist():
        file.add_electrode(id=number, location=location, group=group)
    every = list(range(cap.shape[1]))
    return file.create_electrode_table_region(every, "All channels, in channel order")


def _compressed(data: _Blocks) -> H5DataIO:
    return H5DataIO(data=data, compression="gzip", compression_opts=4, shuffle=True)


class _Blocks(AbstractDataChunkIterator):
    """One of the two arrays of a capture, block by block, for hdmf to write."""

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: type[np.generic],
        blocks: Iterator[tuple[int, NDArray[Any]]],
    ) -> None:
        self._shape, self._dtype, self._blocks = shape, np.dtype(dtype), blocks
        self.check: Callable[[], None] = lambda: None  # called before each block

    def __iter__(self) -> _Blocks:
        return self

    def __next__(self) -> DataChunk:
        self.check()
        start, values = next(self._blocks)
        rows = slice(start, start + len(values))
        return DataChunk(data=values, selection=(rows, *(slice(n) for n in self._shape[1:])))

    def recommended_chunk_shape(self) -> tuple[int, ...]:
        return tuple(
            min(size, most) for size, most in zip(self._shape, (_FRAMES, _CHANNELS), strict=False)
        )

    def recommended_data_shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    @property
    def maxshape(self) -> tuple[int, ...]:
        return self._shape


def _split(cap: Capture, progress: Progress) -> tuple[_Blocks, _Blocks]:
    """Samples and auxiliary words from one pass over ``cap``.

    hdmf takes a block from each in turn, so that no more than one waits for the other.
    """
    source = blocks(cap, min(_FRAMES, len(cap)), progress)
    waiting: tuple[deque[Any], deque[Any]] = (deque(), deque())
    wanted = range(2 if cap.config.aux_bits else 1)

    def take(which: int) -> Iterator[tuple[int, NDArray[Any]]]:
        while True:
            if not waiting[which]:
                block = next(source, None)
                if block is None:
                    return
                start, *arrays = block
                for other in wanted:
                    kept = arrays[other] if other == which else arrays[other].copy()
                    waiting[other].append((start, kept))
            yield waiting[which].popleft()

    return (
        _Blocks(cap.shape, np.int16, take(0)),
        _Blocks(cap.shape[:1], np.uint16, take(1)),
    )
