"""A standard-cell library: cells, pins, tables of delay and energy (NLDM).

Everything is in SI units but areas, which are in µm².
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..golden.errors import ConfigError
from .boolean import table


@dataclass(frozen=True)
class Table:
    """Values over up to two of load (F), slew (s) and the clock's slew (s)."""

    axes: tuple[str, ...]
    points: tuple[tuple[float, ...], ...]
    values: tuple[tuple[float, ...], ...]  # one row where there is one axis or none

    def at(self, load: float = 0.0, slew: float = 0.0, clock: float = 0.0) -> float:
        """Interpolate between the points; beyond them, go on as between the last two."""
        where = {"load": load, "slew": slew, "clock": clock}
        spans = [
            _span(points, where[axis]) for axis, points in zip(self.axes, self.points, strict=True)
        ]
        if len(spans) < 2:
            row = self.values[0]
            if not spans:
                return row[0]
            n, part = spans[0]
            return row[n] if part == 0 else row[n] + part * (row[n + 1] - row[n])
        (m, down), (n, right) = spans
        ends = [
            row[n] + right * (row[n + 1] - row[n]) if right else row[n]
            for row in (self.values[m : m + 2] if down else self.values[m : m + 1])
        ]
        return ends[0] + down * (ends[1] - ends[0]) if down else ends[0]


def _span(points: Sequence[float], x: float) -> tuple[int, float]:
    if len(points) == 1:
        return 0, 0.0
    n = min(max(bisect_right(points, x) - 1, 0), len(points) - 2)
    return n, (x - points[n]) / (points[n + 1] - points[n])


@dataclass(frozen=True, kw_only=True)
class Arc:
    """A group ``timing`` of a pin.

    Attributes
    ----------
    related : str
        The input.
    kind : str
        ``timing_type``: "combinational", "rising_edge", "setup_rising" …
    sense : str
        "positive_unate", "negative_unate" or "non_unate".
    tables : dict
        "cell_rise", "fall_transition", "rise_constraint" … to a table of seconds.
    """

    related: str
    kind: str
    sense: str
    tables: dict[str, Table]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """A group ``internal_power`` of a pin: joules of its rise and of its fall."""

    related: str
    rise: Table | None
    fall: Table | None


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of a cell; its capacitance in farads."""

    name: str
    direction: str
    capacitance_f: float
    function: str
    is_clock: bool
    arcs: tuple[Arc, ...]
    energies: tuple[Energy, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A standard cell.

    Attributes
    ----------
    sequential : str
        "ff", "latch" or "".
    enable : str
        Of a latch, when it is open; of a flip-flop, its clock: an expression.
    data : str
        What is stored: an expression.
    is_plain : bool
        Neither set nor cleared.
    clock_gate : str
        ``clock_gating_integrated_cell``.
    """

    name: str
    area_um2: float
    leakage_w: float
    pins: dict[str, Pin]
    sequential: str = ""
    enable: str = ""
    data: str = ""
    is_plain: bool = True
    clock_gate: str = ""
    dont_use: bool = False
    inputs: tuple[str, ...] = field(default=())
    outputs: tuple[str, ...] = field(default=())

    def computes(self, *functions: str) -> bool:
        """Are its outputs, in some order, these functions of its inputs ``a``, ``b``, ``c``?"""
        if self.sequential or self.clock_gate or len(self.outputs) != len(functions):
            return False
        names = "abcdefgh"[: len(self.inputs)]
        mine = [table(self.pins[pin].function, self.inputs) for pin in self.outputs]
        asked = [table(function, names) for function in functions]
        return None not in mine and sorted(map(str, mine)) == sorted(map(str, asked))


@dataclass(frozen=True, kw_only=True)
class Library:
    """A standard-cell library.

    Attributes
    ----------
    supply_v : float
        Nominal.
    wire_f : tuple of float, optional
        Capacitance of a net by fan-out, from 1 on (farads), of the default wire load.
    """

    name: str
    cells: dict[str, Cell]
    supply_v: float
    wire_f: tuple[float, ...] | None = None

    def smallest(self, *functions: str) -> Cell | None:
        """Return the smallest cell that computes ``functions``; None where there is none."""
        return _smallest(cell for cell in self.usable if cell.computes(*functions))

    @property
    def usable(self) -> list[Cell]:
        """Cells that synthesis may take: an area is told, and nothing speaks against them."""
        return [cell for cell in self.cells.values() if not cell.dont_use and cell.area_um2 > 0]

    @property
    def nand(self) -> Cell:
        """The smallest NAND of two inputs: its area is a gate equivalent."""
        return self._needed(self.smallest("!(a b)"), "no NAND gate of two inputs")

    @property
    def inverter(self) -> Cell:
        """The smallest inverter."""
        return self._needed(self.smallest("!a"), "no inverter")

    @property
    def buffer(self) -> Cell:
        """The smallest buffer, which ABC does not work without."""
        return self._needed(self.smallest("a"), "no buffer")

    @property
    def flipflop(self) -> Cell:
        """The smallest plain flip-flop of rising edge."""
        found = _smallest(
            cell
            for cell in self.usable
            if cell.sequential == "ff"
            and cell.is_plain
            and cell.enable in cell.inputs
            and cell.data in cell.inputs
        )
        return self._needed(found, "no plain D flip-flop of rising edge")

    @property
    def latch(self) -> Cell | None:
        """The smallest plain latch, open at either level."""
        return _smallest(
            cell
            for cell in self.usable
            if cell.sequential == "latch"
            and cell.is_plain
            and cell.enable.lstrip("! (").rstrip("') ") in cell.inputs
            and cell.data in cell.inputs
        )

    def _needed(self, cell: Cell | None, what: str) -> Cell:
        if cell is None:
            raise ConfigError(f"library {self.name} has {what} whose area is told; take another")
        return cell


def _smallest(cells: Iterable[Cell]) -> Cell | None:
    return min(cells, key=lambda cell: (cell.area_um2, cell.leakage_w, cell.name), default=None)
