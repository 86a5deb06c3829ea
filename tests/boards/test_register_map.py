"""The register map for documents, C and Python: compiled, imported, and compared."""

import importlib.util
import shutil
import subprocess

import numpy as np
import pytest

from probecodec.boards.register_map import c_header, files, python_module
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection import banded
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.golden.registers import load, register_map

ROWS = np.rint(90 * banded(np.random.default_rng(3).normal(size=(3, 16)))[0]).astype(int)
LOADED = ProjectionConfig(
    family=Family.LOADED, window=16, measurements=3, coefficients=tuple(map(tuple, ROWS.tolist()))
)
CONFIGS = {
    "rice": EncoderConfig(channels=32, restart_interval=77, stream_id=0xA5),
    "loaded": EncoderConfig(
        channels=48, modes=(Mode.PROJECTION, Mode.HUFFMAN), projection=LOADED, packet_frames=32
    ),
}
PROGRAM = """\
#include <stdio.h>
#include "probecodec_registers.h"
int main(void) {
#define REGISTER(name) printf(#name " %u %u\\n", \\
    (unsigned)PROBECODEC_##name##_OFFSET, (unsigned)PROBECODEC_##name##_RESET)
#define FIELD(name) printf(#name " %u %u %u %u\\n", (unsigned)PROBECODEC_##name##_SHIFT, \\
    (unsigned)PROBECODEC_##name##_MASK, (unsigned)PROBECODEC_##name##_PUT(-1), \\
    (unsigned)PROBECODEC_##name##_GET(0xA5C3F00Fu))
CALLS    return 0;
}
"""


@pytest.mark.parametrize(
    "compiler", [["gcc", "-std=c99", "-x", "c"], ["g++", "-std=c++11", "-x", "c++"]]
)
@pytest.mark.parametrize("name", CONFIGS)
def test_c_header(name, compiler, tmp_path):
    """It compiles without a warning, and says what the map says."""
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"no {compiler[0]}: apt-get install {compiler[0]}")
    calls, expected = [], []
    for register_name, register in register_map(CONFIGS[name]).items():
        upper = register_name.upper()
        reset = sum(field.reset << field.low for field in register.fields.values())
        calls.append(f"    REGISTER({upper});\n")
        expected.append(f"{upper} {4 * register.address} {reset}")
        for field_name, field in register.fields.items():
            ones = (1 << field.bits) - 1
            own = f"{upper}_{field_name.upper()}"
            calls.append(f"    FIELD({own});\n")
            got = 0xA5C3F00F >> field.low & ones
            expected.append(f"{own} {field.low} {ones << field.low} {ones << field.low} {got}")
    (tmp_path / "probecodec_registers.h").write_text(c_header(CONFIGS[name]))
    (tmp_path / "main.c").write_text(PROGRAM.replace("CALLS", "".join(calls)))
    warnings = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run([*compiler, *warnings, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    told = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == expected


class Core:
    """Registers as the hardware keeps them; refuses what a bus would."""

    def __init__(self, config):
        self.config = config
        self.map = {4 * register.address: register for register in register_map(config).values()}
        self.words = {
            offset: sum(field.reset << field.low for field in register.fields.values())
            for offset, register in self.map.items()
        }
        self.log = []

    def read(self, offset):
        assert self.map[offset].access != "wo"
        self.log.append(("read", offset))
        return self.words[offset]

    def write(self, offset, word):
        register = self.map[offset]
        assert register.access != "ro" and 0 <= word < 1 << 32
        self.log.append(("write", offset, word))
        if register.access == "rc":
            word = self.words[offset] & ~word
        self.words[offset] = word


@pytest.fixture(params=CONFIGS)
def core(request, tmp_path):
    """(the core, the registers of the generated module)"""
    path = tmp_path / "probecodec_registers.py"
    path.write_text(python_module(CONFIGS[request.param]))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    core = Core(CONFIGS[request.param])
    return core, module.Registers(core.read, core.write)


def test_python_reads_every_field(core):
    core, regs = core
    for name, register in register_map(core.config).items():
        if register.access == "wo":
            continue
        offset, own = 4 * register.address, getattr(regs, name)
        core.words[offset] = 0xA5C3F00F
        fields = {
            field_name: 0xA5C3F00F >> field.low & (1 << field.bits) - 1
            for field_name, field in register.fields.items()
        }
        assert {field_name: getattr(own, field_name) for field_name in fields} == fields
        core.log.clear()
        assert own.read() == fields
        assert core.log == [("read", offset)]


def test_python_writes(core):
    core, regs = core
    regs.mode.mode = 2
    assert core.words[8] == 2
    regs.restart_interval.write(packets=0x1234)
    assert core.words[12] == 0x1234
    core.words[20] = 0b111
    regs.status.overrun = 1  # clears that one only
    assert core.words[20] == 0b110
    assert (regs.status.OFFSET, regs.id.RESET >> 24, regs.id.ACCESS) == (20, 0x9C, "ro")


@pytest.mark.parametrize("core", ["loaded"], indirect=True)
def test_python_loads_coefficients(core):
    core, regs = core
    for index, row in enumerate(LOADED.coefficients):
        for frame, value in enumerate(row):
            regs.coefficient.write(value=value, frame=frame, index=index)
    regs.matrix.digest = LOADED.seed
    writes = [(entry[1] // 4, entry[2]) for entry in core.log if entry[0] == "write"]
    assert writes == load(LOADED)


def test_python_refuses(core):
    core, regs = core
    with pytest.raises(ValueError, match="mode = 16 does not fit 4 bits"):
        regs.mode.mode = 16
    with pytest.raises(AttributeError, match="cannot be written"):
        regs.dropped.frames = 1
    with pytest.raises(AttributeError, match="no field 'speed'"):
        regs.mode.speed = 1
    with pytest.raises(AttributeError, match="no field 'speed'"):
        regs.mode.write(speed=1)
    assert core.log == [] and core.words[8] in (1, 2, 4)


def test_table_names_every_register_and_field():
    config = CONFIGS["loaded"]
    rows = files(config)["registers.md"]
    for name, register in register_map(config).items():
        assert f"| {register.address} | `{name}` | {register.access} |" in rows
        for field_name, field in register.fields.items():
            high = field.low + field.bits - 1
            bits = f"{high}:{field.low}" if field.bits > 1 else f"{high}"
            assert f"| {bits} | `{field_name}` | {field.reset:#x} |" in rows
