"""Spikes found and classified in the measurement domain.

For each unit and each frame at which it may begin, the template is pushed through the projection of
the windows that it touches and of the channels around its peak: s. With S the covariance of the
noise of these measurements (over channels and windows jointly, quantization included), y the
measurements, and an amplitude a of mean 1 and variance v, the logarithm of the likelihood ratio
between spike and none is::

    b = s' S^-1 y,  e = s' S^-1 s,  p = 1 / v
    max over a:  ((b + p)^2 / (e + p) - p) / 2  at  a = (b + p) / (e + p)

Greedily the best spikes are taken, and their templates are subtracted from the measurements,
until none exceeds the threshold, or 5 % of the score of a spike taken there: so much a large spike
that is not quite its template may leave behind. (Whitened matched filter: H. Van Trees, Detection,
Estimation, and Modulation Theory I, 1968; pursuit: S. Mallat, Z. Zhang, IEEE Trans. Signal Process.
41, 1993; in compressed measurements: M. Davenport et al., IEEE J. Sel. Top. Signal Process. 4,
2010.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import check
from .blocks import Progress, over_blocks
from .filters import Filters, filters
from .statistics import Statistics
from .templates import Templates

BLOCK = 1024  # windows
NEVER = np.float32(-np.inf)
RESIDUE = 0.05  # of a spike's score: what its template leaves of it may reach that


class Spikes(NamedTuple):
    """Found spikes, in the order of time.

    Attributes
    ----------
    frames : int64 (spikes,)
        Of the trough, from the first window's first frame.
    units : int64 (spikes,)
    scores : float32 (spikes,)
        Logarithms of the likelihood ratios.
    """

    frames: NDArray[np.int64]
    units: NDArray[np.int64]
    scores: NDArray[np.float32]


class Detector:
    """The detector; its filters are computed once.

    Parameters
    ----------
    templates : Templates
    statistics : Statistics
        It needs lags for as many windows as a template may touch.
    matrix : int64 (channels, M, N)
    shift : int
        Bits dropped from each measurement.
    threshold : float
        Least logarithm of the likelihood ratio.
    amplitude_deviation : float
        Standard deviation of the spikes' amplitudes, relative to the template.
    refractory : int
        Frames in which a unit fires once only.
    neighbours : int
        Channels around a unit's peak that are taken, at most.

    Raises
    ------
    ValueError
        Where templates, statistics and matrix do not go together.
    """

    def __init__(
        self,
        templates: Templates,
        statistics: Statistics,
        matrix: NDArray[np.int64],
        shift: int = 0,
        threshold: float = 12.0,
        amplitude_deviation: float = 0.1,
        refractory: int = 20,
        neighbours: int = 12,
    ) -> None:
        check.agreeing(statistics.channels, matrix)
        if templates.waveforms.shape[2] != len(matrix):
            raise ValueError(
                f"The templates have {templates.waveforms.shape[2]} channels, "
                f"the projection {len(matrix)}."
            )
        self.matrix = matrix
        self.before = templates.before
        self.threshold = threshold
        self.precision = amplitude_deviation**-2
        self.refractory = refractory
        length = matrix.shape[2]
        self.windows = -(-(templates.waveforms.shape[1] - 1) // length) + 1
        groups = statistics.groups[templates.peaks, :neighbours]
        self.units = [
            filters(waveform[:, group], group, statistics, matrix, shift, self.windows)
            for waveform, group in zip(templates.waveforms, groups, strict=True)
        ]
        self.meeting = np.array([[np.isin(a, b).any() for b in groups] for a in groups])

    def detect(
        self, measured: NDArray[np.generic], progress: Progress | None = None, workers: int = 1
    ) -> Spikes:
        """Find the spikes of a recording.

        Parameters
        ----------
        measured : (windows, channels, M)
            As `dequantise` gives them.
        progress : callable, optional
            Called with the windows done and their number.
        workers : int
            Threads.

        Raises
        ------
        ValueError
            Where a measurement is not finite, or their shape is another.
        """
        measured = check.measurements(measured, self.matrix)
        margin = 2 * self.windows
        padded = np.pad(measured, ((margin, margin), (0, 0), (0, 0)))
        length = self.matrix.shape[2]

        def work(start: int, stop: int) -> list[tuple[int, int, float]]:
            found = self._pursue(padded[start : stop + 2 * margin].copy())
            first = (start - margin) * length
            return [
                (first + begin + self.before, unit, score)
                for begin, unit, score in found
                if margin * length <= begin + self.before < (stop - start + margin) * length
            ]

        found = [
            spike
            for spikes in over_blocks(work, len(measured), BLOCK, progress, workers)
            for spike in spikes
        ]
        frames, units, scores = zip(*sorted(found), strict=True) if found else ((), (), ())
        return Spikes(np.array(frames, np.int64), np.array(units, np.int64), np.float32(scores))

    def _pursue(self, rest: NDArray[np.float32]) -> list[tuple[int, int, float]]:
        """Return first frame, unit and score of the spikes; ``rest`` becomes what they leave."""
        length = self.matrix.shape[2]
        starts = len(rest) - self.windows + 1
        scores = np.empty((len(self.units), starts, length), np.float32)
        amplitudes = np.empty_like(scores)
        least = np.full(scores.shape, np.float32(self.threshold)).reshape(len(self.units), -1)
        for unit, one in enumerate(self.units):
            scores[unit], amplitudes[unit] = self._score(one, rest, np.arange(starts))
        found = []
        while chosen := self._choose(scores.reshape(least.shape), least):
            touched: dict[int, set[int]] = {}
            for unit, begin in chosen:
                window, frame = divmod(begin, length)
                found.append((begin, unit, float(scores[unit, window, frame])))
                one = self.units[unit]
                span = slice(window, window + self.windows)
                rest[span, one.channels] -= amplitudes[unit, window, frame] * one.signals[frame]
                around = slice(max(0, begin - self.refractory), begin + self.refractory + 1)
                others = least[self.meeting[unit], around]
                least[self.meeting[unit], around] = np.maximum(others, RESIDUE * found[-1][2])
                least[unit, around] = np.inf
                near = range(max(0, window - self.windows + 1), min(starts, window + self.windows))
                for other in np.nonzero(self.meeting[unit])[0]:
                    touched.setdefault(int(other), set()).update(near)
            for unit, windows in touched.items():
                which = np.array(sorted(windows))
                again = self._score(self.units[unit], rest, which)
                scores[unit, which], amplitudes[unit, which] = again
        return found

    def _score(
        self, unit: Filters, rest: NDArray[np.float32], windows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return scores and amplitudes of spikes that begin in ``windows``: (windows, N)."""
        p = np.float32(self.precision)
        spans = windows[:, np.newaxis, np.newaxis] + np.arange(self.windows)[:, np.newaxis]
        b = rest[spans, unit.channels].reshape(len(windows), -1) @ unit.filters + p
        amplitudes = b / (unit.energies + p)
        return np.where(b > p, (b * amplitudes - p) / 2, NEVER), amplitudes

    def _choose(
        self, scores: NDArray[np.float32], least: NDArray[np.float32]
    ) -> list[tuple[int, int]]:
        """Return unit and first frame of the best spikes that do not touch one another."""
        units, begins = np.nonzero(scores > least)
        order = np.argsort(-scores[units, begins], kind="stable")
        length = self.matrix.shape[2]
        taken = np.zeros((len(self.units), scores.shape[1] // length + 2 * self.windows), bool)
        chosen = []
        for unit, begin in zip(units[order].tolist(), begins[order].tolist(), strict=True):
            window = begin // length + self.windows
            if not taken[unit, window]:
                chosen.append((unit, begin))
            # Its own turn comes in the next round, when those above it are subtracted.
            near = slice(window - self.windows + 1, window + self.windows)
            taken[self.meeting[unit], near] = True
        return chosen
