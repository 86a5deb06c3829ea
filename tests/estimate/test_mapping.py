"""Mapping small modules onto the library made by hand."""

import pytest

from probecodec.estimate import liberty, mapping
from probecodec.estimate.netlist import Netlist
from probecodec.golden.errors import ConfigError, ToolError

from . import hand_library

TEXT = hand_library.text()
LIBRARY = liberty.read(TEXT, "hand.lib")


def counters(number, bits=8):
    """Independent counters with enable and reset."""
    blocks = "".join(
        f"""always @(posedge clk) if (rst) q[{n * bits} +: {bits}] <= 0;
        else if (en[{n}]) q[{n * bits} +: {bits}] <= q[{n * bits} +: {bits}] + d;
        """
        for n in range(number)
    )
    return f"""module top(input clk, rst, input [{number - 1}:0] en, input [{bits - 1}:0] d,
    output reg [{number * bits - 1}:0] q);
    {blocks} endmodule
    """


def area(verilog, **options):
    mapped = mapping.synthesize(verilog, "top", [], LIBRARY, TEXT, 1e6, **options)
    return mapped, Netlist(mapped.netlist, LIBRARY).area_um2


@pytest.fixture(scope="module")
def one():
    return area(counters(1))


def test_clock_gates_take_the_place_of_multiplexers(one):
    mapped, gated = one
    plain, ungated = area(counters(1), clock_gating=False)
    assert mapped.gated and mapping.kinds(mapped)["LATCH"] == 1
    assert "LATCH" not in mapping.kinds(plain) and not plain.gated
    assert gated < ungated
    assert mapping.kinds(mapped)["DFF"] == mapping.kinds(plain)["DFF"] == 8


def test_why_there_are_no_clock_gates():
    assert mapping.ungated(LIBRARY) == ""
    blank = liberty.read(TEXT.replace("cell(LATCH) { area: 5", "cell(LATCH) { area: 0"), "hand.lib")
    assert not mapping.synthesize(counters(1), "top", [], blank, TEXT, 1e6).gated
    why = mapping.ungated(blank)
    assert "no plain latch that can be used" in why and "AND" not in why
    assert why.endswith(
        "areas from a LEF beside the liberty file would give LATCH, whose area is 0"
    )
    none = hand_library.text("LATCH", "AND")
    why = mapping.ungated(liberty.read(none, "hand.lib"))
    assert why.endswith("no plain latch and no AND of two inputs that can be used")


def test_twice_the_logic_is_twice_the_area(one):
    assert area(counters(2))[1] == pytest.approx(2 * one[1], rel=0.1)


def test_same_again(one):
    again, size = area(counters(1))
    assert again.folder == one[0].folder and size == one[1]
    assert {"map.ys", "map.log", "core.v"} <= {path.name for path in again.folder.iterdir()}


def test_what_the_library_lacks():
    verilog = """module top(input clk, d, output q);
    probecodec_unknown u (.clk(clk), .d(d), .q(q)); endmodule"""
    with pytest.raises(ToolError, match=r"ERROR: .*probecodec_unknown"):
        area(verilog)


def test_a_cell_that_yosys_left(one):
    left = {"cells": {"x": {"type": "$_MUX4_"}, "y": {"type": "INV"}}}
    with pytest.raises(ToolError, match=r"library hand has no cell for \$_MUX4_ "):
        mapping.area(left, LIBRARY, one[0].folder)


def test_no_clock():
    with pytest.raises(ConfigError, match="0 Hz"):
        mapping.synthesize(counters(1), "top", [], LIBRARY, TEXT, 0)
