"""Generator: xorshift32 step by step, seeds, balance and independence."""

import numpy as np
import pytest

from probecodec.golden import generator
from probecodec.golden.format import Family
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig


def slow(state, count):
    states = []
    for _ in range(count):
        states.append(state)
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
    return states


def test_by_hand():
    """x = 1: 0x2001 after the first shift, 0x2001 after the second, 0x42021 after the third."""
    assert generator.run(1, 2).tolist() == [1, 0x42021]


@pytest.mark.parametrize("start", [1, 0x80000000, 0xFFFFFFFF, 0x12345678])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 1000])
def test_equals_one_step_after_another(start, count):
    assert generator.run(start, count).tolist() == slow(start, count)


def test_starts_differ_and_are_never_zero():
    seeds = [*range(1, 2000), *(1 << n for n in range(11, 32)), 0xFFFFFFFF]
    starts = {ProjectionConfig(seed=seed).start for seed in seeds}
    assert len(starts) == len(seeds)
    assert 0 not in starts


def test_start_by_the_published_finaliser():
    """MurmurHash3's fmix32 of 1, 2 and 0xFFFFFFFF."""
    starts = [ProjectionConfig(seed=seed).start for seed in (1, 2, 0xFFFFFFFF)]
    assert starts == [0x514E28B7, 0x30F4C306, 0x81F16F39]


@pytest.mark.parametrize("seed", [1, 2, 3, 0xDEADBEEF])
@pytest.mark.parametrize(
    ("family", "hold"), [(Family.SPARSE, 1), (Family.DENSE, 1), (Family.DENSE, 4)]
)
class TestSigns:
    """Statistics of the matrices of 384 channels, against those of independent fair signs.

    A sum of n such signs is within 5 sqrt(n) but once in two million.
    """

    @pytest.fixture
    def signs(self, family, hold, seed):
        """(channels, M, draws): one column for each that is drawn anew, the corners left out."""
        config = ProjectionConfig(family=family, hold=hold, seed=seed)
        return matrix(config)[:, :, 8:56:hold]

    def test_balance_of_every_column(self, signs):
        used = np.abs(signs).sum(axis=(0, 1))
        assert (np.abs(signs.sum(axis=(0, 1))) < 5 * np.sqrt(used)).all()

    def test_columns_are_uncorrelated(self, signs):
        columns = signs.reshape(-1, signs.shape[2])
        products = columns.T @ columns
        used = np.abs(columns).T @ np.abs(columns)
        np.fill_diagonal(products, 0)
        assert (np.abs(products) < 5 * np.sqrt(used) + 1).all()

    def test_channels_are_uncorrelated(self, signs):
        channels = signs.reshape(len(signs), -1)
        products = channels @ channels.T
        used = np.abs(channels) @ np.abs(channels).T
        np.fill_diagonal(products, 0)
        # 73,536 pairs: one in some tests is beyond 4.9 sigma.
        assert (np.abs(products) < 6 * np.sqrt(used) + 1).all()

    def test_neighbours_at_any_lag_are_uncorrelated(self, signs):
        """A register that shifts by one would repeat a channel's signs in another row near it."""
        for apart in range(9):
            for a in range(signs.shape[1]):
                for b in range(signs.shape[1]):
                    if apart == 0 and a == b:
                        continue
                    here, there = signs[: len(signs) - apart, a], signs[apart:, b]
                    used = np.abs(here * there).sum()
                    assert abs((here * there).sum()) < 5.5 * np.sqrt(used) + 1


def test_hits_are_even():
    """Every measurement gets its share of the samples, also where M is no power of two."""
    for count in (5, 8, 24):
        rows = matrix(ProjectionConfig(measurements=count))[:, :, count : 64 - count]
        hits = np.abs(rows).sum(axis=(0, 2))
        share = hits.sum() / count
        assert (np.abs(hits - share) < 5 * np.sqrt(share)).all()
