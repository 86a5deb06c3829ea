"""Coder huffman against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HUFFMAN_FAR, HUFFMAN_MEAN_SHIFT
from probecodec.golden.huffman import Huffman as Golden
from probecodec.golden.huffman import choose
from probecodec.hdl.huffman import Huffman


def check(harness, config, packets, idle="none"):
    """Check the coder; return the lengths of the codes."""
    return harness.check_coder(Huffman(config), Golden(config), packets, idle)


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    config = EncoderConfig(channels=channels or Huffman.MIN_CHANNELS, sample_bits=bits)
    symbols = [
        packet._replace(values=packet.values % (1 << bits))
        for packet in packets(bits, config.channels)
    ]
    check(harness, config, symbols, idle)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_every_class_of_every_table(harness, bits):
    """Symbols that meet every table, and in each of them classes near, far and escaped."""
    random = np.random.default_rng(bits)
    channels, frames = 128, 25 * bits
    config = EncoderConfig(channels=channels, sample_bits=bits)
    golden, rows, met = Golden(config), [], set()
    level = np.geomspace(0.3, 4 << bits // 4, channels)  # about each channel's mean
    for _ in range(frames):
        table, shift = choose(golden.sums)
        symbols = random.exponential(level).astype(np.int64)
        anywhere = random.integers(2 * HUFFMAN_FAR + 9, size=channels) << shift
        symbols = np.where(random.random(channels) < 0.02, anywhere, symbols)
        symbols = np.minimum(symbols, (1 << bits) - 1)
        index = np.minimum(symbols >> shift, 2 * HUFFMAN_FAR)
        met |= set(zip(table.tolist(), index.tolist(), strict=True))
        golden.encode(symbols[np.newaxis], restart=False)
        rows.append(symbols)
    for number in range(16):
        seen = {index for table, index in met if table == number}
        assert len(seen) >= 6 and max(seen) >= HUFFMAN_FAR
    assert any(index == 2 * HUFFMAN_FAR for _, index in met)
    first = harness.Packet(np.zeros((1, channels), np.int64), restart=True)
    check(harness, config, [first, harness.Packet(np.array(rows))])


@pytest.mark.parametrize("bits", [8, 16])
def test_mean_at_its_ends(harness, bits):
    """The longest symbols drive the mean to its top, zeros drive it to nothing."""
    channels, top = Huffman.MIN_CHANNELS, (1 << bits) - 1
    config = EncoderConfig(channels=channels, sample_bits=bits)
    high, low = np.full((500, channels), top), np.zeros((500, channels), np.int64)
    golden = Golden(config)
    golden.encode(high, restart=True)
    assert (golden.sums == top << HUFFMAN_MEAN_SHIFT).all()
    golden.encode(low, restart=False)
    assert (golden.sums >> HUFFMAN_MEAN_SHIFT == 0).all()
    check(harness, config, [harness.Packet(np.concatenate([high, low, high[:20]]), restart=True)])
