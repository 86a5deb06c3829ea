"""A second opinion, where OpenSTA is installed: its timing and power of the same netlist.

It gets the netlist as Verilog, the wires' capacitances, and the activity of each pin. Two things
of Debian's release (2.0.17) need care. It adds the energies of a rise and of a fall for each
change, so its internal power is halved here (found on an inverter, whose table is plain). And it
takes every clock pin as clocked in each cycle: what clock gates save it does not see. `Opinion`
tells which of these applied.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..boards.asic import TOP
from ..golden.errors import ToolError
from .cache import kept
from .mapping import Mapped
from .netlist import Netlist
from .netlist_verilog import verilog
from .timing import Surroundings

_SECONDS = 120
_CHECKED = "2.0."  # releases of which the above was found
_TOTAL = re.compile(r"(?m)^Total\s+" + r"\s+".join([r"([\d.e+-]+)"] * 4))
_SLACK = re.compile(r"(?m)^\s*(-?[\d.]+)\s+slack")


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What OpenSTA tells, in watts and seconds; the clock's tree is not in it.

    Attributes
    ----------
    internal_w, internal_raw_w : float
        As compared, and as OpenSTA printed it.
    note : str
        In what it differs from our own estimate.
    """

    version: str
    note: str
    internal_w: float
    internal_raw_w: float
    switching_w: float
    leakage_w: float
    critical_s: float
    folder: Path

    @property
    def total_w(self) -> float:
        """All power."""
        return self.internal_w + self.switching_w + self.leakage_w


def available() -> bool:
    """Is OpenSTA there (``sta``)?"""
    return shutil.which("sta") is not None


def analyse(
    mapped: Mapped,
    netlist: Netlist,
    toggles: Sequence[float],
    high: Sequence[float],
    clock_hz: float,
    around: Surroundings | None = None,
) -> Opinion:
    """Run OpenSTA.

    Raises
    ------
    ToolError
        Where it is missing, fails, or says what cannot be read.
    """
    program = shutil.which("sta")
    if program is None:
        raise ToolError("OpenSTA was not found; install it: apt-get install opensta")
    version = _run([program, "-version"], None).stdout.partition("\n")[0].strip()[:40] or "unknown"
    script = _script(netlist, toggles, high, clock_hz, around or Surroundings())
    text = verilog(netlist, TOP)
    liberty = (mapped.folder / "cells.lib").read_text()

    def make(folder: Path) -> None:
        for name, content in {"cells.lib": liberty, "netlist.v": text, "sta.tcl": script}.items():
            (folder / name).write_text(content)
        done = _run([program, "-no_init", "-no_splash", "-exit", "sta.tcl"], folder)
        (folder / "sta.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        wrong = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        if done.returncode or wrong:
            reason = wrong[0] if wrong else f"exit status {done.returncode}"
            raise ToolError(f"OpenSTA failed: {reason} (see sta.log in {folder})")
        _figures(folder)  # a report that cannot be read is not kept

    folder = kept(["opensta", version, script, text, liberty], make)
    internal, switching, leakage, slack_ns = _figures(folder)
    checked = version.startswith(_CHECKED)
    gated = any(netlist.drivers[net] is not None for net in netlist.clock_nets)
    remarks = {
        "internal power halved: this release counts both edges": checked,
        "a release that was not checked": not checked,
        "no clock tree": True,
        "gated clocks as running": checked and gated,
    }
    return Opinion(
        version=version,
        note="; ".join(remark for remark, applies in remarks.items() if applies),
        internal_w=internal / 2 if checked else internal,
        internal_raw_w=internal,
        switching_w=switching,
        leakage_w=leakage,
        critical_s=1 / clock_hz - 1e-9 * slack_ns,
        folder=folder,
    )


def _run(command: list[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"OpenSTA took over {_SECONDS} s") from None
    except OSError as error:
        raise ToolError(f"OpenSTA cannot be run: {error}") from error


def _figures(folder: Path) -> tuple[float, float, float, float]:
    """Watts within cells, of nets and of leakage, and the slack in ns, of a log."""
    log = (folder / "sta.log").read_text(encoding="utf-8")
    total, slack = _TOTAL.search(log), _SLACK.search(log)
    try:
        assert total and slack
        internal, switching, leakage, slack_ns = map(float, (*total.groups()[:3], slack[1]))
        assert all(map(math.isfinite, (internal, switching, leakage, slack_ns)))
    except (AssertionError, ValueError):
        raise ToolError(f"OpenSTA's report cannot be read (see sta.log in {folder})") from None
    return internal, switching, leakage, slack_ns


def _script(
    netlist: Netlist,
    toggles: Sequence[float],
    high: Sequence[float],
    clock_hz: float,
    around: Surroundings,
) -> str:
    period = 1e9 / clock_hz
    lines = [
        "read_liberty cells.lib",
        "read_verilog netlist.v",
        f"link_design {TOP}",
        "set_cmd_units -time ns -capacitance pF -power W",
        f"create_clock -name clk -period {period:.6f} [get_ports clk]",
        f"set_clock_transition {around.clock_slew_s * 1e9:g} [get_clocks clk]",
        "set_input_delay 0 -clock clk [all_inputs]",
        f"set_input_transition {around.input_slew_s * 1e9:g} [all_inputs]",
        "set_output_delay 0 -clock clk [all_outputs]",
    ]
    for net in range(len(netlist.drivers)):
        if netlist.sinks[net]:
            lines.append(f"catch {{set_load {netlist.wire_f(net) * 1e12:.6g} [get_nets n{net}]}}")
    for net in netlist.clock_nets:
        driver = netlist.drivers[net]
        if driver is not None:
            pin = f"[get_pins u{driver.instance}/{driver.pin}]"
            lines.append(f"set_assigned_transition {around.clock_slew_s * 1e9:g} {pin}")
    lines.append("proc activity {pin density duty} {")
    lines.append("  set found [get_pins $pin]")
    lines.append("  sta::set_power_pin_activity $found $density $duty")
    lines.append("}")
    for number, each in enumerate(netlist.instances):
        for pin, net in each.pins.items():
            if net >= 0 and each.cell:
                lines.append(f"activity u{number}/{pin} {toggles[net]:.6g} {high[net]:.6g}")
    lines += [
        "report_power -digits 8",
        "report_checks -path_delay max -to [all_registers -data_pins -edge_triggered] "
        "-fields {slew cap} -digits 5",
        "exit",
    ]
    return "\n".join([*lines, ""])
