"""Coder fixed against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.fixed import Fixed as Golden
from probecodec.golden.format import Mode
from probecodec.hdl.fixed import Fixed


def check(harness, config, packets, idle="none"):
    """Check the coder; return the lengths of the codes."""
    return harness.check_coder(Fixed(config), Golden(config), packets, idle)


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or 2, sample_bits=bits, modes=(Mode.FIXED,))
    symbols = [
        packet._replace(values=packet.values % (1 << bits))
        for packet in packets(bits, config.channels)
    ]
    check(harness, config, symbols, idle)


@pytest.mark.parametrize(
    ("bits", "fixed_bits"), [(8, 2), (8, 7), (8, 8), (10, 9), (12, 12), (16, 2), (16, 15), (16, 16)]
)
def test_around_the_escape(harness, bits, fixed_bits):
    escape, top = (1 << fixed_bits) - 1, (1 << bits) - 1
    edges = np.array([0, 1, escape - 1, escape, min(escape + 1, top), top - 1, top, 0])
    config = EncoderConfig(channels=8, sample_bits=bits, fixed_bits=fixed_bits, modes=(Mode.FIXED,))
    frames = np.stack([edges, edges[::-1]])
    lengths = check(harness, config, [harness.Packet(frames, restart=True), harness.Packet(frames)])
    assert (fixed_bits + bits in lengths) == (fixed_bits < bits)
