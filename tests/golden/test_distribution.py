"""The Huffman tables: derived from the stated distribution, and nearly as short as it allows.

The distribution is computed here once more, from its statement, by plain sums over fine grids.
"""

import heapq
import math

import numpy as np
import pytest

from probecodec.golden import distribution
from probecodec.golden.format import HUFFMAN_COUNTS

TABLES = range(16)
SPREAD = 0.2
_normal = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), otypes=[float])
_GRID = np.linspace(-8, 8, 40_001)
_BELOW = _normal(_GRID)


def below(x):
    return np.interp(x, _GRID, _BELOW)


def chances_of(scale, rounded):
    """Chance of symbols 0 … 2047: of a rounded Gaussian, or of twice a magnitude, cut."""
    if not rounded:
        edges = np.arange(2049) / 2 / scale
        return 2 * np.diff(below(edges))
    residual = np.array([-(u + 1) // 2 if u % 2 else u // 2 for u in range(2048)])
    return below((residual + 0.5) / scale) - below((residual - 0.5) / scale)


def scale_of(mean, rounded):
    """The scale at which the expected symbol is ``mean``; twice a half-normal one has 2 s √(2/π)."""
    if not rounded:
        return mean * math.sqrt(math.pi / 8)
    scales = np.geomspace(0.1, 20, 400)
    means = [(chances_of(scale, True) * np.arange(2048)).sum() for scale in scales]
    return np.interp(mean, means, scales)


def model(table):
    """Chances of the classes 0 … 64 and of the escape."""
    octave, quarter = divmod(table, 4)
    low, high = (1 + quarter / 4) * 2**octave, (1.25 + quarter / 4) * 2**octave
    if table == 0:
        low = 0.3
    rounded, total = octave < 3, np.zeros(2048)
    deviations = np.linspace(-4, 4, 33)
    weights = np.exp(-(deviations**2) / 2)
    for mean in np.geomspace(low, high, 17)[1::2]:
        scale = scale_of(mean, rounded)
        for deviation, weight in zip(deviations, weights / weights.sum(), strict=True):
            spread = math.exp(SPREAD * deviation - SPREAD**2 / 2)
            total += weight / 8 * chances_of(scale * spread, rounded)
    return np.concatenate([total[:64], [total[64:128].sum(), 1 - total[:128].sum()]])


def lengths_of(table):
    """Code length of each class, and of the escape."""
    rows = enumerate(HUFFMAN_COUNTS[table], 1)
    return np.array([n for n, count in rows for _ in range(count)] + [12])


def huffman(chances):
    """Expected length of an unlimited Huffman code: the sum of all nodes' chances."""
    heap, total = list(chances), 0.0
    heapq.heapify(heap)
    while len(heap) > 1:
        node = heapq.heappop(heap) + heapq.heappop(heap)
        total += node
        heapq.heappush(heap, node)
    return total


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_in_use_are_the_derived_ones(table):
    assert distribution.table(table) == HUFFMAN_COUNTS[table]


@pytest.mark.parametrize("table", TABLES)
def test_a_code_for_65_classes_and_room_for_the_escape(table):
    lengths = lengths_of(table)
    assert len(lengths) == 66
    assert sum(2.0**-lengths) == 1


@pytest.mark.parametrize("table", TABLES)
def test_chances_fall_with_the_classes(table):
    """So that the shortest codes are those of the lowest classes."""
    chances = model(table)
    assert abs(chances.sum() - 1) < 1e-6
    assert (np.diff(chances[:64]) < 1e-9).all()


@pytest.mark.parametrize("table", TABLES)
def test_expected_length_is_near_the_entropy(table):
    chances = np.maximum(model(table), 1e-300)
    entropy = -(chances * np.log2(chances)).sum()
    expected = (chances * lengths_of(table)).sum()
    assert entropy <= expected < entropy + 0.06


@pytest.mark.parametrize("table", TABLES)
def test_expected_length_is_near_that_of_the_best_code(table):
    chances = np.maximum(model(table), 0)
    best = huffman(chances)
    assert best - 1e-9 <= (chances * lengths_of(table)).sum() < best + 0.01


@pytest.mark.parametrize("table", TABLES[1:])
def test_the_neighbour_tables_are_no_better(table):
    """Each table is for its own range of means."""
    chances = model(table)
    own, other = ((chances * lengths_of(t)).sum() for t in (table, table - 1))
    assert own <= other
