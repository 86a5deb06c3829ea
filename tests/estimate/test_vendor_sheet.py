"""The sheet for the makers' estimators, read back."""

import csv
import io

import pytest

from probecodec.estimate.fpga_power import LUT_RATE
from probecodec.estimate.vendor_sheet import as_csv, as_markdown, fanout, rows

from .activity_by_hand import busy

COUNTS = {
    "gate": {"luts": 200, "flip_flops": 100, "block_rams": 1},
    "lms": {
        "luts": 900,
        "flip_flops": 300,
        "block_rams": 6,
        "multipliers": 8,
        "carries": 110,
        "memory_luts": 4,
    },
}


@pytest.fixture
def read_back():
    found = rows(COUNTS, busy(), 36e6, fan_out=2.75)
    read = list(csv.DictReader(io.StringIO(as_csv(found))))
    fields = {(r["sheet"], r["line"], r["field"]): (r["value"], r["unit"]) for r in read}
    assert len(fields) == len(read) == len(found)  # no field twice
    return fields


@pytest.mark.parametrize(
    ("sheet", "line", "field", "value", "unit"),
    [
        ("clock", "clk", "frequency", 36, "MHz"),
        ("clock", "clk", "fan-out", 400, "flip-flops"),
        ("logic", "gate", "LUTs as logic", 200, ""),
        ("logic", "lms", "LUTs as distributed RAM", 4, ""),
        ("logic", "lms", "carry cells", 110, ""),
        ("logic", "lms", "toggle rate", 20 * LUT_RATE, "%"),
        ("logic", "gate", "toggle rate of flip-flops", 10, "%"),
        ("logic", "gate", "average fan-out", 2.75, ""),
        ("logic", "gate", "clock", 36, "MHz"),
        ("block RAM", "lms", "block RAMs", 6, ""),
        ("memory", "lms.b", "width", 24, "bits"),
        ("memory", "lms.b", "enable rate, write", 50, "%"),
        ("memory", "gate.a", "enable rate, read", 50, "%"),
        ("DSP", "lms", "multipliers", 8, ""),
        ("DSP", "lms", "toggle rate", 30, "%"),
        ("I/O", "sample_value", "inputs", 10, ""),
        ("I/O", "sample_value", "toggle rate", 40, "%"),
        ("I/O", "link_data", "outputs", 32, ""),
        ("I/O", "link_data", "toggle rate", 9.375, "%"),
        ("I/O", "link_data", "load", 10, "pF"),
    ],
)
def test_every_field(read_back, sheet, line, field, value, unit):
    read = read_back[sheet, line, field]
    assert float(read[0]) == pytest.approx(value) and read[1] == unit


def test_what_is_not_there_is_not_asked(read_back):
    assert read_back["I/O", "link_data", "standard"][0] == "LVCMOS33"
    assert ("DSP", "gate", "multipliers") not in read_back
    assert ("I/O", "sample_value", "load") not in read_back
    assert not any(line == "clk" for sheet, line, _ in read_back if sheet == "I/O")
    plain = rows(COUNTS, busy())
    assert not any(row.field == "average fan-out" for row in plain)
    assert next(row.value for row in plain if row.sheet == "clock") == 12  # the activity's


def test_markdown_has_the_same_rows():
    found = rows(COUNTS, busy())
    lines = as_markdown(found).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["sheet", "line", "field", "value", "unit"]
    assert cells[2:] == [[str(value) for value in row] for row in found]


def cell(kind, **connections):
    outputs = {"O", "Q"}
    return {
        "type": kind,
        "connections": connections,
        "port_directions": {n: "output" if n in outputs else "input" for n in connections},
    }


def test_fan_out():
    """Net 4 drives two inputs and a port, 5 one, 6 nothing. Clock (2) and inputs do not count."""
    top = {
        "attributes": {"top": "00000000000000000000000000000001"},
        "ports": {
            "clk": {"direction": "input", "bits": [2]},
            "a": {"direction": "input", "bits": [3]},
            "y": {"direction": "output", "bits": [4]},
        },
        "cells": {
            "l1": cell("SB_LUT4", I0=[3], I1=[4], I2=["0"], O=[5]),
            "l2": cell("SB_LUT4", I0=[4], I1=[3], I2=["x"], I3=["x"], O=[6]),
            "l3": cell("SB_LUT4", I0=["x"], O=["x"]),
            "f": cell("SB_DFF", C=[2], D=[5], Q=[4]),
            "buffer": cell("SB_GB", I=[3], O=[2]),
        },
    }
    other = {"attributes": {}, "ports": {}, "cells": {}}
    assert fanout({"modules": {"other": other, "top": top}}) == pytest.approx((3 + 1) / 2)
    assert fanout({"modules": {"other": other}}) == 0
