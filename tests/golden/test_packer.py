"""Packer and bit reader against strings of '0' and '1'."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden.framer import words_to_bytes
from probecodec.golden.packer import BitReader, Codes, encode

CODES = st.lists(
    st.integers(0, 32).flatmap(
        lambda length: st.tuples(st.integers(0, 2**length - 1), st.just(length))
    ),
    max_size=80,
)


def codes_of(pairs):
    bits, length = zip(*pairs, strict=True) if pairs else ((), ())
    return Codes(np.array(bits, np.int64), np.array(length, np.int64))


def text_of(pairs):
    return "".join(f"{bits:0{length}b}" for bits, length in pairs if length)


def words_of(text):
    return [int(text[at : at + 32].ljust(32, "0"), 2) for at in range(0, len(text), 32)]


@given(CODES)
def test_words_are_the_codes_side_by_side(pairs):
    """Empty codes alone make one word."""
    words = words_of(text_of(pairs)) or [0] * bool(pairs)
    assert encode(codes_of(pairs)).tolist() == words


@given(CODES)
def test_reader_takes_the_codes_back(pairs):
    reader = BitReader(words_to_bytes(encode(codes_of(pairs))))
    assert [reader.take(length) for _, length in pairs] == [bits for bits, _ in pairs]
    assert reader.position == len(text_of(pairs))


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], []),
        ([(0, 0)], [0]),
        ([(0, 0)] * 99, [0]),
        ([(0, 0), (1, 1), (0, 0)], [0x80000000]),
        ([(1, 1)], [0x80000000]),
        ([(0xFFFFFFFF, 32)], [0xFFFFFFFF]),
        ([(0x12345678, 32), (0, 0)], [0x12345678]),
        ([(0, 31), (0x80000001, 32)], [0x00000001, 0x00000002]),
        ([(0b101, 3), (0xFFFFFFFF, 32)], [0xBFFFFFFF, 0xE0000000]),
    ],
    ids=str,
)
def test_words_by_hand(pairs, words):
    assert encode(codes_of(pairs)).tolist() == words


def test_frames_are_packed_row_by_row():
    codes = Codes(np.array([[1, 2], [3, 4]]), np.full((2, 2), 8))
    assert encode(codes).tolist() == [0x01020304]


def test_words_to_bytes():
    words = np.array([0x1ACFFC1D, 0x00000001], np.uint32)
    assert words_to_bytes(words).hex() == "1acffc1d00000001"


@pytest.mark.parametrize("offset", range(8))
@pytest.mark.parametrize("count", [0, 1, 7, 8, 11, 12, 13, 40])
def test_run_of_zeros(offset, count):
    text = "1" * offset + "0" * count + "1" + "10110"
    reader = BitReader(int(text.ljust(64, "0"), 2).to_bytes(8, "big"))
    reader.take(offset)
    if count < 12:
        assert reader.zeros(12) == count
        assert reader.take(5) == 0b10110
    else:
        assert reader.zeros(12) == 12
        assert reader.position == offset + 12


@pytest.mark.parametrize("size", [0, 1, 4, 9])
def test_past_the_end_are_zeros_and_the_position_tells(size):
    reader = BitReader(b"\xff" * size)
    assert reader.take(8 * size) == 2 ** (8 * size) - 1 if size <= 8 else reader.take(64) >= 0
    reader.position = 8 * size - 3 if size else 0
    assert reader.take(11) == (0b111 << 8 if size else 0)
    assert reader.zeros(12) == 12
    assert reader.take(64) == 0
    assert reader.position > reader.bits == 8 * size


def test_64_bits_at_any_offset():
    data = bytes(range(1, 18))
    text = "".join(f"{byte:08b}" for byte in data)
    for offset in range(9):
        reader = BitReader(data)
        reader.take(offset)
        assert reader.take(64) == int(text[offset : offset + 64], 2)
