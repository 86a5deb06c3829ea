"""Projection: a matrix times each window, made without the golden model's own means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.format import Family
from probecodec.golden.projection import Projection, matrix, turned
from probecodec.golden.projection_config import ProjectionConfig


def reference(config):
    """The matrix, from the words of the golden model's docstring, number by number."""
    state, kept = config.start, {}
    result = np.zeros((config.channels, config.measurements, config.window), np.int64)
    for n in range(config.window):
        for c in range(config.channels):
            if config.family == Family.LOADED:
                result[c, :, n] = [row[n] for row in config.coefficients]
                continue
            if n % config.hold == 0:
                kept[c] = state
                state ^= state << 13 & 0xFFFFFFFF
                state ^= state >> 17
                state ^= state << 5 & 0xFFFFFFFF
            if config.family == Family.SPARSE:
                k = (kept[c] >> 20) * config.measurements // 4096
                result[c, n if n < config.measurements else k, n] = -1 if kept[c] & 1 else 1
            else:
                for k in range(min(n + 1, config.measurements)):
                    result[c, k, n] = -1 if kept[c] >> k & 1 else 1
    return result


@st.composite
def configs(draw):
    """Any family, small enough to be quick."""
    family = draw(st.sampled_from(Family))
    window = draw(st.sampled_from([16, 32, 64]))
    most = {Family.SPARSE: window - 1, Family.LOADED: 8}.get(family, min(32, window - 1))
    fields = {
        "channels": draw(st.integers(2, 9)),
        "sample_bits": draw(st.integers(8, 16)),
        "highpass_shift": draw(st.sampled_from([0, 5])),
        "window": window,
        "measurements": draw(st.integers(1, most)),
        "family": family,
        "seed": draw(st.integers(1, 2**32 - 1)),
    }
    if family == Family.HELD:
        fields["hold"] = draw(st.sampled_from([h for h in (2, 4, 8, 16, 32, 64) if h <= window]))
    if family == Family.LOADED:
        bits = draw(st.integers(2, 16))
        random = np.random.default_rng(draw(st.integers(0, 99)))
        half = 1 << bits - 1
        rows = np.triu(random.integers(-half, half, (fields["measurements"], window)))
        fields |= {"coefficients": tuple(map(tuple, rows.tolist())), "coefficient_bits": bits}
    return ProjectionConfig(**fields)


@settings(deadline=None)
@given(config=configs(), windows=st.integers(0, 3), more=st.integers(0, 15), seed=st.integers(0, 9))
def test_equals_matrix_times_window(config, windows, more, seed):
    wanted = reference(config)
    assert (matrix(config) == wanted).all()
    random, limit = np.random.default_rng(seed), config.value_limit
    frames = windows * config.window + more
    values = random.choice([-limit, limit - 1, 0, 1, 77], (frames, config.channels))
    stage = Projection(config)
    cut = frames // 3
    given = np.concatenate([stage.encode(values[:cut]), stage.encode(values[cut:])])
    products = [
        wanted[c] @ values[w * config.window : (w + 1) * config.window, c]
        for w in range(windows)
        for c in range(config.channels)
    ]
    products = np.array(products, np.int64).reshape(-1, config.channels, config.measurements)
    rows = products.transpose(0, 2, 1).reshape(-1, config.channels)
    whole = max(0, windows - 1) * config.measurements + min(more, config.measurements)
    assert (given == rows[: whole if windows else 0]).all()
    bound = 1 << config.measurement_bits - 1
    assert ((given >= -bound) & (given < bound)).all()


def test_by_hand():
    """Two channels, one measurement of all frames: alternating samples and coefficients."""
    row = tuple([1, -1] * 8)
    config = ProjectionConfig(
        channels=2, family=Family.LOADED, window=16, measurements=1, coefficients=(row,)
    )
    values = np.array([[3, 1], [-2, 1]] * 8 + [[0, 0]])
    assert Projection(config).encode(values).tolist() == [[40, 0]]


def test_a_window_that_is_not_complete_gives_nothing():
    config = ProjectionConfig(channels=2, window=16)
    stage, values = Projection(config), np.ones((40, 2), np.int64)
    first = stage.encode(values[:17])
    assert len(first) == 1
    stage.restart()
    assert len(stage.encode(values[:16])) == 0
    assert (stage.encode(values[16:17]) == first).all()
    stage.restart()
    assert len(stage.encode(values[:15])) == 0


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE, Family.HELD])
@pytest.mark.parametrize("count", [1, 5, 15])
def test_measurements_begin_one_after_another(family, count):
    config = ProjectionConfig(
        channels=40, family=family, window=32, measurements=count, hold=1 + (family == Family.HELD)
    )
    rows = matrix(config)
    for k in range(count):
        assert not rows[:, k, :k].any()
        assert (np.abs(rows[:, k, k]) == 1).all()
    assert all(np.linalg.matrix_rank(one) == count for one in rows)
    hits = np.abs(rows).sum(axis=1)
    first = 1 if family == Family.SPARSE else np.minimum(np.arange(32) + 1, count)
    assert (hits == first).all()


def test_held_signs_are_held():
    config = ProjectionConfig(family=Family.HELD, hold=8, channels=5)
    rows = matrix(config)[:, :, 8:].reshape(5, 8, -1, 8)
    assert (rows == rows[..., :1]).all()
    assert (rows[:, :, 1:, 0] != rows[:, :, :-1, 0]).any()


@pytest.mark.parametrize("shape", [(1, 16), (8, 64), (7, 8)])
def test_turned(shape):
    rows = np.random.default_rng(3).normal(size=shape)
    new, turn = turned(rows)
    np.testing.assert_allclose(turn @ new, rows, atol=1e-12)
    np.testing.assert_allclose(turn @ turn.T, np.eye(len(rows)), atol=1e-12)
    assert (np.tril(new, -1) == 0).all()
