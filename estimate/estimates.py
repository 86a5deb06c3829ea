"""One estimate: a core on a board's FPGA, or as an ASIC, driven by a recording.

An estimate is a dict as JSON holds it; `probecodec.estimate.reading` says what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..boards.board import Board
from ..boards.build import Progress
from ..boards.clocks import family_of
from ..golden.config import EncoderConfig
from . import activity, asic, fpga, fpga_power, vendor_sheet
from .latency import latency
from .question import sample_rate
from .reading import si, text
from .recordings import Drive
from .result import total

_NODES = {"ice40": 40, "ecp5": 40, "xilinx": 28, "gowin": 55}  # nm, by the makers' own word
# Stages in the order of the samples.
_ORDER = (
    *("gate", "delta", "lms", "neighbours", "highpass", "projection", "zigzag", "fixed", "rice"),
    *("huffman", "auxiliary", "packer", "fifo", "framer", "registers", "pipeline", "encoder"),
)
_MOVING = ("logic", "ram", "dsp")  # what a stage's activity makes


def _about(config: EncoderConfig, drive: Drive, preset: str, clock_hz: float) -> dict[str, Any]:
    return {
        "preset": preset,
        "modes": [mode.name.lower() for mode in config.modes],
        "channels": config.channels,
        "sample_bits": config.sample_bits,
        "rate_hz": config.rate_hz,
        "samples_hz": sample_rate(config),
        "clock_hz": clock_hz,
        "recording": drive.name,
    }


def _ordered(stages: dict[str, Any]) -> dict[str, Any]:
    """Stages as the samples pass them; those that hold nothing left out."""
    held = {
        name: one
        for name, one in stages.items()
        if (any(one.values()) if isinstance(one, dict) else one != 0)
    }
    places = {name: n for n, name in enumerate(_ORDER)}
    return {name: held[name] for name in sorted(held, key=lambda each: places.get(each, 99))}


def _staged(
    device: str, stages: dict[str, dict[str, float]], active: activity.Activity, clock_hz: float
) -> dict[str, float | None]:
    """Watts of what moves in each stage of an FPGA: clock, rest and pins are of the whole."""
    watts: dict[str, float | None] = {}
    for name, cells in stages.items():
        parts = fpga_power.estimate_power(device, {name: cells}, active, clock_hz)
        watts[name] = total({part: parts[part] for part in _MOVING}).value
    return watts


def on_board(
    board: Board,
    config: EncoderConfig,
    drive: Drive,
    *,
    preset: str,
    clock_hz: float | None = None,
    seeds: Sequence[int] = fpga.SEEDS,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Estimate a core on the FPGA of ``board``.

    Parameters
    ----------
    clock_hz : float, optional
        The board's where it is not given.
    preset : str
        What to call the configuration.

    Returns
    -------
    estimate : dict
    reports : dict
        Name to folder of the tools' reports.

    Raises
    ------
    ConfigError
        Where the clock is too slow, or the core cannot be built or does not fit.
    ToolError
        Where a tool is missing or fails.
    """
    clock = clock_hz or board.clock_hz
    found = fpga.estimate(board, config, clock, seeds, progress)
    progress("simulation", 0, len(drive.samples))
    fed = 0

    def simulated(frames: int) -> None:
        nonlocal fed
        fed += frames
        progress("simulation", fed, len(drive.samples))

    active = activity.measure(config, drive.samples, clock, drive.aux, simulated)
    progress("simulation", len(drive.samples), len(drive.samples))
    power = fpga_power.estimate_power(found.device, found.measured.stages, active, clock)
    netlist = found.measured.reports["synthesis"] / "netlist.json"
    fan_out = None  # of what is not placed here no flat netlist is kept
    if netlist.exists():
        fan_out = vendor_sheet.fanout(json.loads(netlist.read_text()))
    sheet = vendor_sheet.rows(found.measured.stages, active, clock, fan_out=fan_out)
    told = found.as_json()
    return _about(config, drive, preset, clock) | {
        "kind": "fpga",
        "target": board.title,
        "board": board.name,
        "device": found.device,
        "node_nm": _NODES.get(family_of(board.make_platform())),
        "resources": told["resources"],
        "stages": _ordered(told["stages"]),
        "fmax": told["fmax"],
        "fmax_hz": list(told["fmax_hz"].values()),
        "seeds": [int(seed) for seed in told["fmax_hz"]],
        "slack_s": told["slack"],
        "slowest_path": told["slowest_path"],
        "probes": told["probes"],
        "latency_cycles": told["latency_cycles"],
        "latency_s": told["latency_s"],
        "method": told["method"],
        "bits_per_sample": active.bits_per_sample,
        "power": {part: figure.as_json() for part, figure in power.items()},
        "stages_w": _ordered(_staged(found.device, told["stages"], active, clock)),
        "energy_per_sample_j": power["total"].times(1 / sample_rate(config)).as_json(),
        "notes": _notes(board, found.device, clock),
        "sheet": [row._asdict() for row in sheet],
    }, found.measured.reports | ({"activity": active.folder} if active.folder else {})


def _notes(board: Board, device: str, clock_hz: float) -> list[str]:
    """What comes on top of the core on this board."""
    pll = fpga_power.coefficients(device).get("pll")
    if pll is None or clock_hz == board.crystal_hz:
        return []
    figure = pll.times(1)
    return [
        f"the PLL that makes {si(clock_hz, 'Hz')} of the board's {si(board.crystal_hz, 'Hz')} "
        f"comes on top: {text(figure, 'W')}"
    ]


def on_chip(
    library: str,
    config: EncoderConfig,
    drive: Drive,
    *,
    preset: str,
    clock_hz: float | None = None,
    node_nm: float | None = None,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Estimate a core as an ASIC.

    Parameters
    ----------
    library : str
        Liberty file, or the name of a library that can be fetched.
    clock_hz : float, optional
        One cycle for each sample where it is not given.
    node_nm : float, optional
        Of the process, for the memories; known of libraries known by name.
    preset : str
        What to call the configuration.

    Returns
    -------
    estimate : dict
    reports : dict
        Name to folder of the tools' reports.

    Raises
    ------
    ConfigError
        Where the clock is too slow, the core cannot be built, or the library cannot be read.
    ToolError
        Where a tool is missing or fails, or the library cannot be fetched.
    """
    clock = clock_hz or sample_rate(config)
    found = asic.estimate(
        library,
        config,
        clock,
        drive.samples,
        aux=drive.aux,
        node_nm=node_nm,
        progress=progress,
    )
    told, energies = found.as_json(), found.energies()
    return _about(config, drive, preset, clock) | {
        "kind": "asic",
        "target": found.library,
        "library": Path(library).stem,
        "node_nm": found.node_nm,
        "supply_v": found.supply_v,
        "nand_um2": found.nand_um2,
        "kgates": told["kgates"],
        "area_um2": told["area_um2"],
        "memory_um2": told["memory_um2"],
        "flip_flops": found.flipflops,
        "resources": {
            "gates": {"used": round(found.area_um2.value / found.nand_um2), "there": None}
        },
        "stages": _ordered(
            {
                stage: {"gates": round(area / found.nand_um2)}
                for stage, area in found.stages_um2.items()
            }
        ),
        "stages_w": _ordered(found.stages_w),
        "critical_s": told["critical_s"],
        "fmax": told["fmax_hz"],
        "fmax_hz": [found.fmax_hz.value],
        "slowest_path": list(found.path),
        "slack_s": {"value": found.slack_s, "low": None, "high": None, "method": ""},
        "latency_cycles": latency(config),
        "bits_per_sample": found.stream_bits_per_sample,
        "power": told["power"],
        "logic_w": told["logic_w"],
        "energy_per_sample_j": energies["j_per_sample"].as_json(),
        "energy_per_input_bit_j": energies["j_per_input_bit"].as_json(),
        "energy_per_output_bit_j": energies["j_per_output_bit"].as_json(),
        "power_per_channel_w": energies["w_per_channel"].as_json(),
        "second_opinion": found.second_opinion,
        "memories": [dict(one) for one in found.memories],
        "clock_gates": found.clock_gates,
        "recipe": found.recipe,
        "areas_corrected": found.areas_corrected,
        "notes": list(found.notes),
    }, found.reports
