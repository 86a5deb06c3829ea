"""What an engineer needs to use a design elsewhere: Verilog, constraints, tables, test bench."""

from __future__ import annotations

import os

from amaranth.back import verilog as backend
from amaranth.hdl import ClockDomain, Fragment, Shape
from amaranth.lib.wiring import In

from . import build_plan, register_map, testbench, verilog
from .design import Design
from .pins import pin_counts
from .top import Top, signature
from .verilog import Port

TOP = "probecodec_top"

_CONSTRAINTS = (".pcf", ".lpf", ".xdc", ".cst")


def generate(design: Design) -> str:
    """Return the Verilog of front end, encoder and link: module `TOP`, any FPGA's.

    The same bytes for the same design.
    """
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"  # the one that pip installed, not the system's
    top = Top(design)
    # Told here: those that Amaranth finds missing it adds in an order of its own each time.
    clocks = [ClockDomain(domain) for domain in _domains(design)]
    fragment = Fragment.get(top, None)
    fragment.add_domains(*clocks)
    signals = [signal for clock in clocks for signal in (clock.clk, clock.rst)]
    named = {signal.name: signal for signal in signals}
    named |= {name: getattr(top, name) for name in top.signature.members}
    return verilog.about(design.config) + backend.convert(
        fragment,
        name=TOP,
        ports={name: (signal, None) for name, signal in named.items()},
        emit_src=False,
        strip_internal_attrs=True,
    )


def _domains(design: Design) -> list[str]:
    """The clock domains of a design."""
    wires = {kind: getattr(design, f"{kind}_wires") for kind in ("input", "link")}
    own = [kind for kind, w in wires.items() if w.clock or w.clock_hz or w.clock_out]
    return ["sync", *own]


def ports(design: Design) -> list[Port]:
    """Return the ports of module `TOP`: clocks and resets first."""
    prefixes = ["" if domain == "sync" else f"{domain}_" for domain in _domains(design)]
    rows = [
        Port(f"{prefix}{name}", "input", 1, False) for prefix in prefixes for name in ("clk", "rst")
    ]
    for name, member in signature(design).members.items():
        direction = "input" if member.flow == In else "output"
        rows.append(Port(name, direction, Shape.cast(member.shape).width, False))
    return rows


def pin_table(design: Design) -> str:
    """Return which pin of the board is what, as Markdown."""
    board = design.board
    lines = ["| pin | what | at |", "|---|---|---|"]
    lines.append(f"| `{board.crystal}` | clock, {board.crystal_hz / 1e6:g} MHz | the board |")
    for kind in ("input", "link"):
        wires = getattr(design, f"{kind}_wires")
        name, note = getattr(design, kind), wires.note or "the board"
        if wires.clock:
            lines.append(
                f"| `{wires.clock}` | {name}: clock in, {wires.clock_hz / 1e6:g} MHz | {note} |"
            )
        if wires.clock_out:
            lines.append(
                f"| `{wires.clock_out}` | {name}: clock out, {wires.clock_out_hz / 1e6:g} MHz "
                f"| {note} |"
            )
        for member, count in pin_counts(getattr(design, f"{kind}_component")).items():
            for bit, pin in enumerate(wires.pins[member].split()[:count]):
                what = f"{member}[{bit}]" if count > 1 else member
                lines.append(f"| `{pin}` | {name}: `{what}` | {note} |")
        lines += [
            f"| `{pin}` | {name}: always {level} | {note} |" for pin, level in wires.hold.items()
        ]
    lines += [f"| `{pin}` | always {level} | the board |" for pin, level in board.hold.items()]
    lines += [f"| `{pin}` | LED {name} | the board |" for name, pin in board.leds.items()]
    if board.button and len(design.config.modes) > 1:
        lines.append(f"| `{board.button}` | button: next mode | the board |")
    return "\n".join(lines) + "\n\n`!`: active low.\n"


def pin_page(design: Design) -> str:
    """Return `pin_table` under the design's title."""
    return f"# {design.title}\n\n" + pin_table(design)


def files(design: Design) -> dict[str, str]:
    """Return file name to text."""
    plan = build_plan.prepare(design)
    name = design.board.name.replace("-", "_")
    texts = {
        f"{TOP}.v": generate(design),
        f"{name}.v": plan.files[f"{build_plan.NAME}.debug.v"],
        "pins.md": pin_page(design),
        **register_map.files(design.config),
        **testbench.files(design.config),
        f"{verilog.TOP}.v": verilog.generate(design.config),
    }
    for path, content in plan.files.items():
        if path.endswith((*_CONSTRAINTS, ".tcl")):
            texts[path.replace(build_plan.NAME, name)] = content
    return texts
