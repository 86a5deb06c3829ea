"""Which pins a design's front end and link take, and whether the board has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Shape
from amaranth.lib import wiring

from ..golden.errors import require

if TYPE_CHECKING:
    from .design import Design


def check_pins(design: Design, kind: str) -> None:
    """Raise ConfigError unless the board has the pins that the front end or the link takes."""
    wires = getattr(design, f"{kind}_wires")
    component = getattr(design, f"{kind}_component")
    name_of_part = getattr(design, kind)
    for name, count in pin_counts(component).items():
        there = len(wires.pins.get(name, "").split())
        fewer = _FEWER.get(name, "another setting")
        named = "" if name in wires.pins else f" (it names {', '.join(wires.pins) or 'no pins'})"
        require(
            there >= count,
            f"{design.board.title} has {there} pins wired for {name} of {name_of_part}{named}, "
            f"which needs {count}; use {fewer}, or another board",
        )


# What makes members of front ends narrower.
_FEWER = {
    "value": "fewer bits a sample",
    "aux": "fewer auxiliary bits",
    "miso": "fewer channels",
    "lanes": "fewer converters",
}


def check_shared(design: Design) -> None:
    """Raise ConfigError where front end and link take the same pin."""
    taken = {kind: pins_of(design, kind) for kind in ("input", "link")}
    both = [pin for pin in taken["input"] if pin in taken["link"]]
    require(
        not both,
        f"on {design.board.title} the front end {design.input} and the link {design.link} both "
        f"take the pins {' '.join(both)}; choose another of either",
    )


def pins_of(design: Design, kind: str) -> list[str]:
    """Return the pins that the front end (``kind`` "input") or the link takes."""
    wires = getattr(design, f"{kind}_wires")
    counts = pin_counts(getattr(design, f"{kind}_component"))
    pins = [pin for name, count in counts.items() for pin in wires.pins[name].split()[:count]]
    return [pin.lstrip("!") for pin in (*pins, wires.clock, wires.clock_out, *wires.hold) if pin]


def pin_counts(component: wiring.Component) -> dict[str, int]:
    """Return how many pins each pin member of a front end or link takes.

    The members ``x_i``, ``x_o``, ``x_oe`` are one bus ``x``.
    """
    counts = {}
    double = getattr(component, "DDR", ())
    members = {
        name: member
        for name, member in component.signature.members.items()
        if name not in ("sample", "words")
    }
    for name, member in members.items():
        bits = Shape.cast(member.shape).width
        stem, _, suffix = name.rpartition("_")
        if suffix in ("i", "o", "oe") and f"{stem}_oe" in members:
            if suffix == "o":
                counts[stem] = bits
            continue
        counts[name] = bits // 2 if name in double else bits
    return counts
