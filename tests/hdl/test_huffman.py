"""Coder huffman against its golden model."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HUFFMAN_ESCAPE_ZEROS, HUFFMAN_FAR, HUFFMAN_MEAN_SHIFT, Mode
from probecodec.golden.huffman import Huffman as Golden
from probecodec.golden.huffman import choose
from probecodec.golden.projection_config import ProjectionConfig
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


MATRIX = {"window": 16, "measurements": 8, "highpass_shift": 0}  # two hits each: W + 2 bits


def projected(sample_bits, **others):
    """Return a configuration whose symbols of mode 1 have another width than those of mode 0."""
    return EncoderConfig(
        channels=Huffman.MIN_CHANNELS,
        sample_bits=sample_bits,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=ProjectionConfig(sample_bits=sample_bits, **MATRIX | others),
    )


def check_rows(harness, config, packets, given, idle="none"):
    """Check the coder where only some frames, ``given`` for each packet, hold symbols.

    Returns the lengths of the codes, (rows, channels) for each packet.
    """
    columns, lengths, place, raw = harness.slots(packets), [], 0, False
    wanted = {name: np.zeros(len(columns["end"]), np.int64) for name in ("bits", "length")}
    columns["raw"][:] = 0
    coders = {n: Golden(config, config.symbol_bits(mode)) for n, mode in enumerate(config.modes)}
    for packet, frames in zip(packets, given, strict=True):
        if packet.restart:
            coders[packet.mode].restart()
            raw = True
        shape = packet.values.shape
        codes = coders[packet.mode].encode(packet.values[frames], raw)
        slots = np.arange(place, place + packet.values.size).reshape(shape)
        columns["present"][slots[~np.isin(np.arange(shape[0]), frames)]] = 0
        columns["raw"][slots[frames[:1]]] = raw
        wanted["bits"][slots[frames]], wanted["length"][slots[frames]] = codes
        lengths.append(codes.length)
        raw &= not len(frames)
        place += packet.values.size + packet.early
    harness.check(Huffman(config), columns, wanted, idle)
    return lengths


@pytest.mark.parametrize("idle", ["none", "random"])
@pytest.mark.parametrize(("sample_bits", "shift"), [(8, 0), (10, 4), (16, 10), (12, 2)])
def test_two_widths(harness, sample_bits, shift, idle):
    """Raw symbols, escapes and the mean at the start are those of the packet's mode."""
    config = projected(sample_bits, shift=shift)
    widths = [config.symbol_bits(mode) for mode in config.modes]
    assert widths == [sample_bits, sample_bits + 2 - shift]
    random, packets = np.random.default_rng(sample_bits), []
    for mode in (0, 1, 1, 0):
        values = random.integers(0, 9, (12, config.channels))
        values[1] = (1 << widths[mode]) - 1
        values[2:] <<= random.integers(0, widths[mode] - 4, (10, config.channels))
        packets.append(harness.Packet(values, restart=True, mode=mode))
    packets.append(harness.Packet(packets[-1].values[2:], mode=0))
    packets.append(packets[-1]._replace(restart=True, mode=1, values=packets[1].values[:1]))
    packets.append(packets[-1]._replace(restart=False, values=packets[1].values[4:]))
    given = [np.arange(len(packet.values)) for packet in packets]
    lengths = check_rows(harness, config, packets, given, idle)
    for packet, length in zip(packets[:4], lengths, strict=False):
        width = widths[packet.mode]
        assert (length[0] == width).all()
        if width > 8:
            assert (length[1] == HUFFMAN_ESCAPE_ZEROS + width).all()


@pytest.mark.parametrize("idle", ["none", "bursts"])
def test_frames_without_symbols(harness, idle):
    """They have no codes, move no mean, and do not count among the first frames."""
    config = projected(10, shift=0)
    random = np.random.default_rng(0)
    values = random.integers(0, 1 << 12, (40, config.channels)) >> random.integers(0, 11, (40, 1))
    Packet, none = harness.Packet, np.arange(0)
    packets = [
        Packet(values, restart=True, mode=1),
        Packet(values, mode=1),
        Packet(values[:5], restart=True, mode=1, early=True),  # nothing is given
        Packet(values[:7], mode=1),
        Packet(values[:9], mode=1),
    ]
    every = np.arange(40)
    given = [every[every % 8 > 5], every[2::3], none, np.array([3, 6]), np.array([0, 8])]
    check_rows(harness, config, packets, given, idle)
