"""Measurements against the golden model's, and their covariance against samples of it."""

import numpy as np
import pytest

from probecodec.golden.format import Family
from probecodec.golden.projection import Projection
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host.recovery import dequantise, identity, measure
from probecodec.host.recovery.measure import joint

from .conftest import CHANNELS, FRAMES, WINDOW, noise
from .projections import projection


@pytest.mark.parametrize("shift", [1, 3])
def test_as_the_encoder(lossless, shift):
    config = ProjectionConfig(
        channels=CHANNELS,
        sample_bits=10,
        window=WINDOW,
        measurements=8,
        family=Family.DENSE,
        shift=shift,
    )
    values = lossless.values[: 10 * WINDOW + 5]
    given = Projection(config).encode(values)
    windows = given[:80].reshape(10, 8, CHANNELS).transpose(0, 2, 1)
    np.testing.assert_array_equal(measure(values, projection(8, Family.DENSE), shift), windows)


def test_many_blocks(lossless):
    matrix = projection()
    found = measure(lossless.values, matrix)
    assert found.shape == (FRAMES // WINDOW, CHANNELS, 8)
    window = lossless.values[1500 * WINDOW : 1501 * WINDOW]
    np.testing.assert_array_equal(
        found[1500], [a @ x for a, x in zip(matrix, window.T, strict=True)]
    )


def test_middle():
    whole = np.arange(-64, 64)
    np.testing.assert_array_equal(dequantise(whole, 0), whole)
    for shift in (1, 4):
        error = dequantise(whole >> shift, shift) - whole
        assert error.mean() == 0
        assert error.var() == pytest.approx((4**shift - 1) / 12)


@pytest.mark.parametrize("shift", [0, 5])
def test_covariance_of_measurements(statistics, shift):
    matrix = projection(6, Family.DENSE, hold=2)
    near = statistics.groups[2]
    drawn = np.rint(noise(400_000, 9)).astype(np.int64)
    measured = dequantise(measure(drawn, matrix, shift), shift)[:, near]
    pairs = np.stack([measured[:-1], measured[1:]], axis=1).reshape(len(measured) - 1, -1)
    true = np.cov(pairs.T)
    found = joint(statistics, matrix, shift, near, 2, 0.0).measured
    assert np.linalg.norm(found - true) < 0.15 * np.linalg.norm(true)
    np.testing.assert_allclose(np.diag(found), np.diag(true), rtol=0.15)


def test_identity(lossless):
    kept = measure(lossless.values, identity(CHANNELS, WINDOW))
    np.testing.assert_array_equal(kept.transpose(0, 2, 1).reshape(-1, CHANNELS), lossless.values)
