"""docs/stream-format.md cannot drift: its tables are those of the code, its example is pinned."""

import json
import re
from pathlib import Path

import pytest

from probecodec.golden import format as stream

TESTS = Path(__file__).parents[1]
DOCUMENT = (TESTS.parent / "docs" / "stream-format.md").read_text(encoding="utf-8")
EXAMPLE = bytes.fromhex(
    "".join(json.loads((TESTS / "vectors" / "v1-example.json").read_text())["capture"])
)


def table(heading, first_column):
    """Return the cells of the first table under ``heading`` that begins with ``first_column``."""
    lines = iter(DOCUMENT[DOCUMENT.index(f"\n{heading}\n") :].splitlines())
    for line in lines:
        if line.startswith(f"| {first_column} |"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def places(layout):
    """Word, bits, width and name of each field, as the document writes them."""
    start = 0
    for name, width in layout.fields.items():
        first, last = start // 32, (start + width - 1) // 32
        top = 31 - start % 32 if first == last else width - 1
        word = f"{first}" if first == last else f"{first}-{last}"
        yield [word, f"{top}:{top - width + 1}", f"{width}", name]
        start += width


@pytest.mark.parametrize(
    ("heading", "layout"),
    [
        ("### Header", stream.HEADER),
        ("### Trailer", stream.TRAILER),
        ("## 5. Metadata packet", stream.METADATA),
    ],
)
def test_field_tables(heading, layout):
    assert [row[:4] for row in table(heading, "word")] == list(places(layout))


@pytest.mark.parametrize(
    ("column", "members"), [("kind", stream.Kind), ("mode", stream.Mode), ("flag", stream.Flag)]
)
def test_tables_of_names(column, members):
    rows = [(int(value), name) for value, name, _ in table("### Header", column)]
    assert rows == [(member.value, member.name) for member in members]


def test_constants():
    values = [int(value, 0) for _, value in table("## 1. Words and bytes", "constant")]
    assert values == [
        stream.VERSION,
        stream.SYNC,
        stream.CRC_POLYNOMIAL,
        stream.MAX_PAYLOAD_WORDS,
        stream.MAX_PACKET_FRAMES,
        stream.RICE_ESCAPE_ZEROS,
        stream.RICE_MEAN_SHIFT,
        stream.MAX_CODE_BITS,
    ]


def test_the_polynomial_in_the_pseudo_code_is_the_reversed_one():
    reversed_polynomial = int(f"{stream.CRC_POLYNOMIAL:032b}"[::-1], 2)
    assert f"0x{reversed_polynomial:08X}" in DOCUMENT


def test_hex_dump_is_the_pinned_example():
    dump = re.search(r"```hex\n(.*?)```", DOCUMENT, re.DOTALL)[1]
    offsets, words = zip(*(line.split(":") for line in dump.splitlines()), strict=True)
    assert bytes.fromhex("".join(words)) == EXAMPLE
    assert [int(offset, 16) for offset in offsets] == list(range(0, len(EXAMPLE), 16))


def test_explanation_covers_every_byte_of_the_example():
    rows = table("## 8. Worked example", "offset")
    position = 0
    for offset, words, _ in rows:
        assert int(offset, 16) == position
        assert (
            bytes.fromhex(words) == EXAMPLE[position : position + len(words.replace(" ", "")) // 2]
        )
        position += len(bytes.fromhex(words))
    assert position == len(EXAMPLE)


def test_explanation_covers_every_bit_of_the_payload():
    rows = table("## 8. Worked example", "frame")
    assert len(rows) == 3  # the samples
    rows = table("### The payload, bit by bit", "frame")
    bits = "".join(row[6] + row[7] for row in rows).replace(" ", "")
    payload = "".join(f"{byte:08b}" for byte in EXAMPLE[0x68:0x74])
    assert bits.ljust(96, "0") == payload
    assert "These are 90 bits" in DOCUMENT
    assert len(bits) == 90
