"""What a run of the evaluation gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coding import Bits
from .metrics import SpikeScore, TraceScore
from .options import Options


@dataclass(frozen=True, kw_only=True)
class Row:
    """One family, at one rate, recovered in one way, in one noise.

    Attributes
    ----------
    family, recovery : str
        Keys of `FAMILIES`, or ``"lossless"``; of `RECOVERIES`, or ``"sorter"`` for traces that need
        none.
    noise_uv, target : float
        rms of the noise; the wanted ratio, 0 for lossless.
    bits, ratio_adc, ratio_int16 : float
        Bits a sample; the ADC's bits, and 16, over that.
    kind : Bits
        What these bits are.
    encode_mb_s, decode_mb_s : float
        Megabytes (10**6) of int16 a second, one thread, of the judged stretch; learning and the
        search for the setting left out. Decoded are traces, or spikes by the detector.
    setting : str
    spikes : SpikeScore
    traces : TraceScore or None
        None for the detector, which makes no traces.
    """

    family: str
    recovery: str
    noise_uv: float
    target: float
    bits: float
    ratio_adc: float
    ratio_int16: float
    kind: Bits
    encode_mb_s: float
    decode_mb_s: float
    setting: str
    spikes: SpikeScore
    traces: TraceScore | None

    @property
    def sorted_by(self) -> str:
        """``"detector"`` or ``"sorter"``: rows of one are compared with its own lossless row."""
        return "detector" if self.recovery == "detector" else "sorter"

    def as_json(self) -> dict[str, Any]:
        """Return everything; an infinite SNR is null."""
        told = asdict(self)
        told["spikes"] |= {
            name: getattr(self.spikes, name) for name in ("error", "recall", "precision")
        }
        if self.traces is not None and not np.isfinite(self.traces.snr_db):
            told["traces"]["snr_db"] = None
        return told


@dataclass(frozen=True, kw_only=True, eq=False)
class Waveforms:
    """Mean spikes of some units, float32 (units, frames) on their own channels, in uV."""

    noise_uv: float
    target: float
    true: NDArray[np.float32]
    recovered: dict[str, NDArray[np.float32]]


@dataclass(kw_only=True, eq=False)
class Results:
    """All rows, lossless first for each noise; what was out of reach, and what is not there."""

    options: Options
    rows: list[Row] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waveforms: list[Waveforms] = field(default_factory=list)
    spun_seconds: float = 0.0  # of the recording, where it was spun out

    def lossless(self, row: Row) -> Row | None:
        """The lossless row that belongs beside ``row``."""
        same = (
            one
            for one in self.rows
            if one.family == "lossless"
            and (one.noise_uv, one.sorted_by) == (row.noise_uv, row.sorted_by)
        )
        return next(same, None)

    def lost(self, row: Row) -> float:
        """Share wrong or missed above the same sorter's or detector's on lossless samples."""
        reference = self.lossless(row)
        return row.spikes.error - (0.0 if reference is None else reference.spikes.error)

    def as_json(self) -> dict[str, Any]:
        """Return options, rows, what was left out and what is missing, for scripts."""
        options = asdict(self.options)
        options["path"] = None if self.options.path is None else str(self.options.path)
        return {
            "options": options,
            "rows": [row.as_json() for row in self.rows],
            "left_out": self.left_out,
            "missing": self.missing,
        }
