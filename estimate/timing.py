"""Static timing analysis of a mapped netlist: the slowest path, by the library's tables (NLDM).

The clock is ideal: it reaches all registers, memories and clock gates at the same time. A latch
of a clock gate has to have its enable before it closes, which is a whole cycle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..golden.errors import ToolError
from .cells import Arc, Cell
from .netlist import Instance, Netlist, is_clock_pin

EDGES = ("rise", "fall")
_OTHER = {"rise": "fall", "fall": "rise"}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What stands around the gates.

    Attributes
    ----------
    clock_slew_s, input_slew_s : float
        Transition of the clock, and of inputs and memories' outputs.
    access_s, setup_s : mapping
        Memory module to clock-to-output and setup time; those not named have the defaults.
    """

    clock_slew_s: float = 0.1e-9
    input_slew_s: float = 0.1e-9
    access_s: Mapping[str, float] = field(default_factory=dict)
    setup_s: Mapping[str, float] = field(default_factory=dict)
    default_access_s: float = 3e-9
    default_setup_s: float = 0.5e-9


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What was found.

    Attributes
    ----------
    critical_s : float
        Of the slowest path, setup included: the shortest clock cycle.
    path : tuple of (str, float)
        Its instances with their types, from the start on, and the time at which each has switched.
    slews : list of (float, float)
        Transition of each net's rise and fall.
    """

    critical_s: float
    path: tuple[tuple[str, float], ...]
    slews: list[tuple[float, float]]

    @property
    def fmax_hz(self) -> float:
        """The fastest clock."""
        return 1 / self.critical_s


class _Net:
    """Latest arrival and slowest transition of a net, and from where it came, for each edge."""

    __slots__ = ("at", "by", "slew")

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.slew: dict[str, float] = {}
        self.by: dict[str, tuple[int, int, str]] = {}  # instance, net before, edge before

    def come(self, edge: str, at: float, slew: float, by: tuple[int, int, str]) -> None:
        if at > self.at.get(edge, -1.0):
            self.at[edge] = at
            self.by[edge] = by
        self.slew[edge] = max(slew, self.slew.get(edge, 0.0))


def analyse(netlist: Netlist, around: Surroundings | None = None) -> Timing:
    """Return the slowest path of a netlist.

    Raises
    ------
    ToolError
        Where gates drive themselves in a circle, or nothing is clocked.
    """
    around = around or Surroundings()
    nets = [_Net() for _ in netlist.drivers]
    clocks = netlist.clock_nets
    for net in (net for bits in netlist.inputs.values() for net in bits):
        _ideal(nets[net], around.clock_slew_s if net in clocks else around.input_slew_s)
    for number, each in enumerate(netlist.instances):
        if each.cell is None:
            access = around.access_s.get(each.kind, around.default_access_s)
            for pin in each.outputs:
                for edge in EDGES:
                    nets[each.pins[pin]].come(edge, access, around.input_slew_s, (number, -1, edge))
        elif each.cell.sequential == "ff":
            _launch(netlist, nets, number, each.cell, around)
    latches = [
        n for n, e in enumerate(netlist.instances) if e.cell and e.cell.sequential == "latch"
    ]
    for net in (
        netlist.instances[n].pins[pin] for n in latches for pin in netlist.instances[n].outputs
    ):
        # Of a clock gate: it changes while the clock is low and the gate is shut.
        _ideal(nets[net], around.input_slew_s)
    for number in netlist.order():
        each = netlist.instances[number]
        for pin in each.outputs:
            net = each.pins[pin]
            if net in clocks:
                _ideal(nets[net], around.clock_slew_s)
            else:
                _through(netlist, nets, number, pin)
    slowest, end, edge, last = _ends(netlist, nets, around)
    if last < 0:
        raise ToolError("the netlist has no path that ends in a register; no timing can be told")
    slews = [
        (net.slew.get("rise", around.input_slew_s), net.slew.get("fall", around.input_slew_s))
        for net in nets
    ]
    return Timing(
        critical_s=slowest,
        path=(*_path(netlist, nets, last, edge), (end, slowest)),
        slews=slews,
    )


def _ideal(net: _Net, slew: float) -> None:
    for edge in EDGES:
        net.come(edge, 0.0, slew, (-1, -1, edge))


def _launch(
    netlist: Netlist, nets: list[_Net], number: int, cell: Cell, around: Surroundings
) -> None:
    each = netlist.instances[number]
    for pin in each.outputs:
        net = each.pins[pin]
        for arc in cell.pins[pin].arcs:
            if not arc.kind.endswith("_edge"):
                continue
            for edge in EDGES:
                delay, slew = _delay(arc, edge, netlist.loads_f[net], around.clock_slew_s)
                if delay is not None:
                    nets[net].come(edge, delay, slew, (number, -1, edge))


def _delay(arc: Arc, edge: str, load: float, slew: float) -> tuple[float | None, float]:
    table = arc.tables.get(f"cell_{edge}")
    if table is None:
        return None, 0.0
    transition = arc.tables.get(f"{edge}_transition")
    return table.at(load, slew), max(0.0, transition.at(load, slew) if transition else slew)


def _through(netlist: Netlist, nets: list[_Net], number: int, pin: str) -> None:
    each = netlist.instances[number]
    assert each.cell is not None
    net = each.pins[pin]
    load = netlist.loads_f[net]
    for arc in each.cell.pins[pin].arcs:
        before = each.pins.get(arc.related, -1)
        if before < 0 or not arc.kind.startswith("combinational"):
            continue
        source = nets[before]
        for edge in EDGES:
            for first in _causes(arc.sense, edge):
                if first in source.at:
                    delay, slew = _delay(arc, edge, load, source.slew[first])
                    if delay is not None:
                        nets[net].come(
                            edge, source.at[first] + delay, slew, (number, before, first)
                        )


def _causes(sense: str, edge: str) -> tuple[str, ...]:
    if sense == "positive_unate":
        return (edge,)
    return (_OTHER[edge],) if sense == "negative_unate" else EDGES


def _ends(netlist: Netlist, nets: list[_Net], around: Surroundings) -> tuple[float, str, str, int]:
    """The end of the slowest path: its time with setup, name, edge and net."""
    slowest = (0.0, "", "rise", -1)
    for number, each in enumerate(netlist.instances):
        for pin, net in each.pins.items():
            if net < 0 or pin in each.outputs or is_clock_pin(each, pin):
                continue
            for edge, at in nets[net].at.items():
                setup = _setup(each, pin, edge, nets[net].slew[edge], around)
                if setup is not None and at + setup > slowest[0]:
                    slowest = (at + setup, f"u{number} {each.kind}.{pin}", edge, net)
    for name, bits in netlist.outputs.items():
        for n, net in enumerate(bits):
            for edge, at in nets[net].at.items() if net >= 0 else ():
                if at > slowest[0]:
                    slowest = (at, f"{name}[{n}]", edge, net)
    return slowest


def _setup(each: Instance, pin: str, edge: str, slew: float, around: Surroundings) -> float | None:
    if each.cell is None:
        return around.setup_s.get(each.kind, around.default_setup_s)
    if not each.cell.sequential:
        return None
    for arc in each.cell.pins[pin].arcs:
        table = arc.tables.get(f"{edge}_constraint")
        if arc.kind.startswith("setup") and table:
            return table.at(slew=slew, clock=around.clock_slew_s)
    return None


def _path(netlist: Netlist, nets: list[_Net], net: int, edge: str) -> list[tuple[str, float]]:
    steps = []
    while net >= 0:
        number, before, first = nets[net].by[edge]
        name = f"u{number} {netlist.instances[number].kind}" if number >= 0 else "input"
        steps.append((name, nets[net].at[edge]))
        net, edge = before, first
    return steps[::-1]
