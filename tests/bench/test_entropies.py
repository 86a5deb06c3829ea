"""Entropies, against SciPy's and cases done by hand."""

import numpy as np
import pytest
from scipy.stats import entropy

from probecodec.bench.entropies import entropies


def reference(values):
    return entropy(np.unique(values, return_counts=True)[1], base=2)


def test_against_scipy():
    samples = np.random.default_rng(0).normal([0, 500, -90], [3, 40, 9], (4000, 3))
    samples = np.rint(samples).astype(np.int16)
    found = entropies(samples)
    for order, one in enumerate((found.values, found.differences, found.second_differences)):
        values = np.diff(samples, order, axis=0)
        assert one.pooled == pytest.approx(reference(values))
        assert one.channels == pytest.approx([reference(line) for line in values.T])
        assert one.mean == pytest.approx(one.channels.mean())
        assert one.channels.shape == (3,) and one.pooled > one.mean


def test_by_hand():
    found = entropies(np.array([[0, 9], [1, 9], [2, 9], [3, 9]], np.int16))
    assert found.values.channels == pytest.approx([2, 0])
    assert found.values.mean == pytest.approx(1)
    assert found.values.pooled == pytest.approx(0.5 * 3 + 0.5)  # 9 in half, 0 to 3 in 1/8 each
    assert found.differences.channels == pytest.approx([0, 0])
    assert found.differences.pooled == pytest.approx(1)  # 1 and 0
    assert found.second_differences.pooled == 0


@pytest.mark.parametrize("frames", [1, 2])
def test_without_differences(frames):
    found = entropies(np.arange(3 * frames, dtype=np.int16).reshape(frames, 3))
    assert found.values.pooled == pytest.approx(np.log2(3 * frames))
    assert found.second_differences.pooled == 0
    assert np.array_equal(found.second_differences.channels, np.zeros(3))


def test_full_scale():
    samples = np.array([[-32768], [32767], [-32768], [32767]], np.int16)
    found = entropies(samples)
    assert found.values.pooled == pytest.approx(1)
    assert found.differences.pooled == pytest.approx(reference([1, 2, 1]))
