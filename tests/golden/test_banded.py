"""Any rows in the form that the projection takes: each begins and ends a frame behind the last."""

import numpy as np
import pytest

from probecodec.golden.config import ConfigError
from probecodec.golden.projection import banded


def check_banded(rows):
    """Check the form of the mixtures, and that they span what ``rows`` span."""
    new, mixture = banded(rows)
    count, window = rows.shape
    for k, row in enumerate(new):
        assert not row[:k].any() and not row[window - count + k + 1 :].any()
    np.testing.assert_allclose(np.linalg.norm(new, axis=1), 1)
    np.testing.assert_allclose(mixture @ rows, new, atol=1e-8)
    back = np.linalg.lstsq(new.T, rows.T, rcond=None)[0].T
    np.testing.assert_allclose(back @ new, rows, atol=1e-6)
    return new, mixture


@pytest.mark.parametrize("shape", [(1, 16), (2, 16), (8, 64), (4, 8), (7, 16)])
def test_banded(shape):
    check_banded(np.random.default_rng(3).normal(size=shape))


@pytest.mark.parametrize(
    "rows",
    [
        np.eye(16)[::4],
        np.kron(np.eye(4), np.ones(4)),
        np.cos(np.pi * np.outer(np.arange(8), np.arange(64) + 0.5) / 64),
    ],
    ids=["decimation", "means of blocks", "cosines"],
)
def test_banded_of_structured_rows(rows):
    """Several mixtures of them are 0 where one is to be; no two of those may be taken twice."""
    check_banded(rows)


def test_rows_that_cannot_be_banded():
    """Of these only the second is 0 in the first or the last column."""
    rows = np.zeros((2, 8))
    rows[0, [0, 7]] = rows[1, 1] = 1
    with pytest.raises(ConfigError) as error:
        banded(rows)
    assert str(error.value).startswith(
        "these 2 rows have no mixtures that begin and end one after another"
    )


def test_banded_leaves_what_is_banded():
    rows = banded(np.random.default_rng(4).normal(size=(5, 32)))[0]
    again, mixture = banded(rows)
    np.testing.assert_allclose(np.abs(np.diag(mixture)), 1)
    np.testing.assert_allclose(np.abs(again), np.abs(rows), atol=1e-9)
