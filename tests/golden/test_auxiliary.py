"""Auxiliary lane: where its bits stand, and back."""

import numpy as np
import pytest

from probecodec.golden import auxiliary, packer
from probecodec.golden.config import EncoderConfig
from probecodec.golden.framer import words_to_bytes
from probecodec.golden.packer import Codes


@pytest.fixture
def lane(written):
    """A function that returns the lane's bits alone, as strings: what codes of no bits become."""

    def added(config, words, previous=0, restart=False):
        nothing = np.zeros((len(words), config.channels), np.int64)
        codes = Codes(nothing, nothing)
        return written(auxiliary.encode(codes, np.array(words), previous, config, restart))

    return added


def test_only_changes_are_sent(lane):
    config = EncoderConfig(channels=4, aux_bits=3)
    assert lane(config, [5, 5, 6, 6], previous=5) == [
        ["0", "", "", ""],
        ["0", "", "", ""],
        ["1", "1", "1", "0"],
        ["0", "", "", ""],
    ]


def test_first_frame_of_a_restart_always_sends(lane):
    config = EncoderConfig(channels=4, aux_bits=3)
    assert lane(config, [5, 5], previous=5, restart=True) == [
        ["1", "1", "0", "1"],
        ["0", "", "", ""],
    ]


@pytest.mark.parametrize(
    ("channels", "aux_bits", "groups"),
    [
        (2, 1, [1, 1]),
        (2, 4, [1, 4]),
        (3, 2, [1, 1, 1]),
        (3, 5, [1, 3, 2]),
        (4, 16, [1, 6, 6, 4]),
        (5, 16, [1, 4, 4, 4, 4]),
        (5, 5, [1, 2, 2, 1, 0]),
        (17, 16, [1] * 17),
        (19, 16, [1] * 17 + [0, 0]),
    ],
)
def test_groups(lane, channels, aux_bits, groups):
    config = EncoderConfig(channels=channels, aux_bits=aux_bits)
    word = 0xB3C5 >> (16 - aux_bits)
    (row,) = lane(config, [word], previous=word ^ 1)
    assert [len(bits) for bits in row] == groups
    assert "".join(row) == f"1{word:0{aux_bits}b}"


def test_the_bits_stand_behind_the_codes():
    config = EncoderConfig(channels=3, aux_bits=2)
    codes = Codes(np.array([[0b101, 0b0, 0b11]]), np.array([[3, 1, 2]]))
    with_lane = auxiliary.encode(codes, np.array([0b10]), 0, config, False)
    assert with_lane.bits.tolist() == [[0b1011, 0b01, 0b110]]
    assert with_lane.length.tolist() == [[4, 2, 3]]
    assert codes.length.tolist() == [[3, 1, 2]], "the codes given are left as they were"


def test_without_a_lane_codes_pass_unchanged():
    config = EncoderConfig(channels=2)
    codes = Codes(np.array([[1, 2]]), np.array([[3, 4]]))
    assert auxiliary.encode(codes, np.array([0]), 0, config, True) is codes


@pytest.mark.parametrize("aux_bits", range(17))
@pytest.mark.parametrize("channels", [3, 4, 7, 17, 384])
def test_reading_back(channels, aux_bits):
    config = EncoderConfig(channels=channels, aux_bits=aux_bits)
    random = np.random.default_rng(aux_bits)
    words = np.repeat(random.integers(0, 1 << aux_bits, 20), random.integers(1, 4, 20))
    marks = np.ones((len(words), channels), np.int64)  # codes of one bit, so that places show
    codes = auxiliary.encode(Codes(marks, marks), words, 0, config, True)
    reader = packer.BitReader(words_to_bytes(packer.encode(codes)))
    lane_reader, read = auxiliary.Reader(config), []
    for _ in words:
        for channel in range(channels):
            assert reader.take(1) == 1
            lane_reader.after(channel, reader)
        read.append(lane_reader.word)
    assert read == words.tolist()
    assert reader.position == codes.length.sum()
