"""Linear prediction in integers: against least squares, plain integers, and what it must stand."""

import numpy as np
import pytest

from probecodec.bench import predictors
from probecodec.bench.differences import difference, pack, unpack
from probecodec.bench.predictors import decode, encode

SETTINGS = [(4, 0), (8, 0), (0, 4), (4, 4), (2, 1)]
EACH = pytest.mark.parametrize(("past", "neighbours"), SETTINGS)
RNG = np.random.default_rng(0)


def coloured(frames=600, channels=5):
    """Noise that is alike in neighbouring frames and channels, with an offset."""
    noise = np.random.default_rng(1).normal(0, 40, (frames, channels + 1))
    for t in range(2, frames):
        noise[t] += 1.2 * noise[t - 1] - 0.5 * noise[t - 2]
    return np.rint(noise[:, 1:] + 0.7 * noise[:, :-1] + 700).astype(np.int16)


def parts(samples, past, neighbours):
    """Means, weights of each step (order, channels), residuals."""
    blobs = encode(samples, 30_000.0, past=past, neighbours=neighbours)
    needed = np.frombuffer(blobs[0], "<i2").reshape(-1, samples.shape[1])
    means, own, lower = np.split(needed, [min(past, 1), len(needed) - neighbours])
    return means, own, lower, unpack(blobs[1:], 8, samples.shape)


def comes_back(samples, past, neighbours):
    blobs = encode(samples, 30_000.0, past=past, neighbours=neighbours)
    back = decode(blobs, samples.shape, past=past, neighbours=neighbours)
    return back.dtype == np.int16 and np.array_equal(back, samples)


@EACH
@pytest.mark.parametrize(
    "samples",
    [
        coloured(),
        RNG.integers(-(1 << 15), 1 << 15, (500, 7)).astype(np.int16),
        RNG.choice(np.array([-32768, 32767], np.int16), (90, 3)),
        RNG.integers(-99, 99, (1, 1)).astype(np.int16),
        RNG.integers(-99, 99, (1, 9)).astype(np.int16),
        RNG.integers(-99, 99, (3, 2)).astype(np.int16),  # fewer frames than the order
        RNG.integers(-99, 99, (80, 1)).astype(np.int16),
        np.zeros((50, 3), np.int16),
        np.full((50, 3), -32768, np.int16),
        np.repeat(RNG.integers(-99, 99, (60, 1)), 6, axis=1).astype(np.int16),
        np.rint(9000 * np.sin(np.arange(400) / 9))[:, None].astype(np.int16) + np.zeros(2, "i2"),
    ],
)
def test_comes_back(samples, past, neighbours):
    assert comes_back(samples, past, neighbours)


def test_a_weight_that_does_not_fit_comes_back():
    samples = np.zeros((40, 2), np.int16)
    samples[-2:] = [[1, 1], [12, -12]]  # 12 times what came before; int16 holds 8 times
    assert parts(samples, 1, 0)[1].tolist() == [[32767, -32768]]
    assert comes_back(samples, 1, 0)


def test_own_past_in_plain_integers():
    samples = coloured(frames=80, channels=3)
    means, own, _, residuals = parts(samples, 4, 0)
    assert np.array_equal(means[0], np.rint(samples.mean(axis=0)))
    values = samples - means
    for t, c in np.ndindex(samples.shape):
        terms = [int(own[-k, c]) * int(values[t - k, c]) for k in range(1, 5) if t >= k]
        predicted = (sum(terms) + 2048) // 4096
        assert (int(values[t, c]) - predicted - int(residuals[t, c])) % (1 << 16) == 0


@pytest.mark.parametrize("past", [0, 4])
def test_lower_channels_in_plain_integers(past):
    samples = coloured(frames=80, channels=6)
    values = parts(samples, past, 0)[3] if past else difference(samples)
    *_, lower, residuals = parts(samples, past, 2)
    for t, c in np.ndindex(samples.shape):
        terms = [int(lower[-k, c]) * int(values[t, c - k]) for k in (1, 2) if c >= k]
        predicted = (sum(terms) + 2048) // 4096
        assert (int(values[t, c]) - predicted - int(residuals[t, c])) % (1 << 16) == 0


def test_weights_are_least_squares():
    samples = coloured()
    means, own, *_ = parts(samples, 2, 0)
    values = np.pad((samples - means).astype(float), [(2, 0), (0, 0)])
    for c, line in enumerate(values.T):
        best = np.linalg.lstsq(np.stack([line[:-2], line[1:-1]], 1), line[2:])[0]
        assert own[:, c] == pytest.approx(4096 * best, abs=0.51)
    assert own.mean(axis=1) / 4096 == pytest.approx([-0.5, 1.2], abs=0.05)  # as it was made
    lower = parts(samples, 0, 2)[2]
    moves = difference(samples).astype(float)
    best = np.linalg.lstsq(moves[:, 1:3], moves[:, 3])[0]
    assert lower[:, 3] == pytest.approx(4096 * best, abs=0.51)


def test_a_copy_is_foretold():
    samples = np.repeat(coloured(channels=1), 4, axis=1)
    residuals = parts(samples, 0, 1)[3]
    assert residuals[:, 0].any() and not residuals[:, 1:].any()


def test_an_offset_costs_nothing():
    samples = coloured()
    _, own, lower, residuals = parts(samples, 4, 2)
    moved = parts(samples + np.int16(5000), 4, 2)
    for found, expected in zip(moved[1:], (own, lower, residuals), strict=True):
        assert np.array_equal(found, expected)


def test_each_step_makes_it_smaller():
    samples = coloured(frames=3000)
    left = [difference(samples), parts(samples, 4, 0)[3], parts(samples, 4, 4)[3]]
    spread = [values.astype(float).std() for values in left]
    assert spread[0] > spread[1] > spread[2]


def test_sums_that_wrap_do_no_harm():
    values = RNG.choice(np.array([-32768, 32767], np.int16), (40, 3))
    weights = RNG.choice(np.array([-32768, 32767], np.int16), (8, 1, 3))
    residuals = predictors._residuals(values, weights)
    rows = np.pad(values.astype(object), [(8, 0), (0, 0)])  # unbounded integers
    for t in range(40):
        exact = ((rows[t : t + 8] * weights[:, 0].astype(object)).sum(axis=0) + 2048) // 4096
        assert not ((rows[t + 8] - exact - residuals[t].astype(object)) % (1 << 16)).any()
    assert np.array_equal(predictors._restored(residuals, weights), values)


def test_blobs_are_weights_and_packed_residuals():
    samples = coloured(frames=100)
    blobs = encode(samples, 30_000.0, past=4, neighbours=2)
    assert len(blobs[0]) == 2 * (1 + 4 + 2) * samples.shape[1]
    assert blobs[1:] == pack(unpack(blobs[1:], 8, samples.shape), 8)
