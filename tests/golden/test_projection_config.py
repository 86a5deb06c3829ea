"""ProjectionConfig: ranges and their messages, widths."""

import pytest

from probecodec.golden.config import ConfigError
from probecodec.golden.format import Family
from probecodec.golden.projection_config import ProjectionConfig

ROW = (1,) * 64
LOADED = {"family": Family.LOADED, "measurements": 1}


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
        ({"measurements": 0}, "measurements must be a whole number from 1 to 63, not 0"),
        ({"measurements": 64}, "measurements = 64 is no fewer than the 64 frames of a window"),
        ({"measurements": "8"}, "measurements must be a whole number from 1 to 63, not '8'"),
        (
            {"measurements": 33, "family": Family.DENSE},
            "measurements must be a whole number from 1 to 32, not 33",
        ),
        ({"hold": 2}, "hold = 2 is for family held; leave it at 1"),
        (
            {"hold": 1, "family": Family.HELD},
            "hold must be a whole number from 2 to 64, not 1",
        ),
        (
            {"hold": 128, "family": Family.HELD},
            "hold must be a whole number from 2 to 64, not 128",
        ),
        (
            {"hold": 3, "family": Family.HELD},
            "hold = 3 does not divide the 64 frames of a window; use a power of two",
        ),
        ({"coefficients": (ROW,)}, "coefficients are for family loaded; leave them out"),
        ({"row_sum": 5}, "row_sum is for family loaded; leave it at 0"),
        (LOADED, "family loaded needs its coefficients, a row for each measurement"),
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
        (
            LOADED | {"coefficients": ((128, *ROW[1:]),)},
            "coefficients of measurement 0 must be whole numbers from -128 to 127",
        ),
        (
            LOADED | {"coefficients": ((0.5, *ROW[1:]),)},
            "coefficients of measurement 0 must be whole numbers from -128 to 127",
        ),
        (
            LOADED | {"measurements": 2, "coefficients": (ROW, ROW)},
            "measurement 1 begins in frame 1: its coefficients before must be 0",
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
    ],
)
def test_refused(fields, message):
    with pytest.raises(ConfigError) as error:
        ProjectionConfig(**fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("fields", "bits"),
    [
        ({}, 19),  # 57 hits of 4095: 233,415
        ({"highpass_shift": 0}, 18),  # 57 of 2048: 116,736
        ({"family": Family.DENSE}, 19),  # 64 of 4095: 262,080
        ({"family": Family.DENSE, "highpass_shift": 0}, 19),  # 64 of 2048: just 2^17
        (LOADED | {"coefficients": (ROW,)}, 26),  # 8,192 times 4095: just below 2^25
        (LOADED | {"coefficients": (ROW,), "row_sum": 64}, 19),
    ],
)
def test_width_of_a_measurement(fields, bits):
    assert ProjectionConfig(**fields).measurement_bits == bits
