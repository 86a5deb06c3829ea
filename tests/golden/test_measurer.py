"""Mode PROJECTION's path: when the high-pass begins anew, and which frames have codes."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.measurer import Measurer, coded, spread
from probecodec.golden.packer import Codes
from probecodec.golden.projection import given, matrix
from probecodec.golden.projection_config import ProjectionConfig


def filtered(samples, shift, mean):
    """Samples minus their running mean, in exact numbers; ``mean`` (state) is moved."""
    rows = []
    for row in samples.tolist():
        rows.append([x - s // (1 << shift) for x, s in zip(row, mean, strict=True)])
        mean[:] = [s + y for s, y in zip(mean, rows[-1], strict=True)]
    return np.array(rows).reshape(-1, len(mean))


def products(config, values):
    """Matrix times window, of the whole windows, (rows, channels)."""
    rows, size = matrix(config), config.window
    starts = range(0, len(values) - size + 1, size)
    parts = [np.einsum("ckn,nc->kc", rows, values[n : n + size]) for n in starts]
    return np.concatenate([*parts, np.zeros((0, config.channels), np.int64)]) >> config.shift


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
def test_packets(family):
    """Every packet begins a window; the high-pass goes on unless it is to begin anew."""
    config = ProjectionConfig(
        channels=3, sample_bits=10, highpass_shift=3, window=16, measurements=4, family=family
    )
    random, stage, mean = np.random.default_rng(0), Measurer(config), []
    lengths = [(32, True), (9, False), (16, False), (5, True), (0, False), (48, False), (16, True)]
    for frames, fresh in lengths:
        samples = random.integers(-512, 512, (frames, 3))
        if fresh:
            mean = [int(x) << 3 for x in samples[0]]
        wanted = products(config, filtered(samples, 3, mean))
        assert (stage.encode(samples, fresh) == wanted).all()
        assert given(config, frames).sum() == len(wanted) == frames // 16 * 4


def test_the_first_packet_sets_the_means():
    config = ProjectionConfig(channels=2, window=16, measurements=1)
    assert not Measurer(config).encode(np.full((16, 2), 999), fresh=False).any()


@pytest.mark.parametrize("fresh", [False, True])
def test_without_a_high_pass(fresh):
    config = ProjectionConfig(channels=3, highpass_shift=0, window=16, measurements=4)
    samples = np.random.default_rng(1).integers(-2048, 2048, (32, 3))
    assert (Measurer(config).encode(samples, fresh) == products(config, samples)).all()


def test_spread_by_hand():
    codes = Codes(np.array([[5, 1], [2, 3]]), np.array([[3, 1], [2, 2]]))
    bits, length = spread(codes, np.array([False, True, False, False, True]))
    assert bits.tolist() == [[0, 0], [5, 1], [0, 0], [0, 0], [2, 3]]
    assert length.tolist() == [[0, 0], [3, 1], [0, 0], [0, 0], [2, 2]]


def test_spread_of_nothing():
    empty = np.zeros((0, 4), np.int64)
    bits, length = spread(Codes(empty, empty), np.zeros(3, bool))
    assert bits.shape == length.shape == (3, 4)
    assert not bits.any() and not length.any()


def test_coded():
    matrix_config = ProjectionConfig(window=16, measurements=2)
    config = EncoderConfig(modes=(Mode.HUFFMAN, Mode.PROJECTION), projection=matrix_config)
    assert coded(config, Mode.HUFFMAN, 20).tolist() == [True] * 20
    wanted = [n in (14, 15) for n in range(20)]
    assert coded(config, Mode.PROJECTION, 20).tolist() == wanted
    assert coded(config, Mode.PROJECTION, 0).shape == (0,)
