"""Liberty files: units, tables, functions, what is missing."""

import gzip
import re

import pytest

from probecodec.estimate import liberty
from probecodec.estimate.boolean import table
from probecodec.golden.errors import ConfigError

from . import hand_library


@pytest.fixture(scope="module")
def hand():
    return liberty.read(hand_library.text(), "hand.lib")


def test_units_are_si(hand):
    pin = hand.cells["NAND"].pins["A"]
    assert pin.capacitance_f == pytest.approx(15e-15)
    assert hand.cells["NAND"].leakage_w == pytest.approx(3e-12)
    assert hand.supply_v == pytest.approx(2)
    energy = hand.cells["NAND"].pins["Y"].energies[0]
    assert energy.rise.at(1e-15, 1e-10) == pytest.approx(800 * 1e-15 * 0.1**2)
    assert energy.fall.at(1e-15, 1e-10) == pytest.approx(1600 * 1e-15 * 0.1**2)


@pytest.mark.parametrize(
    "load_ff, slew_ps, delay_ps",
    [(0, 100, 1000), (100, 100, 2000), (0, 1000, 1900), (50, 550, 1950), (200, 100, 3000)],
)
def test_tables_interpolate_and_go_on(hand, load_ff, slew_ps, delay_ps):
    delays = hand.cells["INV"].pins["Y"].arcs[0].tables["cell_rise"]
    assert delays.at(load_ff * 1e-15, slew_ps * 1e-12) == pytest.approx(delay_ps * 1e-12)


def test_cells_are_known_by_what_they_do(hand):
    assert hand.nand.name == "NAND"  # the smaller, and neither NOR nor AND
    assert hand.inverter.name == "INV"
    assert hand.flipflop.name == "DFF"
    assert hand.latch.name == "LATCH"
    assert hand.smallest("a b").name == "AND"
    assert hand.smallest("a ^ b") is None


@pytest.mark.parametrize(
    "function, values",
    [
        ("!(A B)", "1110"),
        ("A' + B'", "1110"),
        ("A ^ B", "0110"),
        ("A | B & !A", "0111"),
        ("(A+B)'", "1000"),
        ("!A B", "0010"),
        ("A*!B", "0100"),
        ("1", "1111"),
    ],
)
def test_functions(function, values):
    assert table(function, "AB") == tuple(value == "1" for value in values)


@pytest.mark.parametrize("function", ["A C", "(A", "A)", "", "A +", "IQ"])
def test_what_is_no_function(function):
    assert table(function, "AB") is None


@pytest.mark.parametrize(
    "without, message",
    [
        (("INV",), "no inverter"),
        (("BUF",), "no buffer"),
        (("NAND", "NAND_BIG"), "no NAND gate of two inputs"),
        (("DFF",), "no plain D flip-flop"),
    ],
)
def test_a_library_that_lacks_a_cell(without, message):
    with pytest.raises(ConfigError, match=message):
        liberty.read(hand_library.text(*without), "hand.lib")


def test_a_cell_of_no_area_is_not_free():
    told = re.sub(r"cell\(INV\) \{ area: 1", "cell(INV) { area: 0", hand_library.text())
    with pytest.raises(ConfigError, match="no inverter whose area is told"):
        liberty.read(told, "hand.lib")


@pytest.mark.parametrize(
    "broken, message",
    [
        ("module x; endmodule", r"line 1: 'module' is neither"),
        ("library(a) {\n cell(b) {\n area: 1;", r"line 3: the file ends within cell of line 2"),
        ("library(a) {\n}\n}", r"line 3: a } too many"),
        ("library(a) {\n area: ;\n}", r"line 2: area has no value"),
        ("", "holds no library"),
        ("library(a) {\n\n \\x }", r"line 3"),
        ("\x00\x01", "line 1"),
    ],
)
def test_what_is_not_liberty(broken, message):
    with pytest.raises(ConfigError, match=message) as caught:
        liberty.read(broken, "some.lib")
    assert "some.lib" in str(caught.value) and "liberty" in str(caught.value)


def test_a_table_of_wrong_size():
    text = hand_library.text().replace('"100, 190"', '"100, 190, 5"', 1)
    with pytest.raises(ConfigError, match=r"line \d+: 5 values, not 4"):
        liberty.read(text, "hand.lib")


def test_no_supply():
    told = hand_library.text().replace("nom_voltage: 20;", "")
    assert liberty.read(told, "hand.lib").supply_v == pytest.approx(2)  # operating conditions'
    with pytest.raises(ConfigError, match=r"hand\.lib tells no supply"):
        liberty.read(told.replace("voltage: 20;", ""), "hand.lib")


def test_wire_load():
    wires = 'default_wire_load: "small"; wire_load("small") { capacitance: 2; slope: 3; '
    wires += "fanout_length(1, 10); fanout_length(3, 14); }"
    told = hand_library.text().replace("nom_voltage: 20;", f"nom_voltage: 20; {wires}")
    loads = liberty.read(told, "hand.lib").wire_f
    assert loads[:5] == pytest.approx([20e-15, 24e-15, 28e-15, 34e-15, 40e-15])


def test_compressed(tmp_path):
    path = tmp_path / "hand.lib.gz"
    path.write_bytes(gzip.compress(hand_library.text().encode()))
    assert liberty.text_of(path) == hand_library.text()
    path.write_bytes(b"not gzip")
    with pytest.raises(ConfigError, match="cannot be read"):
        liberty.text_of(path)
