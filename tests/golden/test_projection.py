"""Projection: a matrix times each window, made without the golden model's own means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden import projection
from probecodec.golden.config import ConfigError
from probecodec.golden.format import Family
from probecodec.golden.projection import Projection, matrix
from probecodec.golden.projection_config import ProjectionConfig


def reference(config):
    """The matrix, from the words of the golden model's docstring, number by number."""
    state, kept, last = config.start, {}, config.window - config.measurements
    groups = config.window // config.hold
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
                k, group = (kept[c] >> 20) * config.measurements // 4096, n // config.hold
                if group < config.measurements:
                    k = group
                elif group >= groups - config.measurements:
                    k = group - groups + config.measurements
                result[c, k, n] = -1 if kept[c] & 1 else 1
            else:
                for k in range(config.measurements):
                    if k <= n <= last + k:
                        result[c, k, n] = -1 if kept[c] >> k & 1 else 1
    return result


def ends(config):
    """The frame of the window in which each measurement is given."""
    if config.family == Family.SPARSE:
        groups = config.window // config.hold
        first = groups - config.measurements
        return [(first + k) * config.hold + config.hold - 1 for k in range(config.measurements)]
    return [config.window - config.measurements + k for k in range(config.measurements)]


def measured(config, values):
    """What ``values`` give from a window's begin on: (frames in which, rows)."""
    rows, frames, whole = reference(config), [], []
    padded = np.zeros((-(-len(values) // config.window) * config.window, config.channels), int)
    padded[: len(values)] = values
    for start in range(0, len(padded), config.window):
        products = np.einsum("ckn,nc->kc", rows, padded[start : start + config.window])
        for k, end in enumerate(ends(config)):
            if start + end < len(values):
                frames.append(start + end)
                whole.append(products[k] >> config.shift)
    return frames, np.array(whole, np.int64).reshape(-1, config.channels)


def random_rows(random, count, window, bits):
    """Coefficients of as many bits, 0 where a measurement has not begun or is given already."""
    half = 1 << bits - 1
    rows = random.integers(-half, half, (count, window))
    rows = np.tril(np.triu(rows), window - count)
    return tuple(map(tuple, rows.tolist()))


@st.composite
def configs(draw):
    """Any family, small enough to be quick."""
    family = draw(st.sampled_from(Family))
    window = draw(st.sampled_from([16, 32, 64]))
    holds = [1] if family == Family.LOADED else [h for h in (1, 2, 4, 8, 16) if 2 * h <= window]
    hold = draw(st.sampled_from(holds))
    most = {Family.SPARSE: window // hold // 2, Family.DENSE: window // 2, Family.LOADED: 8}[family]
    fields = {
        "channels": draw(st.integers(2, 9)),
        "sample_bits": draw(st.integers(8, 16)),
        "highpass_shift": draw(st.sampled_from([0, 5])),
        "window": window,
        "measurements": draw(st.integers(1, most)),
        "family": family,
        "hold": hold,
    }
    if family == Family.LOADED:
        bits = draw(st.integers(2, 10))
        random = np.random.default_rng(draw(st.integers(0, 99)))
        rows = random_rows(random, fields["measurements"], window, bits)
        fields |= {"coefficients": rows, "coefficient_bits": bits}
    else:
        fields["seed"] = draw(st.integers(1, 2**32 - 1))
    fields["shift"] = draw(st.sampled_from([0, ProjectionConfig(**fields).shift + 1]))
    return ProjectionConfig(**fields)


@settings(deadline=None)
@given(config=configs(), windows=st.integers(0, 2), more=st.integers(0, 15), seed=st.integers(0, 9))
def test_equals_matrix_times_window(config, windows, more, seed):
    """Whatever the pieces in which the frames come, and where a window that broke off lies."""
    assert (matrix(config) == reference(config)).all()
    random, limit = np.random.default_rng(seed), config.value_limit
    values = random.choice(
        [-limit, limit - 1, 0, 1, 77], (windows * config.window + more, config.channels)
    )
    frames, rows = measured(config, values)
    stage = Projection(config)
    stage.encode(values[: random.integers(len(values) + 1)])
    stage.begin()
    one_by_one = [stage.encode(row[np.newaxis]) for row in values]
    assert [n for n, given in enumerate(one_by_one) if len(given)] == frames
    assert np.flatnonzero(projection.given(config, len(values))).tolist() == frames
    stage.begin()
    cut = len(values) // 3
    given = np.concatenate([stage.encode(values[:cut]), stage.encode(values[cut:])])
    assert (given == rows).all()
    assert (np.concatenate([*one_by_one, rows[:0]]) == rows).all()
    bound = 1 << config.code_bits - 1
    assert ((given >= -bound) & (given < bound)).all()


def test_by_hand():
    """One measurement of all frames: alternating samples and coefficients; 41 / 2 is floored."""
    row = tuple([1, -1] * 8)
    config = ProjectionConfig(
        channels=2,
        family=Family.LOADED,
        window=16,
        measurements=1,
        coefficients=(row,),
        row_sum=16,
        shift=1,
    )
    values = np.array([[3, 1], [-2, 1]] * 8)
    values[0] = 4, 0
    assert Projection(config).encode(values).tolist() == [[20, -1]]


@pytest.mark.parametrize(
    ("fields", "frames"),
    [
        ({"family": Family.SPARSE, "measurements": 3}, [13, 14, 15]),
        ({"family": Family.SPARSE, "measurements": 3, "hold": 2}, [11, 13, 15]),
        ({"family": Family.SPARSE, "measurements": 1, "hold": 8}, [15]),
        ({"family": Family.DENSE, "measurements": 3, "hold": 2}, [13, 14, 15]),
        ({"family": Family.LOADED, "measurements": 2}, [14, 15]),
    ],
)
def test_given_frames_by_hand(fields, frames):
    """A packet of a window and a half of 16 frames."""
    config = ProjectionConfig(window=16, **fields)
    assert list(config.given_frames) == frames
    given = projection.given(config, 24)
    assert given.dtype == bool
    assert np.flatnonzero(given).tolist() == frames
    more = projection.given(config, 16 + frames[-1] + 1)
    assert np.flatnonzero(more).tolist() == [*frames, *(16 + frame for frame in frames)]
    assert not projection.given(config, frames[0]).any()


def test_a_window_that_is_not_complete_gives_its_first_measurements():
    config = ProjectionConfig(channels=2, window=16, measurements=4)
    stage, values = Projection(config), np.arange(48).reshape(24, 2)
    whole = stage.encode(values[:16])
    assert len(whole) == 4
    stage.begin()
    assert (stage.encode(values[:14]) == whole[:2]).all()
    stage.begin()
    assert len(stage.encode(values[:12])) == 0
    stage.begin()
    assert (stage.encode(values[:16]) == whole).all()


@pytest.mark.parametrize("hold", [1, 2, 4])
@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_measurements_begin_and_end_one_after_another(family, count, hold):
    config = ProjectionConfig(
        channels=40, family=family, window=32, measurements=count, hold=hold, seed=5
    )
    rows, last = matrix(config), ends(config)
    step = hold if family == Family.SPARSE else 1
    for k in range(count):
        assert not rows[:, k, : k * step].any() and not rows[:, k, last[k] + 1 :].any()
        assert (np.abs(rows[:, k, [k * step, last[k]]]) == 1).all()
    hits = np.abs(rows).sum(axis=1)
    if family == Family.SPARSE:
        assert (hits == 1).all()
    else:
        assert (np.abs(rows).sum(axis=2) == 32 - count + 1).all()
    # Of SPARSE no row is a mixture of others: each column has one entry.
    if hold == 1 or family == Family.SPARSE:
        assert all(np.linalg.matrix_rank(one) == count for one in rows)


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
@pytest.mark.parametrize("hold", [2, 8])
def test_held_signs_are_held(family, hold):
    config = ProjectionConfig(family=family, hold=hold, channels=50, measurements=4)
    inner = matrix(config)[:, :, 8:56]  # no corner of DENSE lies there
    rows = inner.reshape(50, 4, -1, hold)
    assert (rows == rows[..., :1]).all()
    assert (rows[:, :, 1:, 0] != rows[:, :, :-1, 0]).any(axis=(0, 1)).all()


def test_channels_have_matrices_of_their_own_and_seeds_too():
    for family in (Family.SPARSE, Family.DENSE):
        one, other = (
            matrix(ProjectionConfig(channels=30, family=family, seed=seed)) for seed in (1, 2)
        )
        assert len({row.tobytes() for row in [*one, *other]}) == 60


def test_the_matrix_of_coefficients_is_that_of_every_channel():
    rows = random_rows(np.random.default_rng(1), 3, 16, 8)
    config = ProjectionConfig(
        channels=5, family=Family.LOADED, window=16, measurements=3, coefficients=rows
    )
    assert (matrix(config) == np.array([rows] * 5)).all()


def test_coefficients_that_are_not_known():
    config = ProjectionConfig(family=Family.LOADED, seed=0xBEEF)
    for use in (matrix, Projection):
        with pytest.raises(ConfigError) as error:
            use(config)
        assert str(error.value) == (
            "the coefficients of family loaded (CRC-32 0000beef) are not known: "
            "give them (--coefficients)"
        )
