"""Coder rice against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import RICE_ESCAPE_ZEROS, RICE_MEAN_SHIFT
from probecodec.golden.rice import Rice as Golden
from probecodec.hdl.rice import Rice

EDGES = (RICE_ESCAPE_ZEROS - 1, RICE_ESCAPE_ZEROS)


def check(harness, config, packets, idle="none"):
    """Check the coder; return the lengths of the codes."""
    return harness.check_coder(Rice(config), Golden(config), packets, idle)


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or Rice.MIN_CHANNELS, sample_bits=bits)
    symbols = [
        packet._replace(values=packet.values % (1 << bits))
        for packet in packets(bits, config.channels)
    ]
    check(harness, config, symbols, idle)


@pytest.mark.parametrize("bits", [8, 11, 16])
def test_quotients_around_the_escape(harness, bits):
    """Symbols with quotients about that of an escape, often or seldom: at many k."""
    random = np.random.default_rng(bits)
    config = EncoderConfig(channels=32, sample_bits=bits)
    golden, frames, met = Golden(config), [], set()
    golden.restart()
    often = np.linspace(0, 0.5, 32)
    for _ in range(60):
        k = np.frexp(np.maximum(golden.sums >> RICE_MEAN_SHIFT, 1))[1] - 1
        quotient = random.choice(EDGES, 32) * (random.random(32) < often)
        symbols = np.minimum((quotient << k) + random.integers(1 << k), (1 << bits) - 1)
        met |= set(zip((symbols >> k).tolist(), k.tolist(), strict=True))
        golden.encode(symbols[np.newaxis], restart=False)
        frames.append(symbols)
    for edge in (0, *EDGES):
        assert len([k for quotient, k in met if quotient == edge]) >= 4
    first = harness.Packet(np.zeros((1, 32), np.int64), restart=True)
    check(harness, config, [first, harness.Packet(np.array(frames))])


@pytest.mark.parametrize("bits", [8, 16])
def test_mean_at_its_ends(harness, bits):
    """The longest symbols drive the mean to its top, zeros drive it to nothing."""
    channels, top = Rice.MIN_CHANNELS, (1 << bits) - 1
    config = EncoderConfig(channels=channels, sample_bits=bits)
    high, low = np.full((250, channels), top), np.zeros((250, channels), np.int64)
    golden = Golden(config)
    golden.encode(high, restart=True)
    assert (golden.sums == top << RICE_MEAN_SHIFT).all()
    golden.encode(low, restart=False)
    assert (golden.sums >> RICE_MEAN_SHIFT == 0).all()
    check(harness, config, [harness.Packet(np.concatenate([high, low, high[:20]]), restart=True)])
