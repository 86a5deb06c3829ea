"""What one method made of one recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row of a table.

    Attributes
    ----------
    method : str
        A preset, or a peer.
    ours : bool
        Is it a preset?
    size : int or None
        Bytes, everything that decoding needs; None where the method did not run.
    bits_per_sample, ratio_int16, ratio_adc : float or None
        ``size`` over the samples; 16 bits, and the ADC's bits, over that.
    encode_mb_s, decode_mb_s : float or None
        Megabytes (10**6) of int16 a second, one thread.
    verified_frames : int
        Leading frames that were decoded and compared.
    passed : bool or None
        Were all of those equal? None where the method did not run.
    failed : bool
        The method was there, and did not do its work.
    note : str
        Why it did not run, or failed.
    settings : dict
        For JSON.
    """

    method: str
    ours: bool
    size: int | None = None
    bits_per_sample: float | None = None
    ratio_int16: float | None = None
    ratio_adc: float | None = None
    encode_mb_s: float | None = None
    decode_mb_s: float | None = None
    verified_frames: int = 0
    passed: bool | None = None
    failed: bool = False
    note: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return everything, for scripts."""
        return asdict(self)


def measured(
    method: str,
    samples: NDArray[Any],
    sample_bits: int,
    *,
    size: int,
    seconds: tuple[float, float],
    verified_frames: int,
    passed: bool,
    **rest: Any,
) -> Result:
    """Return the result of a method that ran.

    Parameters
    ----------
    samples : int16 (frames, channels)
    size : int
        Bytes.
    seconds : (float, float)
        Time to encode all frames, and to decode the ``verified_frames``.
    """
    frames, channels = samples.shape
    bits = 8 * size / samples.size
    encode_s, decode_s = seconds
    return Result(
        method=method,
        size=size,
        bits_per_sample=bits,
        ratio_int16=16 / bits,
        ratio_adc=sample_bits / bits,
        encode_mb_s=2e-6 * frames * channels / encode_s,
        decode_mb_s=2e-6 * verified_frames * channels / decode_s,
        verified_frames=verified_frames,
        passed=passed,
        failed=not passed,
        **rest,
    )
