"""High-pass against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import ConfigError
from probecodec.golden.highpass import Highpass as Golden
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.highpass import Highpass


def check(harness, config, packets, idle="none"):
    columns, golden, values = harness.slots(packets), Golden(config), []
    for packet in packets:
        if packet.restart:
            golden.restart()
        values.append(golden.encode(packet.values))
    harness.check(Highpass(config), columns, {"value": harness.fill(columns, values)}, idle)


@pytest.mark.parametrize("shift", [1, 8, 12])
def test_equals_the_golden_model(harness, packets, shape, shift):
    bits, channels, idle = shape
    channels = channels or Highpass.MIN_CHANNELS
    config = ProjectionConfig(channels=channels, sample_bits=bits, highpass_shift=shift)
    check(harness, config, packets(bits, channels), idle)


@pytest.mark.parametrize("bits", [8, 16])
def test_full_scale_squares(harness, bits):
    """From end to end of the range, slowly enough for the mean to arrive there."""
    config = ProjectionConfig(channels=4, sample_bits=bits, highpass_shift=2)
    half = 1 << bits - 1
    levels = np.where(np.arange(400) // 100 % 2, half - 1, -half)
    values = np.repeat(levels[:, np.newaxis], 4, axis=1)
    assert np.ptp(Golden(config).encode(values)) == 2 * (2 * half - 1)
    check(harness, config, [harness.Packet(values, restart=True)])


def test_too_few_channels():
    config = ProjectionConfig(channels=Highpass.MIN_CHANNELS - 1)
    with pytest.raises(ConfigError, match="the high-pass needs at least 4 channels, not 3"):
        Highpass(config)


def test_no_high_pass():
    with pytest.raises(ConfigError, match="highpass_shift = 0 is no high-pass"):
        Highpass(ProjectionConfig(highpass_shift=0))
