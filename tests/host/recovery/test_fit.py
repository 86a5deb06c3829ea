"""Whether measurements fit a matrix: right and wrong ones, and where nobody can tell."""

import numpy as np
import pytest

from probecodec.golden.format import Family
from probecodec.host.recovery import dequantise, learn, measure
from probecodec.host.recovery.fit import LEAST_WINDOWS, fits

from .conftest import CHANNELS
from .projections import projection

OTHER = 99


@pytest.mark.parametrize(
    ("matrix", "shift"),
    [({}, 0), ({"hold": 2}, 1), ({"family": Family.DENSE, "hold": 4, "measurements": 12}, 3)],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("gain", [0.7, 1, 1.4])
def test_right_and_wrong(statistics, unseen, matrix, shift, seed, gain):
    """Also where the gain has changed since the statistics were learned."""
    rows, other = projection(seed=seed, **matrix), projection(seed=OTHER, **matrix)
    values = np.rint(gain * unseen.values).astype(np.int64)
    measured = dequantise(measure(values, rows, shift), shift)
    assert fits(statistics, rows, other, shift, measured)
    third = projection(seed=seed + 50, **matrix)
    assert not fits(statistics, third, other, shift, measured)
    assert fits(statistics, third, other, shift, measured[: LEAST_WINDOWS - 1])


def test_nobody_can_tell_one_sum_of_white_noise_from_another():
    """All signs are alike to it."""
    white = np.random.default_rng(0).normal(0, 9, (60_000, CHANNELS)).round().astype(np.int64)
    rows, other, third = (projection(1, Family.DENSE, seed=n) for n in (1, OTHER, 4))
    measured = dequantise(measure(white, rows, 0), 0)
    statistics = learn(white, lags=96, group=4)
    assert fits(statistics, third, other, 0, measured)
