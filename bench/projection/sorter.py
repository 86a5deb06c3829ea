"""An ordinary sorter: threshold crossings, then templates matched in whitened noise.

The same for all traces, lossless and lossy. It learns from a stretch whose spikes are known and
which went through the same coder, so that templates and noise are those of the traces it sorts.

With x the snippet around a crossing, t a unit's template, C the noise's covariance, b = t' C⁻¹ x,
e = t' C⁻¹ t, and an amplitude a of mean 1 and variance 1 / p, the gain in log-likelihood of the
unit over noise is ((b + p)² / (e + p) − p) / 2 at a = (b + p) / (e + p) (H. Van Trees, Detection,
Estimation and Modulation Theory I, 1968, section 4.3). C is a product of one over channels and one
over time. The unit that gains most, over all offsets in reach, is taken where its gain passes the
logarithm of how much rarer its spikes are than none, and is subtracted; then the residual is
searched again for spikes below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...host.recovery import cut_templates
from .events import NEAR, crossings, quiet_begins

SNIPPETS = 1000  # of noise, for the covariance
RIDGE = 0.02  # of the mean variance, added to every covariance: lossy noise has empty directions
BEFORE_MS, AFTER_MS = 0.4, 0.6  # of a template; what is longer or wider adds more noise than spike
FOOT = 0.15  # of a unit's peak: channels below it are left out


@dataclass(frozen=True, kw_only=True)
class SorterConfig:
    """Constants of the sorter.

    Parameters
    ----------
    threshold : float
        Of a crossing, in the rms of the traces' own noise.
    amplitude_deviation : float
        Of the spikes of a unit, relative to its template.
    jitter : int
        Frames around a crossing's trough in which a template may have its own.
    passes : int
        Searches; each subtracts what the one before has found.
    """

    threshold: float = 4.0
    amplitude_deviation: float = 0.1
    jitter: int = 8
    passes: int = 3


class Sorter:
    """Sorts traces by templates learned from known spikes.

    Parameters
    ----------
    traces : float32 (frames, channels)
        Where it learns.
    frames, units : int64 (spikes,)
        Its spikes.
    rate_hz : float
    """

    def __init__(
        self,
        traces: NDArray[np.float32],
        frames: NDArray[np.int64],
        units: NDArray[np.int64],
        rate_hz: float,
        config: SorterConfig | None = None,
    ) -> None:
        self.config = config or SorterConfig()
        self.before = int(BEFORE_MS * rate_hz / 1000)
        self.taps = self.before + int(AFTER_MS * rate_hz / 1000)
        after = self.taps - self.before
        self.templates = cut_templates(traces, frames, units, self.before, after).waveforms
        self.peaks = np.abs(self.templates).max(axis=1).argmax(axis=1)
        counts = np.bincount(units, minlength=len(self.templates))
        self.rarity = -np.log(np.maximum(counts, 1) / len(traces))
        temporal, spatial = self._covariances(traces, frames)
        level = np.sqrt(np.diag(spatial))
        # A channel that hardly ever moves, as coarse steps make it, would cross at every move.
        level = np.maximum(level, np.median(level))
        self.thresholds = (self.config.threshold * level).astype(np.float32)
        self._filters(temporal, spatial)

    def _covariances(
        self, traces: NDArray[np.float32], frames: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The noise's covariances over time (taps, taps), of unit variance, and channels."""
        begins = quiet_begins(len(traces), frames, self.before, self.taps)
        begins = begins[:: max(1, len(begins) // SNIPPETS)]
        noise = np.stack([traces[b : b + self.taps] for b in begins]).astype(np.float64)
        flat = noise.reshape(-1, traces.shape[1])
        spatial = flat.T @ flat / len(flat)
        spatial += RIDGE * np.trace(spatial) / len(spatial) * np.eye(len(spatial))
        rows = noise.transpose(0, 2, 1).reshape(-1, self.taps)
        temporal = rows.T @ rows / max(np.sum(rows**2) / self.taps, 1e-12)
        return temporal + RIDGE * np.eye(self.taps), spatial

    def _filters(self, temporal: NDArray[np.float64], spatial: NDArray[np.float64]) -> None:
        """Each unit's channels, filter C⁻¹ t (taps, its channels), and energy t' C⁻¹ t."""
        self.channels, self.filters, self.energies = [], [], []
        for template in self.templates.astype(np.float64):
            sizes = np.abs(template).max(axis=0)
            own = np.flatnonzero(sizes >= FOOT * max(sizes.max(), 1e-12))
            whitened = np.linalg.solve(temporal, template[:, own])
            matched = np.linalg.solve(spatial[np.ix_(own, own)], whitened.T).T
            self.channels.append(own)
            self.filters.append(matched.astype(np.float32))
            self.energies.append(float(np.sum(matched * template[:, own])))

    def sort(self, traces: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return frames and units, int64 (spikes,), of the spikes in ``traces``."""
        residual = traces.copy()
        found: list[tuple[int, int, float]] = []
        for _ in range(self.config.passes):
            spikes = self._search(residual)
            if not spikes:
                break
            for frame, unit, amplitude in spikes:
                begin, own = frame - self.before, self.channels[unit]
                residual[begin : begin + self.taps, own] -= amplitude * self.templates[unit][:, own]
            found += spikes
        frames, units = np.array([spike[:2] for spike in sorted(found)], np.int64).reshape(-1, 2).T
        return frames, units

    def _search(self, traces: NDArray[np.float32]) -> list[tuple[int, int, float]]:
        """Find spikes that do not overlap: the best of those that meet in time and place."""
        events, sites = crossings(traces, self.thresholds, self.config.jitter)
        jitter = np.arange(-self.config.jitter, self.config.jitter + 1)
        edge = self.before + self.config.jitter
        inside = (events >= edge) & (events < len(traces) - self.taps - edge)
        events, sites = events[inside], sites[inside]
        gains = np.full((len(events), len(self.templates)), -np.inf, np.float32)
        offsets, amplitudes = np.zeros(gains.shape, np.int64), np.ones(gains.shape, np.float32)
        p = self.config.amplitude_deviation**-2
        for unit, (own, matched) in enumerate(zip(self.channels, self.filters, strict=True)):
            near = np.flatnonzero(np.abs(sites - self.peaks[unit]) <= NEAR)
            if len(near) == 0 or self.energies[unit] <= 0:
                continue
            rows = events[near, np.newaxis] - edge + np.arange(self.taps + len(jitter) - 1)
            snippets = traces[rows[..., np.newaxis], own]  # (events, taps + 2 jitter, own)
            windows = np.lib.stride_tricks.sliding_window_view(snippets, self.taps, axis=1)
            scores = np.einsum("ejct,tc->ej", windows, matched, optimize=True)
            best = scores.argmax(axis=1)
            amplitude = (scores[np.arange(len(near)), best] + p) / (self.energies[unit] + p)
            gain = (amplitude**2 * (self.energies[unit] + p) - p) / 2 - self.rarity[unit]
            gains[near, unit] = np.where(amplitude > 0, gain, -np.inf)
            offsets[near, unit], amplitudes[near, unit] = jitter[best], amplitude
        return self._best(events, gains, offsets, amplitudes)

    def _best(
        self,
        events: NDArray[np.int64],
        gains: NDArray[np.float32],
        offsets: NDArray[np.int64],
        amplitudes: NDArray[np.float32],
    ) -> list[tuple[int, int, float]]:
        """Take spikes by falling gain; none that meets one taken before."""
        if len(events) == 0 or gains.shape[1] == 0:
            return []
        units = gains.argmax(axis=1)
        rows = np.arange(len(events))
        gain, frames = gains[rows, units], events + offsets[rows, units]
        taken: list[tuple[int, int, float]] = []
        by_time: dict[int, list[tuple[int, int]]] = {}
        for row in np.argsort(-gain, kind="stable"):
            if gain[row] <= 0:
                break
            frame, unit = int(frames[row]), int(units[row])
            slot = frame // self.taps
            rivals = [r for s in (slot - 1, slot, slot + 1) for r in by_time.get(s, ())]
            peak = self.peaks[unit]
            if any(
                abs(frame - other) < self.taps and abs(peak - self.peaks[who]) <= 2 * NEAR
                for other, who in rivals
            ):
                continue
            by_time.setdefault(slot, []).append((frame, unit))
            taken.append((frame, unit, float(amplitudes[row, unit])))
        return taken
