"""The configuration of high-pass and projection: frozen, validated."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import check_range, require
from .format import (
    GENERATOR_BITS,
    HUFFMAN_ESCAPE_ZEROS,
    LOADED_MEASUREMENTS,
    MATRIX,
    MAX_CODE_BITS,
    Family,
)

_MASK = (1 << GENERATOR_BITS) - 1
_MAX_CODE_BITS = MAX_CODE_BITS - HUFFMAN_ESCAPE_ZEROS - 1  # an escape, and an auxiliary bit
_LEAST_CODE_BITS = 8
_MAX_SUM_BITS = 32


@dataclass(frozen=True, kw_only=True)
class ProjectionConfig:
    """What is fixed when the two stages are elaborated.

    Parameters
    ----------
    channels : int
        Samples in a frame, 2 … 4096. In an `EncoderConfig` this and the next are the encoder's.
    sample_bits : int
        Width W of the signed samples, 8 … 16.
    highpass_shift : int
        The running mean moves by 2^-shift of the deviation a sample, 1 … 12; its corner is
        rate / (2 pi 2^shift). ``0``: no high-pass, and the projection takes samples of W bits.
    window : int
        Frames N in a window, a power of two, 16 … 256.
    measurements : int
        Measurements M of a channel and window, 1 … N / 2; as many as `most_measurements`.
    family : Family
        How the matrix is made.
    hold : int
        Frames that share hits and signs in families SPARSE and DENSE, a power of two, 1 … N / 2.
    shift : int
        Lowest bits of a measurement that are not sent, 0 … 15. ``0`` (default) takes the least
        that leaves 19, with which an escape has 31: 0 for 12-bit samples and windows of 64.
    seed : int
        Of the pseudo-random families, 1 … 2^32 - 1 (default 1). LOADED: the CRC-32 of its
        coefficients; to be given only where these are not.
    coefficients : tuple of tuple of int
        Family LOADED: M rows of N; row k is 0 before frame k and behind frame N - M + k
        (`probecodec.golden.projection.banded` makes any rows so). Empty where they are not known:
        the hardware takes them by a port. Left out of comparisons, for the seed names them.
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
    highpass_shift: int = 5
    window: int = 64
    measurements: int = 8
    family: Family = Family.SPARSE
    hold: int = 1
    shift: int = 0
    seed: int = 0
    coefficients: tuple[tuple[int, ...], ...] = field(default=(), compare=False, repr=False)
    coefficient_bits: int = 8
    row_sum: int = 0

    def __post_init__(self) -> None:
        check_range(self, "channels", 2, 4096)
        check_range(self, "sample_bits", 8, 16)
        check_range(self, "highpass_shift", 0, 12)
        check_range(self, "window", 16, 256)
        require(
            self.window & self.window - 1 == 0,
            f"window must be a power of two, not {self.window}",
        )
        require(isinstance(self.family, Family), f"family must be a Family, not {self.family!r}")
        self._check_hold()
        require(
            not isinstance(self.measurements, int) or self.measurements < self.window,
            f"measurements = {self.measurements!r} is no fewer than the {self.window} frames of a "
            f"window; use at most {self.most_measurements}",
        )
        require(
            not isinstance(self.measurements, int)
            or self.family != Family.SPARSE
            or self.hold == 1
            or self.measurements <= self.most_measurements,
            f"measurements = {self.measurements} are over {self.most_measurements}, the most with "
            f"window = {self.window} and hold = {self.hold}: use fewer, or a shorter hold",
        )
        check_range(self, "measurements", 1, self.most_measurements)
        self._check_coefficients()
        self._default("seed", int(self.family != Family.LOADED))
        check_range(self, "seed", int(self.family != Family.LOADED), _MASK)
        require(
            self.measurement_bits <= _MAX_SUM_BITS,
            f"measurements of {self.measurement_bits} bits are over {_MAX_SUM_BITS}; use smaller "
            "coefficients, or their row_sum",
        )
        self._default("shift", self.least_shift)
        check_range(self, "shift", 0, 15)
        require(
            _LEAST_CODE_BITS <= self.code_bits <= _MAX_CODE_BITS,
            f"measurements of {self.measurement_bits} bits less shift = {self.shift} are "
            f"{self.code_bits}; choose a shift that leaves {_LEAST_CODE_BITS} to {_MAX_CODE_BITS}",
        )

    def _default(self, name: str, value: int) -> None:
        if getattr(self, name) == 0:
            object.__setattr__(self, name, value)

    def _check_hold(self) -> None:
        loaded = self.family == Family.LOADED
        check_range(self, "hold", 1, 1 if loaded else self.window // 2)
        require(
            self.window % self.hold == 0,
            f"hold = {self.hold} does not divide the {self.window} frames of a window; "
            "use a power of two",
        )

    def _check_coefficients(self) -> None:
        rows = self.coefficients
        if self.family != Family.LOADED:
            require(rows == (), "coefficients are for family loaded; leave them out")
            require(self.row_sum == 0, "row_sum is for family loaded; leave it at 0")
            return
        check_range(self, "coefficient_bits", 2, 16)
        half = 1 << self.coefficient_bits - 1
        self._default("row_sum", self.window * half)
        check_range(self, "row_sum", 1, self.window * half)
        if rows == ():
            return
        require(
            isinstance(rows, tuple)
            and len(rows) == self.measurements
            and all(isinstance(row, tuple) and len(row) == self.window for row in rows),
            f"coefficients must be a tuple of {self.measurements} tuples of {self.window}",
        )
        for k, row in enumerate(rows):
            require(
                all(isinstance(value, int) and -half <= value < half for value in row),
                f"coefficients of measurement {k} must be whole numbers from {-half} to {half - 1}",
            )
            first, last = k, self.given_frames[k]
            require(
                not any(row[:first]) and not any(row[last + 1 :]),
                f"measurement {k} takes frames {first} to {last}: its other coefficients must be "
                "0; make the matrix so (golden.projection.banded)",
            )
            total = sum(abs(value) for value in row)
            require(
                total <= self.row_sum,
                f"the coefficients of measurement {k} sum up to {total}, over "
                f"row_sum = {self.row_sum}",
            )
        digest = zlib.crc32(np.array(rows, ">i2").tobytes())
        self._default("seed", digest)
        require(
            self.seed == digest,
            f"these are not the coefficients that were used: their CRC-32 is {digest:08x}, not "
            f"{self.seed:08x}; give the right ones",
        )

    @property
    def most_measurements(self) -> int:
        """As many as the family can have.

        Each needs frames of its own to begin and to end in; and the generator gives so many signs a
        sample.
        """
        if self.family == Family.SPARSE:
            return self.window // self.hold // 2
        most = LOADED_MEASUREMENTS if self.family == Family.LOADED else GENERATOR_BITS
        return min(self.window // 2, most)

    @property
    def given_frames(self) -> tuple[int, ...]:
        """The frame of the window in which each measurement is complete, and given."""
        if self.family == Family.SPARSE:
            return tuple(
                range(
                    self.window - self.measurements * self.hold + self.hold - 1,
                    self.window,
                    self.hold,
                )
            )
        return tuple(range(self.window - self.measurements, self.window))

    def rows(self, frames: int) -> int:
        """How many measurements of a channel a packet of ``frames`` frames gives."""
        windows, rest = divmod(frames, self.window)
        return windows * self.measurements + sum(place < rest for place in self.given_frames)

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

        A row's magnitudes sum up to at most N - 2 (M - 1) hold for SPARSE (in the groups in which
        another begins or ends, the hits are the other's), N - M + 1 for DENSE, ``row_sum`` for
        LOADED.
        """
        count = self.measurements
        largest = {
            Family.SPARSE: self.window - 2 * (count - 1) * self.hold,
            Family.DENSE: self.window - count + 1,
            Family.LOADED: self.row_sum,
        }
        return (self.value_limit * largest[self.family]).bit_length() + 1

    @property
    def least_shift(self) -> int:
        """The least ``shift`` that leaves so few bits that an escape still fits a code."""
        return max(0, self.measurement_bits - _MAX_CODE_BITS)

    @property
    def code_bits(self) -> int:
        """Width of what is sent of a measurement."""
        return self.measurement_bits - self.shift

    @property
    def start(self) -> int:
        """The generator's first state: the seed, mixed, for xorshift is slow to leave small ones.

        (Finaliser of MurmurHash3, A. Appleby: one to one, and 0 only for 0.)
        """
        state = self.seed
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            state = (state ^ state >> shift) * factor & _MASK
        return state ^ state >> 16

    def __str__(self) -> str:
        """What its matrix is, in words."""
        name = "coefficients" if self.family == Family.LOADED else "seed"
        seed = f"{self.seed:08x}" if self.family == Family.LOADED else self.seed
        return (
            f"{self.family.name.lower()}, window {self.window}, measurements {self.measurements}, "
            f"hold {self.hold}, shift {self.shift}, high-pass {self.highpass_shift}, {name} {seed}"
        )

    @property
    def extension(self) -> bytes:
        """The extension words of its packets."""
        return MATRIX.pack(
            family=self.family,
            window_log2=self.window.bit_length() - 1,
            hold_log2=self.hold.bit_length() - 1,
            measurements_minus_1=self.measurements - 1,
            highpass_shift=self.highpass_shift,
            shift=self.shift,
            code_bits=self.code_bits,
            seed=self.seed,
        )

    @classmethod
    def from_extension(
        cls, extension: bytes | memoryview, channels: int, sample_bits: int
    ) -> ProjectionConfig:
        """Return what the extension words of a packet tell.

        Raises ``ConfigError`` where they tell of nothing that can be.
        """
        require(
            len(extension) == MATRIX.size,
            f"mode projection has {MATRIX.words} words of extension, not {len(extension) // 4}",
        )
        told = MATRIX.unpack(extension)
        require(told["family"] in set(Family), f"its matrix family {told['family']} is not known")
        family = Family(told["family"])
        fields: dict[str, Any] = {
            "channels": channels,
            "sample_bits": sample_bits,
            "highpass_shift": told["highpass_shift"],
            "window": 1 << told["window_log2"],
            "measurements": told["measurements_minus_1"] + 1,
            "family": family,
            "hold": 1 << told["hold_log2"],
            "shift": told["shift"],
            "seed": told["seed"],
        }
        require(
            family == Family.LOADED or told["seed"] > 0, "seed = 0: the generator has no such state"
        )
        if family == Family.LOADED:  # the widths follow from what the coefficients may sum up to
            limit = (1 << sample_bits) - 1 if told["highpass_shift"] else 1 << sample_bits - 1
            largest = (1 << max(told["code_bits"] + told["shift"] - 1, 0)) - 1
            most = fields["window"] << 15
            fields |= {"coefficient_bits": 16, "row_sum": min(max(1, largest // limit), most)}
        config = cls(**fields)
        require(
            (config.shift, config.code_bits) == (told["shift"], told["code_bits"]),
            f"code_bits = {told['code_bits']} and shift = {told['shift']} do not belong to its "
            f"matrix, whose measurements have {config.measurement_bits} bits",
        )
        return config
