"""Coder `huffman`: codes by hand, tables, the running mean, and the reference decoder's reading."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from probecodec.golden import packer
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.framer import words_to_bytes
from probecodec.golden.huffman import Huffman, choose
from probecodec.golden.rice import Rice

WIDTHS = range(8, 17)
TABLES = range(16)
# A sum for every table and, from table 12 on, for 1 to 3 raw bits.
SUMS = [(4 + table % 4) << 3 + table // 4 for table in TABLES]
RAW = [sums << raw for raw in (1, 2, 3) for sums in SUMS[12:]]


def coder_of(sample_bits, channels=2, kind=Huffman):
    return kind(EncoderConfig(channels=channels, sample_bits=sample_bits, modes=(Mode.HUFFMAN,)))


def codes_of(sums, symbols, written, sample_bits=10):
    """The codes of ``symbols``, each where the sum is ``sums``."""
    coder = coder_of(sample_bits, len(symbols))
    coder.sums[:] = sums
    return written(coder.encode(np.array([symbols]), restart=False))[0]


def test_codes_by_hand(written):
    """The frames of the document's example: tables 12, 10, 10 and 11, 12 and 13."""
    codes = coder_of(8).encode(np.array([[0, 1], [6, 11], [120, 139], [17, 2]]), restart=False)
    assert written(codes) == [
        ["1111", "1110"],
        ["0110", "00101"],
        ["000000000001" "111000", "000000000000" "10001011"],
        ["0111" "1", "1110" "0"],
    ]  # fmt: skip


def test_first_and_last_codes_of_tables_by_hand(written):
    assert codes_of(SUMS[0], range(6), written) == [
        "1", "01", "001", "0001", "00001", "0000011",
    ]  # fmt: skip
    assert codes_of(SUMS[1], range(6), written) == [
        "11", "10", "01", "001", "0001", "000011",
    ]  # fmt: skip
    assert codes_of(SUMS[15], [0, 1, 2, 3, 4], written) == [
        "1111", "1110", "1101", "11001", "11000",
    ]  # fmt: skip
    for sums in SUMS:
        assert codes_of(sums, [64, 127], written) == ["000000000001000000", "000000000001111111"]


def test_raw_bits_by_hand(written):
    """Means of 16 and 32: table 12 with one raw bit and two."""
    assert codes_of(32 * 16, [0, 1, 2, 21, 127], written) == [
        "1111" "0", "1111" "1", "1110" "0", "0101" "1", "000000000010" "1",
    ]  # fmt: skip
    assert codes_of(32 * 32, [3, 4, 256, 511, 512], written) == [
        "1111" "11", "1110" "00", "000000000001" "00000000", "000000000001" "11111111",
        "000000000000" "1000000000",
    ]  # fmt: skip


def test_the_escape_begins_at_128(written):
    assert codes_of(SUMS[12], [127, 128], written) == [
        "000000000001" "111111", "000000000000" "0010000000",
    ]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_no_code_begins_another(table, written):
    codes = codes_of(SUMS[table], range(128), written)
    lengths = [len(code) for code in codes]
    assert lengths == sorted(lengths)
    assert max(lengths[:64]) <= 12
    assert not any(code.startswith("0" * 12) for code in codes)
    ordered = sorted(codes)  # a code stands directly before those that it begins
    assert not any(b.startswith(a) for a, b in pairwise(ordered))
    escape = 2.0**-12
    assert sum(2.0**-length for length in lengths) + escape == 1


@pytest.mark.parametrize("table", TABLES)
def test_codes_are_those_that_the_reference_decoder_builds(table, written, reference):
    book = {kind: code for code, kind in reference.BOOKS[table].items()}
    codes = codes_of(SUMS[table], range(64), written)
    assert codes == [book[symbol] for symbol in range(64)]


def test_table_and_raw_bits_against_floating_point():
    """Every sum that 16-bit samples can have."""
    sums = np.arange(1 << 21)
    means = np.maximum(sums / 32, 1.0)
    octave = np.floor(np.log2(means))
    quarter = np.floor(4 * (means / 2**octave - 1))
    table, raw = choose(sums)
    assert (table == 4 * np.minimum(octave, 3) + quarter).all()
    assert (raw == np.maximum(octave - 3, 0)).all()


def test_each_table_is_chosen():
    table, raw = choose(np.array(SUMS + RAW))
    assert table.tolist() == [*TABLES, *(3 * [12, 13, 14, 15])]
    assert raw.tolist() == [0] * 16 + [1] * 4 + [2] * 4 + [3] * 4


@pytest.mark.parametrize("sums", SUMS + RAW)
def test_every_symbol_reads_back(sums, reference):
    coder = coder_of(10, 1024)
    coder.sums[:] = sums
    symbols = np.arange(1024)
    payload = words_to_bytes(packer.encode(coder.encode(symbols[np.newaxis], restart=False)))

    reader, reading = packer.BitReader(payload), coder_of(10, 1024)
    reading.sums[:] = sums
    assert [reading.decode(reader, channel) for channel in symbols] == symbols.tolist()
    assert (reading.sums == coder.sums).all()

    stream, bits = reference.Stream(), reference.Bits(payload)
    stream.sums = [sums] * 1024
    assert [stream.huffman(bits, slot, 10) for slot in range(1024)] == symbols.tolist()
    assert stream.sums == coder.sums.tolist()


def test_first_frame_of_a_restart_is_raw_and_moves_no_mean(written):
    coder = coder_of(8)
    codes = coder.encode(np.array([[200, 3]]), restart=True)
    assert written(codes) == [["11001000", "00000011"]]
    assert coder.sums.tolist() == [256, 256]


def test_restart_forgets(written):
    symbols = np.random.default_rng(0).integers(0, 900, (50, 2))
    coder = coder_of(10)
    coder.encode(np.full((50, 2), 1000), restart=False)
    coder.restart()
    assert coder.sums.tolist() == [512, 512]
    assert written(coder.encode(symbols, True)) == written(coder_of(10).encode(symbols, True))


def moved(total, symbol, age):
    """The sum after ``symbol``, ``age`` frames after the restart."""
    limit = total // 4
    if limit % 2 == 0:
        limit += 1
    speed = Fraction(1, 4) if age < 16 else Fraction(1, 32)
    return total + 32 * speed * min(symbol, limit) - math.floor(total * speed)


@pytest.mark.parametrize(
    ("age", "symbol", "total"),
    [
        (1, 45, 885), (15, 45, 885), (16, 45, 724), (17, 45, 724), (2000, 45, 724),
        (15, 175, 1925), (15, 176, 1925), (15, 900, 1925),
        (16, 175, 854), (16, 176, 854), (16, 900, 854),
        (15, 0, 525), (16, 0, 679),
    ],
)  # fmt: skip
def test_the_sum_by_hand(age, symbol, total):
    """After 700."""
    coder = coder_of(10)
    coder.sums[:] = 700
    coder.age = age - 1
    coder.encode(np.full((1, 2), symbol), restart=False)
    assert coder.sums.tolist() == [total, total] == [moved(700, symbol, age)] * 2


@pytest.mark.parametrize("sample_bits", WIDTHS)
@pytest.mark.parametrize("spread", [0.3, 10.0, 3000.0])
def test_the_sum_of_any_symbols(sample_bits, spread):
    """From the restart on, encoder and decoder, with rare symbols of any size among the others."""
    random, top = np.random.default_rng(0), 2**sample_bits - 1
    symbols = np.minimum(random.exponential(spread, (200, 3)).astype(np.int64), top)
    rare = random.random(symbols.shape) < 0.1
    symbols[rare] = random.integers(0, top + 1, rare.sum())
    encoding, decoding = coder_of(sample_bits, 3), coder_of(sample_bits, 3)
    encoding.encode(symbols[:1], restart=True)
    sums = [32 * 2 ** (sample_bits // 2 - 1)] * 3
    for age, row in enumerate(symbols.tolist()[1:], 1):
        codes = encoding.encode(np.array([row]), restart=False)
        reader = packer.BitReader(words_to_bytes(packer.encode(codes)))
        assert [decoding.decode(reader, channel) for channel in range(3)] == row
        sums = [moved(total, symbol, age) for total, symbol in zip(sums, row, strict=True)]
        assert encoding.sums.tolist() == decoding.sums.tolist() == sums


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_the_mean_moves_fast_for_the_first_frames(sample_bits):
    """By a quarter in the 15 frames after the raw one, then by 1/32; after each restart."""
    coder, silence = coder_of(sample_bits), np.zeros((1, 2), np.int64)
    for _ in range(2):
        coder.restart()
        coder.encode(silence, restart=True)
        sums = []
        for _ in range(20):
            coder.sums[:] = 320
            coder.encode(silence, restart=False)
            sums.append(coder.sums[0])
        assert sums == [240] * 15 + [310] * 5


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_the_sum_is_never_less_than_5(sample_bits):
    """Silence takes it lowest, for it never falls faster; and from there it rises."""
    coder, least = coder_of(sample_bits), []
    coder.encode(np.zeros((1, 2), np.int64), restart=True)
    for _ in range(2000):
        coder.encode(np.zeros((1, 2), np.int64), restart=False)
        least.append(int(coder.sums.min()))
    assert min(least) >= 5
    assert min(least) == 5 or sample_bits >= 10
    coder.encode(np.full((300, 2), 2**sample_bits - 1), restart=False)
    assert coder.sums.min() >> 5 > 2 ** (sample_bits - 1)


@pytest.mark.parametrize("sample_bits", [10, 12, 14, 16])
def test_an_impulse_in_silence_costs_little_but_itself(sample_bits):
    """Up and down again, of full scale; after that at most 11 bits in all, with Rice over 100."""
    symbols = np.zeros((800, 2), np.int64)
    symbols[400:402] = [[2**sample_bits - 2] * 2, [2**sample_bits - 3] * 2]
    extra = {}
    for kind in (Huffman, Rice):
        length = coder_of(sample_bits, kind=kind).encode(symbols, restart=True).length[:, 0]
        assert (length[300:400] == 1).all()
        extra[kind] = length[402:].sum() - 398
    assert extra[Huffman] <= 11
    assert extra[Rice] > 100


@pytest.mark.parametrize("level", [1, 2, 5, 17, 100, 255])
def test_a_level_that_rises_by_2_to_the_8_is_followed(level):
    """Half of it is there after 40 samples, 7/8 after 85, however low it was."""
    coder = coder_of(16)
    coder.encode(np.full((400, 2), level), restart=True)
    assert level <= coder.sums[0] / 32 < level + 1
    high = 256 * level
    coder.encode(np.full((40, 2), high), restart=False)
    assert coder.sums[0] / 32 > high / 2
    coder.encode(np.full((45, 2), high), restart=False)
    assert coder.sums[0] / 32 > high * 7 / 8


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_silence_after_a_restart_costs_less_than_with_rice(sample_bits):
    cost = {}
    for kind in (Huffman, Rice):
        codes = coder_of(sample_bits, kind=kind).encode(np.zeros((200, 2), np.int64), restart=True)
        cost[kind] = codes.length[1:, 0].sum() - 199
    assert 3 * cost[Huffman] < cost[Rice] + 2


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_a_dead_channel_costs_one_bit_a_sample(sample_bits, written):
    coder = coder_of(sample_bits)
    codes = coder.encode(np.zeros((400, 2), np.int64), restart=False)
    assert written(codes)[-1] == ["1", "1"]
    assert codes.length[300:].max() == 1


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_the_largest_symbols_settle_one_bit_above_raw(sample_bits):
    top = 2**sample_bits - 1
    coder = coder_of(sample_bits)
    codes = coder.encode(np.full((900, 2), top), restart=False)
    assert codes.length[-1].tolist() == [sample_bits + 1] * 2
    assert codes.length.max() == 12 + sample_bits
    assert (coder.sums >> 5).tolist() == [top, top]


@pytest.mark.parametrize("symbol", [1, 5, 16, 100, 1023])
def test_the_mean_of_equal_symbols_is_the_symbol(symbol):
    coder = coder_of(10)
    coder.encode(np.full((900, 2), symbol), restart=False)
    assert symbol <= coder.sums[0] / 32 < symbol + 1


@pytest.mark.parametrize("sample_bits", WIDTHS)
def test_white_noise_costs_less_than_a_bit_more_than_raw(sample_bits):
    symbols = np.random.default_rng(0).integers(0, 2**sample_bits, (3000, 4))
    codes = coder_of(sample_bits, 4).encode(symbols, restart=False)
    assert codes.length[300:].mean() < sample_bits + 1
    assert codes.length.max() <= sample_bits + 12


@pytest.mark.parametrize(
    ("scale", "excess"),
    [(0.4, 0.4), (1.0, 0.2), (2.5, 0.1), (6.0, 0.06), (20.0, 0.08), (300.0, 0.08)],
)
def test_gaussian_residuals_cost_little_more_than_their_entropy(scale, excess):
    """Most where one bit a sample, the least that a code has, is more than the entropy."""

    def below(x):
        return math.erfc(-x / scale / math.sqrt(2)) / 2

    residuals = np.rint(np.random.default_rng(0).normal(0, scale, (4000, 4))).astype(np.int64)
    symbols = np.where(residuals < 0, -2 * residuals - 1, 2 * residuals)
    codes = coder_of(16, 4).encode(symbols, restart=False)
    chances = [below(x + 0.5) - below(x - 0.5) for x in range(-2000, 2001)]
    entropy = -sum(p * math.log2(p) for p in chances if p > 0)
    assert entropy - 0.02 < codes.length[600:].mean() < entropy + excess


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
    stream.sums = [32 * 2 ** (sample_bits // 2 - 1)] * 2
    for stream.age, row in enumerate(symbols.tolist(), 1):
        assert [stream.huffman(bits, c, sample_bits) for c in range(2)] == row
