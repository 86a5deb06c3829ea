"""The USB link at the pins of its PHY, in cocotb and Verilator."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from amaranth.back import verilog
from cocotb_tools.runner import get_runner

from probecodec.hdl.links.usb import Usb
from probecodec.sim.models.usb_host import crc5, crc16, data, token
from probecodec.sim.verilator import WAIVERS, environment

TOP = "probecodec_usb"
SCENARIOS = Path(__file__).with_name("usb_scenarios.py")
ARGUMENTS = ["-Wall", "--x-assign", "unique", "--x-initial", "unique", "--no-public-flat-rw"]
ARGUMENTS += ["--output-split", "0"]
PORTS = "clk rst link_clk link_rst words__valid words__payload words__ready "
PORTS += "data_i data_o data_oe dir nxt stp reset"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The link's model, built once for all xdist workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / "usb"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "model/done").exists():
            build(folder)
            (folder / "model/done").touch()
    return folder / "model"


def build(folder):
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    text = verilog.convert(
        Usb(phy_registers={0x39: 0b110}), name=TOP, emit_src=False, strip_internal_attrs=True
    )
    # LUNA's multiplexer of one request handler has an index of 0 bits, which Yosys writes [-1:0].
    control = "`verilator_config\nlint_off -rule ASCRANGE\n"
    control += "".join(f'public_flat_rw -module "{TOP}" -var "{name}"\n' for name in PORTS.split())
    (folder / "usb.vlt").write_text(control)
    (folder / "usb.v").write_text(text)
    with tools():
        get_runner("verilator").build(
            sources=[WAIVERS, folder / "usb.vlt", folder / "usb.v"],
            hdl_toplevel=TOP,
            build_args=ARGUMENTS,
            timescale=("1ps", "1ps"),
            build_dir=folder / "model",
            log_file=folder / "build.log",
        )


@contextmanager
def tools():
    """What cocotb's runner needs in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)  # the runner would exit by itself
        patch.syspath_prepend(str(SCENARIOS.parent))  # the runner hands it on
        yield


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
    results = tmp_path / "results.xml"
    with tools():
        get_runner("verilator").test(
            test_module=SCENARIOS.stem,
            testcase=[test],
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=model,
            test_dir=tmp_path,
            seed=1,
            test_args=["+verilator+seed+1", "+verilator+rand+reset+2"],
            results_xml=str(results),
            log_file=tmp_path / "simulation.log",
        )
    cases = list(ElementTree.parse(results).iter("testcase"))
    assert [case.get("name") for case in cases] == [test]
    failures = [f.get("message") for f in (*cases[0].iter("failure"), *cases[0].iter("error"))]
    assert not failures, failures[0]


def test_checks_of_the_model():
    """Check values of the CRC catalogue (CRC-16/USB, CRC-5/USB), and packets seen on real buses."""
    assert crc16(b"123456789") == 0xB4C8
    assert crc5(int.from_bytes(b"123456789", "little"), 72) == 0x19
    assert token(0b1101, 0) == bytes.fromhex("2d0010")
    assert data(0b0011, bytes.fromhex("8006000100004000"))[-2:] == bytes.fromhex("dd94")
