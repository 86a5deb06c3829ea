"""Tier 2: the core with AXI, as generated Verilog, against the AXI models of cocotbext-axi."""

import json
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from probecodec.boards.verilog import BUSES, generate, ports
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Order
from probecodec.sim.cocotb_runner import _ARGUMENTS, _tools
from probecodec.sim.verilator import WAIVERS

TOP = BUSES["axi"].top
CONFIG = EncoderConfig(
    channels=24,
    sample_bits=10,
    aux_bits=6,
    order=Order.NP1,
    packet_frames=8,
    restart_interval=2,
    stream_id=9,
)
SCENARIOS = Path(__file__).with_name("axi_scenarios.py")


def test_axi(tmp_path):
    lines = [f'public_flat_rw -module "{TOP}" -var "{p.name}"\n' for p in ports(CONFIG, "axi")]
    sources = [WAIVERS, tmp_path / "visible.vlt", tmp_path / f"{TOP}.v"]
    sources[1].write_text("`verilator_config\n" + "".join(lines))
    sources[2].write_text(generate(CONFIG, "axi"))
    with _tools(tmp_path / "build.log", "Verilator"):
        get_runner("verilator").build(
            sources=sources,
            hdl_toplevel=TOP,
            build_args=_ARGUMENTS,
            timescale=("1ns", "1ps"),
            build_dir=tmp_path / "model",
            log_file=tmp_path / "build.log",
        )
    results, log = tmp_path / "results.xml", tmp_path / "simulation.log"
    with _tools(log, "the simulation", [str(SCENARIOS.parent)]):
        get_runner("verilator").test(
            test_module=SCENARIOS.stem,
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=tmp_path / "model",
            test_dir=tmp_path,
            seed=1,
            test_args=["+verilator+seed+1", "+verilator+rand+reset+2"],
            extra_env={"PROBECODEC_AXI": json.dumps(asdict(CONFIG))},
            results_xml=str(results),
            log_file=log,
        )
    cases = list(ElementTree.parse(results).iter("testcase"))
    failures = {
        case.get("name"): failure.get("message")
        for case in cases
        for failure in (*case.iter("failure"), *case.iter("error"))
    }
    assert not failures
    assert len(cases) == SCENARIOS.read_text().count("@cocotb.test()")
