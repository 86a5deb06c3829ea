"""All that was found out about one recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..host.recording import Recording
from .entropies import Entropies
from .projection.result import Results
from .result import Result


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All results on one recording.

    Attributes
    ----------
    name : str
        Its path, or what it is.
    recording : Recording
    results : list of Result
        Lossless methods.
    entropies : Entropies
    lossy : Results or None
        Lossy families at equal bits; None where they were not asked for, or could not be.
    notes : list of str
        What to mind: about the recording, and what was left out.
    """

    name: str
    recording: Recording
    results: list[Result]
    entropies: Entropies
    lossy: Results | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """Its name without folder and suffix."""
        return Path(self.name).stem

    @property
    def clip(self) -> str:
        """Channels and length."""
        frames, channels = self.recording.samples.shape
        return f"{channels} ch × {length(frames, self.recording.rate_hz)}"

    @property
    def title(self) -> str:
        """Name, frames, channels, bits."""
        frames, channels = self.recording.samples.shape
        seconds = length(frames, self.recording.rate_hz)
        return (
            f"{self.stem}: {frames} frames ({seconds}), {channels} channels, "
            f"{self.recording.sample_bits} bits"
        )

    def best(self, *, ours: bool) -> Result | None:
        """The smallest of the presets, or of all others; None where none ran and passed."""
        passed = [r for r in self.results if r.ours == ours and r.passed]
        return min(passed, key=lambda r: r.size or 0, default=None)

    @property
    def gain_percent(self) -> float | None:
        """How much smaller our best is than the best of all others."""
        mine, other = self.best(ours=True), self.best(ours=False)
        if mine is None or other is None or not mine.size or not other.size:
            return None
        return 100 * (1 - mine.size / other.size)

    def as_json(self) -> dict[str, Any]:
        """Return everything, for scripts."""
        frames, channels = self.recording.samples.shape
        mine, other = self.best(ours=True), self.best(ours=False)
        return {
            "recording": self.name,
            "frames": frames,
            "channels": channels,
            "sample_bits": self.recording.sample_bits,
            "rate_hz": self.recording.rate_hz,
            "notes": self.notes,
            "entropies": self.entropies.as_json(),
            "results": [result.as_json() for result in self.results],
            "best_ours": mine and mine.method,
            "best_other": other and other.method,
            "gain_percent": self.gain_percent,
            "lossy": self.lossy and self.lossy.as_json(),
        }


def length(frames: int, rate_hz: float) -> str:
    """How long it lasts, with a unit."""
    seconds = frames / rate_hz
    return f"{1e3 * seconds:.0f} ms" if seconds < 0.1 else f"{seconds:.2f} s"
