"""Adaptive predictor against its golden model."""

import numpy as np
import pytest

from probecodec.golden import delta
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import LMS_GEARS, Mode, Order
from probecodec.golden.lms import Lms as Golden
from probecodec.hdl.lms import Lms

ADAPTIVE = {"modes": (Mode.ADAPTIVE,)}


def check(harness, config, packets, idle="none"):
    """Check the predictor."""
    columns, golden = harness.slots(packets), Golden(config)
    residuals = []
    for packet in packets:
        if packet.restart:
            golden.restart()
        adaptive = config.modes[packet.mode % len(config.modes)] == Mode.ADAPTIVE
        values = delta.wrap(packet.values, config.sample_bits)
        residuals.append(golden.encode(values) if adaptive else values)
    harness.check(Lms(config), columns, {"value": harness.fill(columns, residuals)}, idle)


@pytest.mark.parametrize("modes", [(Mode.ADAPTIVE,), (Mode.ADAPTIVE, Mode.HUFFMAN)])
def test_equals_the_golden_model(harness, packets, shape, modes):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or Lms.MIN_CHANNELS, sample_bits=bits, modes=modes)
    check(harness, config, packets(bits, config.channels), idle)


@pytest.mark.parametrize(("order", "channels"), [(Order.NP1, 48), (Order.NP2, 64)])
@pytest.mark.parametrize("idle", ["none", "random", "bursts"])
def test_orders(harness, packets, order, channels, idle):
    config = EncoderConfig(channels=channels, sample_bits=12, order=order, **ADAPTIVE)
    check(harness, config, packets(12, channels), idle)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_learns_through_all_gears(harness, bits):
    """Correlated channels, longer than the last gear; the weights come from what they learnt."""
    random = np.random.default_rng(bits)
    config = EncoderConfig(channels=Lms.MIN_CHANNELS, sample_bits=bits, **ADAPTIVE)
    shape = max(LMS_GEARS) + 40, config.channels
    values = np.rint(np.cumsum(random.normal(0, 1 << bits - 4, shape), axis=1))
    check(harness, config, [harness.Packet(values.astype(np.int64), restart=True)])


@pytest.mark.parametrize("bits", [8, 16])
def test_weights_at_their_limits(harness, bits):
    """Extremes that alternate drive weights to both ends."""
    config = EncoderConfig(channels=Lms.MIN_CHANNELS, sample_bits=bits, **ADAPTIVE)
    half = 1 << bits - 1
    turn = np.add.outer(np.arange(500), np.arange(config.channels)) % 2
    values = np.where(turn, half - 1, -half)
    values[300:] = half // 2
    golden = Golden(config)
    golden.encode(values[:300])
    assert np.abs(golden.weights).max() > 1 << 10
    check(harness, config, [harness.Packet(values, restart=True)])
