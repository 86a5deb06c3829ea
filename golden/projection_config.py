"""The configuration of high-pass and projection: frozen, validated."""

from __future__ import annotations

from dataclasses import dataclass

from .config import ConfigError
from .format import GENERATOR_BITS, LOADED_MEASUREMENTS, Family

_MASK = (1 << GENERATOR_BITS) - 1


@dataclass(frozen=True, kw_only=True)
class ProjectionConfig:
    """What is fixed when the two stages are elaborated.

    Parameters
    ----------
    channels : int
        Samples in a frame, 2 … 4096.
    sample_bits : int
        Width W of the signed samples, 8 … 16.
    highpass_shift : int
        The running mean moves by 2^-shift of the deviation a sample, 1 … 12; its corner is
        rate / (2 pi 2^shift). ``0``: no high-pass, and the projection takes samples of W bits.
    window : int
        Frames N in a window, a power of two, 16 … 256.
    measurements : int
        Measurements M of a channel and window, 1 … N - 1; as many as `most_measurements`.
    family : Family
        How the matrix is made.
    seed : int
        Of the pseudo-random families, 1 … 2^32 - 1.
    hold : int
        Frames for which family HELD keeps a sign, a power of two, 2 … N; 1 for the others.
    coefficients : tuple of tuple of int
        Family LOADED: M rows of N. Measurement k begins in frame k, so that those before are 0
        (`probecodec.golden.projection.turned` makes them so). The hardware takes them by a port.
    coefficient_bits : int
        Width of the signed coefficients, 2 … 16.
    row_sum : int
        Bound on the sum of a row's absolute coefficients, which sets the width of the
        accumulators. ``0`` (default) takes the most that N coefficients can make.

    Raises
    ------
    ConfigError
        Where a value is out of range or the values do not go together.
    """

    channels: int = 384
    sample_bits: int = 12
    highpass_shift: int = 8
    window: int = 64
    measurements: int = 8
    family: Family = Family.SPARSE
    seed: int = 1
    hold: int = 1
    coefficients: tuple[tuple[int, ...], ...] = ()
    coefficient_bits: int = 8
    row_sum: int = 0

    def __post_init__(self) -> None:
        self._check_range("channels", 2, 4096)
        self._check_range("sample_bits", 8, 16)
        self._check_range("highpass_shift", 0, 12)
        self._check_range("window", 16, 256)
        _require(
            self.window & self.window - 1 == 0,
            f"window must be a power of two, not {self.window}",
        )
        _require(isinstance(self.family, Family), f"family must be a Family, not {self.family!r}")
        _require(
            not isinstance(self.measurements, int) or self.measurements < self.window,
            f"measurements = {self.measurements!r} is no fewer than the {self.window} frames of a "
            "window; use fewer, or no projection at all",
        )
        self._check_range("measurements", 1, self.most_measurements)
        self._check_range("seed", 1, _MASK)
        self._check_hold()
        self._check_coefficients()

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        _require(
            isinstance(value, int) and low <= value <= high,
            f"{name} must be a whole number from {low} to {high}, not {value!r}",
        )

    def _check_hold(self) -> None:
        if self.family != Family.HELD:
            _require(self.hold == 1, f"hold = {self.hold!r} is for family held; leave it at 1")
            return
        self._check_range("hold", 2, self.window)
        _require(
            self.window % self.hold == 0,
            f"hold = {self.hold} does not divide the {self.window} frames of a window; "
            "use a power of two",
        )

    def _check_coefficients(self) -> None:
        rows = self.coefficients
        if self.family != Family.LOADED:
            _require(rows == (), "coefficients are for family loaded; leave them out")
            _require(self.row_sum == 0, "row_sum is for family loaded; leave it at 0")
            return
        self._check_range("coefficient_bits", 2, 16)
        half = 1 << self.coefficient_bits - 1
        if self.row_sum == 0:
            object.__setattr__(self, "row_sum", self.window * half)
        self._check_range("row_sum", 1, self.window * half)
        _require(rows != (), "family loaded needs its coefficients, a row for each measurement")
        _require(
            isinstance(rows, tuple)
            and len(rows) == self.measurements
            and all(isinstance(row, tuple) and len(row) == self.window for row in rows),
            f"coefficients must be a tuple of {self.measurements} tuples of {self.window}",
        )
        for k, row in enumerate(rows):
            _require(
                all(isinstance(value, int) and -half <= value < half for value in row),
                f"coefficients of measurement {k} must be whole numbers from {-half} to {half - 1}",
            )
            _require(
                not any(row[:k]),
                f"measurement {k} begins in frame {k}: its coefficients before must be 0; "
                "turn the matrix (golden.projection.turned)",
            )
            total = sum(abs(value) for value in row)
            _require(
                total <= self.row_sum,
                f"the coefficients of measurement {k} sum up to {total}, over "
                f"row_sum = {self.row_sum}",
            )

    @property
    def most_measurements(self) -> int:
        """As many as the family can have: the generator gives so many signs a sample."""
        most = {Family.SPARSE: self.window - 1, Family.LOADED: LOADED_MEASUREMENTS}
        return min(self.window - 1, most.get(self.family, GENERATOR_BITS))

    @property
    def value_bits(self) -> int:
        """Width of what is projected: the high-pass may double a sample."""
        return self.sample_bits + (self.highpass_shift > 0)

    @property
    def value_limit(self) -> int:
        """Largest magnitude of what is projected: 2^W - 1 behind the high-pass, else 2^(W-1)."""
        return (1 << self.sample_bits) - 1 if self.highpass_shift else 1 << self.sample_bits - 1

    @property
    def measurement_bits(self) -> int:
        """Width of a measurement: the narrowest that no input can overflow.

        The sum of a row's magnitudes is at most N - M + 1 for SPARSE (the M - 1 frames in which
        the others begin belong to them), N for DENSE and HELD, ``row_sum`` for LOADED.
        """
        largest = {Family.SPARSE: self.window - self.measurements + 1, Family.LOADED: self.row_sum}
        bound = self.value_limit * largest.get(self.family, self.window)
        return bound.bit_length() + 1

    @property
    def start(self) -> int:
        """The generator's first state: the seed, mixed, for xorshift is slow to leave small ones.

        (Finaliser of MurmurHash3, A. Appleby: one to one, and 0 only for 0.)
        """
        state = self.seed
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            state = (state ^ state >> shift) * factor & _MASK
        return state ^ state >> 16


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)
