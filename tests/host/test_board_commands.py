"""The verbs ``boards``, ``verilog --board`` and ``build``, by the command line.

Stand-ins take the place of the FPGA's tools here: tests/boards/test_build.py has the real ones.
"""

import gc
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from probecodec.boards import build_plan, fit
from probecodec.boards.targets import BOARDS
from probecodec.golden.config import PRESETS
from probecodec.host.board_commands import clock_name

from .program import fails, run

SMALL = ("--channels", 8, "--preset", "tiny")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder; beside it the one for temporary files, which stays empty."""
    work, scratch = tmp_path / "work", tmp_path / "scratch"
    work.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    return work


def scratch():
    return os.listdir(tempfile.tempdir)


def read(path):
    return {each.name: each.read_bytes() for each in Path(path).iterdir()}


class TestBoards:
    def test_table(self):
        text = run("boards").stdout
        for name in BOARDS:
            assert name in text
        assert "emulator" in text and "uart" in text

    def test_json(self):
        told = {board["name"]: board for board in json.loads(run("boards", "--json").stdout)}
        assert set(told) == set(BOARDS)
        for name, board in told.items():
            assert set(board["inputs"]) == set(BOARDS[name].inputs)
            assert set(board["links"]) == set(BOARDS[name].links)
            assert next(iter(board["inputs"])) == board["defaults"]["input"]
            assert next(iter(board["links"])) == board["defaults"]["link"]


VERILOG = ("verilog", "--board", "icebreaker", "--channels", 48, "--preset", "tiny")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a run of ``verilog`` wrote, and what it said."""
    out = tmp_path_factory.mktemp("made") / "out"
    return out, run(*VERILOG, "-o", out)


class TestVerilog:
    def test_files(self, made):
        out, result = made
        assert sorted(result.stdout.split()) == sorted(str(path) for path in out.iterdir())
        names = os.listdir(out)
        assert {"probecodec_top.v", "icebreaker.v", "icebreaker.pcf", "pins.md"} <= set(names)
        assert "module probecodec_top" in (out / "probecodec_top.v").read_text()
        assert "set_io" in (out / "icebreaker.pcf").read_text()

    def test_what_the_link_may_drop_is_told(self, made):
        """12 Mbaud x 8 / 10 = 9.6; 48 channels x 30 kHz x 5.77 bits = 8.3."""
        said = made[1].stderr
        title, note = said.splitlines()
        assert title.startswith("iCEBreaker (Lattice iCE40 UP5K): emulator ► 48 channels")
        assert note.startswith("note: the link carries 9.6 Mbit/s; typical are 8.3, the worst ")

    def test_same_bytes_twice(self, made):
        told = json.loads(run(*VERILOG, "-o", "out", "--json").stdout)
        assert read("out") == read(made[0])
        assert sorted(told["files"]) == sorted(f"out/{name}" for name in os.listdir("out"))

    def test_settings_reach_the_front_end(self, made):
        run(*VERILOG, "--set", "input.seed=12345", "-o", "out")
        changed, plain = read("out"), read(made[0])
        assert changed["probecodec_top.v"] != plain["probecodec_top.v"]
        assert changed["probecodec_encoder.v"] == plain["probecodec_encoder.v"]

    def test_nothing_is_replaced_unless_told(self, made):
        shutil.copytree(made[0], "out")
        Path("out/pins.md").write_text("mine")
        before = read("out")
        assert "exists: choose another name, or --force" in fails(*VERILOG, "-o", "out")
        assert read("out") == before
        run(*VERILOG, "-o", "out", "--force")
        assert read("out") == read(made[0])


BAD = {
    ("--board", "none"): "no board is named 'none'; there are " + ", ".join(BOARDS),
    ("--board", "icebreaker", "--link", "usb"): "has no link 'usb'; it has uart, spi",
    ("--board", "icebreaker", "--input", "x"): "no front end 'x'; it has emulator, rhd2132, native",
    # 384 channels x 30 kHz x 4.61 bits; UART: 12 Mbaud x 8 / 10
    ("--board", "icebreaker", "--channels", 384): "the link uart carries 9.6 Mbit/s, and 384 "
    "channels at 30,000 Hz typically need 53.1 Mbit/s (4.61 bits a sample); use at most 69",
    ("--board", "ulx3s", "--channels", 64): "use the link spi or ft245 or rmii, or at most 17",
    ("--board", "icebreaker", "--input", "rhd2132", "--channels", 512, "--rate", 100): "pins",
    ("--board", "icebreaker", "--set", "link.rate=3"): "the link uart has no setting 'rate'",
    ("--board", "icebreaker", "--set", "input.x=3"): "the front end emulator has no setting 'x'",
    (
        "--board",
        "icebreaker",
        "--set",
        "link.baud=fast",
    ): "baud must be a number above 0, not 'fast'",
    ("--board", "icebreaker", "--set", "link.baud=-3"): "must be a number above 0",
    ("--board", "icebreaker", "--set", "link.baud=5e6"): "baud",
    ("--board", "icebreaker", "--set", "input.seed=x"): "seed must be a whole number",
    ("--board", "icebreaker", "--set", "baud=3"): "'baud=3' is not input.NAME=VALUE or link.NAME",
    ("--board", "icebreaker", "--set", "link.baud"): "'link.baud' is not input.NAME=VALUE or",
    ("--board", "icebreaker", "--set", "core.x=1"): "'core.x=1' is not input.NAME=VALUE or link",
    ("--board", "icebreaker", "--channels", 8): "too few for the core's pipeline: use at least 9",
    ("--board", "icebreaker", "--channels", 5000): "channels must be a whole number from 2 to 4096",
    ("--board", "icebreaker", "--preset", "none"): "'none' is not one of",
}


@pytest.mark.parametrize(("options", "sentence"), BAD.items())
@pytest.mark.parametrize("verb", ["verilog", "build"])
def test_what_cannot_be_built(verb, options, sentence):
    error = fails(verb, *options, "-o", "out")
    assert sentence in error and not scratch()
    gc.collect()  # Amaranth would warn now of what was left half-made


def test_options_of_the_core_alone():
    bus = fails("verilog", "--board", "icebreaker", "--bus", "axi", "-o", "out")
    assert bus == "Error: --bus is for generic and asic; icebreaker has no register bus"
    link = fails("verilog", "--link", "uart", "-o", "out")
    assert link == "Error: --link is for boards; generic is the core alone"


LOG = (
    "Info: \t         ICESTORM_LC:  {0:4}/ 5280   {1:3}%\n"
    "Info: \t        ICESTORM_RAM:    9/   30    30%\n"
)
PLACE = """\
#!/bin/sh
cat > probecodec.tim <<'E'
{log}E
cat > probecodec.report.json <<'E'
{{"utilization": {{"ICESTORM_LC": {{"used": 4100, "available": 5280}},
                 "ICESTORM_DSP": {{"used": 0, "available": 8}}}},
 "fmax": {{"$glbnet$clk": {{"achieved": {core}, "constraint": 36}},
          "$glbnet$top.link_clk": {{"achieved": 90, "constraint": 24}}}}}}
E
touch probecodec.asc
{end}
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Stand-ins for yosys, nextpnr and icepack: name to the shell text that they run."""
    texts = {
        "yosys": "#!/bin/sh\necho synthesised > probecodec.rpt\n",
        "nextpnr-ice40": PLACE.format(log=LOG.format(4100, 77), core=38.5, end=""),
        "icepack": "#!/bin/sh\nprintf bits > probecodec.bin\n",
    }
    bin_folder = tmp_path / "tools"
    bin_folder.mkdir()

    def find(name):
        path = bin_folder / name
        path.write_text(texts[name])
        path.chmod(0o755)
        return str(path)

    monkeypatch.setattr(build_plan, "find_tool", find)
    return texts


BUILD = ("build", "--board", "icebreaker", *SMALL, "--link", "spi", "-o", "out")


class TestBuild:
    def test_report(self, tools):
        result = run(*BUILD)
        text = " ".join(result.stdout.split())
        assert "iCEBreaker (Lattice iCE40 UP5K): emulator" in text
        assert "ICESTORM_LC 4100 5280" in text and "ICESTORM_DSP" not in text
        assert "clock core, MHz 38.5 needs 36.0" in text
        assert "clock link, MHz 90.0 needs 24.0" in text
        assert "bitstream: out/probecodec.bin wire it: out/pins.md" in text
        assert "load it: iceprog out/probecodec.bin capture: by a program of your own" in text
        assert "| `pmod_2:" in Path("out/pins.md").read_text()
        assert Path("out/probecodec.bin").read_bytes() == b"bits"
        assert Path("out/probecodec.rpt").read_text() == "synthesised\n"
        assert not scratch()

    def test_json(self, tools):
        told = json.loads(run(*BUILD, "--json").stdout)
        assert told["bitstream"] == "out/probecodec.bin" and told["board"] == "icebreaker"
        assert told["timing_met"] is True and told["seed"] == 1
        assert told["used"] == {"ICESTORM_LC": [4100, 5280]}
        assert list(told["clocks"].values()) == [[38.5e6, 36e6], [90e6, 24e6]]

    def test_timing_not_met(self, tools):
        tools["nextpnr-ice40"] = PLACE.format(log=LOG.format(4100, 77), core=33.3, end="")
        result = run(*BUILD, status=1)
        assert "timing is not met: the clock core reaches 33.3 of 36.0 MHz; the" in result.stderr
        assert "choose a simpler --preset or fewer --channels" in result.stderr
        assert Path("out/probecodec.bin").exists()
        told = json.loads(run(*BUILD, "--json", "--force", status=1).stdout)
        assert told["timing_met"] is False

    def test_too_large(self, tools):
        """By how much, and the preset that would do: found by packing each in turn."""
        full = PLACE.format(log=LOG.format(7022, 133), core=0, end="echo ERROR: full >&2; exit 1")
        fits = PLACE.format(log=LOG.format(4100, 77), core=0, end="exit 0")
        tools["nextpnr-ice40"] = f'#!/bin/sh\ncase "$*" in *--pack-only*)\n{fits};; esac\n{full}'
        options = ("--board", "icebreaker", "--channels", 16, "--link", "spi", "-o", "out")
        error = fails("build", *options)
        assert "16 channels do not fit iCEBreaker (Lattice iCE40 UP5K): they need " in error
        assert "7022 logic cells of the 5280 that there are; the preset " in error
        assert error.endswith(" would fit") and not scratch()

    def test_too_large_with_every_preset(self, tools, monkeypatch):
        monkeypatch.setattr(fit, "PRESETS", {"tiny": PRESETS["tiny"]})  # one stands for all
        options = ("--board", "icebreaker", "--channels", 16, "--link", "spi", "-o", "out")
        tools["nextpnr-ice40"] = PLACE.format(
            log=LOG.format(7022, 133), core=0, end='case "$*" in *--pack-only*) ;; *) exit 1;; esac'
        )
        error = fails("build", *options)
        assert error.endswith("that there are; use fewer channels") and not scratch()

    def test_a_tool_that_fails(self, tools):
        """Its words are told, and its logs stay where the sentence says."""
        tools["yosys"] = (
            "#!/bin/sh\necho much > probecodec.rpt\necho 'ERROR: no such cell' >&2; exit 1"
        )
        error = fails(*BUILD)
        place = error.partition("(see the logs in ")[2].removesuffix(")")
        assert error.startswith("Error: yosys failed: ERROR: no such cell (see the logs in ")
        assert Path(place, "probecodec.rpt").read_text() == "much\n"

    def test_a_tool_that_is_missing(self, monkeypatch):
        monkeypatch.setitem(build_plan._TOOLS, "icepack", ("no-such-tool", "pip install it"))
        error = fails(*BUILD)
        assert error == "Error: no-such-tool was not found; install it: pip install it"
        assert not scratch()

    def test_vivado_is_missing(self, monkeypatch):
        """The plan is written, and how to go on with it."""
        monkeypatch.setenv("PATH", "")
        result = run("build", "--board", "arty-a7", *SMALL, "-o", "out", status=1)
        assert "Vivado was not found" in result.stderr and result.stderr.endswith("(out)\n")
        assert {"build_probecodec.sh", "probecodec.tcl", "probecodec.xdc"} <= set(os.listdir("out"))
        assert "load it" not in result.stdout and not scratch()
        told = json.loads(
            run("build", "--board", "arty-a7", *SMALL, "-o", "o", "--json", status=1).stdout
        )
        assert told["bitstream"] is None and told["timing_met"] is None

    def test_nothing_is_replaced_unless_told(self, tools):
        """It is known before the tools run."""
        Path("out").mkdir()
        Path("out/probecodec.bin").write_bytes(b"old")
        tools["yosys"] = "#!/bin/sh\nexit 1"
        assert "out/probecodec.bin exists: choose another name, or --force" in fails(*BUILD)
        assert Path("out/probecodec.bin").read_bytes() == b"old"

    def test_a_file_in_the_folders_place(self, tools):
        Path("out").write_bytes(b"")
        assert "out is no folder: choose another name" in fails(*BUILD)

    def test_other_files_of_the_folder_stay(self, tools):
        Path("out").mkdir()
        Path("out/notes.txt").write_text("mine")
        run(*BUILD)
        assert Path("out/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("net", "name"),
    [
        ("$glbnet$clk", "core"),
        ("$glbnet$clocks.clk", "core"),
        ("clk", "core"),
        ("$glbnet$clk$TRELLIS_IO_IN", "core"),
        ("$glbnet$top.link_clk", "link"),
        ("$glbnet$link_clk$TRELLIS_IO_IN", "link"),
        ("input_clk", "input"),
        ("$glbnet$phy_clk", "PHY"),
        ("clk25_0__io", "clk25_0__io"),
    ],
)
def test_clock_names(net, name):
    assert clock_name(net) == name


def test_a_missing_extra_is_one_sentence(monkeypatch):
    for module in ("probecodec.boards.design", "probecodec.boards.build"):
        monkeypatch.setitem(sys.modules, module, None)
    error = fails("build", "--board", "icebreaker", "-o", "out")
    assert error.endswith("install it: pip install 'probecodec[build]'")
