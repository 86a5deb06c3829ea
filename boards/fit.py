"""Does a design fit its FPGA, and if not, which preset would?"""

from __future__ import annotations

import re
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..golden.config import PRESETS, EncoderConfig
from ..golden.errors import ConfigError, ToolError
from .build_plan import NAME, commands, extract, prepare, run
from .design import Design
from .rates import typical_bits

NAMES = {
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


def over(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the resources of which the design needs more than there are, by nextpnr's log."""
    log = folder / f"{NAME}.tim"
    used = _utilisation(log.read_text() if log.exists() else "")
    # Of cells of which a device has none, nextpnr's own bookkeeping counts some.
    return {name: counts for name, counts in used.items() if counts[0] > counts[1] > 0}


def _utilisation(log: str) -> dict[str, tuple[int, int]]:
    rows = re.findall(r"Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log)
    return {name: (int(used), int(there)) for name, used, there in rows}


def too_large(design: Design, excess: dict[str, tuple[int, int]]) -> str:
    """Return by how much the design is too large, and which preset would fit: it is tried."""
    needs = " and ".join(
        f"{used} {NAMES.get(name, name)} of the {there} that there are"
        for name, (used, there) in excess.items()
    )
    sentence = (
        f"{design.config.channels} channels do not fit {design.board.title}: they need {needs}"
    )
    others = [name for name in PRESETS if PRESETS[name].modes != design.config.modes]
    lossless = [name for name in others if name not in ("dual", "projection")]
    lossless.sort(key=lambda name: typical_bits(PRESETS[name]))  # the one that sends least first
    smaller = next((name for name in lossless if _fits(design, name)), None)
    if smaller:
        return f"{sentence}; the preset {smaller} would fit"
    return f"{sentence}; use fewer channels"


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
        extract(plan, folder)
        for tool, arguments in commands(plan):
            if "nextpnr" in tool:
                with suppress(ToolError):  # after packing there is nothing to write, which it tries
                    run(tool, [*arguments, "--pack-only"], folder)
                return not over(folder)
            run(tool, arguments, folder)
    return True
