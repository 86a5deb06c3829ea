"""Netlist, timing and power of a circuit of three cells, against figures worked out by hand."""

import pytest

from probecodec.estimate import gate_power, liberty, timing
from probecodec.estimate.netlist import Netlist, stage_of
from probecodec.estimate.netlist_verilog import verilog
from probecodec.golden.errors import ToolError

from . import hand_library

WIRES = 'nom_voltage: 20; default_wire_load: "none"; wire_load("none") { capacitance: 0; }'
CLOCK_HZ = 1e6


def cell(kind, **pins):
    outputs = ("Q", "Y")
    return {
        "type": kind,
        "port_directions": {pin: "output" if pin in outputs else "input" for pin in pins},
        "connections": {pin: [bit] for pin, bit in pins.items()},
    }


def circuit(**cells):
    """Register q, an inverter, register r, which is the output."""
    return {
        "ports": {
            "clk": {"direction": "input", "bits": [2]},
            "d": {"direction": "input", "bits": [3]},
            "r": {"direction": "output", "bits": [6]},
        },
        "cells": {
            "q": cell("DFF", CK=2, D=3, Q=4),
            "inverter": cell("INV", A=4, Y=5),
            "r": cell("DFF", CK=2, D=5, Q=6),
        }
        | cells,
        "netnames": {"core.rice.q": {"bits": [4]}, "core.packer.r": {"bits": [6]}},
    }


@pytest.fixture(scope="module")
def library():
    return liberty.read(hand_library.text().replace("nom_voltage: 20;", WIRES), "hand.lib")


@pytest.fixture(scope="module")
def netlist(library):
    return Netlist(circuit(), library)


def test_critical_path(netlist):
    """Register's fall 100 + 10, inverter 100 + 50 (slew 600 ps) + 10, setup 70; in 10 ps.

    The register's rise is later by 20, but the inverter's fall then has a setup of 40.
    """
    found = timing.analyse(netlist)
    assert found.critical_s == pytest.approx(3400e-12)
    assert found.fmax_hz == pytest.approx(1 / 3400e-12)
    assert [name for name, _ in found.path] == ["u0 DFF", "u1 INV", "u2 DFF.D"]
    assert [at for _, at in found.path] == pytest.approx([1100e-12, 2700e-12, 3400e-12])


def test_a_path_through_a_memory(library):
    memory = cell("probecodec_sram_4x1", clk=2, r_en=3, r_addr=3, w_en=3, w_addr=3, w_data=5)
    memory["connections"]["r_data"] = [7]
    memory["port_directions"]["r_data"] = "output"
    module = circuit(memory=memory, last=cell("DFF", CK=2, D=7, Q=8))
    around = timing.Surroundings(
        access_s={"probecodec_sram_4x1": 5e-9}, setup_s={"probecodec_sram_4x1": 2e-9}
    )
    found = timing.analyse(Netlist(module, library), around)
    assert found.critical_s == pytest.approx(5.7e-9)  # access and the register's setup
    around = timing.Surroundings(
        access_s={"probecodec_sram_4x1": 1e-9}, setup_s={"probecodec_sram_4x1": 4e-9}
    )
    found = timing.analyse(Netlist(module, library), around)
    # The register's rise 120 + 10, the inverter 100 + 50 + 25: the memory's pin is like a NAND's.
    assert found.critical_s == pytest.approx(1300e-12 + 1750e-12 + 4e-9)


def test_power(netlist):
    """½ C V² of 10 fF at 2 V is 20 fJ; an energy of 800 is 8 fJ; two sinks on the clock."""
    clk, d, q, y, r = range(5)
    toggles = {clk: 2.0, d: 0.0, q: 0.5, y: 0.5, r: 0.25}
    found = gate_power.analyse(netlist, timing.analyse(netlist), [*toggles.values()], CLOCK_HZ)
    pins = 2 * 2.0 * (6 + 2) / 2 * 4e-15
    assert found.tree_w == pytest.approx(2.0 * 2 * 20e-15 * CLOCK_HZ)
    assert found.clock_w == pytest.approx(pins * CLOCK_HZ)
    assert found.registers_w == pytest.approx(0.5 * 20e-15 * CLOCK_HZ)  # r drives nothing here
    assert found.logic_w == pytest.approx(0.5 * (20e-15 + (2 + 4) / 2 * 4e-15) * CLOCK_HZ)
    assert found.leakage_w == pytest.approx(13e-12)
    parts = found.clock_w + found.registers_w + found.logic_w
    assert found.total_w == pytest.approx(parts + found.tree_w + found.leakage_w)
    assert sum(found.stages_w.values()) == pytest.approx(parts)
    assert found.internal_w + found.switching_w == pytest.approx(parts)


def test_without_activity_clock_and_leakage_stay(netlist):
    still = [2.0 if net in netlist.clock_nets else 0.0 for net in range(5)]
    found = gate_power.analyse(netlist, timing.analyse(netlist), still, CLOCK_HZ)
    assert found.registers_w == found.logic_w == 0
    assert found.clock_w > 0 and found.leakage_w > 0
    stopped = gate_power.analyse(netlist, timing.analyse(netlist), [0.0] * 5, CLOCK_HZ)
    assert stopped.total_w == stopped.leakage_w > 0


def test_gated_clock(library):
    gate = cell("AND", A=2, B=9, Y=10)
    latch = cell("LATCH", G=2, D=3, Q=9)
    module = circuit(gate=gate, latch=latch, gated=cell("DFF", CK=10, D=3, Q=11))
    netlist = Netlist(module, library)
    numbers = {"clk": 0, "gated": netlist.instances[3].pins["Y"]}
    assert netlist.clock_nets == set(numbers.values())
    toggles = [0.0] * len(netlist.drivers)
    toggles[numbers["gated"]] = 0.5
    found = gate_power.analyse(netlist, timing.analyse(netlist), toggles, CLOCK_HZ)
    inside = 0.5 * (8 / 2 + 6 / 2) * 4e-15  # the register's clock pin, the AND
    assert found.clock_w == pytest.approx((inside + 0.5 * 20e-15) * CLOCK_HZ)
    assert found.logic_w == found.registers_w == 0


def test_stages(netlist):
    assert netlist.stages == ["encoder", "encoder", "encoder"]
    scopes = frozenset({"core", "core.pipeline", "core.pipeline.rice", "core.fifo"})
    assert stage_of("core.pipeline.rice.payload.bits", scopes) == "rice"
    assert stage_of("core.pipeline.o", scopes) == "pipeline"
    assert stage_of("core.fifo.level", scopes) == "fifo"
    assert stage_of("core.bus.field", scopes) == "encoder"


def test_stages_by_scope(library):
    """A gate belongs to what it feeds."""
    scopes = frozenset({"core", "core.rice", "core.packer"})
    assert Netlist(circuit(), library, scopes).stages == ["rice", "packer", "packer"]


def test_loops_are_told(library):
    module = circuit(a=cell("INV", A=20, Y=21), b=cell("INV", A=21, Y=20))
    with pytest.raises(ToolError, match="loop"):
        timing.analyse(Netlist(module, library))


def test_verilog(netlist):
    text = verilog(netlist, "top")
    assert text.startswith("module top (clk, d, r);")
    assert "  INV u1 (.A(n2), .Y(n3));\n" in text
    assert "  assign n0 = clk;\n" in text and "  assign r = n4;\n" in text
