"""What a projection keeps of spikes in noise, by which its numbers are chosen.

A choice counts by the matched filter's score that it keeps: for a template s and a projection A of
noise with covariance C and quantization error D, s' A' (A C A' + D)⁻¹ A s over s' C⁻¹ s. The mean
over templates, places in the window and some channels is what the search makes largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...golden.format import LOADED_MEASUREMENTS, Family
from ...golden.projection import banded, matrix
from ...golden.projection_config import ProjectionConfig
from ...host.recovery import measure
from .coding import piece
from .events import quiet_begins
from .ground_truth import GroundTruth

COEFFICIENT_BITS = 8
LEFT_BITS = 4  # of a sample's, that dropped bits of its sums leave at least
TRIED_CHANNELS, TRIED_FRAMES = 8, 1 << 14
LEAST_WIDTH, MOST_WIDTH = 8, 19  # of a measurement on the link
CODER_LOSS = 0.05  # bits a symbol over the entropy of a Gaussian


@dataclass(frozen=True, kw_only=True)
class Design:
    """What a family leaves open is searched for.

    Parameters
    ----------
    family : Family
    window, hold : int
        As in `ProjectionConfig`.
    generalised : bool
        LOADED: rows that raise spikes over noise (generalised eigenvectors); else PCA.
    """

    family: Family
    window: int
    hold: int = 1
    generalised: bool = True


class Model:
    """What the search knows of a recording: noise and templates of single channels."""

    def __init__(self, truth: GroundTruth, design: Design) -> None:
        self.design = design
        self.base = ProjectionConfig(
            channels=truth.values.shape[1],
            sample_bits=truth.sample_bits,
            highpass_shift=truth.highpass_shift,
            window=design.window,
            family=Family.SPARSE if design.family == Family.LOADED else design.family,
            hold=design.hold,
            measurements=1,
        )
        values = truth.values[truth.stretch(train=True)]
        frames, units = truth.spikes(train=True)
        self.noise = _autocovariance(values, frames, 2 * design.window)
        self.templates = _templates(values, frames, units, truth.unit_channels)
        self._tried = truth.values[piece(truth)][:TRIED_FRAMES]
        self._deviations: dict[int, NDArray[np.float64]] = {}
        self._rows: dict[int, tuple[tuple[int, ...], ...]] = {}

    def config(self, measurements: int, shift: int) -> ProjectionConfig:
        """A configuration of so many measurements."""
        if self.design.family != Family.LOADED:
            return replace(self.base, measurements=measurements, shift=shift)
        if measurements not in self._rows:
            self._rows[measurements] = self._coefficients(measurements)
        rows = self._rows[measurements]
        return replace(
            self.base,
            family=Family.LOADED,
            measurements=measurements,
            shift=shift,
            seed=0,
            coefficients=rows,
            coefficient_bits=COEFFICIENT_BITS,
            row_sum=max(sum(map(abs, row)) for row in rows),
        )

    def _coefficients(self, measurements: int) -> tuple[tuple[int, ...], ...]:
        """Learn rows; scaled so that all have the same noise, and rounded."""
        from scipy.linalg import eigh

        window = self.design.window
        noise = self.noise[:window, :window]
        taps = self.templates.shape[1]
        spikes = np.zeros((window, window))
        for template in self.templates:
            for first in range(1 - taps, window):  # also those that begin or end outside
                part = np.zeros(window)
                inside = slice(max(first, 0), min(first + taps, window))
                part[inside] = template[inside.start - first : inside.stop - first]
                spikes += np.outer(part, part)
        spikes /= np.trace(spikes)
        if self.design.generalised:
            rows = eigh(spikes, noise)[1][:, ::-1].T[:measurements]
        else:
            rows = eigh(spikes + noise / np.trace(noise))[1][:, ::-1].T[:measurements]
        rows = banded(rows)[0]
        rows /= np.sqrt(np.einsum("kn,nm,km->k", rows, noise, rows))[:, np.newaxis]
        most = (1 << COEFFICIENT_BITS - 1) - 1
        rounded = np.rint(rows * most / np.abs(rows).max()).astype(int)
        return tuple(map(tuple, rounded.tolist()))

    def _deviation(self, measurements: int) -> NDArray[np.float64]:
        """Standard deviation of each measurement, none of its bits dropped."""
        if measurements not in self._deviations:
            found = measure(self._tried, matrix(self.config(measurements, 0)))
            self._deviations[measurements] = found.std(axis=(0, 2))
        return self._deviations[measurements]

    def candidates(self, target: float) -> Iterator[ProjectionConfig]:
        """Yield, for each number of dropped bits, about as many measurements as fit."""
        most = self.base.most_measurements
        if self.design.family == Family.LOADED:
            most = min(self.design.window // 2, LOADED_MEASUREMENTS)
        wanted = target * self.design.window
        loaded = self.design.family == Family.LOADED
        for shift in range(16 if loaded else self.base.sample_bits - LEFT_BITS + 1):
            count = min(most, max(1, round(wanted / 4)))
            for _ in range(4):
                tried = self.config(count, 0)
                spread = self._deviation(count) / (1 << shift)
                each = float(np.mean(_gaussian_bits(spread))) + CODER_LOSS
                fit = int(wanted / each)
                count, before = min(most, max(1, fit)), count
                if count == before:
                    break
            if fit < 1 or not LEAST_WIDTH <= tried.measurement_bits - shift <= MOST_WIDTH:
                continue
            yield self.config(count, shift)

    @cached_property
    def _signals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The templates at all places in two windows, as rows, and the score of each."""
        taps, span = self.templates.shape[1], 2 * self.design.window
        places = np.arange(0, span - taps + 1, 4)
        signals = np.zeros((len(self.templates), len(places), span))
        for index, place in enumerate(places):
            signals[:, index, place : place + taps] = self.templates
        signals = signals.reshape(-1, span)
        return signals, np.sum(signals * np.linalg.solve(self.noise, signals.T).T, axis=1)

    def score(self, config: ProjectionConfig) -> float:
        """The share of the matched filters' score that is kept, 0 … 1."""
        from scipy.linalg import block_diag

        signals, whole = self._signals
        error = ((1 << 2 * config.shift) - 1) / 12
        kept = []
        rows = matrix(config)
        for channel in np.linspace(0, len(rows) - 1, TRIED_CHANNELS).astype(int):
            both = block_diag(rows[channel], rows[channel]).astype(np.float64)
            noise = both @ self.noise @ both.T + (error + 1 / 12) * np.eye(len(both))
            seen = signals @ both.T
            kept.append(np.mean(np.sum(seen * np.linalg.solve(noise, seen.T).T, axis=1) / whole))
        return float(np.mean(kept))


def _autocovariance(
    values: NDArray[np.int32], frames: NDArray[np.int64], lags: int
) -> NDArray[np.float64]:
    """Covariance of the mean channel's noise over ``lags`` frames."""
    from scipy.linalg import eigh, toeplitz

    begins = quiet_begins(len(values), frames, 0, lags)[:: lags // 2][:500]
    rows = np.concatenate([values[begin : begin + lags].T for begin in begins]).astype(np.float64)
    covariance = rows.T @ rows / len(rows)
    mean = [np.mean(np.diag(covariance, lag)) for lag in range(lags)]
    smooth = toeplitz(mean)  # stationary, so the mean along each diagonal
    least = eigh(smooth, eigvals_only=True, subset_by_index=[0, 0])[0]
    return smooth + (max(0.0, -least) + 1 / 12) * np.eye(lags)


def _templates(
    values: NDArray[np.int32],
    frames: NDArray[np.int64],
    units: NDArray[np.int64],
    channels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Mean waveforms on the units' own channels, float64 (units that fired, 36)."""
    inside = (frames >= 12) & (frames < len(values) - 24)
    frames, units = frames[inside], units[inside]
    span = np.arange(-12, 24)
    return np.array(
        [
            values[frames[units == unit][:, np.newaxis] + span, channels[unit]].mean(axis=0)
            for unit in np.unique(units)
        ]
    )


def _gaussian_bits(deviation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of a Gaussian rounded to whole numbers; no Huffman code is below one bit."""
    wide = 0.5 * np.log2(2 * np.pi * np.e * (deviation**2 + 1 / 12))
    return np.maximum(1.0, wide)
