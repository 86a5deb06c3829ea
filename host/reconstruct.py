"""Reconstruction: samples, or spikes, from a capture's measurements.

The statistics come from a lossless stretch, of the same capture or of another of the same probe.
Samples are high-passed throughout, those that came lossless too, as the probe does before it
projects: there is no step where the modes change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.format import Family
from ..golden.projection import matrix
from ..golden.projection_config import ProjectionConfig
from . import fast
from .blocks import CaptureError, Windows
from .capture import Capture, Chunk
from .index import Progress
from .timeline import Cause, Gap, join
from .training import Training

if TYPE_CHECKING:
    from .recovery import Spikes, Templates

METHODS = ("lmmse", "omp", "lista")
_CHUNK_SAMPLES = 1 << 24  # recovered at once
_OTHER_SEED = 0x5A5A5A5A  # makes another seed of any
_MARGIN = 3  # windows on either side that only help to recover those between

Rows = tuple[tuple[int, ...], ...]


class Run(NamedTuple):
    """Consecutive windows of one matrix.

    Attributes
    ----------
    start : int
        The first one's first frame, as the source counts.
    values : int32 (windows, M, channels)
    aux : uint16 (frames,)
    kept : slice
        The windows that are asked for; those around them are given for help.
    """

    matrix: ProjectionConfig
    start: int
    values: NDArray[np.int32]
    aux: NDArray[np.uint16]
    kept: slice

    @property
    def measured(self) -> NDArray[np.float32]:
        """The measurements as `host.recovery` takes them: float32 (windows, channels, M)."""
        from .recovery import dequantise

        return dequantise(self.values.transpose(0, 2, 1).astype(np.int64), self.matrix.shift)


class Reconstruction:
    """A capture whose measurements are samples again: what `write_recording` takes.

    Parameters
    ----------
    capture : Capture
        Opened with any way to fill but "error".
    method : {"lmmse", "omp", "lista"}
        Linear estimate; sparse over a dictionary, by matching pursuit or by a fixed number of
        shrinking steps.
    training : Capture, optional
        Where the lossless stretch is; by default the capture itself.
    coefficients : tuple of tuple of int, optional
        Of family LOADED.
    workers : int
        Threads.

    Attributes
    ----------
    doubts : list of str
        Once they were met: measurements that do not fit the matrix that their packets name.

    Raises
    ------
    CaptureError
        Where there is nothing to reconstruct, or to learn from.
    ConfigError
        Where the coefficients are missing, or are not those that the packets name.
    """

    dtype = np.dtype(np.int16)

    def __init__(
        self,
        capture: Capture,
        method: str = "lmmse",
        *,
        training: Capture | None = None,
        coefficients: Rows = (),
        workers: int = 1,
    ) -> None:
        if method not in METHODS:
            raise CaptureError(f"no method is named {method!r}; there are {', '.join(METHODS)}")
        self._capture, self._method, self._workers = capture, method, workers
        self._coefficients = coefficients
        first = next(capture.windows(), None)
        if first is None:
            raise CaptureError(f"{capture.name} holds no measurements: decode it")
        if coefficients and first.matrix.family != Family.LOADED:
            raise CaptureError(f"{capture.name} was made without coefficients: leave them out")
        matrix(self._known(first.matrix))  # the coefficients, before hours of work
        segments = training.segments if training else [capture]
        self.training = Training(segments, capture.config, first.matrix)
        self._recoverers: dict[ProjectionConfig, Any] = {}
        self.doubts: list[str] = []
        self._judged: set[ProjectionConfig] = set()
        self._first = first.matrix
        self._broken: list[Gap] = []

    @property
    def config(self) -> EncoderConfig:
        """The capture's."""
        return self._capture.config

    @property
    def lost(self) -> list[Gap]:
        """What is zeros: missing frames, and, once they were met, windows that were broken off."""
        gaps = join([*self._capture.gaps, *self._broken])
        return [gap for gap in gaps if gap.cause != Cause.PROJECTED]

    def __len__(self) -> int:
        return len(self._capture)

    def prepare(self) -> None:
        """Learn now what the first samples need: some seconds, a minute for many channels."""
        self._recoverer(self._first)

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in order; memory does not grow with the capture."""
        capture, first, at = self._capture, self._capture.first_frame, 0
        spans = [(gap.start - first, gap.stop - first, gap.cause) for gap in capture.gaps]
        for start, stop, cause in [*spans, (len(capture), len(capture), Cause.LOST)]:
            yield from self._lossless(at, start)
            if cause == Cause.PROJECTED:
                yield from self._projected(start, stop)
            elif stop > start:
                yield from self._zeros(start, stop)
            at = stop

    def detect(self, progress: Progress | None = None) -> tuple[Spikes, Templates]:
        """Return the spikes in the measurements, and the templates of their units.

        The units are those found in the lossless stretch; frames count as the source does.
        """
        from .recovery import Detector, Spikes

        templates = self.training.units()
        detectors: dict[ProjectionConfig, Detector] = {}
        found: list[Spikes] = []
        total = len(self)
        for run in self._runs(0, total):
            self._judge(run)
            window = run.matrix.window
            if run.matrix not in detectors:
                touched = -(-(templates.waveforms.shape[1] - 1) // window) + 1
                statistics = self.training.statistics(touched * window - 1)
                rows = self._matrix(run.matrix)
                detectors[run.matrix] = Detector(templates, statistics, rows, run.matrix.shift)
            spikes = detectors[run.matrix].detect(run.measured, workers=self._workers)
            edges = run.kept.start * window, run.kept.stop * window
            inside = slice(*np.searchsorted(spikes.frames, edges))
            found.append(Spikes(*(part[inside] for part in spikes)))
            found[-1] = found[-1]._replace(frames=found[-1].frames + run.start)
            if progress:
                progress(run.start + run.kept.stop * window - self._capture.first_frame, total)
        merged = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return Spikes(*merged), templates

    def _lossless(self, start: int, stop: int) -> Iterator[Chunk]:
        """Rows that came lossless, high-passed."""
        if start >= stop:
            return
        projected = self.training.projected
        highpass = fast.highpass(projected) if projected.highpass_shift else None
        for chunk in self._capture.chunks(start, stop):
            # Reading may have met frames that make no sense: zeros, and the high-pass begins anew.
            held = self._capture.held(chunk.start, chunk.start + len(chunk.aux))
            samples = np.zeros_like(chunk.samples)
            for rows in _runs_of(held):
                values = chunk.samples[rows]
                samples[rows] = _to_int16(highpass.encode(values) if highpass else values)
                if highpass and rows.stop < len(held):
                    highpass.restart()
            if highpass and not held[-1]:
                highpass.restart()
            yield chunk._replace(samples=samples)

    def _projected(self, start: int, stop: int) -> Iterator[Chunk]:
        """Rows that came as measurements."""
        at, first = start, self._capture.first_frame
        for run in self._runs(start, stop):
            self._judge(run)
            values = self._recoverer(run.matrix).recover(run.measured, workers=self._workers)
            frames = slice(run.kept.start * run.matrix.window, run.kept.stop * run.matrix.window)
            row = run.start - first + frames.start
            yield from self._zeros(at, row)
            samples = _to_int16(np.rint(values[frames]))
            yield Chunk(row, samples, run.aux[frames])
            at = row + len(samples)
            broken = len(run.aux) - len(values)
            if broken and run.kept.stop == len(run.values):
                self._broken.append(Gap(first + at, first + at + broken, Cause.BROKEN))
                zeros = np.zeros((broken, samples.shape[1]), np.int16)
                yield Chunk(at, zeros, run.aux[len(values) :])
                at += broken
        yield from self._zeros(at, stop)

    def _zeros(self, start: int, stop: int) -> Iterator[Chunk]:
        step = max(1, _CHUNK_SAMPLES // self.config.channels)
        for at in range(start, stop, step):
            rows = min(step, stop - at)
            samples = np.zeros((rows, self.config.channels), np.int16)
            yield Chunk(at, samples, np.zeros(rows, np.uint16))

    def _runs(self, start: int, stop: int) -> Iterator[Run]:
        """The windows in rows ``start`` to ``stop`` - 1, a few thousand at a time."""
        parts: list[Windows] = []
        given = count = 0  # windows in parts: those that were yielded before, and all
        for piece in self._capture.windows(start, stop):
            if parts and not _goes_on(piece, parts[-1]):
                yield _joined(parts, given)
                parts, given, count = [], 0, 0
            parts.append(piece)
            count += len(piece.values)
            ready, window = count - _MARGIN, piece.matrix.window
            if (ready - given) * window * self.config.channels >= _CHUNK_SAMPLES:
                run = _joined(parts, given)
                yield run._replace(kept=slice(given, ready))
                done = max(0, ready - _MARGIN)
                frame = run.start + done * window
                rest = Windows(frame, run.values[done:], run.aux[done * window :], run.matrix)
                parts, given, count = [rest], ready - done, count - done
        if parts:
            yield _joined(parts, given)

    def _judge(self, run: Run) -> None:
        """Doubt measurements that do not fit their random matrix, once for each."""
        from .recovery.fit import LEAST_WINDOWS, fits

        matrix_of, projected = self._matrix, run.matrix
        few = len(run.values) < LEAST_WINDOWS
        if projected in self._judged or few or projected.family == Family.LOADED:
            return
        self._judged.add(projected)
        other = replace(projected, seed=projected.seed ^ _OTHER_SEED or _OTHER_SEED)
        named, wrong = matrix_of(projected), matrix_of(other)
        statistics = self.training.statistics(3 * projected.window - 1)
        if not fits(statistics, named, wrong, projected.shift, run.measured):
            self.doubts.append(
                f"from frame {run.start} on the measurements do not fit the matrix that their "
                f"packets name ({projected.family.name.lower()}, seed {projected.seed}): has the "
                "core another seed, or is the lossless stretch another probe's?"
            )

    def _known(self, projected: ProjectionConfig) -> ProjectionConfig:
        """``projected`` with the coefficients that were given."""
        if projected.family != Family.LOADED or not self._coefficients:
            return projected
        return replace(projected, coefficients=self._coefficients)

    def _matrix(self, projected: ProjectionConfig) -> NDArray[np.int64]:
        """The matrices by channel, int64 (channels, M, N)."""
        by_slot = matrix(self._known(projected))
        by_channel = np.empty_like(by_slot)
        by_channel[order.channels(self.config)] = by_slot
        return by_channel

    def _recoverer(self, projected: ProjectionConfig) -> Any:
        """The estimator for a matrix, made once."""
        from .recovery import Lista, Lmmse, Omp, learn_dictionary

        if projected not in self._recoverers:
            training, rows = self.training, self._matrix(projected)
            statistics = training.statistics(3 * projected.window - 1)
            made: Any
            if self._method == "lmmse":
                made = Lmmse(statistics, rows, projected.shift)
            else:
                dictionary = learn_dictionary(
                    training.values, window=projected.window, positions=training.positions
                )
                if self._method == "omp":
                    made = Omp(dictionary, statistics, rows, projected.shift)
                else:
                    made = Lista(dictionary, statistics, rows, projected.shift, training.values)
            self._recoverers[projected] = made
        return self._recoverers[projected]


def _goes_on(piece: Windows, last: Windows) -> bool:
    """Do the windows of ``piece`` follow those of ``last``, with the same matrix?"""
    whole = len(last.values) * last.matrix.window == len(last.aux)
    return whole and piece.matrix == last.matrix and piece.start == last.start + len(last.aux)


def _joined(parts: list[Windows], given: int) -> Run:
    """The windows of ``parts``, of which the first were given before."""
    values = np.concatenate([part.values for part in parts])
    aux = np.concatenate([part.aux for part in parts])
    return Run(parts[0].matrix, parts[0].start, values, aux, slice(given, len(values)))


def _runs_of(held: NDArray[np.bool_]) -> list[slice]:
    """The runs of rows that are held."""
    edges = np.flatnonzero(np.diff(held, prepend=False, append=False)).tolist()
    return [slice(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]


def _to_int16(values: NDArray[Any]) -> NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    return values.clip(limits.min, limits.max).astype(np.int16)
