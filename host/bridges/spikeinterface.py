"""Captures as SpikeInterface recordings: nothing is converted, traces are decoded when used.

>>> from probecodec.host.bridges.spikeinterface import read_probecodec
>>> recording = read_probecodec("rec.pcs")
>>> recording.get_traces(start_frame=30_000, end_frame=60_000, return_in_uV=True)
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import probeinterface
    from spikeinterface.core import BaseRecording, BaseRecordingSegment
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"SpikeInterface recordings need {error.name}: pip install 'probecodec[export]'",
        name=error.name,
    ) from None

from ..blocks import CaptureError
from ..capture import Capture, open_capture
from .probe import assume_sites, catalogue_probe, sample_shifts


def read_probecodec(file_path: str | Path, **options: Any) -> ProbecodecRecordingExtractor:
    """Open a capture; ``options`` are those of `ProbecodecRecordingExtractor`.

    Warns where the probe's sites are not known.
    """
    recording = ProbecodecRecordingExtractor(file_path, **options)
    if note := recording.get_annotation("probe_note"):
        warnings.warn(f"{file_path}: {note}", UserWarning, stacklevel=2)
    return recording


class ProbecodecRecordingExtractor(BaseRecording):
    """A capture's stream, with all its segments, as a recording.

    Its annotation ``gaps`` holds, for each segment, the missing samples as [start, stop, cause],
    counted from the segment's first. A segment's times are the source's: seconds since its reset.

    Parameters
    ----------
    file_path : path
    stream_id : int, optional
        The probe, where there are several.
    segment : int, optional
        Only this one, as numbered in `Capture.segments`; by default all of the stream.
    fill : {"error", "zero", "hold", "nan"}
        What stands for missing samples: traces that touch them raise `MissingFrames`; zeros; the
        sample before; not a number, and traces are float32. No sorter can tell a fill from signal.
    rate_hz, gain_uv : float, optional
        Samples a second, and microvolts of a step, instead of what the capture tells. Without a
        gain there are no traces in microvolts.
    probe : Probe or dict, optional
        The probe with its selected sites, as `probeinterface.read_spikeglx` gives it. By default
        the first sites of the probe that the capture names, none if it has several shanks; the
        annotation ``probe_note`` tells what is not known.
    index : bool
        Keep the capture's index beside it, so that no worker process need scan it again.

    Raises
    ------
    CaptureError
        Where no packet can be read, segments do not go together, or the rate is unknown.
    OSError
        Where the file cannot be read.
    """

    def __init__(
        self,
        file_path: str | Path,
        *,
        stream_id: int | None = None,
        segment: int | None = None,
        fill: str = "error",
        rate_hz: float | None = None,
        gain_uv: float | None = None,
        probe: probeinterface.Probe | dict[str, Any] | None = None,
        index: bool = False,
    ) -> None:
        # A worker is one of several: threads of its own would only get in their way.
        workers = 1 if multiprocessing.parent_process() else None
        capture = open_capture(file_path, fill=fill, index=index, workers=workers)
        weakref.finalize(self, capture.close)  # a recording has no close of its own
        captures = _choose(capture, stream_id, segment)
        first = captures[0]
        rate_hz, gain_uv = rate_hz or first.rate_hz, gain_uv or first.gain_uv
        if rate_hz is None:
            raise CaptureError(f"{file_path} does not tell its sampling rate: give rate_hz")
        ids = [int(channel) for channel in first.channel_ids]
        super().__init__(float(rate_hz), ids, first.dtype)
        for one in captures:
            self.add_recording_segment(_Segment(one, rate_hz))
        self.annotate(gaps=[_gaps(one) for one in captures])
        if gain_uv is not None:
            self.set_channel_gains(gain_uv)
            self.set_channel_offsets(0.0)
        given = probeinterface.Probe.from_dict(probe) if isinstance(probe, dict) else probe
        if given is not None and not isinstance(given, probeinterface.Probe):
            raise CaptureError(f"probe is {probe!r}, not a Probe of probeinterface or its dict")
        self._attach(first, given)
        self._kwargs = {
            "file_path": str(Path(file_path).absolute()),
            "stream_id": stream_id,
            "segment": segment,
            "fill": fill,
            "rate_hz": rate_hz,
            "gain_uv": gain_uv,
            "probe": None if given is None else given.to_dict(array_as_list=True),
            "index": index,
        }

    def _attach(self, capture: Capture, given: probeinterface.Probe | None) -> None:
        """Attach the probe, given or assumed, and the times at which channels are sampled."""
        probe, full = given, catalogue_probe(capture.metadata.probe if capture.metadata else "")
        if given is None and full is None:
            self.annotate(probe_note="the capture names no probe that is known: give probe")
        elif given is None:
            probe, note = assume_sites(full, capture.config.channels)
            self.annotate(probe_note=note)
        if probe is not None:
            self.set_probe(probe, group_mode="auto" if probe.shank_ids is None else "by_shank")
        shifts = sample_shifts(capture.config, given or full)
        if shifts is not None:
            self.set_property("inter_sample_shift", shifts)


class _Segment(BaseRecordingSegment):
    """One segment of a capture."""

    def __init__(self, capture: Capture, rate_hz: float) -> None:
        super().__init__(sampling_frequency=rate_hz, t_start=capture.first_frame / rate_hz)
        self._capture, self._process = capture, os.getpid()

    def get_num_samples(self) -> int:
        """Samples of a channel, missing ones included."""
        return len(self._capture)

    def get_traces(
        self,
        start_frame: int | None = None,
        end_frame: int | None = None,
        channel_indices: slice | list[int] | NDArray[np.integer] | None = None,
    ) -> NDArray[Any]:
        """Traces (samples, channels); `MissingFrames` as the recording's ``fill`` has it."""
        if os.getpid() != self._process:  # forked: threads are left behind, the file is shared
            self._capture, self._process = pickle.loads(pickle.dumps(self._capture)), os.getpid()
        columns = slice(None) if channel_indices is None else channel_indices
        traces: NDArray[Any] = self._capture[start_frame:end_frame, columns]
        return traces


def _choose(capture: Capture, stream_id: int | None, segment: int | None) -> list[Capture]:
    """The segments of the recording."""
    numbered = [(n, one) for n, one in enumerate(capture.segments) if len(one)]
    streams = sorted({one.outline.stream_id for _, one in numbered})
    if stream_id is None and segment is None and len(streams) > 1:
        raise CaptureError(f"{capture.name} holds the streams {streams}: give stream_id")
    chosen = [
        (number, one)
        for number, one in numbered
        if stream_id in (None, one.outline.stream_id) and segment in (None, number)
    ]
    if not chosen:
        options = f"stream_id={stream_id}, segment={segment}"
        raise CaptureError(f"{capture.name} holds no frames of {options}: it has {streams}")
    number, first = chosen[0]
    for other, one in chosen[1:]:
        if _kind(one) != _kind(first):
            raise CaptureError(
                f"{capture.name}: segments {number} and {other} differ in channels, width, rate, "
                "gain or probe: give segment"
            )
    return [one for _, one in chosen]


def _kind(capture: Capture) -> tuple[Any, ...]:
    """What segments of one recording have in common."""
    config, about = capture.config, capture.metadata
    name = about.probe if about else ""
    shape = config.channels, config.sample_bits, config.order
    return *shape, capture.rate_hz, capture.gain_uv, name


def _gaps(capture: Capture) -> list[list[Any]]:
    """Missing samples as [start, stop, cause], counted from row 0."""
    first = capture.first_frame
    return [[gap.start - first, gap.stop - first, str(gap.cause)] for gap in capture.gaps]
