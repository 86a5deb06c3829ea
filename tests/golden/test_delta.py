"""Delta predictor: modulo differences of W bits, and back."""

import numpy as np
import pytest

from probecodec.golden import delta

WIDTHS = range(8, 17)


def test_every_pair_of_8_bit_samples():
    samples, previous = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
    residuals = delta.encode(samples.reshape(1, -1), previous.ravel(), 8)
    assert residuals.min() == -128
    assert residuals.max() == 127
    assert ((previous.ravel() + residuals - samples.ravel()) % 256 == 0).all()
    assert (delta.decode(residuals, previous.ravel(), 8) == samples.ravel()).all()


@pytest.mark.parametrize("bits", WIDTHS)
def test_wrap_around(bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    samples = np.array([[low], [high], [low], [0], [low], [0], [high]])
    residuals = delta.encode(samples, np.array([0]), bits)
    assert residuals.ravel().tolist() == [low, -1, 1, low, low, low, high]
    assert (delta.decode(residuals, np.array([0]), bits) == samples).all()


@pytest.mark.parametrize("bits", WIDTHS)
def test_wrap_of_values_far_outside(bits):
    size = 1 << bits
    values = np.array([0, 1, -1, size // 2, size // 2 - 1, size, -size, 5 * size + 3])
    expected = [0, 1, -1, -size // 2, size // 2 - 1, 0, 0, 3]
    assert delta.wrap(values, bits).tolist() == expected


def test_channels_are_apart():
    samples = np.array([[10, -5], [12, -5], [9, 100]])
    residuals = delta.encode(samples, np.array([1, 2]), 8)
    assert residuals.tolist() == [[9, -7], [2, 0], [-3, 105]]


def test_no_frames():
    nothing = np.empty((0, 3), np.int64)
    assert delta.encode(nothing, np.zeros(3, np.int64), 10).shape == (0, 3)
    assert delta.decode(nothing, np.zeros(3, np.int64), 10).shape == (0, 3)


def test_any_split_into_packets_gives_the_same():
    samples = np.random.default_rng(0).integers(-512, 512, (9, 4))
    whole = delta.encode(samples, np.zeros(4, np.int64), 10)
    for cut in range(1, 9):
        tail = delta.encode(samples[cut:], samples[cut - 1], 10)
        assert (tail == whole[cut:]).all()
