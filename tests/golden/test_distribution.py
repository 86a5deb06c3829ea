"""The Huffman tables: derived from the stated distribution, and nearly as short as it allows.

The distribution is computed here once more, from its statement, by plain sums over fine grids.
"""

import functools
import heapq
import math

import numpy as np
import pytest

from probecodec.golden import distribution
from probecodec.golden.format import HUFFMAN_COUNTS

TABLES = range(16)
SPREAD = 0.2  # of the logarithm of the scale
FLOOR = 1e-5  # what every class has besides
SYMBOLS = np.arange(512)  # more have no chance where the mean is below 16
RESIDUALS = np.where(SYMBOLS % 2, -(SYMBOLS + 1) // 2, SYMBOLS // 2)
GRID = np.linspace(-8, 8, 20_001)
BELOW = np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in GRID])


def below(x):
    return np.interp(x, GRID, BELOW)


def chances_of(scale, rounded):
    """Chance of each symbol: of a rounded Gaussian, or of twice a magnitude, rounded down."""
    if rounded:
        return below((RESIDUALS + 0.5) / scale) - below((RESIDUALS - 0.5) / scale)
    return 2 * (below((SYMBOLS + 1) / 2 / scale) - below(SYMBOLS / 2 / scale))


SCALES = np.geomspace(0.1, 20, 400)
MEANS = [chances_of(scale, True) @ SYMBOLS for scale in SCALES]


@functools.cache
def model(table):
    """Chances of the classes 0 … 64 and of the escape."""
    octave, quarter = divmod(table, 4)
    low, high = (1 + quarter / 4) * 2**octave, (1.25 + quarter / 4) * 2**octave
    if table == 0:
        low = 0.3
    rounded, total = octave < 3, 0
    deviations = np.linspace(-4, 4, 33)
    weights = np.exp(-(deviations**2) / 2)
    for mean in np.geomspace(low, high, 17)[1::2]:
        # Twice a Gaussian's magnitude has the mean 2 s sqrt(2 / pi).
        scale = np.interp(mean, MEANS, SCALES) if rounded else mean * math.sqrt(math.pi / 8)
        for deviation, weight in zip(deviations, weights / weights.sum(), strict=True):
            spread = math.exp(SPREAD * deviation - SPREAD**2 / 2)
            total = total + weight / 8 * chances_of(scale * spread, rounded)
    assert abs(total.sum() - 1) < 1e-6
    chances = np.concatenate([total[:64], [total[64:128].sum(), total[128:].sum()]]) + FLOOR
    return chances / chances.sum()


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
    assert (np.diff(model(table)[:64]) < 1e-9).all()


@pytest.mark.parametrize("table", TABLES)
def test_expected_length_is_near_the_entropy(table):
    """What is left is what whole bits cost: most where a class is likelier than a half."""
    chances = model(table)
    entropy = -(chances * np.log2(chances)).sum()
    excess = (chances * lengths_of(table)).sum() - entropy
    assert 0 <= excess < (0.12 if table == 0 else 0.085 if table < 5 else 0.06)


@pytest.mark.parametrize("table", TABLES)
def test_expected_length_is_near_that_of_the_best_code(table):
    """The limit of 12 bits costs the rest."""
    best = huffman(model(table))
    assert best - 1e-9 <= (model(table) * lengths_of(table)).sum() < best + 0.025


@pytest.mark.parametrize("table", TABLES)
def test_no_other_table_is_better(table):
    """Each is for its own range of means."""
    costs = [(model(table) * lengths_of(other)).sum() for other in TABLES]
    assert costs[table] <= min(costs) + 1e-3
