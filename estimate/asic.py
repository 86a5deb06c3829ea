"""What a core costs on a chip of one's own: cells, clock, power and energy, by a library's data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..boards import asic as target
from ..golden.config import EncoderConfig
from ..golden.errors import ToolError
from . import (
    gate_activity,
    gate_power,
    liberty,
    library,
    mapping,
    opensta,
    sram,
    timing,
)
from .asic_estimate import AsicEstimate
from .cells import Cell, Library
from .gate_power import GatePower
from .netlist import PREFIX, WIRE_METHOD, Instance, Netlist
from .question import check_clock
from .result import Figure, total, within

_AREA = 0.15  # of synthesis: another tool, another day
_TIMING = 0.25  # wires before layout
_GLITCHES = 0.5  # upwards: no glitches, no layout
_CELLS = 0.25  # downwards
_LEAKAGE = 0.5
_GUESS = 0.5
_MEMORIES = "SRAM model, macros listed under memories"
_UNSIMULATED = "as if read and written in each cycle: no simulation"

Progress = Callable[[str, int, int], None]
MemoryModel = Callable[[int, int], sram.Sram]


def estimate(
    library_path: str | Path,
    config: EncoderConfig,
    clock_hz: float,
    samples: NDArray[np.int16] | None,
    *,
    aux: NDArray[np.uint16] | None = None,
    node_nm: float | None = None,
    srams: MemoryModel | None = None,
    clock_gating: bool = True,
    progress: Progress = lambda what, done, of: None,
) -> AsicEstimate:
    """Estimate the core on a chip of standard cells.

    Parameters
    ----------
    library_path : str or Path
        As of `library.find`.
    clock_hz : float
        One sample per cycle or fewer: at least channels × rate.
    samples : int16 (frames, channels), optional
        What its activity is found with; without it, activity is guessed.
    aux : uint16 (frames,), optional
    node_nm : float, optional
        Of the process, for the memories; known of libraries known by name.
    srams : callable, optional
        Depth and width to a memory's model; where it is not given, `sram.model` at the node and the
        cells' supply. Where that has no answer the memories' figures are unknown.
    progress : callable, optional
        What is done, steps done, steps in all.

    Raises
    ------
    ConfigError
        A core that cannot be built, a clock too slow, a library that cannot be read.
    ToolError
        A tool is missing or fails.
    """
    samples_hz = config.channels * config.rate_hz
    check_clock(config, clock_hz)
    progress("library", 0, 4)
    path = library.find(library_path)
    text, corrected = library.corrected(path)
    cells = liberty.read(text, path.name)
    node_nm = node_nm or library.node_nm(path)
    verilog, memories = target.generate(config)
    model = srams or partial(sram.model_or_unknown, node_nm=node_nm, supply_v=cells.supply_v)
    notes = [WIRE_METHOD] if cells.wire_f is None else []
    around, untimed = _surroundings(memories, model)
    notes += [note for note in (untimed, clock_gating and mapping.ungated(cells)) if note]
    progress("synthesis", 1, 4)
    mapped, netlist, found = _mapped(verilog, memories, cells, text, clock_hz, around, clock_gating)
    progress("activity", 2, 4)
    activity = None
    if samples is not None:
        spacing = max(1.0, clock_hz / samples_hz)
        activity = gate_activity.measure(
            mapped, netlist, config, memories, samples, aux, spacing=spacing
        )
    toggles = activity.toggles if activity else gate_power.guessed(netlist)
    progress("power", 3, 4)
    power = gate_power.analyse(netlist, found, toggles, clock_hz)
    reports = {"mapping": mapped.folder}
    opinion = None
    if activity is not None:
        reports["activity"] = activity.folder
        if opensta.available():
            try:
                said = opensta.analyse(mapped, netlist, toggles, activity.high, clock_hz, around)
                reports["opensta"] = said.folder
                opinion = {name: value for name, value in vars(said).items() if name != "folder"}
            except ToolError as error:  # only a second opinion
                notes.append(str(error))
    progress("power", 4, 4)
    area = netlist.area_um2
    stages: dict[str, float] = defaultdict(float)
    for each, stage in zip(netlist.instances, netlist.stages, strict=True):
        stages[stage] += each.cell.area_um2 if each.cell else 0.0
    kinds = [each.cell for each in netlist.instances if each.cell]
    accesses = activity.accesses if activity else None
    macros = [
        _memory(each, number, model, accesses, clock_hz)
        for number, each in enumerate(netlist.instances)
        if each.kind.startswith(PREFIX)
    ]
    return AsicEstimate(
        library=cells.name,
        node_nm=node_nm,
        supply_v=cells.supply_v,
        clock_hz=clock_hz,
        area_um2=within(area, _AREA, "Yosys and ABC; cells only"),
        kgates=within(area / cells.nand.area_um2 / 1e3, _AREA, f"{cells.nand.name} is one gate"),
        nand_um2=cells.nand.area_um2,
        flipflops=sum(cell.sequential == "ff" for cell in kinds),
        latches=sum(cell.sequential == "latch" for cell in kinds),
        cells=len(kinds),
        clock_gates=_clock_gates(netlist),
        recipe=mapped.recipe,
        critical_s=within(found.critical_s, _TIMING, "static timing analysis before layout"),
        fmax_hz=within(found.fmax_hz, _TIMING, "static timing analysis before layout"),
        path=tuple(name for name, _ in found.path),
        stages_um2=dict(sorted(stages.items())),
        stages_w=power.stages_w,
        power=_parts(power, activity is not None)
        | {"memory": _sum({one["name"]: one["power_w"] for one in macros}, _MEMORIES)},
        memories=tuple(
            {
                name: value.as_json() if isinstance(value, Figure) else value
                for name, value in one.items()
            }
            for one in macros
        ),
        memory_um2=_sum({one["name"]: one["area_um2"] for one in macros}, _MEMORIES),
        samples_hz=samples_hz,
        channels=config.channels,
        sample_bits=config.sample_bits,
        stream_bits_per_sample=activity.stream_bits / activity.samples if activity else None,
        second_opinion=opinion,
        areas_corrected=corrected,
        notes=tuple(notes),
        reports=reports,
    )


def _clock_gates(netlist: Netlist) -> int:
    """How many gated clocks there are."""
    return sum(
        netlist.drivers[net] is not None
        and any(_is_flipflop(netlist.instances[number].cell) for number, _ in netlist.sinks[net])
        for net in netlist.clock_nets
    )


def _is_flipflop(cell: Cell | None) -> bool:
    return cell is not None and cell.sequential == "ff"


def _surroundings(memories: list[Any], model: MemoryModel) -> tuple[timing.Surroundings, str]:
    """Memories' times; where they are unknown the usual ones, and a note that says so."""
    access, setup, note = {}, {}, ""
    for memory in memories:
        macro = model(memory.depth, memory.width)
        if macro.access_s.value is not None and macro.setup_s.value is not None:
            access[memory.name] = macro.access_s.value
            setup[memory.name] = macro.setup_s.value
        else:
            note = (macro.setup_s if macro.access_s.is_known else macro.access_s).method
    around = timing.Surroundings(access_s=access, setup_s=setup)
    usual = f"{around.default_access_s * 1e9:g} ns, setup {around.default_setup_s * 1e9:g} ns"
    return around, note and f"memories' access is taken as {usual}: {note}"


def _mapped(
    verilog: str,
    memories: list[Any],
    cells: Library,
    text: str,
    clock_hz: float,
    around: timing.Surroundings,
    clock_gating: bool,
) -> tuple[mapping.Mapped, Netlist, timing.Timing]:
    """The smallest netlist; where it misses the clock, the faster of it and one made for speed."""
    tried = []
    for goal in mapping.RECIPES:
        mapped = mapping.synthesize(
            verilog, target.TOP, memories, cells, text, clock_hz,
            clock_gating=clock_gating, goal=goal,
        )  # fmt: skip
        netlist = Netlist(mapped.netlist, cells, mapped.scopes)
        tried.append((mapped, netlist, timing.analyse(netlist, around)))
        if tried[-1][2].fmax_hz >= clock_hz:
            return tried[-1]
    return max(tried, key=lambda each: each[2].fmax_hz)


def _parts(power: GatePower, is_simulated: bool) -> dict[str, Figure]:
    def figure(value: float) -> Figure:
        if is_simulated:
            low, high = value * (1 - _CELLS), value * (1 + _GLITCHES)
            return Figure(value, low, high, gate_power.METHOD)
        return within(value, _GUESS, gate_power.GUESSED)

    return {
        "clock": figure(power.clock_w),
        "clock tree": Figure(
            power.tree_w, 0.5 * power.tree_w, 2 * power.tree_w, gate_power.TREE_METHOD
        ),
        "registers": figure(power.registers_w),
        "logic": figure(power.logic_w),
        "leakage": within(power.leakage_w, _LEAKAGE, "the library's, typical corner"),
    }


def _memory(
    each: Instance,
    number: int,
    model: MemoryModel,
    accesses: Mapping[int, tuple[float, float]] | None,
    clock_hz: float,
) -> dict[str, Any]:
    """A macro of the netlist, as `AsicEstimate.memories` tells it, but with figures."""
    depth, width = map(int, each.kind.removeprefix(PREFIX).split("x"))
    macro = model(depth, width)
    reads, writes = (1.0, 1.0) if accesses is None else accesses[number]
    parts = {
        "read": macro.read_j.times(reads * clock_hz),
        "write": macro.write_j.times(writes * clock_hz),
        "leakage": macro.leakage_w,
    }
    return {
        "name": each.name,
        "module": each.kind,
        "depth": depth,
        "width": width,
        "ports": macro.ports,
        "area_um2": macro.area_um2,
        "read_j": macro.read_j,
        "write_j": macro.write_j,
        "leakage_w": macro.leakage_w,
        "reads": reads,
        "writes": writes,
        "power_w": _sum(parts, _UNSIMULATED if accesses is None else "accesses × energy, leakage"),
    }


def _sum(parts: dict[str, Figure], method: str) -> Figure:
    """Add up figures; where one is unknown, its reason is told."""
    whole = total(parts)
    missing = [part.method for part in parts.values() if not part.is_known]
    return (
        replace(whole, low=whole.low or None, method=missing[0])
        if missing
        else replace(whole, method=method)
    )
