"""A mapped netlist as Python objects: instances, nets, what each drives, wires, stages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ..golden.errors import ToolError
from .cells import Cell, Library

_WIRE_F_PER_UM = 0.2e-15
_UTILISATION = 0.7
_PITCHES = 3.0
WIRE_METHOD = (
    f"wires: {_PITCHES:g} cell pitches for each sink at {_UTILISATION:.0%} utilisation, "
    f"{_WIRE_F_PER_UM * 1e15:g} fF/µm (R. Ho et al., The Future of Wires, Proc. IEEE 2001)"
)
PREFIX = "probecodec_sram_"


class Terminal(NamedTuple):
    """A pin of an instance: the instance's number, the pin's name."""

    instance: int
    pin: str


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A cell or a memory (``cell`` is None) of a netlist.

    Attributes
    ----------
    name : str
        Yosys's, from the top on.
    pins : dict
        Pin, of a bus with its index, to the number of the net; constants are −1 (low), −2 (high).
    outputs : frozenset of str
    """

    name: str
    kind: str
    cell: Cell | None
    pins: dict[str, int]
    outputs: frozenset[str]


class Netlist:
    """Instances and the nets between them.

    Parameters
    ----------
    module : dict
        Of Yosys's ``write_json``.
    scopes : frozenset of str
        The design's instances, for `stages`.

    Attributes
    ----------
    instances : list of Instance
        In Yosys's order; `verilog` calls number n ``u<n>``.
    inputs, outputs : dict
        Port to its nets' numbers, from bit 0 on.
    names : list of str
        Of the nets, as far as the design names them; else empty. `verilog` calls number n ``n<n>``.
    drivers : list of Terminal or None
        None where a port drives the net, or nothing.
    sinks : list of list of Terminal
    """

    def __init__(
        self, module: dict[str, Any], library: Library, scopes: frozenset[str] = frozenset()
    ) -> None:
        self.library = library
        self._scopes = scopes
        self._numbers: dict[int, int] = {}
        self.names: list[str] = []
        self.instances: list[Instance] = []
        ports = module["ports"]
        self.inputs = self._ports(ports, "input")
        for name, cell in module["cells"].items():
            if cell["type"] != "$scopeinfo":
                self.instances.append(self._instance(name, cell))
        self.outputs = self._ports(ports, "output")
        self.drivers: list[Terminal | None] = [None] * len(self._numbers)
        self.sinks: list[list[Terminal]] = [[] for _ in self.drivers]
        for number, instance in enumerate(self.instances):
            for pin, net in instance.pins.items():
                if pin in instance.outputs:
                    self.drivers[net] = Terminal(number, pin)
                elif net >= 0:
                    self.sinks[net].append(Terminal(number, pin))
        self.names = _names(module, self._numbers)
        self.ports_out = Counter(net for nets in self.outputs.values() for net in nets)

    def _ports(self, ports: dict[str, Any], direction: str) -> dict[str, list[int]]:
        return {
            name: [self._net(bit) for bit in port["bits"]]
            for name, port in ports.items()
            if port["direction"] == direction
        }

    def _net(self, bit: int | str) -> int:
        if isinstance(bit, str):
            return -2 if bit == "1" else -1
        return self._numbers.setdefault(bit, len(self._numbers))

    def _instance(self, name: str, told: dict[str, Any]) -> Instance:
        kind = told["type"]
        cell = self.library.cells.get(kind)
        if cell is None and not kind.startswith(PREFIX):
            raise ToolError(f"the netlist has a cell {kind} that its library does not have")
        pins, outputs = {}, set()
        for port, bits in told["connections"].items():
            out = (cell.pins[port].direction if cell else _direction(told, port)) == "output"
            for n, bit in enumerate(bits):
                pin = port if cell else f"{port}[{n}]"
                if out:
                    outputs.add(pin)
                pins[pin] = self._net(bit)
        return Instance(name=name, kind=kind, cell=cell, pins=pins, outputs=frozenset(outputs))

    @cached_property
    def pitch_um(self) -> float:
        """Side of the square that a mean cell takes on the die."""
        areas = [each.cell.area_um2 for each in self.instances if each.cell]
        return math.sqrt(sum(areas) / max(1, len(areas)) / _UTILISATION)

    def wire_f(self, net: int) -> float:
        """Return the capacitance of a net's wire: the library's wire load, else `WIRE_METHOD`."""
        fanout = len(self.sinks[net]) + self.ports_out[net]
        table = self.library.wire_f
        if table is None:
            return fanout * _PITCHES * self.pitch_um * _WIRE_F_PER_UM
        if fanout <= len(table):
            return table[fanout - 1] if fanout else 0.0
        return table[-1] + (fanout - len(table)) * (table[-1] - table[-2])

    @cached_property
    def loads_f(self) -> list[float]:
        """Capacitance of each net: wire and pins; those of memories are taken as a NAND's."""
        nand = self.library.nand
        usual = nand.pins[nand.inputs[0]].capacitance_f
        loads = []
        for net, sinks in enumerate(self.sinks):
            total = self.wire_f(net)
            for number, pin in sinks:
                cell = self.instances[number].cell
                total += cell.pins[pin].capacitance_f if cell else usual
            loads.append(total)
        return loads

    @cached_property
    def area_um2(self) -> float:
        """Sum of the cells' areas, memories not included."""
        return sum(each.cell.area_um2 for each in self.instances if each.cell)

    @cached_property
    def clock_nets(self) -> frozenset[int]:
        """Nets that carry a clock: those of clock pins, and back to a port through their gates."""
        found: set[int] = set()
        todo = [
            net
            for each in self.instances
            for pin, net in each.pins.items()
            if pin not in each.outputs and is_clock_pin(each, pin)
        ]
        while todo:
            net = todo.pop()
            if net < 0 or net in found:
                continue
            found.add(net)
            driver = self.drivers[net]
            if driver is None:
                continue
            gate = self.instances[driver.instance]
            if gate.cell is not None and not gate.cell.sequential:
                todo += [n for p, n in gate.pins.items() if p not in gate.outputs]
        # An enable of a clock gate is no clock: it comes of a register or latch.
        roots = {net for net in found if self._reaches_port(net, found)}
        return frozenset(roots)

    def _reaches_port(self, net: int, among: set[int]) -> bool:
        driver = self.drivers[net]
        if driver is None:
            return net in self.inputs.get("clk", []) or net in self.inputs.get("aclk", [])
        gate = self.instances[driver.instance]
        if gate.cell is None or gate.cell.sequential:
            return False
        return any(
            self._reaches_port(n, among)
            for p, n in gate.pins.items()
            if p not in gate.outputs and n in among
        )

    @cached_property
    def stages(self) -> list[str]:
        """The stage of each instance.

        That of a register or memory by its name; that of a gate, what most of its sinks belong to.
        """
        found = [""] * len(self.instances)
        for number, each in enumerate(self.instances):
            if each.cell is None:
                found[number] = stage_of(each.name, self._scopes)
            elif each.cell.sequential:
                nets = [each.pins[pin] for pin in each.outputs]
                named = next((self.names[n] for n in nets if self.names[n]), "")
                found[number] = stage_of(named, self._scopes) if named else ""
        waiting = list(reversed(self.order()))
        waiting += [n for n, each in enumerate(self.instances) if not found[n] and _stores(each)]
        for number in waiting:
            if found[number]:
                continue
            each = self.instances[number]
            near = Counter(
                found[sink.instance]
                for pin in each.outputs
                for sink in self.sinks[each.pins[pin]]
                if found[sink.instance]
            )
            found[number] = near.most_common(1)[0][0] if near else "encoder"
        return found

    def order(self) -> list[int]:
        """Return the gates so that each comes after those that drive it.

        Raises ``ToolError`` where gates drive themselves in a circle.
        """
        missing = {}
        ready = []
        for number, each in enumerate(self.instances):
            if _stores(each):
                continue
            missing[number] = sum(1 for _ in self._gates_before(each))
            if not missing[number]:
                ready.append(number)
        done = []
        while ready:
            number = ready.pop()
            done.append(number)
            each = self.instances[number]
            for pin in each.outputs:
                for sink in self.sinks[each.pins[pin]]:
                    if sink.instance in missing:
                        missing[sink.instance] -= 1
                        if not missing[sink.instance]:
                            ready.append(sink.instance)
        if len(done) != len(missing):
            raise ToolError("the netlist has a loop of gates; no timing can be told")
        return done

    def _gates_before(self, each: Instance) -> Iterator[int]:
        for pin, net in each.pins.items():
            driver = self.drivers[net] if net >= 0 and pin not in each.outputs else None
            if driver is not None and not _stores(self.instances[driver.instance]):
                yield driver.instance


def _stores(each: Instance) -> bool:
    return each.cell is None or bool(each.cell.sequential)


def is_clock_pin(each: Instance, pin: str) -> bool:
    """Is it the pin that clocks a flip-flop, latch or memory?"""
    if each.cell is None:
        return pin.startswith("clk[")
    if not each.cell.sequential:
        return False
    return each.cell.pins[pin].is_clock or pin == each.cell.enable.strip("!'() ")


def stage_of(name: str, scopes: frozenset[str]) -> str:
    """Return the stage of a name within the instances ``scopes``.

    That of ``core.pipeline.rice.sums`` is ``rice``.
    """
    parts = name.split(".")
    while parts and ".".join(parts) not in scopes:
        parts.pop()  # a signal, or a field of one
    first, *rest = [*parts[1:], ""] if parts[:1] == ["core"] else [*parts, ""]
    if first == "pipeline" and rest[0]:
        return rest[0]
    return first or "encoder"


def _names(module: dict[str, Any], numbers: dict[int, int]) -> list[str]:
    """The best name of each net: not of Yosys's making, and the deepest one."""

    def rank(name: str) -> tuple[int, int, str]:
        return name.count("."), -len(name), name

    names = [""] * len(numbers)
    for name, net in module["netnames"].items():
        if net.get("hide_name") or any(part.startswith("i__") for part in name.split(".")):
            continue  # a stage's input belongs to another
        for bit in net["bits"]:
            if bit in numbers:
                old = names[numbers[bit]]
                if not old or rank(name) > rank(old):
                    names[numbers[bit]] = name
    return names


def _direction(told: dict[str, Any], port: str) -> str:
    return told["port_directions"][port]
