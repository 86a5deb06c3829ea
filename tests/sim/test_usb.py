"""The USB link at the pins of its PHY, in cocotb and Verilator."""

import os
from pathlib import Path

import pytest
from amaranth import ClockDomain, Value
from amaranth.back import verilog
from amaranth.hdl import Fragment

from probecodec.hdl.links.usb import Usb
from probecodec.sim.cocotb_runner import build_model, run_model
from probecodec.sim.models.usb_host import crc5, crc16, data, token

TOP = "probecodec_usb"
SCENARIOS = Path(__file__).with_name("usb_scenarios.py")
PORTS = "clk rst link_clk link_rst words__valid words__payload words__ready "
PORTS += "data_i data_o data_oe dir nxt stp reset"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The link's model, built once for all xdist workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    usb, clocks = Usb(phy_registers={0x39: 0b110}), [ClockDomain("sync"), ClockDomain("link")]
    fragment = Fragment.get(usb, None)
    fragment.add_domains(*clocks)  # Amaranth would add them in another order in each process
    ports = {signal.name: signal for clock in clocks for signal in (clock.clk, clock.rst)}
    ports |= {f"words__{name}": getattr(usb.words, name) for name in ("valid", "payload", "ready")}
    ports |= {name: getattr(usb, name) for name in PORTS.split() if name not in ports}
    text = verilog.convert(
        fragment,
        name=TOP,
        ports={name: (Value.cast(port), None) for name, port in ports.items()},
        emit_src=False,
        strip_internal_attrs=True,
    )
    return build_model(text, TOP, PORTS.split(), root / "usb")


@pytest.mark.parametrize(
    "test",
    [
        "enumeration",
        "stream",
        "throughput",
        "host_pauses",
        "flush",
        "lost_packets",
        "toggles",
        "new_connection",
        "full_speed",
    ],
)
def test_usb(test, model, tmp_path):
    run_model(TOP, model, tmp_path, SCENARIOS, {}, only=[test])


def test_checks_of_the_model():
    """Check values of the CRC catalogue (CRC-16/USB, CRC-5/USB), and packets seen on real buses."""
    assert crc16(b"123456789") == 0xB4C8
    assert crc5(int.from_bytes(b"123456789", "little"), 72) == 0x19
    assert token(0b1101, 0) == bytes.fromhex("2d0010")
    assert data(0b0011, bytes.fromhex("8006000100004000"))[-2:] == bytes.fromhex("dd94")
