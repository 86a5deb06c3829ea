"""Emulator's recording: like a probe's, and the same for ever."""

import zlib

import numpy as np
import pytest

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.emulator import SPIKE, auxiliary, loop, recording
from probecodec.golden.format import Order


@pytest.mark.parametrize(("bits", "noise"), [(8, 4), (10, 6), (12, 14), (14, 22), (16, 30)])
@pytest.mark.parametrize("seed", [1, 2, 77])
def test_noise_spikes_and_waves(bits, noise, seed):
    values = loop(EncoderConfig(sample_bits=bits), 2048, seed).astype(int)
    # Neighbouring values share half of one term: the difference has 6/5 of the variance.
    steps = np.diff(values)
    assert 1.4826 * np.median(np.abs(steps)) / np.sqrt(6 / 5) == pytest.approx(noise, rel=0.15)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 32, "wrap"), 65)
    baseline = np.median(windows, axis=1)[:2048]
    assert 3 * noise < np.ptp(baseline) < 8 * noise  # it wanders
    # Troughs of the four spikes, one in each quarter, of four sizes.
    troughs = (values - baseline).reshape(4, 512).min(axis=1) / noise
    np.testing.assert_allclose(sorted(troughs), [-28, -16, -10, -6], atol=3)
    assert abs(values).max() < 1 << (bits - 1)


def test_spike_is_biphasic():
    assert min(SPIKE) == -64 and max(SPIKE) > 16
    assert SPIKE.index(min(SPIKE)) < SPIKE.index(max(SPIKE))


@pytest.mark.parametrize(
    ("bits", "length", "seed", "crc"),
    [(10, 2048, 1, 1592184730), (16, 2048, 1, 3401553084), (12, 512, 5, 205788322)],
)
def test_the_same_for_ever(bits, length, seed, crc):
    values = loop(EncoderConfig(sample_bits=bits), length, seed)
    assert values.dtype == np.int16 and values.shape == (length,)
    assert zlib.crc32(values.astype("<i2").tobytes()) == crc


def test_channels_differ_and_the_loop_repeats():
    config = EncoderConfig(channels=384)
    samples = recording(config, 2048, 1, 2050)
    assert samples.shape == (2050, 384) and samples.dtype == np.int16
    np.testing.assert_array_equal(samples[2048:], samples[:2])
    assert len(np.unique(samples[:2048], axis=1).T) == 384
    assert len(np.unique(loop(config, 2048, 1)[:100] - loop(config, 2048, 2)[:100])) > 10
    r = np.corrcoef(samples[:2048].T)
    assert np.abs(r[np.arange(383), np.arange(1, 384)]).max() < 0.6


def test_order_changes_only_which_channel_plays_what():
    plain = recording(EncoderConfig(channels=48), 512, 3, 5)
    probe = recording(EncoderConfig(channels=48, order=Order.NP1), 512, 3, 5)
    # Neuropixels 1.0, four converters: the first step takes channels 0, 1, 24, 25.
    np.testing.assert_array_equal(probe[:, [0, 1, 24, 25, 2]], plain[:, [0, 1, 2, 3, 4]])


def test_auxiliary_word_counts():
    words = auxiliary(EncoderConfig(aux_bits=2), 6000)
    assert words.dtype == np.uint16
    assert words[[0, 1023, 1024, 2047, 2048, 3072, 4095, 4096, 5120]].tolist() == [
        *(0, 0, 1, 1, 2, 3, 3, 0, 1)
    ]


@pytest.mark.parametrize("length", [500, 256, 1 << 17, 2048.0])
def test_length_that_cannot_be(length):
    with pytest.raises(ConfigError, match="power of two"):
        loop(EncoderConfig(), length, 1)


@pytest.mark.parametrize("seed", [0, 1 << 32, -1, 1.5])
def test_seed_that_cannot_be(seed):
    with pytest.raises(ConfigError, match="seed"):
        loop(EncoderConfig(), 2048, seed)
