"""Packer against its golden model: words, their tags, and when each one leaves."""

import numpy as np
import pytest

from probecodec.golden import packer as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.packer import Packer

CONFIG = EncoderConfig(channels=32, modes=(Mode.RICE, Mode.FIXED))
# A slot without a sample ends a packet early; one with a sample may lack a measurement.
PROJECTION = EncoderConfig(
    channels=32,
    modes=(Mode.HUFFMAN, Mode.PROJECTION),
    projection=ProjectionConfig(sample_bits=10, window=16),
)
FULL_WORD, END = 2, 3  # cycles from the code that completes a word, and from a packet's end


def codes(harness, lengths, early=()):
    """Return columns of random codes: a list of lengths for each packet; ``early`` numbers."""
    random = np.random.default_rng(8)
    packets = [
        harness.Packet(
            np.reshape(packet, (-1, 1)),
            restart=bool(random.integers(2)),
            mode=random.integers(2),
            early=number in early,
        )
        for number, packet in enumerate(lengths)
    ]
    columns = harness.slots(packets)
    columns["length"] = np.where(columns["present"], columns["value"], 0)
    columns["bits"] = random.integers(1 << 32, size=len(columns["end"]))
    columns["bits"] &= (1 << columns["length"]) - 1
    return columns


def expected(columns, sent):
    """Return the words' columns and cycles, from the slots and their cycles ``sent``."""
    parts, cycles, start = [], [], 0
    for end in np.flatnonzero(columns["end"]):
        packet = {name: column[start : end + 1] for name, column in columns.items()}
        words = golden.encode(golden.Codes(packet["bits"], packet["length"]))
        last = np.arange(len(words)) == len(words) - 1
        tag = {name: np.full(len(words), packet[name][-1]) for name in ("restart", "mode")}
        short = last & packet["short"][-1]
        parts.append({"bits": words.astype(np.int64), "last": last, "short": short} | tag)
        # A word leaves when a code no longer fits in; the last one, when the packet ends.
        full = 32 * np.arange(1, len(words))
        leaves = np.searchsorted(np.cumsum(packet["length"]), full, side="right")
        cycles += [*(sent[start + leaves] + FULL_WORD), sent[end] + END]
        start = end + 1
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, cycles


def check(harness, columns, idle="none", config=CONFIG):
    """Check words and cycles; return the number of words."""
    sent, out, got = harness.run(Packer(config), columns, idle)
    words, cycles = expected(columns, sent)
    np.testing.assert_array_equal(got["bits"], words["bits"])
    for name in ("restart", "mode", "last", "short"):
        np.testing.assert_array_equal(got[name], words[name], err_msg=name)
    np.testing.assert_array_equal(out, cycles)
    return len(out)


@pytest.mark.parametrize("idle", ["none", "random", "bursts"])
@pytest.mark.parametrize("longest", [2, 9, 22, 32])
def test_random_packets(harness, longest, idle):
    random = np.random.default_rng(longest)
    lengths = [random.integers(1, longest + 1, random.integers(1, 40)) for _ in range(40)]
    early = set(random.integers(40, size=15).tolist())
    check(harness, codes(harness, lengths, early), idle)


@pytest.mark.parametrize("length", range(33))
def test_every_length_at_every_position(harness, length):
    """Behind each number of bits in the word, then at the end of a packet."""
    lengths = [[start, length, 3] for start in range(1, 33)]
    lengths += [[start, length] for start in range(1, 33)]
    check(harness, codes(harness, lengths, early={0, 1, 31, 32, 33, 63}))


@pytest.mark.parametrize("early", [False, True])
def test_one_word_packets(harness, early):
    """Packets of one code, back to back: a word from every packet, none of a packet's own."""
    lengths = [[length] for length in (*range(1, 33), *range(32, 0, -1), 32, 32, 32)]
    columns = codes(harness, lengths, early=set(range(len(lengths))) if early else ())
    assert check(harness, columns) == len(lengths)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("idle", ["none", "bursts"])
def test_ends_on_word_boundaries(harness, early, idle):
    """The next packet's first code, of any length, comes directly after."""
    lengths = []
    for first in (32, 1, 31, 32, 16):
        lengths += [[first, *[16] * 3, 16 - first % 16], [32], [32, 32, 32], [8] * 8]
    columns = codes(harness, lengths, early=set(range(len(lengths))) if early else ())
    check(harness, columns, idle)


def test_one_bit_codes(harness):
    lengths = [[1] * count for count in (31, 32, 33, 63, 64, 65)]
    assert check(harness, codes(harness, lengths)) == 1 + 1 + 2 + 2 + 2 + 3


@pytest.mark.parametrize("idle", ["none", "bursts"])
def test_packets_of_empty_codes(harness, idle):
    """One word of zeros each, whatever stands before and behind."""
    lengths = [[0] * 40, [5, 0, 0], [0], [0, 0, 32], [0] * 7, [], [3], [], [], [0, 1, 0]]
    columns = codes(harness, lengths, early={0, 2, 5, 7, 8})
    columns["present"] &= columns["length"] > 0
    assert check(harness, columns, idle, PROJECTION) == len(lengths)
