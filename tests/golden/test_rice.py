"""Coder `rice`: codes by hand, the running mean, and the reference decoder's reading."""

import numpy as np
import pytest

from probecodec.golden import packer
from probecodec.golden.config import EncoderConfig
from probecodec.golden.framer import words_to_bytes
from probecodec.golden.rice import Rice

WIDTHS = range(8, 17)


def coder_of(sample_bits, channels=2):
    return Rice(EncoderConfig(channels=channels, sample_bits=sample_bits))


def test_codes_by_hand(written):
    """8 bits: the sum starts at 128, so k = 3 for both channels."""
    codes = coder_of(8).encode(np.array([[2, 119], [9, 13], [0, 0]]), restart=False)
    assert written(codes) == [
        ["1010", "00000000000001110111"],  # sums become 128 + 2 - 8 and 128 + 119 - 8
        ["00101", "01101"],  # means 7 and 14, k = 2 and 3; sums 124 and 238
        ["100", "1000"],
    ]


def test_last_code_before_the_escape(written):
    codes = coder_of(8).encode(np.array([[95, 96]]), restart=False)
    assert written(codes) == [["000000000001" "111", "000000000000" "01100000"]]  # fmt: skip


def test_first_frame_of_a_restart_is_raw_and_moves_no_mean(written):
    coder = coder_of(8)
    codes = coder.encode(np.array([[200, 3]]), restart=True)
    assert written(codes) == [["11001000", "00000011"]]
    assert coder.sums.tolist() == [128, 128]


def test_restart_forgets():
    coder = coder_of(10)
    coder.encode(np.full((50, 2), 1000), restart=False)
    coder.restart()
    assert coder.sums.tolist() == [256, 256]


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_silence_comes_down_to_one_bit(sample_bits, written):
    coder = coder_of(sample_bits)
    codes = coder.encode(np.zeros((200, 2), np.int64), restart=False)
    assert written(codes)[-1] == ["1", "1"]
    assert (np.diff(codes.length, axis=0) <= 0).all()


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_the_largest_symbols_settle_one_bit_above_raw(sample_bits):
    top = 2**sample_bits - 1
    coder = coder_of(sample_bits)
    codes = coder.encode(np.full((300, 2), top), restart=False)
    assert codes.length[-1].tolist() == [sample_bits + 1] * 2
    assert codes.length.max() == 12 + sample_bits
    assert (coder.sums >> 4).tolist() == [top, top]


@pytest.mark.parametrize("symbol", [1, 5, 16, 100, 1023])
def test_the_mean_of_equal_symbols_is_the_symbol(symbol):
    coder = coder_of(10)
    coder.encode(np.full((200, 2), symbol), restart=False)
    mean = coder.sums[0] / 16
    assert symbol <= mean < symbol + 1


def test_channels_are_apart():
    symbols = np.random.default_rng(0).integers(0, 1024, (60, 3)) // np.array([1, 30, 1000])
    codes = coder_of(10, 3).encode(symbols, restart=False)
    swapped = coder_of(10, 3).encode(symbols[:, ::-1], restart=False)
    assert (codes.bits == swapped.bits[:, ::-1]).all()
    assert (codes.length == swapped.length[:, ::-1]).all()


@pytest.mark.parametrize("cut", [1, 7, 39])
def test_any_split_into_packets_gives_the_same(cut, written):
    symbols = np.random.default_rng(0).integers(0, 64, (40, 2))
    whole, coder = coder_of(10).encode(symbols, restart=True), coder_of(10)
    parts = [coder.encode(symbols[:cut], True), coder.encode(symbols[cut:], False)]
    assert written(parts[0]) + written(parts[1]) == written(whole)


@pytest.mark.parametrize("sample_bits", WIDTHS)
@pytest.mark.parametrize("spread", [0.0, 0.3, 3.0, 30.0, 3000.0])
def test_reading_back(sample_bits, spread, reference):
    symbols = np.random.default_rng(0).exponential(spread, (100, 2)).astype(np.int64)
    symbols[::17] = 2**sample_bits - 1
    symbols = np.minimum(symbols, 2**sample_bits - 1)
    codes = coder_of(sample_bits).encode(symbols, restart=False)
    payload = words_to_bytes(packer.encode(codes))

    reader, coder = packer.BitReader(payload), coder_of(sample_bits)
    assert [[coder.decode(reader, c) for c in range(2)] for _ in symbols] == symbols.tolist()

    stream, bits = reference.Stream(), reference.Bits(payload)
    stream.sums = [16 * 2 ** (sample_bits // 2 - 1)] * 2
    read = [[stream.rice(bits, c, sample_bits) for c in range(2)] for _ in symbols]
    assert read == symbols.tolist()
