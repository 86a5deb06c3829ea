"""Integer wavelets against their definitions, in Python's unbounded integers."""

import numpy as np
import pytest

from probecodec.bench.wavelets import (
    CHANNEL_LEVELS,
    FRAME_LEVELS,
    HAAR,
    LEGALL,
    inverse,
    transform,
)

WAVELETS = pytest.mark.parametrize("wavelet", [HAAR, LEGALL])


def haar_level(line):
    """Halves of the sum, rounded down, and differences; the last of an odd length stays."""
    pairs = list(zip(line[::2], line[1::2], strict=False))
    return [(a + b) // 2 for a, b in pairs] + line[len(pairs) * 2 :], [b - a for a, b in pairs]


def legall_level(line):
    """ITU-T T.800, Annex F, on a line that goes on in both directions."""
    if len(line) == 1:
        return line, []
    period = 2 * (len(line) - 1)

    def x(i):
        return line[min(i % period, -i % period)]

    def high(i):
        return x(i) - (x(i - 1) + x(i + 1)) // 2

    low = [x(i) + (high(i - 1) + high(i + 1) + 2) // 4 for i in range(0, len(line), 2)]
    return low, [high(i) for i in range(1, len(line), 2)]


def bands(line, level, levels):
    details = []
    for _ in range(levels):
        line, detail = level(line)
        details = detail + details
    return line + details


@pytest.mark.parametrize(("wavelet", "level"), [(HAAR, haar_level), (LEGALL, legall_level)])
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 6, 7, 31, 64, 1023, 1500])
def test_along_time(wavelet, level, frames):
    samples = np.random.default_rng(frames).integers(-4096, 4096, (frames, 3)).astype(np.int16)
    expected = [bands(line, level, FRAME_LEVELS) for line in samples.T.tolist()]
    assert np.array_equal(transform(samples, wavelet).T, expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 9, 16])
def test_along_channels_then(channels):
    samples = np.random.default_rng(1).integers(-999, 999, (37, channels)).astype(np.int16)
    in_time = transform(samples, LEGALL).tolist()
    expected = [bands(row, legall_level, CHANNEL_LEVELS) for row in in_time]
    assert np.array_equal(transform(samples, LEGALL, CHANNEL_LEVELS), expected)


@WAVELETS
@pytest.mark.parametrize("channel_levels", [0, CHANNEL_LEVELS])
@pytest.mark.parametrize("shape", [*((n, 4) for n in range(1, 20)), (1, 1), (1200, 1), (50, 33)])
def test_whatever_wraps_comes_back(wavelet, channel_levels, shape):
    rng = np.random.default_rng(2)
    for samples in (
        rng.choice(np.array([-32768, 32767], np.int16), shape),
        rng.integers(-(1 << 15), 1 << 15, shape).astype(np.int16),
    ):
        before = samples.copy()
        found = transform(samples, wavelet, channel_levels)
        assert found.dtype == np.int16 and found.shape == shape
        assert np.array_equal(inverse(found, wavelet, channel_levels), samples)
        assert np.array_equal(samples, before)


def test_a_ramp_has_no_details():
    ramp = np.arange(0, 3000, 3, dtype=np.int16)[:, None]
    finest = transform(ramp, LEGALL)[500:, 0]
    assert not finest[:-1].any() and finest[-1] == 3  # the mirror bends it
