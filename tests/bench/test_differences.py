"""Differences in time and their packing, against cases done by hand and plain integers."""

import numpy as np
import pytest

from probecodec.bench import differences
from probecodec.bench.differences import accumulate, difference, pack, unpack


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(-(1 << 15), 1 << 15, shape).astype(np.int16)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (300, 7)])
def test_differences_are_modulo_a_word(order, shape):
    samples = noise(shape)
    expected = np.concatenate([np.zeros((order, shape[1]), np.int64), samples.astype(np.int64)])
    expected = np.diff(expected, order, axis=0)
    found = difference(samples, order)
    assert found.dtype == np.int16 and not ((found - expected) % (1 << 16)).any()
    assert np.array_equal(accumulate(found, order), samples)


@pytest.mark.parametrize(
    ("bits", "values", "packed"),
    [
        (4, [1, -1, 7, -8], bytes([0xF1, 0x87])),  # two in a byte
        (6, [1, -1, 31, -32], (1 | 63 << 6 | 31 << 12 | 32 << 18).to_bytes(3, "little")),
        (8, [1, -1, 127, -128], bytes([1, 255, 127, 128])),
        (4, [3], bytes([3])),  # what is left of the byte is 0
        (6, [-1, -1], bytes([0xFF, 0x0F])),
    ],
)
def test_packing_by_hand(bits, values, packed):
    rows = np.array([values], np.int16)
    assert pack(rows, bits) == [packed, b""]
    assert np.array_equal(unpack([packed, b""], bits, rows.shape), rows)


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_outliers_by_hand(bits):
    most = (1 << (bits - 1)) - 1
    rows = np.array([[most, most + 1, 0], [-most - 1, -most - 2, 300]], np.int16)
    packed, aside = pack(rows, bits)
    assert np.array_equal(np.frombuffer(aside[:6], "<i2"), [most + 1, -most - 2, 300])
    assert np.array_equal(np.frombuffer(aside[6:], "<u4"), [1, 4, 5])
    kept = np.array([[most, 0, 0], [-most - 1, 0, 0]], np.int16)
    assert [packed, b""] == pack(kept, bits)
    assert np.array_equal(unpack([packed, aside], bits, rows.shape), rows)


@pytest.mark.parametrize("bits", [4, 6, 8])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (7, 24), (40, 33)])
def test_blocks_change_nothing(monkeypatch, bits, shape):
    values = noise(shape) >> 9  # some fit
    whole = pack(values, bits)
    assert len(whole[0]) == -(-values.size * bits // 8)
    monkeypatch.setattr(differences, "_BLOCK", 8)
    assert pack(values, bits) == whole
    assert np.array_equal(unpack(whole, bits, shape), values)


def test_indices_are_as_wide_as_need_be():
    assert differences._index(1 << 32) == np.dtype("<u4")
    assert differences._index((1 << 32) + 1) == np.dtype("<u8")


def test_rows_need_not_lie_in_a_row():
    values = noise((30, 11)).T
    assert pack(values, 6) == pack(values.copy(), 6)
