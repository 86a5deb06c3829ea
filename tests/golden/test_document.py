"""docs/stream-format.md cannot drift: its tables are those of the code, its example is pinned."""

import json
import re
from pathlib import Path

import pytest

from probecodec.golden import format as stream
from probecodec.golden import generator
from probecodec.golden.config import EncoderConfig
from probecodec.golden.projection_config import ProjectionConfig

TESTS = Path(__file__).parents[1]
DOCUMENT = (TESTS.parent / "docs" / "stream-format.md").read_text(encoding="utf-8")


def vector(name):
    """Return a pinned vector and its capture's bytes."""
    content = json.loads((TESTS / "vectors" / f"v1-{name}.json").read_text())
    return content, bytes.fromhex("".join(content["capture"]))


EXAMPLE = vector("example")[1]


def table(heading, first_column, header=False):
    """Return the cells of the first table under ``heading`` that begins with ``first_column``."""
    lines = iter(DOCUMENT[DOCUMENT.index(f"\n{heading}\n") :].splitlines())
    for line in lines:
        if line.startswith(f"| {first_column} |"):
            break
    next(lines)
    rows = [_cells(line)] if header else []
    for row in lines:
        if not row.startswith("|"):
            break
        rows.append(_cells(row))
    return rows


def _cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


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
        ("### Extension", stream.MATRIX),
        ("### Trailer", stream.TRAILER),
        ("## 5. Metadata packet", stream.METADATA),
    ],
)
def test_field_tables(heading, layout):
    assert [row[:4] for row in table(heading, "word")] == list(places(layout))


@pytest.mark.parametrize(
    ("column", "members"),
    [
        ("kind", stream.Kind),
        ("mode", stream.Mode),
        ("order", stream.Order),
        ("family", stream.Family),
        ("flag", stream.Flag),
    ],
)
def test_tables_of_names(column, members):
    heading = "### Extension" if column == "family" else "### Header"
    rows = [(int(value), name) for value, name, _ in table(heading, column)]
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
        stream.HUFFMAN_ESCAPE_ZEROS,
        stream.HUFFMAN_MEAN_SHIFT,
        stream.HUFFMAN_START_FRAMES,
        stream.HUFFMAN_START_SHIFT,
        stream.HUFFMAN_CAP_SHIFT,
        stream.HUFFMAN_FAR,
        stream.LMS_WEIGHT_BITS,
        stream.LMS_FRACTION_BITS,
        stream.MAX_CODE_BITS,
        stream.GENERATOR_BITS,
        stream.HIT_BITS,
    ]


def test_code_counts():
    rows = [tuple(map(int, row)) for row in table("## 6. Data payload", "table")]
    assert rows == [(number, *counts) for number, counts in enumerate(stream.HUFFMAN_COUNTS)]


def test_first_states_of_the_generator():
    states = re.search(r"With seed 1 the first states are (.*?)\.\n", DOCUMENT).group(1)
    first = generator.run(ProjectionConfig().start, 3).tolist()
    assert [int(state, 16) for state in re.findall("0x[0-9A-F]+", states)] == first


def test_weights_at_a_restart():
    weights = []
    for features, weight in table("## 6. Data payload", "feature of slot s"):
        weights += [int(weight)] * len(features.split(":")[0].split(","))
    assert tuple(weights) == stream.LMS_INITIAL


def test_orders_name_the_channels_to_a_converter():
    for _, name, meaning in table("### Header", "order")[1:]:
        steps = stream.ORDER_STEPS[stream.Order[name]]
        assert meaning.endswith(f": {steps} channels to a converter")


@pytest.mark.parametrize("sample_bits", [8, 11, 16])
def test_longest_codes(sample_bits):
    longest = {
        "w + W, and W if w = W": lambda w, width: width + (0 if w == width else w),
        "12 + W": lambda w, width: 12 + width,
        "12 + code_bits": lambda w, width: 12 + ProjectionConfig(sample_bits=width).code_bits,
    }
    rows = table("## 6. Data payload", "mode")
    assert [name for name, _ in rows] == [mode.name for mode in stream.Mode]
    for name, length in rows:
        for w in (2, sample_bits - 1, sample_bits):
            config = EncoderConfig(
                sample_bits=sample_bits, modes=(stream.Mode[name],), fixed_bits=w
            )
            assert config.max_code_bits == longest[length](w, sample_bits)


def test_the_polynomial_in_the_pseudo_code_is_the_reversed_one():
    reversed_polynomial = int(f"{stream.CRC_POLYNOMIAL:032b}"[::-1], 2)
    assert f"0x{reversed_polynomial:08X}" in DOCUMENT


def test_hex_dump_is_the_pinned_example():
    dump = re.search(r"```hex\n(.*?)```", DOCUMENT, re.DOTALL)[1]
    offsets, words = zip(*(line.split(":") for line in dump.splitlines()), strict=True)
    assert bytes.fromhex("".join(words)) == EXAMPLE
    assert [int(offset, 16) for offset in offsets] == list(range(0, len(EXAMPLE), 16))


def test_explanation_covers_every_byte_of_the_example():
    rows = table("## 9. Worked example", "offset")
    position = 0
    for offset, words, _ in rows:
        assert int(offset, 16) == position
        assert (
            bytes.fromhex(words) == EXAMPLE[position : position + len(words.replace(" ", "")) // 2]
        )
        position += len(bytes.fromhex(words))
    assert position == len(EXAMPLE)


def test_explanation_covers_every_bit_of_the_payload():
    rows = table("## 9. Worked example", "frame")
    assert len(rows) == 3  # the samples
    rows = table("### The payload, bit by bit", "frame")
    bits = "".join(row[6] + row[7] for row in rows).replace(" ", "")
    payload = "".join(f"{byte:08b}" for byte in EXAMPLE[0x68:0x74])
    assert bits.ljust(96, "0") == payload
    assert "These are 90 bits" in DOCUMENT
    assert len(bits) == 90


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("huffman-by-hand", "### Mode HUFFMAN, bit by bit"),
        ("adaptive-by-hand", "### Mode ADAPTIVE, step by step"),
    ],
)
def test_tables_of_codes_are_the_pinned_payloads(name, heading):
    content, capture = vector(name)
    rows = table(heading, "frame")
    samples = content["packets"][0]["samples"]
    assert [int(row[2]) for row in rows] == [sample for frame in samples for sample in frame]
    bits = "".join(row[-1] for row in rows).replace(" ", "")
    payload = "".join(f"{byte:08b}" for byte in capture[72 + 32 : -8])  # behind the metadata packet
    assert bits.ljust(-(-len(bits) // 32) * 32, "0") == payload


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("huffman-by-hand", "### Mode HUFFMAN, bit by bit"),
        ("adaptive-by-hand", "### Mode ADAPTIVE, step by step"),
    ],
)
def test_tables_of_codes_have_the_reference_decoder_s_sums(name, heading, reference):
    """Symbols, sums, tables, raw bits and classes."""
    header, *rows = table(heading, "frame", header=True)
    stream, bits = reference.Stream(), reference.Bits(vector(name)[1][72 + 32 : -8])
    stream.sums = [256, 256]
    for row in (dict(zip(header, row, strict=True)) for row in rows):
        slot, stream.age = int(row["slot"]), int(row["frame"])
        if stream.age == 0:
            assert int(row["symbol"]) == bits.take(8)
            assert row["S"] == row["table"] == row["k"] == ""
            continue
        total = stream.sums[slot]
        symbol = stream.huffman(bits, slot, 8)
        octave = len(f"{total // 32:b}") - 1
        quarter = 4 * total // 2 ** (octave + 5) - 4
        raw = max(octave - 3, 0)
        number = symbol // 2**raw
        kind = str(number) if number < 64 else "64" if number < 128 else "escape"
        found = [int(row[column]) for column in ("symbol", "S", "table", "k")]
        assert found == [symbol, total, 4 * min(octave, 3) + quarter, raw]
        assert row.get("class", kind) == kind


def test_table_of_weights(reference):
    """Features, predictions, levels and weights, as the reference decoder's learner has them."""
    heading = "### Mode ADAPTIVE, step by step"
    codes = {(row[0], row[1]): row for row in table(heading, "frame")}
    section = DOCUMENT[DOCUMENT.index(heading) :]
    lines = section[section.index("| frame | slot | features") :].splitlines()[2:9]
    for frame, slot, *lists in (line.strip("| ").split(" | ") for line in lines):
        features, before, levels, after = ([int(x) for x in text.split()] for text in lists)
        difference, prediction, residual = map(int, codes[frame, slot][3:6])
        learner = reference.Learner([])
        learner.weights = list(before)
        assert learner.adapt(features, residual, 8, int(frame)) == difference
        assert (learner.weights, reference.wrap(residual + prediction, 8)) == (after, difference)
        sign = (residual > 0) - (residual < 0)
        assert [b + 16 * sign * level for b, level in zip(before, levels, strict=True)] == after
