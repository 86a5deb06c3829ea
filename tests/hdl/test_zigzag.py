"""Mapper zigzag against its golden model."""

import numpy as np
import pytest

from probecodec.golden import zigzag as golden
from probecodec.golden.config import EncoderConfig
from probecodec.hdl.zigzag import Zigzag


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or 2, sample_bits=bits)
    sent = packets(bits, config.channels)
    columns = harness.slots(sent)
    symbols = harness.fill(columns, [golden.encode(packet.values) for packet in sent])
    harness.check(Zigzag(config), columns, {"value": symbols}, idle)


@pytest.mark.parametrize("bits", [8, 9, 10])
def test_every_residual(harness, bits):
    residuals = np.arange(-(1 << (bits - 1)), 1 << (bits - 1)).reshape(-1, 2)
    columns = harness.slots([harness.Packet(residuals)])
    symbols = golden.encode(residuals).ravel()
    assert sorted(symbols) == list(range(1 << bits))
    config = EncoderConfig(channels=2, sample_bits=bits)
    harness.check(Zigzag(config), columns, {"value": symbols})
