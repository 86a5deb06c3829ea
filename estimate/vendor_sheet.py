"""What the FPGA makers' power estimators ask for, to be typed into them.

Fields are those of the Xilinx Power Estimator (UG440) and of Vivado's report_power (UG907);
Lattice's Power Calculator asks for the same: cells by clock domain, toggle rates, memories with
their enable rates, multipliers, pins. A toggle rate is changes per clock cycle, in %.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .activity import Activity
from .fpga_power import IO_VOLTS, LOAD_FARADS, LUT_RATE, Counts

STANDARD = f"LVCMOS{IO_VOLTS * 10:.0f}"
_CLOCKS = {"C", "CLK", "RCLK", "WCLK", "CLKA", "CLKB", "CLK0", "CLK1"}  # pins of cells
_NOT_PINS = {"clk", "rst"}


class Row(NamedTuple):
    """A field of an estimator: its sheet, the line of the sheet, name, value, unit."""

    sheet: str
    line: str
    field: str
    value: float | int | str
    unit: str = ""


def rows(
    counts: Counts,
    activity: Activity,
    clock_hz: float | None = None,
    *,
    fan_out: float | None = None,
    load_farads: float = LOAD_FARADS,
) -> list[Row]:
    """Return all fields, sheet after sheet, one line of a sheet for each stage, memory or port.

    Parameters
    ----------
    counts : mapping
        Stage to its ``luts``, ``shift_luts``, ``memory_luts``, ``flip_flops``, ``carries``,
        ``block_rams``, ``multipliers``; what is not told is 0.
    clock_hz : float, optional
        That of ``activity`` where it is not given.
    fan_out : float, optional
        Mean number of inputs that an output drives (`fanout`).
    """
    clock = (activity.clock_hz if clock_hz is None else clock_hz) / 1e6
    registers = sum(cells.get("flip_flops", 0) for cells in counts.values())
    found = [
        Row("clock", "clk", "frequency", _short(clock), "MHz"),
        Row("clock", "clk", "fan-out", registers, "flip-flops"),
    ]
    for name, cells in counts.items():
        stage = activity.stage(name)
        found += [
            *_line("logic", name, clock),
            Row("logic", name, "LUTs as logic", cells.get("luts", 0)),
            Row("logic", name, "LUTs as shift registers", cells.get("shift_luts", 0)),
            Row("logic", name, "LUTs as distributed RAM", cells.get("memory_luts", 0)),
            Row("logic", name, "flip-flops", cells.get("flip_flops", 0)),
            Row("logic", name, "carry cells", cells.get("carries", 0)),
            Row("logic", name, "toggle rate", _percent(stage.net_rate * LUT_RATE), "%"),
            Row("logic", name, "toggle rate of flip-flops", _percent(stage.register_rate), "%"),
        ]
        if fan_out is not None:
            found.append(Row("logic", name, "average fan-out", _short(fan_out)))
        if cells.get("block_rams"):
            found += _line("block RAM", name, clock)
            found.append(Row("block RAM", name, "block RAMs", cells["block_rams"]))
        if cells.get("multipliers"):
            found += [
                *_line("DSP", name, clock),
                Row("DSP", name, "multipliers", cells["multipliers"]),
                Row("DSP", name, "toggle rate", _percent(stage.register_rate), "%"),
            ]
    for memory in activity.memories:
        line = f"{memory.stage}.{memory.name}"
        found += [
            *_line("memory", line, clock),
            Row("memory", line, "words", memory.words),
            Row("memory", line, "width", memory.bits, "bits"),
            Row("memory", line, "mode", "simple dual port"),
            Row("memory", line, "enable rate, read", _percent(memory.reads), "%"),
            Row("memory", line, "enable rate, write", _percent(memory.writes), "%"),
            Row(
                "memory",
                line,
                "toggle rate",
                _percent(activity.stage(memory.stage).register_rate),
                "%",
            ),
        ]
    for name, port in activity.pins.items():
        if name in _NOT_PINS:
            continue
        is_output = name in activity.outputs
        found += [
            *_line("I/O", name, clock),
            Row("I/O", name, "standard", STANDARD),
            Row("I/O", name, "outputs" if is_output else "inputs", activity.widths[name]),
            Row("I/O", name, "toggle rate", _percent(port / activity.widths[name]), "%"),
        ]
        if is_output:
            found.append(Row("I/O", name, "load", _short(load_farads * 1e12), "pF"))
    return found


def as_csv(found: Iterable[Row]) -> str:
    """Return the rows as CSV, under a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(found)
    return text.getvalue()


def as_markdown(found: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [Row._fields, ["---"] * len(Row._fields), *found]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def fanout(netlist_json: Mapping[str, Any]) -> float:
    """Return how many inputs of cells and ports of the top the output of a cell drives, mean.

    Clocks are left out, and outputs that drive nothing.

    Parameters
    ----------
    netlist_json : mapping
        A flat netlist as Yosys writes it (``write_json``).
    """
    modules = netlist_json["modules"]
    tops = [m for m in modules.values() if int(m.get("attributes", {}).get("top", "0"), 2)]
    module = tops[0] if tops else next(iter(modules.values()))
    loads: dict[int, int] = {}
    driven = set()
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            wires = [bit for bit in bits if isinstance(bit, int)]  # constants are text
            if cell["port_directions"][pin] == "output":
                driven.update(wires)
            elif pin not in _CLOCKS:
                for bit in wires:
                    loads[bit] = loads.get(bit, 0) + 1
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                loads[bit] = loads.get(bit, 0) + 1
    counted = [loads[bit] for bit in driven if bit in loads]
    return sum(counted) / len(counted) if counted else 0.0


def _line(sheet: str, line: str, megahertz: float) -> list[Row]:
    return [Row(sheet, line, "clock", _short(megahertz), "MHz")]


def _percent(rate: float) -> float:
    return _short(100 * rate)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
