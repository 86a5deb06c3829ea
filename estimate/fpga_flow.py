"""Calls of Yosys and nextpnr for the bare core, each kept by what went into it."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from amaranth import Module

from ..boards import build_plan, fit
from ..boards.board import Board
from ..boards.build_plan import NAME
from ..boards.verilog import TOP, Port
from ..golden.errors import ConfigError, ToolError
from . import families, harness
from .cache import kept

_NETLIST = "netlist.json"
_REPORTS = {f"{NAME}.tim", f"{NAME}.report.json"}  # what stays of a placement


class Synthesis(NamedTuple):
    """A core synthesised for a family: the folder of what came out, and the parts of its digest."""

    family: families.Family
    folder: Path
    parts: tuple[str, ...]

    def cells(self, what: str) -> dict[str, float]:
        """Return the cells of "core" or "harness", type to number."""
        cells = _read(self.folder / f"{what}.json")["design"]["num_cells_by_type"]
        return {kind: number for kind, number in cells.items() if kind != TOP}


class Timing(NamedTuple):
    """What nextpnr tells of the clock: hertz, first and last cell of the slowest path."""

    fmax_hz: float
    path: tuple[str, str]


def release(tool: str) -> str:
    """Return name and version of a tool, as PyPI has it; ToolError where it is missing."""
    name = Path(build_plan.find_tool(tool)).stem
    return f"{name} {version(name)}"


def placer(board: Board) -> str:
    """Return name and version of what places for ``board``."""
    return release(_call(board, families.FAMILIES[families.name_of(board.make_platform())], 1)[0])


def synthesize(board: Board, verilog: str, ports: Sequence[Port]) -> Synthesis:
    """Synthesise module `TOP` of ``verilog`` by itself, then around it the harness.

    So nothing of the harness is merged with anything of the core, and the core's cells are
    counted before the harness is there.
    """
    name = families.name_of(board.make_platform())
    family = families.FAMILIES[name]
    around = harness.verilog(ports)
    script = f"""\
read_verilog core.v
{family.synthesis} {family.inner} {family.flat} -top {TOP}
tee -q -o core.json stat -json
"""
    if family.there:
        script += f"""\
design -stash core
read_verilog harness.v
{family.synthesis} -top {NAME}
tee -q -o harness.json stat -json
design -copy-from core -as {TOP} {TOP}
flatten
write_json {_NETLIST}
"""
    parts = ("fpga synthesis", release("yosys"), script, verilog, around)
    files = {"core.v": verilog, "harness.v": around, "synthesis.ys": script}
    return Synthesis(family, _yosys(parts, files, "synthesis.ys"), parts)


def hierarchy(board: Board, verilog: str) -> tuple[Path, dict[str, Any]]:
    """Synthesise the core with its hierarchy kept.

    Returns
    -------
    folder : Path
    modules : dict
        Module to what Yosys' ``stat -json`` tells of it; ``num_memory_bits`` as in the Verilog.
    """
    family = families.FAMILIES[families.name_of(board.make_platform())]
    script = f"""\
read_verilog core.v
hierarchy -check -top {TOP}
proc -norom
tee -q -o memories.json stat -json
design -reset
read_verilog core.v
{family.synthesis} {family.inner} {family.apart} -top {TOP}
tee -q -o stages.json stat -json
"""
    parts = ("fpga stages", release("yosys"), script, verilog)
    folder = _yosys(parts, {"core.v": verilog, "stages.ys": script}, "stages.ys")
    memories = _read(folder / "memories.json")["modules"]
    modules = _read(folder / "stages.json")["modules"]
    for name, told in modules.items():
        told["num_memory_bits"] = memories[name]["num_memory_bits"]
    return folder, {name.removeprefix("\\"): told for name, told in modules.items()}


def place(board: Board, synthesis: Synthesis, seed: int) -> Path:
    """Place and route core and harness; return the folder of nextpnr's report and log.

    The target is the board's clock; it decides nothing but which clocks nextpnr calls late.

    Raises
    ------
    ConfigError
        Where they do not fit the device.
    ToolError
        Where nextpnr is missing or fails otherwise.
    """
    tool, arguments, files = _call(board, synthesis.family, seed)
    netlist = arguments[arguments.index("--json") + 1]
    parts = (*synthesis.parts, release(tool), *arguments, *files.values())

    def make(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        shutil.copyfile(synthesis.folder / _NETLIST, folder / netlist)
        try:
            build_plan.run(tool, arguments, folder)
        except ToolError as error:
            excess = fit.over(folder)
            if not excess:
                raise
            raise ConfigError(_too_large(board, excess)) from error
        for path in folder.iterdir():
            if path.name not in {*_REPORTS, *files}:
                path.unlink()

    return kept(parts, make)


def utilisation(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what a placement takes: nextpnr's name of a resource to (used, there)."""
    told = _read(folder / f"{NAME}.report.json")["utilization"]
    return {name: (counts["used"], counts["available"]) for name, counts in told.items()}


def timing(folder: Path) -> Timing:
    """Return how fast a placement is, from register to register.

    Raises ToolError where nextpnr does not tell, which happens.
    """
    told = _read(folder / f"{NAME}.report.json")
    if len(told["fmax"]) != 1:
        raise ToolError(
            f"nextpnr tells of {len(told['fmax'])} clocks, not of one (see the log in {folder})"
        )
    (clock,) = told["fmax"].values()
    inner = (p["path"] for p in told["critical_paths"] if "<async>" not in (p["from"], p["to"]))
    steps = next(inner)
    return Timing(clock["achieved"] * 1e6, (steps[0]["from"]["cell"], steps[-1]["to"]["cell"]))


def _yosys(parts: Sequence[str], files: dict[str, str], script: str) -> Path:
    def make(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        build_plan.run("yosys", ["-q", "-l", f"{NAME}.rpt", script], folder)

    return kept(parts, make)


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _call(
    board: Board, family: families.Family, seed: int
) -> tuple[str, list[str], dict[str, str]]:
    """nextpnr as a build for the board calls it: command, arguments, files of constraints."""
    platform = board.make_platform()
    with warnings.catch_warnings():
        # What Amaranth's platforms and LUNA say of their own future.
        warnings.simplefilter("ignore", DeprecationWarning)
        plan = platform.prepare(
            Module(),
            NAME,
            emit_src=False,
            nextpnr_opts=f"--report {NAME}.report.json --seed {seed} --timing-allow-fail "
            f"--freq {board.clock_hz / 1e6:g} {family.nextpnr}",
        )
    tool, arguments = next(call for call in build_plan.commands(plan) if "nextpnr" in call[0])
    files = {name: "" for name in plan.files if Path(name).suffix in (".pcf", ".lpf")}
    if tool == "nextpnr-himbaechel":  # which places no pin by itself
        crystal = platform.lookup(board.crystal).ios[0].names[0]
        pins = {harness.CLOCK: crystal, "in": board.button, "out": board.leds["running"]}
        text = "".join(f'IO_LOC "{name}" {pin.strip("!")};\n' for name, pin in pins.items())
        files = {f"{NAME}.cst": text}
    return tool, arguments, files


def _too_large(board: Board, excess: dict[str, tuple[int, int]]) -> str:
    needs = " and ".join(
        f"{used:,} {fit.NAMES.get(name, name)} of the {there:,} that there are"
        for name, (used, there) in excess.items()
    )
    return (
        f"the core does not fit {board.title}: with the registers that stand in for its "
        f"surroundings it needs {needs}; use fewer channels or a smaller preset"
    )
