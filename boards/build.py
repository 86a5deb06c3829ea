"""From a design to a bitstream, by the tools of its FPGA as YoWASP packs them for PyPI."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..golden.errors import ConfigError, ToolError
from . import build_plan
from .build_plan import NAME
from .design import Design
from .fit import over, too_large

SEEDS = 8  # placements to try until the timing is met

_WITHOUT_VIVADO = (
    f"Vivado was not found, so there is no bitstream: run `sh build_{NAME}.sh` in the folder "
    "where AMD's Vivado is installed; its free edition has this device"
)
_STAGES = {"yosys": "synthesis", "nextpnr": "place and route", "vivado": "Vivado"}
_BITSTREAMS = (".bin", ".bit", ".fs")
_LOGS = (".rpt", ".tim", ".report.json", "_timing.rpt")
_SOURCES = (".v", ".debug.v", ".pcf", ".lpf", ".xdc", ".cst", ".tcl")
# Of what a build leaves, what is worth keeping: not the netlists.
KEPT = {f"{NAME}{suffix}" for suffix in (*_BITSTREAMS, ".svf", *_LOGS, *_SOURCES)}
PLAN = KEPT | {f"build_{NAME}.sh"}  # what Vivado takes elsewhere

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build gave.

    Attributes
    ----------
    bitstream : Path, optional
        None where only the plan was written: files, and a script that calls the tool.
    note : str
        What to do for a bitstream, where there is none.
    used : dict
        Resource of the FPGA to (used, there).
    clocks : dict
        Clock to (reached, asked), in hertz.
    seed : int
        Of the placement.
    late : bool
        The tool says that constraints are not met (Vivado, of which ``clocks`` tells nothing).
    """

    bitstream: Path | None
    note: str = ""
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    clocks: dict[str, tuple[float, float]] = field(default_factory=dict)
    seed: int = 1
    late: bool = False

    @property
    def meets_timing(self) -> bool:
        """Does every clock reach what it is asked? True where only the plan was written."""
        return not self.late and all(reached >= asked for reached, asked in self.clocks.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        bitstream = str(self.bitstream) if self.bitstream else None
        timing_met = self.meets_timing if self.bitstream else None
        return asdict(self) | {"bitstream": bitstream, "timing_met": timing_met}


def build(design: Design, folder: Path, progress: Progress) -> BuildReport:
    """Make the bitstream of ``design`` in ``folder``; without Vivado, the plan for it.

    Raises
    ------
    ToolError
        Where a tool other than Vivado is missing, or one fails.
    ConfigError
        Where the design does not fit; it tells by how much, and which preset would.
    """
    plan = build_plan.prepare(design)
    build_plan.extract(plan, folder)
    commands = list(build_plan.commands(plan))
    for tool, _ in commands:
        try:
            build_plan.find_tool(tool)
        except ToolError:
            if tool != "vivado":
                raise
            return BuildReport(bitstream=None, note=_WITHOUT_VIVADO)
    seed = 1
    for step, (tool, arguments) in enumerate(commands):
        stage = next((text for name, text in _STAGES.items() if name in tool), "bitstream")
        progress(stage, step, len(commands))
        if "nextpnr" in tool:
            seed = _place(design, folder, tool, arguments)
        else:
            build_plan.run(tool, arguments, folder)
    progress(stage, len(commands), len(commands))
    there = (folder / f"{NAME}{suffix}" for suffix in _BITSTREAMS)
    bitstream = next((path for path in there if path.exists()), None)
    if bitstream is None:
        raise ToolError(f"{tool} made no bitstream (see the logs in {folder})")
    if design.board.dfu_id:
        _add_dfu_suffix(bitstream, design.board.dfu_id)
    report = _report(folder)
    return replace(report, bitstream=bitstream, seed=seed)


def _place(design: Design, folder: Path, tool: str, arguments: list[str]) -> int:
    """Place and route, with the seeds in turn until the timing is met; return the seed.

    Where none meets it, the best stands.
    """
    slack = {}
    for seed in range(1, SEEDS + 1):
        _place_once(design, folder, tool, arguments, seed)
        clocks = _report(folder).clocks
        slack[seed] = min((reached / asked for reached, asked in clocks.values()), default=1.0)
        if slack[seed] >= 1:
            return seed
    best = max(slack, key=slack.__getitem__)
    _place_once(design, folder, tool, arguments, best)
    return best


def _place_once(design: Design, folder: Path, tool: str, arguments: list[str], seed: int) -> None:
    changed = list(arguments)
    changed[changed.index("--seed") + 1] = str(seed)
    try:
        build_plan.run(tool, changed, folder)
    except ToolError as error:
        excess = over(folder)
        if not excess:
            raise
        raise ConfigError(too_large(design, excess)) from error


def _report(folder: Path) -> BuildReport:
    """What nextpnr reports, or Vivado."""
    path = folder / f"{NAME}.report.json"
    if not path.exists():
        summary = folder / f"{NAME}_timing.rpt"
        late = summary.exists() and "Timing constraints are not met" in summary.read_text()
        return BuildReport(bitstream=None, late=late)
    told = json.loads(path.read_text())
    return BuildReport(
        bitstream=None,
        used={
            name: (counts["used"], counts["available"])
            for name, counts in told["utilization"].items()
            if counts["used"] and counts["available"]
        },
        clocks={
            name.removeprefix("$glbnet$"): (clock["achieved"] * 1e6, clock["constraint"] * 1e6)
            for name, clock in told["fmax"].items()
        },
    )


def _add_dfu_suffix(path: Path, usb_id: tuple[int, int]) -> None:
    """Append the suffix by which dfu-util knows its device (USB DFU 1.1, appendix B)."""
    vendor, product = usb_id
    suffix = struct.pack("<HHHH3sB", 0xFFFF, product, vendor, 0x0100, b"UFD", 16)
    data = path.read_bytes() + suffix
    path.write_bytes(data + struct.pack("<I", zlib.crc32(data) ^ 0xFFFFFFFF))
