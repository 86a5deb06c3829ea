"""Tier 2: the core with AXI, as generated Verilog, against the AXI models of cocotbext-axi."""

from dataclasses import asdict
from pathlib import Path

from probecodec.boards.verilog import BUSES, generate, ports
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Order
from probecodec.sim.cocotb_runner import build_model, run_model

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
    names = [port.name for port in ports(CONFIG, "axi")]
    model = build_model(generate(CONFIG, "axi"), TOP, names, tmp_path / "build")
    run_model(TOP, model, tmp_path, SCENARIOS, {"config": asdict(CONFIG)})
