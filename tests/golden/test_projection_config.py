"""ProjectionConfig: ranges and their messages, widths, and the digest."""

import binascii
from dataclasses import replace

import pytest

from probecodec.golden import config, errors
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig

ROW = (1,) * 64
LOADED = {"family": Family.LOADED, "measurements": 1}
PAIR = {"family": Family.LOADED, "measurements": 2, "row_sum": 64}


def test_the_error_has_one_home():
    assert config.ConfigError is errors.ConfigError


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("channels", 2, 4096),
        ("sample_bits", 8, 16),
        ("highpass_shift", 0, 12),
        ("seed", 1, 2**32 - 1),
    ],
)
def test_whole_numbers(field, low, high):
    for value in (low, high):
        assert getattr(ProjectionConfig(**{field: value}), field) == value
    for value in (low - 1, high + 1, 2.5, "8"):
        if (field, value) == ("seed", 0):
            continue  # the default seed
        with pytest.raises(ConfigError) as error:
            ProjectionConfig(**{field: value})
        expected = f"{field} must be a whole number from {low} to {high}, not {value!r}"
        assert str(error.value) == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"window": 8}, "window must be a whole number from 16 to 256, not 8"),
        ({"window": 257}, "window must be a whole number from 16 to 256, not 257"),
        ({"window": 48}, "window must be a power of two, not 48"),
        ({"family": 1}, "family must be a Family, not 1"),
        ({"measurements": 0}, "measurements must be a whole number from 1 to 32, not 0"),
        ({"measurements": 33}, "measurements must be a whole number from 1 to 32, not 33"),
        ({"measurements": 63}, "measurements must be a whole number from 1 to 32, not 63"),
        ({"measurements": 64}, "measurements = 64 is no fewer than the 64 frames of a window"),
        ({"measurements": "8"}, "measurements must be a whole number from 1 to 32, not '8'"),
        (
            {"measurements": 9, "hold": 4},
            "measurements = 9 are over 8, the most with window = 64 and hold = 4: use fewer",
        ),
        (
            {"measurements": 33, "window": 256, "family": Family.DENSE},
            "measurements must be a whole number from 1 to 32, not 33",
        ),
        (
            {"measurements": 9, "window": 16, "family": Family.DENSE, "hold": 8},
            "measurements must be a whole number from 1 to 8, not 9",
        ),
        ({"hold": 0}, "hold must be a whole number from 1 to 32, not 0"),
        ({"hold": 64}, "hold must be a whole number from 1 to 32, not 64"),
        ({"hold": 2.0}, "hold must be a whole number from 1 to 32, not 2.0"),
        (LOADED | {"hold": 2}, "hold must be a whole number from 1 to 1, not 2"),
        (
            {"hold": 3, "family": Family.DENSE},
            "hold = 3 does not divide the 64 frames of a window; use a power of two",
        ),
        ({"shift": -1}, "shift must be a whole number from 0 to 15, not -1"),
        ({"shift": 16}, "shift must be a whole number from 0 to 15, not 16"),
        (
            {"shift": 12},
            "measurements of 19 bits less shift = 12 are 7; choose a shift that leaves 8 to 19",
        ),
        (
            {"sample_bits": 16, "shift": 3},
            "measurements of 23 bits less shift = 3 are 20; choose a shift that leaves 8 to 19",
        ),
        (
            LOADED | {"sample_bits": 16, "coefficient_bits": 16},
            "measurements of 38 bits are over 32; use smaller coefficients, or their row_sum",
        ),
        ({"coefficients": (ROW,)}, "coefficients are for family loaded; leave them out"),
        ({"row_sum": 5}, "row_sum is for family loaded; leave it at 0"),
        (
            LOADED | {"measurements": 9, "coefficients": (ROW,) * 9},
            "measurements must be a whole number from 1 to 8, not 9",
        ),
        (
            LOADED | {"coefficients": (ROW, ROW)},
            "coefficients must be a tuple of 1 tuples of 64",
        ),
        (LOADED | {"coefficients": (ROW[1:],)}, "coefficients must be a tuple of 1 tuples of 64"),
        (LOADED | {"coefficients": [ROW]}, "coefficients must be a tuple of 1 tuples of 64"),
        (LOADED | {"coefficients": ([1] * 64,)}, "coefficients must be a tuple of 1 tuples of 64"),
        (
            LOADED | {"coefficients": ((128, *ROW[1:]),)},
            "coefficients of measurement 0 must be whole numbers from -128 to 127",
        ),
        (
            LOADED | {"coefficients": ((0.5, *ROW[1:]),)},
            "coefficients of measurement 0 must be whole numbers from -128 to 127",
        ),
        (
            PAIR | {"coefficients": (ROW, (0, *ROW[1:]))},
            "measurement 0 takes frames 0 to 62: its other coefficients must be 0; make the "
            "matrix so (golden.projection.banded)",
        ),
        (
            PAIR | {"coefficients": ((*ROW[1:], 0), ROW)},
            "measurement 1 takes frames 1 to 63: its other coefficients must be 0; make the "
            "matrix so (golden.projection.banded)",
        ),
        (
            LOADED | {"coefficients": (ROW,), "row_sum": 63},
            "the coefficients of measurement 0 sum up to 64, over row_sum = 63",
        ),
        (
            LOADED | {"coefficients": (ROW,), "row_sum": 8193},
            "row_sum must be a whole number from 1 to 8192, not 8193",
        ),
        (
            LOADED | {"coefficients": (ROW,), "coefficient_bits": 17},
            "coefficient_bits must be a whole number from 2 to 16, not 17",
        ),
        (
            LOADED | {"sample_bits": 15, "coefficient_bits": 12, "row_sum": 1 << 17},
            "measurements of 33 bits are over 32; use smaller coefficients, or their row_sum",
        ),
        (
            LOADED | {"seed": 2**32},
            "seed must be a whole number from 0 to 4294967295, not 4294967296",
        ),
        (
            LOADED | {"coefficients": (ROW,), "seed": 0xBEEF},
            "these are not the coefficients that were used: their CRC-32 is "
            f"{binascii.crc32(bytes([0, 1] * 64)):08x}, not 0000beef; give the right ones",
        ),
    ],
)
def test_refused(fields, message):
    with pytest.raises(ConfigError) as error:
        ProjectionConfig(**fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("fields", "bits"),
    [
        ({}, 19),  # 50 hits of 4095: 204,750
        ({"measurements": 1}, 19),  # 64 of 4095: just below 2^18
        ({"measurements": 1, "highpass_shift": 0}, 19),  # 64 of 2048: just 2^17
        ({"measurements": 2, "highpass_shift": 0}, 18),  # 62 of 2048
        ({"measurements": 32}, 14),  # 2 of 4095
        ({"measurements": 4, "hold": 8}, 17),  # 16 of 4095
        ({"family": Family.DENSE}, 19),  # 57 of 4095: 233,415
        ({"family": Family.DENSE, "measurements": 32}, 19),  # 33 of 4095
        ({"family": Family.DENSE, "measurements": 32, "highpass_shift": 0}, 18),  # 33 of 2048
        (LOADED | {"coefficients": (ROW,)}, 26),  # 8,192 times 4095: just below 2^25
        (LOADED | {"coefficients": (ROW,), "row_sum": 64}, 19),
        (LOADED | {"row_sum": 1}, 13),
    ],
)
def test_width_of_a_measurement(fields, bits):
    made = ProjectionConfig(**fields)
    assert made.measurement_bits == bits
    assert made.shift == max(0, bits - 19)
    assert made.code_bits == min(bits, 19)


def test_a_shift_that_is_given_is_kept():
    for shift in (1, 7, 11):
        made = ProjectionConfig(shift=shift)
        assert (made.shift, made.code_bits) == (shift, 19 - shift)


@pytest.mark.parametrize("sample_bits", [8, 12, 16])
def test_the_default_shift_is_that_of_the_encoders_samples(sample_bits):
    """Whatever width stood in the configuration before; one that was chosen stays."""
    fields = {"channels": 64, "sample_bits": sample_bits, "modes": (Mode.PROJECTION,)}
    for given in (ProjectionConfig(window=256), ProjectionConfig(window=256, sample_bits=16)):
        own = EncoderConfig(projection=given, **fields).projection
        assert own == ProjectionConfig(channels=64, sample_bits=sample_bits, window=256)
        assert own.shift == max(0, own.measurement_bits - 19)
    chosen = EncoderConfig(projection=ProjectionConfig(shift=5), **fields).projection
    assert chosen.shift == 5


def test_coefficients_are_named_by_their_digest():
    """As 16-bit numbers, most significant byte first, row by row; they do not count in =="""
    rows = (-2, *[3] * 62, 0), (0, *[-128] * 62, 127)
    made = ProjectionConfig(**LOADED | {"measurements": 2}, coefficients=rows)
    text = b"".join(value.to_bytes(2, "big", signed=True) for row in rows for value in row)
    assert made.seed == binascii.crc32(text)
    assert replace(made, coefficients=()) == made
    assert replace(made, coefficients=(), seed=made.seed ^ 1) != made
