"""Power of a mapped netlist from the activity of each of its nets.

A change of a net costs ½ C V² (wire and pins) and what its cells' tables of internal energy say;
the clock tree, which no netlist has yet, is estimated: buffers of the library in a tree.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .cells import Cell, Energy
from .netlist import Netlist, is_clock_pin
from .timing import Timing

TREE_FANOUT = 20
_TREE_SLEW_S = 0.2e-9
TREE_METHOD = (
    f"estimated, no layout: the clock's wires, and a tree of buffers with {TREE_FANOUT} sinks "
    "each; bars are a rule: -50 %, +100 %"
)
GLOBAL_ACTIVITY = 0.1  # changes per net and cycle, where nothing is known
METHOD = (
    "½ C V² and the library's internal energy for each change in a simulation of the netlist; "
    "no glitches, no layout"
)
GUESSED = f"as if each net changed {GLOBAL_ACTIVITY:g} times per cycle: no simulation"


@dataclass(frozen=True, kw_only=True)
class GatePower:
    """Watts, by part and by stage.

    Attributes
    ----------
    clock_w : float
        Clock pins, clock gates, and the nets that these drive.
    registers_w : float
        What flip-flops and latches take for data, with the nets that they drive.
    logic_w : float
    leakage_w : float
    tree_w : float
        The clock's root, wires and pins, and what the tree's buffers are estimated at.
    stages_w : dict
        Stage to the sum of all but the tree and leakage.
    internal_w, switching_w : float
        The same sum, by its cause.
    """

    clock_w: float
    registers_w: float
    logic_w: float
    leakage_w: float
    tree_w: float
    stages_w: dict[str, float]
    internal_w: float
    switching_w: float

    @property
    def total_w(self) -> float:
        """All of it."""
        moving = self.clock_w + self.registers_w + self.logic_w
        return moving + self.tree_w + self.leakage_w


def guessed(netlist: Netlist) -> list[float]:
    """Return changes per cycle of each net where nothing is known of them."""
    clocks = netlist.clock_nets
    return [2.0 if net in clocks else GLOBAL_ACTIVITY for net in range(len(netlist.drivers))]


def analyse(
    netlist: Netlist, timing: Timing, toggles: Sequence[float], clock_hz: float
) -> GatePower:
    """Return the power of a netlist's gates, memories not included.

    Parameters
    ----------
    toggles : sequence of float
        Changes per clock cycle of each net.
    """
    clocks = netlist.clock_nets
    supply = netlist.library.supply_v
    stages = netlist.stages
    parts: dict[str, float] = defaultdict(float)
    by_stage: dict[str, float] = defaultdict(float)
    causes = {"internal": 0.0, "switching": 0.0}

    def add(part: str, stage: str, cause: str, watts: float) -> None:
        parts[part] += watts
        by_stage[stage] += watts
        causes[cause] += watts

    for number, each in enumerate(netlist.instances):
        if each.cell is None:
            for pin in each.outputs:
                net = each.pins[pin]
                energy = 0.5 * toggles[net] * netlist.loads_f[net] * supply**2
                add("logic", stages[number], "switching", energy * clock_hz)
            continue
        parts["leakage"] += each.cell.leakage_w
        own = "registers" if each.cell.sequential else "logic"
        if any(each.pins[pin] in clocks for pin in each.outputs):
            own = "clock"
        for pin, net in each.pins.items():
            if net < 0 or not toggles[net]:
                continue
            is_output = pin in each.outputs
            part = "clock" if is_clock_pin(each, pin) else own
            joules = _internal(netlist, timing, number, pin, toggles)
            add(part, stages[number], "internal", joules * clock_hz)
            if is_output:
                energy = 0.5 * toggles[net] * netlist.loads_f[net] * supply**2
                add(own, stages[number], "switching", energy * clock_hz)
    return GatePower(
        clock_w=parts["clock"],
        registers_w=parts["registers"],
        logic_w=parts["logic"],
        leakage_w=parts["leakage"],
        tree_w=_tree(netlist, toggles, clock_hz),
        stages_w=dict(sorted(by_stage.items())),
        internal_w=causes["internal"],
        switching_w=causes["switching"],
    )


def _internal(
    netlist: Netlist, timing: Timing, number: int, pin: str, toggles: Sequence[float]
) -> float:
    """Joules per cycle that a cell takes for the changes of one of its pins."""
    each = netlist.instances[number]
    assert each.cell is not None
    net = each.pins[pin]
    energies = each.cell.pins[pin].energies
    if not energies:
        return 0.0
    load = netlist.loads_f[net] if pin in each.outputs else 0.0
    weights = [_share(each.pins, energy, toggles) for energy in energies]
    if not sum(weights):
        weights = [1.0] * len(energies)
    joules = 0.0
    for energy, weight in zip(energies, weights, strict=True):
        source = each.pins.get(energy.related, net) if pin in each.outputs else net
        slew = timing.slews[source] if source >= 0 else timing.slews[net]
        mean = 0.0
        for table, transition in zip((energy.rise, energy.fall), slew, strict=True):
            mean += 0.5 * table.at(load, transition) if table else 0.0
        joules += weight / sum(weights) * mean
    # Groups without related pin add up only where conditions exclude each other: a mean is taken.
    return joules * toggles[net]


def _share(pins: dict[str, int], energy: Energy, toggles: Sequence[float]) -> float:
    """How likely it is the related pin that made the output change."""
    net = pins.get(energy.related, -1)
    return toggles[net] if net >= 0 else 1.0


def _tree(netlist: Netlist, toggles: Sequence[float], clock_hz: float) -> float:
    """Watts of what no gate of the netlist drives yet: the clock's root, and a tree of buffers.

    `TREE_FANOUT` sinks to a buffer; a buffer adds its input and its inside.
    """
    supply = netlist.library.supply_v
    buffer = netlist.library.buffer
    each = 0.5 * buffer.pins[buffer.inputs[0]].capacitance_f * supply**2 + _inside(buffer)
    watts = 0.0
    for net in netlist.clock_nets:
        sinks, buffers = len(netlist.sinks[net]), 0
        while sinks > TREE_FANOUT:
            sinks = math.ceil(sinks / TREE_FANOUT)
            buffers += sinks
        own = 0.5 * netlist.loads_f[net] * supply**2 if netlist.drivers[net] is None else 0.0
        watts += (buffers * each + own) * toggles[net] * clock_hz
    return watts


def _inside(buffer: Cell) -> float:
    """Joules of a change within a loaded buffer."""
    load = TREE_FANOUT * buffer.pins[buffer.inputs[0]].capacitance_f
    energies = buffer.pins[buffer.outputs[0]].energies
    tables = [table for energy in energies for table in (energy.rise, energy.fall) if table]
    return sum(table.at(load, _TREE_SLEW_S) for table in tables) / max(1, len(tables))
