"""The linear estimate against the same posterior mean in another form, and its use."""

import numpy as np
import pytest

from probecodec.golden.format import Family
from probecodec.host.recovery import Lmmse, Statistics, dequantise, identity, measure, nearest

from .conftest import CHANNELS, WINDOW, noise, noise_covariance
from .projections import db, projection


def exact_statistics():
    """Those of the noise, not learned."""
    pairs = np.full((CHANNELS, CHANNELS), -1)
    upper = np.triu_indices(CHANNELS)
    pairs[upper] = np.arange(len(upper[0]))
    full = noise_covariance(3 * WINDOW)
    forward = full[upper[0], 0][np.arange(len(upper[0])), upper[1]]
    both = np.concatenate([forward[:, :0:-1], forward], axis=1)  # it is even in the lag
    return Statistics(
        groups=nearest(CHANNELS, CHANNELS), pairs=pairs, noise=both, spikes=np.zeros_like(both)
    )


@pytest.mark.parametrize("shift", [3, 5])
def test_posterior_mean(shift):
    """(R^-1 + A' D^-1 A)^-1 A' D^-1 y, of three windows of all channels at once."""
    matrix = projection(8, Family.DENSE)
    measured = np.random.default_rng(0).normal(0, 80, (3, CHANNELS, 8)).astype(np.float32)
    prior = noise_covariance(3 * WINDOW).reshape(2 * (CHANNELS * 3 * WINDOW,))
    operator = np.zeros((CHANNELS, 3, 8, CHANNELS, 3, WINDOW))
    for channel in range(CHANNELS):
        for window in range(3):
            operator[channel, window, :, channel, window] = matrix[channel]
    operator = operator.reshape(CHANNELS * 3 * 8, -1)
    error = (4**shift - 1) / 12
    y = measured.transpose(1, 0, 2).reshape(-1)
    information = np.linalg.inv(prior) + operator.T @ operator / error
    mean = np.linalg.solve(information, operator.T @ y / error).reshape(CHANNELS, 3 * WINDOW)
    estimator = Lmmse(exact_statistics(), matrix, shift, neighbours=CHANNELS, context=1)
    found = estimator.recover(measured).reshape(3, WINDOW, CHANNELS)[1]
    np.testing.assert_allclose(found, mean[:, WINDOW : 2 * WINDOW].T, atol=2e-3)


def test_all_measured(unseen, statistics):
    values = unseen.values[: 100 * WINDOW]
    kept = identity(CHANNELS, WINDOW)
    found = Lmmse(statistics, kept).recover(measure(values, kept).astype(np.float32))
    assert found.dtype == np.float32
    assert np.abs(found - values).max() < 0.5


def test_what_helps(unseen, statistics):
    matrix = projection(8)
    measured = dequantise(measure(unseen.values, matrix, 1), 1)
    length = len(measured) * WINDOW
    active = np.abs(unseen.clean[:length]) > 8

    def reached(neighbours, context, weight):
        estimator = Lmmse(statistics, matrix, 1, neighbours, context, weight)
        found = estimator.recover(measured)
        whole = db(unseen.values[:length], found)
        return whole, db(unseen.clean[:length][active], found[active])

    alone, near, around = reached(1, 0, 1), reached(4, 0, 1), reached(4, 1, 1)
    assert 0 < alone[0] < near[0] - 0.5 < around[0] - 0.5
    assert around[1] < reached(4, 1, 10)[1] - 0.5
    assert around[0] > reached(4, 1, 10)[0]  # none is better in the mean than the optimum


def test_blocks_and_workers(unseen, statistics, monkeypatch):
    matrix = projection(8)
    measured = measure(unseen.values[: 50 * WINDOW], matrix).astype(np.float32)
    estimator = Lmmse(statistics, matrix)
    whole = estimator.recover(measured)
    monkeypatch.setattr("probecodec.host.recovery.lmmse.BLOCK", 7)
    calls = []
    parts = estimator.recover(measured, lambda *call: calls.append(call), workers=2)
    np.testing.assert_allclose(parts, whole, atol=1e-3)
    assert calls == [(done, 50) for done in (*range(7, 50, 7), 50)]


def test_dead_channel(statistics):
    """One that never changes, in the stretch too, stays 0 and spoils no other."""
    from probecodec.host.recovery import learn

    values = np.rint(noise(20_000, 8)).astype(np.int64)
    values[:, 2] = 0
    matrix = projection(8)
    dead = learn(values, lags=3 * WINDOW, group=4)
    found = Lmmse(dead, matrix).recover(measure(values, matrix).astype(np.float32))
    assert not found[:, 2].any()
    assert np.isfinite(found).all()
    assert db(values[: len(found), 1], found[:, 1]) > 0.5


def test_refused(statistics):
    matrix = projection()
    with pytest.raises(ValueError, match="of 6 channels"):
        Lmmse(statistics, matrix[:4])
    with pytest.raises(ValueError, match="do not span 160 frames"):
        Lmmse(statistics, matrix, context=2)
    estimator = Lmmse(statistics, matrix)
    measured = np.zeros((5, CHANNELS, 8), np.float32)
    with pytest.raises(ValueError, match="shape"):
        estimator.recover(measured[:, :5])
    with pytest.raises(ValueError, match="3 dimensions"):
        estimator.recover(measured[0])
    measured[2, 1, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        estimator.recover(measured)
