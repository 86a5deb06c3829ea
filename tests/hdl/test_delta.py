"""Predictor delta against its golden model."""

import numpy as np

from probecodec.golden import delta as golden
from probecodec.golden.config import EncoderConfig
from probecodec.hdl.delta import Delta


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or Delta.MIN_CHANNELS, sample_bits=bits)
    sent = packets(bits, config.channels)
    columns = harness.slots(sent)
    expected = {"value": harness.fill(columns, residuals(sent, bits))}
    harness.check(Delta(config), columns, expected, idle)


def residuals(packets, bits):
    """Yield each packet's residuals."""
    previous = None
    for packet in packets:
        if packet.restart:
            previous = np.zeros(packet.values.shape[1], np.int64)
        yield golden.encode(packet.values, previous, bits)
        if len(packet.values):
            previous = packet.values[-1]
