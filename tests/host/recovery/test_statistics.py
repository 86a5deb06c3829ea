"""Covariances against those of noise that is known exactly."""

import numpy as np
import pytest

from probecodec.host.recovery import learn, nearest

from .conftest import CHANNELS, FRAMES, noise, noise_covariance


def relative_error(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


@pytest.mark.parametrize("group", [CHANNELS, 3])
def test_noise_alone(group):
    statistics = learn(noise(FRAMES, 3), lags=40, group=group)
    near = statistics.groups[2]
    true = noise_covariance(20)[near][:, :, near]
    for weight in (0, 1):
        assert relative_error(statistics.covariance(near, 20, weight), true) < 0.08


def test_direct_sums():
    values = np.random.default_rng(0).integers(-3, 4, (2500, 3))  # longer than one block of the FFT
    values[1:, 1] += values[:-1, 0]
    statistics = learn(values, lags=20, group=3)
    found = statistics.covariance(np.array([1, 0, 2]), 5, 1.0)
    for a, one in enumerate((1, 0, 2)):
        for b, other in enumerate((1, 0, 2)):
            for lag in range(5):
                true = np.sum(values[: len(values) - lag, one] * values[lag:, other]) / len(values)
                assert found[a, 0, b, lag] == pytest.approx(true, abs=1e-3)


def test_noise_and_spikes(lossless, statistics):
    near = statistics.groups[1]
    true = noise_covariance(20)[near][:, :, near]
    quiet = statistics.covariance(near, 20, 0)
    assert relative_error(quiet, true) < 0.15
    clean = lossless.clean[:, near]
    power = np.einsum("ta,tb->ab", clean, clean) / len(clean)
    found = (statistics.covariance(near, 1, 1) - statistics.covariance(near, 1, 0))[:, 0, :, 0]
    assert relative_error(found, power) < 0.25  # the noise in those frames is in it
    assert (np.diag(found) > 0.95 * np.diag(power)).all()


def test_covariance_is_one(statistics):
    for near in statistics.groups:
        for weight in (0, 1, 30):
            square = statistics.covariance(near, 60, weight).reshape(240, 240)
            np.testing.assert_allclose(square, square.T, atol=1e-5)
            assert np.linalg.eigvalsh(square)[0] > 0


def test_nearest():
    assert nearest(5, 3).tolist() == [[0, 1, 2], [1, 0, 2], [2, 1, 3], [3, 2, 4], [4, 3, 2]]
    square = [(0, 0), (10, 0), (0, 1), (10, 1)]
    assert nearest(4, 2, square).tolist() == [[0, 2], [1, 3], [2, 0], [3, 1]]
    assert nearest(2, 9).shape == (2, 2)


def test_refused(lossless, statistics):
    with pytest.raises(ValueError, match="1999 frames; statistics over 20 lags need 2000"):
        learn(lossless.values[:1999], lags=20)
    broken = lossless.values.astype(np.float32)
    broken[7, 1] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        learn(broken, lags=20)
    with pytest.raises(ValueError, match="3 positions for 6 channels"):
        learn(lossless.values, lags=20, positions=[0, 1, 2])
    with pytest.raises(ValueError, match="do not span 98 frames"):
        statistics.covariance(np.array([0]), 98)
    with pytest.raises(ValueError, match="too far apart"):
        statistics.covariance(np.array([0, 5]), 10)
