"""Reads the cells of a liberty file: area, capacitance, delay and energy (NLDM).

Internal energy has the unit
``capacitive_load_unit`` × ``voltage_unit``² (Liberty User Guide, internal_power).
"""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import numpy as np

from ..golden.errors import ConfigError, require
from .cells import Arc, Cell, Energy, Library, Pin, Table
from .liberty_text import Group, parse

_AXES = {
    "total_output_net_capacitance": "load",
    "input_net_transition": "slew",
    "input_transition_time": "slew",
    "related_pin_transition": "clock",
    "constrained_pin_transition": "slew",
}
_PREFIX = {"m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18, "k": 1e3, "": 1.0}


def text_of(path: Path) -> str:
    """Return the text of a liberty file, also of a compressed one (``.gz``).

    Raises ``ConfigError`` where it cannot be read.
    """
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")
    except (OSError, EOFError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def read(text: str, name: str) -> Library:
    """Read a library from a liberty file's ``text``; ``name`` is the file's.

    Raises
    ------
    ConfigError
        Where it is not liberty, holds no tables (NLDM), or lacks an inverter, a buffer, a NAND
        or a flip-flop.
    """
    top = parse(text, name)
    try:
        library = _library(top, name)
    except (ValueError, IndexError, KeyError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{name}: a number or a table is broken ({error})") from error
    require(bool(library.cells), f"{name} holds no cell")
    for needed in (library.inverter, library.buffer, library.nand, library.flipflop):
        timed = any(arc.tables for pin in needed.pins.values() for arc in pin.arcs)
        require(timed, f"{name}: {needed.name} has no table of delays (NLDM); take another .lib")
    return library


class _Units:
    def __init__(self, top: Group, name: str) -> None:
        self.time = _unit(top.get("time_unit", "1ns"), "s", name)
        amount, unit = (*top.attributes.get("capacitive_load_unit", ["1", "pf"]), "pf")[:2]
        self.load = _float(amount) * _PREFIX[unit.lower().removesuffix("f")]
        self.volt = _unit(top.get("voltage_unit", "1V"), "v", name)
        self.leakage = _unit(top.get("leakage_power_unit", "1nW"), "w", name)
        self.energy = self.load * self.volt**2
        self.templates = {
            group.names[0]: group for group in top.of("lu_table_template", "power_lut_template")
        }


def _float(text: str) -> float:
    """A number; no liberty file means one that is none, or endless."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _positive(text: str) -> float:
    """A number that cannot be below 0."""
    value = _float(text)
    if value < 0:
        raise ValueError(f"{text} is below 0")
    return value


def _unit(text: str, base: str, name: str) -> float:
    match = re.fullmatch(rf"([\d.]+) *([munpfak]?){base}", text.strip().lower())
    if match is None:
        raise ConfigError(f"{name}: the unit {text!r} is unknown; it should end in {base}")
    value = _float(match[1]) * _PREFIX[match[2]]
    require(value > 0, f"{name}: the unit {text!r} is nothing")
    return value


def _library(top: Group, name: str) -> Library:
    units = _Units(top, name)
    leakage = _float(top.get("default_cell_leakage_power", "0"))
    cells = {}
    for group in top.of("cell"):
        cell = _cell(group, units, leakage)
        require(
            re.fullmatch(r"[A-Za-z_]\w*", cell.name) is not None,
            f"{name}: a cell is named {cell.name!r}, which Verilog cannot; rename it",
        )
        require(cell.name not in cells, f"{name}: the cell {cell.name} is there twice")
        cells[cell.name] = cell
    energies = any(pin.energies for cell in cells.values() for pin in cell.pins.values())
    require(
        energies or not cells,
        f"{name} tells no energy inside cells (internal_power); take another .lib",
    )
    require(
        not cells or any(cell.leakage_w for cell in cells.values()),
        f"{name} tells no leakage (cell_leakage_power); take another .lib",
    )
    told = [each.get("voltage") for each in top.of("operating_conditions")]
    supply = _float(top.get("nom_voltage") or next(filter(None, told), "0")) * units.volt
    require(supply > 0, f"{name} tells no supply (nom_voltage); add it")
    return Library(
        name=top.names[0] if top.names else name,
        cells=cells,
        supply_v=supply,
        wire_f=_wire(top, units),
    )


def _cell(group: Group, units: _Units, default_leakage: float) -> Cell:
    states = list(group.of("ff", "latch"))
    state = states[0] if states else None
    leakages = [_float(each.get("value", "0")) for each in group.of("leakage_power")]
    mean = sum(leakages) / len(leakages) if leakages else default_leakage
    leakage = _positive(group.get("cell_leakage_power", str(mean)))
    pins = {pin.name: pin for pin in (_pin(each, units) for each in group.of("pin"))}
    clocked = state.get("clocked_on") or state.get("enable") if state else ""
    return Cell(
        name=group.names[0],
        area_um2=_positive(group.get("area", "0")),
        leakage_w=leakage * units.leakage,
        pins=pins,
        sequential=state.kind if state else "",
        enable=clocked.strip("() "),
        data=(state.get("next_state") or state.get("data_in")).strip("() ") if state else "",
        is_plain=state is None or not {"clear", "preset"} & state.attributes.keys(),
        clock_gate=group.get("clock_gating_integrated_cell"),
        dont_use=group.get("dont_use").lower() == "true",
        inputs=tuple(sorted(pin.name for pin in pins.values() if pin.direction == "input")),
        outputs=tuple(sorted(pin.name for pin in pins.values() if pin.direction == "output")),
    )


def _pin(group: Group, units: _Units) -> Pin:
    ends = [_float(group.get(f"{edge}_capacitance", "0")) for edge in ("rise", "fall")]
    capacitance = _positive(group.get("capacitance", str(sum(ends) / 2)))
    direction = group.get("direction")
    if direction == "output" and "three_state" in group.attributes:
        direction = "tristate"
    return Pin(
        name=group.names[0],
        direction=direction,
        capacitance_f=capacitance * units.load,
        function=group.get("function"),
        is_clock=group.get("clock") == "true",
        arcs=tuple(
            Arc(
                related=related,
                kind=timing.get("timing_type", "combinational"),
                sense=timing.get("timing_sense", "non_unate"),
                tables={
                    each.kind: _table(each, units, units.time)
                    for each in timing.groups
                    if "values" in each.attributes
                },
            )
            for timing in group.of("timing")
            for related in timing.get("related_pin").split()
        ),
        energies=tuple(
            Energy(
                related=power.get("related_pin"),
                rise=_edge(power, units, "rise_power"),
                fall=_edge(power, units, "fall_power"),
            )
            for power in group.of("internal_power")
        ),
    )


def _edge(power: Group, units: _Units, kind: str) -> Table | None:
    found = next(power.of(kind, "power"), None)
    return _table(found, units, units.energy) if found else None


def _table(group: Group, units: _Units, scale: float) -> Table:
    template = units.templates.get(group.names[0] if group.names else "")
    rows = [_numbers(row) for row in group.attributes["values"]]
    axes: list[str] = []
    points: list[tuple[float, ...]] = []
    for n in (1, 2):
        variable = template.get(f"variable_{n}") if template else ""
        if not variable:
            break
        axis = _AXES[variable]
        given = group.attributes.get(f"index_{n}") or template.attributes[f"index_{n}"]
        unit = units.load if axis == "load" else units.time
        axes.append(axis)
        points.append(tuple(unit * x for x in _numbers(" ".join(given))))
    flat = [x for row in rows for x in row]
    width = len(points[-1]) if points else 1
    height = len(points[0]) if len(points) == 2 else 1
    if len(flat) != width * height:
        raise ValueError(f"line {group.line}: {len(flat)} values, not {width * height}")
    values = tuple(
        tuple(scale * x for x in flat[start : start + width])
        for start in range(0, len(flat), width)
    )
    return Table(tuple(axes), tuple(points), values)


def _numbers(text: str) -> list[float]:
    return [_float(x) for x in text.replace(",", " ").split()]


def _wire(top: Group, units: _Units) -> tuple[float, ...] | None:
    """The default wire load, as far as fan-out 32; None where the library has none."""
    name = top.get("default_wire_load")
    found = [group for group in top.of("wire_load") if group.names[:1] == [name]]
    if not found:
        return None
    per_length = _float(found[0].get("capacitance", "0")) * units.load
    slope = _float(found[0].get("slope", "0"))
    given = [_float(x) for x in found[0].attributes.get("fanout_length", ["1", "0"])]
    fanouts, lengths = given[::2], given[1::2]
    return tuple(
        per_length
        * (
            float(np.interp(n, fanouts, lengths))
            if n <= fanouts[-1]
            else lengths[-1] + slope * (n - fanouts[-1])
        )
        for n in range(1, 33)
    )
