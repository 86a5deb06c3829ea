"""Layouts: widths, word boundaries, packing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden.format import HEADER, METADATA, TRAILER, Layout, initial_mean

LAYOUTS = {"header": HEADER, "metadata": METADATA, "trailer": TRAILER}
SMALL = Layout({"high": 4, "middle": 20, "low": 8, "word": 32})


@pytest.mark.parametrize(("name", "words"), [("header", 8), ("metadata", 8), ("trailer", 2)])
def test_sizes(name, words):
    assert LAYOUTS[name].words == words
    assert LAYOUTS[name].size == 4 * words
    assert sum(LAYOUTS[name].fields.values()) == 32 * words


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_field_crosses_a_word_boundary_unless_it_starts_and_ends_on_one(name):
    start = 0
    for field, bits in LAYOUTS[name].fields.items():
        end = start + bits
        within = start // 32 == (end - 1) // 32
        assert within or start % 32 == end % 32 == 0, field
        start = end


def test_pack_is_most_significant_first():
    packed = SMALL.pack(high=0xA, middle=0xBCDEF, low=0x01, word=0x23456789)
    assert packed.hex() == "abcdef0123456789"


def test_fields_left_out_are_zero():
    assert SMALL.pack(low=0xFF).hex() == "000000ff00000000"


@pytest.mark.parametrize("value", [-1, 16])
def test_a_value_that_does_not_fit(value):
    with pytest.raises(ValueError, match=f"high = {value} does not fit in 4 bits"):
        SMALL.pack(high=value)


def test_an_unknown_field():
    with pytest.raises(ValueError, match="unknown field hihg"):
        SMALL.pack(hihg=1)


def test_unpack_ignores_what_follows():
    data = bytes.fromhex("abcdef0123456789") + b"more"
    assert SMALL.unpack(memoryview(data)) == {
        "high": 0xA, "middle": 0xBCDEF, "low": 0x01, "word": 0x23456789,
    }  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
@given(data=st.data())
def test_unpack_inverts_pack(name, data):
    layout = LAYOUTS[name]
    values = data.draw(
        st.fixed_dictionaries(
            {field: st.integers(0, 2**bits - 1) for field, bits in layout.fields.items()}
        )
    )
    assert layout.unpack(layout.pack(**values)) == values


def test_initial_mean_of_each_width():
    means = {bits: initial_mean(bits) for bits in range(8, 17)}
    assert means == {8: 8, 9: 8, 10: 16, 11: 16, 12: 32, 13: 32, 14: 64, 15: 64, 16: 128}
