"""The extension words of mode PROJECTION: what they tell, and what they cannot."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden.config import ConfigError
from probecodec.golden.format import MATRIX, Family
from probecodec.golden.projection_config import ProjectionConfig


def test_extension_by_hand():
    made = ProjectionConfig(
        sample_bits=10,
        highpass_shift=9,
        window=32,
        measurements=6,
        family=Family.DENSE,
        hold=8,
        shift=3,
        seed=0x01234567,
    )
    assert made.measurement_bits == 16  # 27 of 1023
    # family, log2 of window and hold, M - 1, high-pass, shift, bits of a code
    bits = "0001 0101 0011 0000101 1001 0011 01101"
    assert made.extension == int(bits.replace(" ", ""), 2).to_bytes(4, "big") + bytes.fromhex(
        "01234567"
    )


@st.composite
def configs(draw):
    """Any that can be."""
    family, window = draw(st.sampled_from(Family)), 1 << draw(st.integers(4, 8))
    hold = 1 if family == Family.LOADED else 1 << draw(st.integers(0, window.bit_length() - 2))
    most = {Family.SPARSE: window // hold // 2, Family.DENSE: min(32, window // 2)}
    fields = {
        "channels": draw(st.integers(2, 4096)),
        "sample_bits": draw(st.integers(8, 16)),
        "highpass_shift": draw(st.integers(0, 12)),
        "window": window,
        "measurements": draw(st.integers(1, most.get(family, 8))),
        "family": family,
        "hold": hold,
        "seed": draw(st.integers(1, 2**32 - 1)),
    }
    if family == Family.LOADED:
        fields |= {"row_sum": draw(st.integers(1, 1 << 11))}
    made = ProjectionConfig(**fields)
    return replace(made, shift=draw(st.integers(made.shift, min(15, made.measurement_bits - 8))))


@given(made=configs())
def test_what_the_extension_tells_is_what_it_was_made_of(made):
    told = ProjectionConfig.from_extension(made.extension, made.channels, made.sample_bits)
    assert told.extension == made.extension
    for name in ("measurement_bits", "code_bits", "value_bits", "given_frames", "start"):
        assert getattr(told, name) == getattr(made, name)
    if made.family == Family.LOADED:
        told = replace(told, row_sum=made.row_sum, coefficient_bits=made.coefficient_bits)
    assert told == made


def test_coefficients_belong_to_what_the_extension_tells():
    """Those with another digest are refused, and those that the widths do not allow."""
    random = np.random.default_rng(0)
    rows = np.tril(np.triu(random.integers(-20, 20, (3, 16))), 13)
    rows = tuple(map(tuple, rows.tolist()))
    made = ProjectionConfig(
        family=Family.LOADED, window=16, measurements=3, coefficients=rows, row_sum=200, shift=2
    )
    told = ProjectionConfig.from_extension(memoryview(made.extension), 384, 12)
    assert told.coefficients == ()
    assert replace(told, coefficients=rows).coefficients == rows
    other = (tuple(-value for value in rows[0]), *rows[1:])
    with pytest.raises(ConfigError, match=f"not the coefficients .*, not {made.seed:08x}; give"):
        replace(told, coefficients=other)
    wide = tuple(tuple(100 * value for value in row) for row in rows)
    with pytest.raises(ConfigError, match=r"sum up to .*, over row_sum"):
        replace(told, coefficients=wide)


TOLD = {
    "family": Family.DENSE,
    "window_log2": 6,
    "measurements_minus_1": 7,
    "highpass_shift": 8,
    "code_bits": 19,
    "seed": 1,
}


def from_fields(**fields):
    return ProjectionConfig.from_extension(MATRIX.pack(**TOLD | fields), 384, 12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"family": 3}, "its matrix family 3 is not known"),
        ({"family": 15}, "its matrix family 15 is not known"),
        ({"seed": 0}, "seed = 0: the generator has no such state"),
        ({"window_log2": 3}, "window must be a whole number from 16 to 256, not 8"),
        ({"window_log2": 15}, "window must be a whole number from 16 to 256, not 32768"),
        ({"hold_log2": 6}, "hold must be a whole number from 1 to 32, not 64"),
        (
            {"family": Family.LOADED, "hold_log2": 1},
            "hold must be a whole number from 1 to 1, not 2",
        ),
        (
            {"measurements_minus_1": 32},
            "measurements must be a whole number from 1 to 32, not 33",
        ),
        (
            {"measurements_minus_1": 127},
            "measurements = 128 is no fewer than the 64 frames of a window",
        ),
        ({"highpass_shift": 13}, "highpass_shift must be a whole number from 0 to 12, not 13"),
        (
            {"code_bits": 18},
            "code_bits = 18 and shift = 0 do not belong to its matrix, whose measurements have "
            "19 bits",
        ),
        (
            {"shift": 1},
            "code_bits = 19 and shift = 1 do not belong to its matrix, whose measurements have "
            "19 bits",
        ),
        (
            {"shift": 15, "code_bits": 4},
            "measurements of 19 bits less shift = 15 are 4; choose a shift that leaves 8 to 19",
        ),
        (
            {"family": Family.LOADED, "code_bits": 31, "shift": 15},
            "measurements of 34 bits are over 32; use smaller coefficients, or their row_sum",
        ),
        (
            {"family": Family.LOADED, "code_bits": 20},
            "code_bits = 20 and shift = 0 do not belong to its matrix, whose measurements have "
            "20 bits",
        ),
        ({"family": Family.LOADED, "code_bits": 0}, "code_bits = 0 and shift = 0 do not belong"),
    ],
)
def test_extensions_that_tell_of_nothing_that_can_be(fields, message):
    from_fields()  # the others are sound
    with pytest.raises(ConfigError) as error:
        from_fields(**fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("words", [0, 1, 3, 255])
def test_extensions_of_another_length(words):
    with pytest.raises(ConfigError) as error:
        ProjectionConfig.from_extension(bytes(4 * words), 384, 12)
    assert str(error.value) == f"mode projection has 2 words of extension, not {words}"


BITS = st.integers(0, 31).map(lambda place: 1 << place) | st.integers(1, 2**32 - 1)


@given(made=configs(), flipped=BITS)
def test_any_extension_is_refused_or_the_same_again(made, flipped):
    extension = bytearray(made.extension)
    for at, byte in enumerate(flipped.to_bytes(4, "big")):
        extension[at] ^= byte
    try:
        told = ProjectionConfig.from_extension(extension, made.channels, made.sample_bits)
    except ConfigError:
        return
    assert told.extension == extension


def test_the_widest_coefficients_come_back():
    """Their sum may be more than what the width alone would let a reader guess."""
    made = ProjectionConfig(
        sample_bits=8, family=Family.LOADED, window=16, measurements=2, coefficient_bits=16
    )
    told = ProjectionConfig.from_extension(made.extension, made.channels, 8)
    assert (told.measurement_bits, told.shift) == (made.measurement_bits, made.shift)
