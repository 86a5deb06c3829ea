"""High-pass against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.highpass import Highpass as Golden
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.highpass import Highpass


def configure(channels=Highpass.MIN_CHANNELS, sample_bits=10, shift=8):
    return EncoderConfig(
        channels=channels,
        sample_bits=sample_bits,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=ProjectionConfig(window=16, highpass_shift=shift),
    )


def check(harness, config, packets, idle="none"):
    """Check the stage; the means begin anew where frames do not go on from those before."""
    columns, golden, values = harness.slots(packets), Golden(config.projection), []
    for packet in packets:
        if packet.restart and not packet.goes_on:
            golden.restart()
        values.append(golden.encode(packet.values))
    expected = {"value": harness.fill(columns, values)}
    harness.check(Highpass(config), columns, expected, idle)
    return np.concatenate(values)


@pytest.mark.parametrize("shift", [1, 8, 12])
def test_equals_the_golden_model(harness, packets, shape, shift):
    bits, channels, idle = shape
    config = configure(channels or Highpass.MIN_CHANNELS, bits, shift)
    check(harness, config, packets(bits, config.channels), idle)


@pytest.mark.parametrize("idle", ["none", "random"])
def test_restarts_that_go_on(harness, idle):
    """The mean is that of the frames before, whatever is raw or restarts."""
    config = configure(shift=3)
    values = np.random.default_rng(0).integers(-512, 512, (30, config.channels))
    Packet = harness.Packet
    packets = [
        Packet(values[:9], restart=True),
        Packet(values[9:20], restart=True, goes_on=True, mode=1),
        Packet(values[20:25], early=True),
        Packet(values[25:], restart=True, goes_on=True),
        Packet(values[:5], restart=True),
    ]
    got = check(harness, config, packets, idle)
    assert got[[9, 25]].any() and not got[[0, 30]].any()


@pytest.mark.parametrize("bits", [8, 16])
def test_full_scale_squares(harness, bits):
    """From end to end of the range, slowly enough for the mean to arrive there."""
    config = configure(4, bits, 2)
    half = 1 << bits - 1
    levels = np.where(np.arange(400) // 100 % 2, half - 1, -half)
    values = np.repeat(levels[:, np.newaxis], 4, axis=1)
    got = check(harness, config, [harness.Packet(values, restart=True)])
    assert np.ptp(got) == 2 * (2 * half - 1)


def test_too_few_channels():
    with pytest.raises(ConfigError, match="the high-pass needs at least 4 channels, not 3"):
        Highpass(configure(channels=Highpass.MIN_CHANNELS - 1))


def test_no_high_pass():
    with pytest.raises(ConfigError, match="highpass_shift = 0 is no high-pass"):
        Highpass(configure(shift=0))
