"""Mapper zigzag against its golden model."""

import numpy as np
import pytest

from probecodec.golden import zigzag as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.projection_config import ProjectionConfig
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


@pytest.mark.parametrize(("sample_bits", "shift", "width"), [(8, 0, 10), (12, 6, 12), (16, 4, 16)])
def test_symbols_as_wide_as_the_widest(harness, sample_bits, shift, width):
    """Residuals of W bits and measurements of W + 2 less ``shift``, in one core."""
    config = EncoderConfig(
        channels=4,
        sample_bits=sample_bits,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=ProjectionConfig(
            sample_bits=sample_bits, window=16, highpass_shift=0, shift=shift
        ),
    )
    random, packets = np.random.default_rng(0), []
    for mode, bits in enumerate((sample_bits, sample_bits + 2 - shift)):
        half = 1 << bits - 1
        values = random.integers(-half, half, (9, 4))
        values[0] = -half, half - 1, -1, 0
        packets.append(harness.Packet(values, restart=True, mode=mode))
    dut = Zigzag(config)
    assert dut.i.payload.shape()["value"].width == width
    columns = harness.slots(packets)
    symbols = harness.fill(columns, [golden.encode(packet.values) for packet in packets])
    harness.check(dut, columns, {"value": symbols})
