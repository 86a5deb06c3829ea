# amaranth: UnusedElaboratable=no
"""Everything of a board: `Top` with the board's clocks, resets and I/O cells around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amaranth import ClockDomain, Elaboratable, Module, Signal, Value
from amaranth.build import Attrs, Clock, Pins, PinsN, Resource
from amaranth.lib import io
from amaranth.lib.wiring import In

from .board import Wires
from .clocks import Clocks, family_of, reset_with_sync
from .design import Design
from .pins import pin_counts
from .top import Top


def _pins(text: str, direction: str, count: int | None = None) -> Pins:
    """The first ``count`` pins of ``text`` as Amaranth takes them."""
    names = text.split()[:count]
    make = PinsN if names and names[0].startswith("!") else Pins
    return make(" ".join(name.lstrip("!") for name in names), dir=direction)


class BoardTop(Elaboratable):
    """The design on its board: what the tools of the FPGA take.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design: Design) -> None:
        self._design = design

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        design, board = self._design, self._design.board
        m.submodules.top = top = Top(design)
        self._clocks(m, platform)
        for kind in ("input", "link"):
            self._connect(m, platform, kind, top)

        attrs = Attrs(**board.attrs | board.own_attrs)
        own = {f"led_{name}": (pin, "o") for name, pin in board.leds.items()}
        if len(design.config.modes) > 1 and board.button:
            own["button"] = (board.button, "i")
        for name, (pin, direction) in own.items():
            port = self._port(platform, f"own_{name}", pin, direction, attrs)
            m.submodules[name] = buffer = io.Buffer(direction, port)
            signal = getattr(top, name)
            m.d.comb += buffer.o.eq(signal) if direction == "o" else signal.eq(buffer.i)
        self._hold(m, platform, "own", board.hold, attrs)
        return m

    def _clocks(self, m: Module, platform: Any) -> None:
        """Make ``sync``, and ``link`` or ``input`` where they are."""
        board = self._design.board
        crystal = platform.request(board.crystal, 0, dir="-")
        wires = self._design.link_wires
        made = {"sync": board.clock_hz}
        if wires.clock_out:  # what is outside, or the link itself, runs by it
            out = "phy" if wires.clock else "link"
            made[out] = wires.clock_out_hz
            port = self._port(platform, "link_clock_out", wires.clock_out, "o", self._attrs(wires))
            m.submodules.link_clock_out = ddr = io.DDRBuffer("o", port, o_domain=out)
            m.d.comb += [ddr.o[0].eq(1), ddr.o[1].eq(0)]
        elif wires.clock_hz and not wires.clock:
            made["link"] = wires.clock_hz
        m.submodules.clocks = Clocks(crystal, board.crystal_hz, made)
        for kind in ("input", "link"):
            wires = getattr(self._design, f"{kind}_wires")
            if not wires.clock:
                continue
            # A pin that reaches a global buffer directly; elsewhere the tools see to it.
            dedicated = {"GLOBAL": True} if family_of(platform) == "ice40" else {}
            attrs = Attrs(**self._attrs(wires), **dedicated)
            name = f"{kind}_clock"
            port = self._port(platform, name, wires.clock, "i", attrs, Clock(wires.clock_hz))
            m.submodules[name] = buffer = io.Buffer("i", port)
            domain = ClockDomain(kind)
            buffer.i.name = domain.clk.name  # so that reports call the clock by it
            m.domains += domain
            m.d.comb += domain.clk.eq(buffer.i)
            reset_with_sync(m, kind)

    def _attrs(self, wires: Wires) -> Attrs:
        return Attrs(**{**self._design.board.attrs, **wires.attrs})

    @staticmethod
    def _port(
        platform: Any,
        name: str,
        pins: str,
        direction: str,
        *arguments: Any,
        count: int | None = None,
    ) -> io.PortLike:
        """Return the port of the first ``count`` of ``pins``."""
        resource = Resource(name, 0, _pins(pins, direction, count), *arguments)
        platform.add_resources([resource])
        return platform.request(name, 0, dir="-")

    def _connect(self, m: Module, platform: Any, kind: str, top: Top) -> None:
        """Put I/O cells between the pins of a front end or link and the top."""
        wires: Wires = getattr(self._design, f"{kind}_wires")
        component = getattr(self._design, f"{kind}_component")
        attrs = self._attrs(wires)
        members = component.signature.members
        for name, count in pin_counts(component).items():
            bus = name not in members
            direction = "io" if bus else "i" if members[name].flow == In else "o"
            port = self._port(
                platform, f"{kind}_{name}", wires.pins[name], direction, attrs, count=count
            )
            if name in getattr(component, "DDR", ()):
                cell = io.DDRBuffer(direction, port, **{f"{direction}_domain": kind})
            else:
                cell = io.Buffer(direction, port)
            m.submodules[f"{kind}_{name}"] = cell
            outer = f"{kind}_{name}"
            if bus:
                m.d.comb += [
                    getattr(top, f"{outer}_i").eq(cell.i),
                    cell.o.eq(getattr(top, f"{outer}_o")),
                    cell.oe.eq(getattr(top, f"{outer}_oe")),
                ]
            elif direction == "i":
                m.d.comb += getattr(top, outer).eq(Value.cast(cell.i))
            else:
                m.d.comb += Value.cast(cell.o).eq(getattr(top, outer))
        self._hold(m, platform, kind, wires.hold, attrs)

    def _hold(
        self, m: Module, platform: Any, kind: str, hold: Mapping[str, int], attrs: Attrs
    ) -> None:
        """Drive pins that stay at a level: a high one, once ``sync`` is out of reset."""
        for number, (pin, level) in enumerate(hold.items()):
            name = f"{kind}_hold{number}"
            port = self._port(platform, name, pin, "o", attrs)
            m.submodules[name] = cell = io.Buffer("o", port)
            held = Signal(name=name)
            m.d.sync += held.eq(level)
            m.d.comb += cell.o.eq(held)
