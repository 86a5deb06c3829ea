"""What one method made of one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Whose a lossless method is."""

    STUDY = "study"  # of the published study (`probecodec.bench.study`)
    PROPOSED = "proposed"  # what the study proposed and did not do
    PEER = "peer"  # a tool that laboratories use
    OURS = "ours"  # a preset


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of a table.

    Attributes
    ----------
    method : str
        Its name.
    kind : Kind
    size : int or None
        Bytes, everything that decoding needs; None where the method did not run.
    bits_per_sample, ratio_int16, ratio_adc : float or None
        ``size`` over the samples; 16 bits, and the ADC's bits, over that.
    encode_mb_s, decode_mb_s : float or None
        Megabytes (10**6) of int16 a second, one thread.
    channel_bits : list of float or None
        Of a preset: bits a sample of each channel, headers left out.
    encode_peak_mb, decode_peak_mb : float or None
        Megabytes of memory above what was held before, the recording; None where not known.
    verified_frames : int
        Leading frames that were decoded and compared.
    passed : bool or None
        Were all of those equal? None where the method did not run.
    failed : bool
        The method was there, and did not do its work.
    note : str
        Why it did not run, or failed.
    about : str
        Its settings.
    settings : dict
        More, for JSON.
    """

    method: str
    kind: Kind
    size: int | None = None
    bits_per_sample: float | None = None
    ratio_int16: float | None = None
    ratio_adc: float | None = None
    encode_mb_s: float | None = None
    decode_mb_s: float | None = None
    encode_peak_mb: float | None = None
    decode_peak_mb: float | None = None
    channel_bits: list[float] | None = None
    verified_frames: int = 0
    passed: bool | None = None
    failed: bool = False
    note: str = ""
    about: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Is it a preset?"""
        return self.kind == Kind.OURS

    def as_json(self) -> dict[str, Any]:
        """Return everything, for scripts."""
        return asdict(self)
