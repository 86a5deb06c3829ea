"""Scores of spikes and traces, against cases done by hand and NumPy's own."""

import numpy as np
import pytest

from probecodec.bench.projection.metrics import score_spikes, score_traces

RATE = 30_000.0
CHANNELS = np.array([0, 3, 40])  # of units 0, 1 and 2: the last is far away


def spikes(*pairs):
    return tuple(np.array(pairs, np.int64).reshape(-1, 2).T)


@pytest.mark.parametrize(
    ("true", "found", "expected"),
    [
        ([(100, 0)], [(115, 0)], (1, 0)),  # 0.5 ms
        ([(100, 0)], [(116, 0)], (0, 0)),
        ([(100, 0)], [(100, 1)], (0, 1)),  # another unit nearby: misclassified
        ([(100, 0)], [(100, 2)], (0, 0)),  # far away: another spike, by chance
        ([(100, 0), (104, 0)], [(102, 0)], (1, 0)),  # each counts once
        ([(100, 0)], [(98, 0), (101, 0)], (1, 0)),
        ([(100, 0)], [(100, 1), (104, 0)], (1, 0)),  # its own unit goes first
        ([(100, 0), (101, 1)], [(100, 1), (101, 0)], (2, 0)),
        ([(100, 0), (101, 1)], [(101, 1), (102, 1)], (1, 1)),
        ([], [(5, 0)], (0, 0)),
        ([(5, 0)], [], (0, 0)),
    ],
)
def test_spikes(true, found, expected):
    score = score_spikes(spikes(*true), spikes(*found), CHANNELS, RATE)
    assert (score.true, score.found) == (len(true), len(found))
    assert (score.correct, score.wrong) == expected


def test_shares():
    true = spikes((100, 0), (1000, 0), (2000, 1), (3000, 1))
    found = spikes((100, 0), (1000, 1), (2000, 1), (5000, 1), (6000, 2))
    score = score_spikes(true, found, CHANNELS, RATE)
    assert score.error == pytest.approx(1 / 2)  # one misclassified, one missed, of four
    assert score.recall == pytest.approx(3 / 4)
    assert score.precision == pytest.approx(3 / 5)


def test_a_shuffled_order_changes_nothing():
    rng = np.random.default_rng(1)
    true = np.sort(rng.integers(20_000, size=300)), rng.integers(3, size=300)
    found = (true[0] + rng.integers(-20, 21, 300), rng.integers(3, size=300))
    order = rng.permutation(300)
    one = score_spikes(true, found, CHANNELS, RATE)
    other = score_spikes(true, (found[0][order], found[1][order]), CHANNELS, RATE)
    assert (one.correct, one.found) == (other.correct, other.found)
    assert 0 < one.correct < 300 and one.correct + one.wrong <= 300


def test_traces_against_numpy():
    rng = np.random.default_rng(2)
    original = rng.normal([0, 3, -2], 5, (70_000, 3)).astype(np.float32)
    traces = (0.8 * original + rng.normal(0, 1, original.shape)).astype(np.float32)
    score = score_traces(original, traces, np.array([500]), np.array([1]), RATE)
    error = traces.astype(float) - original
    power = np.mean(original.astype(float) ** 2)
    each = [np.corrcoef(original[:, c], traces[:, c])[0, 1] for c in range(3)]
    assert score.correlation == pytest.approx(np.mean(each), abs=1e-6)
    assert score.snr_db == pytest.approx(10 * np.log10(power / np.mean(error**2)), abs=1e-4)
    assert score.nrmse == pytest.approx(10 ** (-score.snr_db / 20))
    near = error[470:531].ravel() @ error[470:531].ravel() / np.sum(original[470:531] ** 2)
    assert score.spike_nrmse == pytest.approx(np.sqrt(near), rel=1e-4)


def test_equal_traces_have_no_error():
    original = np.random.default_rng(3).normal(size=(500, 2)).astype(np.float32)
    score = score_traces(original, original, np.array([99]), np.array([0]), RATE)
    assert score.snr_db == np.inf and score.nrmse == 0 and score.correlation == pytest.approx(1)
