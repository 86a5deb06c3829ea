"""What a board is: its FPGA, its clock, and to which pins front ends and links are wired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..golden.errors import require


@dataclass(frozen=True, kw_only=True)
class Wires:
    """How a front end or a link is wired on a board.

    Pins are named as the board's amaranth-boards file names them: balls (``"35"``), or pins of a
    connector (``"pmod_0:1"``). A leading ``!`` means active low. Several are separated by spaces,
    lowest bit first.

    Parameters
    ----------
    pins : mapping
        Member of the component to its pins. A bidirectional bus ``x`` stands for the members
        ``x_i``, ``x_o``, ``x_oe``. A list cut short gives the first bits only (fewer chips).
    clock, clock_hz
        The pin that brings the component's own clock, and its frequency. Without a pin the PLL
        makes it.
    clock_out, clock_out_hz
        The pin that gives a clock to what is outside, and its frequency; where ``clock`` is empty,
        it is the component's own clock as well.
    hold : mapping
        Pins that stay at a level: ``{"C16": 1}``. A high one is low until the core's reset ends.
    settings : mapping
        Arguments of the component.
    attrs : mapping
        Attributes of these pins, where they differ from the board's.
    note : str
        What to plug in.
    """

    pins: Mapping[str, str] = field(default_factory=dict)
    clock: str = ""
    clock_hz: float = 0.0
    clock_out: str = ""
    clock_out_hz: float = 0.0
    hold: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board that an engineer can buy.

    Parameters
    ----------
    name, title : str
        For the command line; for people.
    platform : str
        The Amaranth platform, ``"module:class"``: device, tools, constraints.
    crystal : str
        Pin of the oscillator, and ``crystal_hz``; the PLL makes ``clock_hz`` of it, the core's
        clock.
    attrs : mapping
        I/O standard of the pins; ``own_attrs`` where that of LEDs and button differs.
    defaults : mapping
        The design built without options: ``channels``, ``sample_bits``, ``input``,
        ``link``, and what else `probecodec.boards.design.make` takes.
    inputs, links : mapping
        Front ends and links by name, as `probecodec.boards.parts` lists them.
    leds : mapping
        Pins of ``running`` and ``fault``.
    hold : mapping
        As in `Wires`, whatever front end and link.
    button : str
        Pin of the button that moves on to the next mode, where several are built.
    programmer : str
        The command that loads the bitstream.
    tool_options : mapping
        Overrides of the Amaranth platform's scripts.
    dfu_id : tuple of int, optional
        USB vendor and product of the board's boot loader, where it takes the bitstream by DFU.
    """

    name: str
    title: str
    platform: str
    crystal: str
    crystal_hz: float
    clock_hz: float
    attrs: Mapping[str, Any]
    defaults: Mapping[str, Any]
    inputs: Mapping[str, Wires]
    links: Mapping[str, Wires]
    leds: Mapping[str, str] = field(default_factory=dict)
    own_attrs: Mapping[str, Any] = field(default_factory=dict)
    hold: Mapping[str, int] = field(default_factory=dict)
    button: str = ""
    programmer: str = ""
    tool_options: Mapping[str, str] = field(default_factory=dict)
    dfu_id: tuple[int, int] | None = None

    def wires(self, kind: str, name: str) -> Wires:
        """Return how front end (``kind`` "input") or link (``kind`` "link") ``name`` is wired.

        Raises ConfigError, naming those that there are.
        """
        there = self.inputs if kind == "input" else self.links
        what = "front end" if kind == "input" else "link"
        names = ", ".join(there)
        require(name in there, f"{self.title} has no {what} {name!r}; it has {names}")
        return there[name]

    def make_platform(self) -> Any:
        """Return the Amaranth platform of the board."""
        module, name = self.platform.split(":")
        return getattr(import_module(module), name)()
