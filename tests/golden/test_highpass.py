"""High-pass: by hand, bounds, constants, sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probecodec.golden.highpass import Highpass
from probecodec.golden.projection_config import ProjectionConfig


def highpass(bits, shift, channels=2):
    return Highpass(ProjectionConfig(channels=channels, sample_bits=bits, highpass_shift=shift))


def test_by_hand():
    """Shift 1: s = 20, 20, then 10 + 10 = 20 …; -1/2 is floored to -1."""
    values = highpass(8, 1).encode(np.array([[10, -1], [13, 0], [10, 0], [10, 0]]))
    assert values.tolist() == [[0, 0], [3, 1], [-1, 1], [-1, 0]]


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("shift", [1, 4, 12])
@given(data=st.data())
def test_stays_in_range(bits, shift, data):
    half = 1 << bits - 1
    samples = data.draw(
        arrays(np.int64, (60, 2), elements=st.sampled_from([-half, half - 1, 0, -1, 3]))
    )
    stage = highpass(bits, shift)
    mean = [int(value) << shift for value in samples[0]]
    for row in samples:
        values = stage.encode(row[np.newaxis])[0]
        for n in range(2):  # with Python's numbers
            assert values[n] == row[n] - mean[n] // (1 << shift)
            mean[n] += int(values[n])
        assert np.abs(values).max() < 1 << bits
        assert (stage.means >= -half << shift).all()
        assert (stage.means <= half - 1 << shift).all()


@pytest.mark.parametrize("level", [-2048, -1, 0, 1, 2047])
def test_a_constant_becomes_exactly_zero(level):
    samples = np.full((3000, 2), level)
    samples[0] = 100
    assert not highpass(12, 6).encode(samples)[-1].any()


def test_noise_loses_its_mean():
    samples = np.random.default_rng(0).integers(-2048, 100, (20_000, 2))
    values = highpass(12, 8).encode(samples)
    assert np.abs(values.sum(axis=0)).max() <= 2148 << 8  # the change of the state


def test_restart_and_splits():
    samples = np.random.default_rng(1).integers(-128, 128, (20, 2))
    whole = highpass(8, 3).encode(samples)
    stage = highpass(8, 3)
    for _ in range(2):
        stage.restart()
        parts = [stage.encode(samples[:7]), stage.encode(samples[7:7]), stage.encode(samples[7:])]
        assert (np.concatenate(parts) == whole).all()
    assert not whole[0].any()


def test_samples_of_a_narrow_type():
    """Neither the state nor the outputs are as narrow as they."""
    samples = np.where(np.arange(40) // 10 % 2, 32767, -32768)[:, np.newaxis].repeat(2, axis=1)
    wide = highpass(16, 12).encode(samples)
    assert np.abs(wide).max() > 32768
    assert (highpass(16, 12).encode(samples.astype(np.int16)) == wide).all()
