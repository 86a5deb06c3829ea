"""What Yosys and nextpnr find for a core's Verilog on a board's FPGA."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..boards.board import Board
from ..boards.build import Progress
from ..boards.verilog import Port
from ..golden.errors import ConfigError, require
from . import families, fpga_flow

_WITHOUT_VIVADO = "synthesis only: Vivado was not run"
_ALL = "encoder"  # the stage of what stands between the stages


@dataclass(frozen=True)
class Resource:
    """What the core takes of a resource of the device; ``there`` is None where unknown."""

    used: float
    there: float | None = None

    @property
    def left(self) -> float | None:
        """What the core leaves."""
        return None if self.there is None else self.there - self.used

    @property
    def percent(self) -> float | None:
        """The core's share of the device."""
        return 100 * self.used / self.there if self.there else None

    def as_json(self) -> dict[str, float | None]:
        """Return the resource as JSON holds it."""
        return asdict(self) | {"left": self.left, "percent": self.percent}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the tools find.

    Attributes
    ----------
    resources : dict
        ``luts``, ``flip_flops``, ``carries``, ``block_rams`` and ``multipliers``: by synthesis of
        the core alone, before the harness is around it. Where nextpnr ran, ``cells``: the device's
        logic cells after packing less those of the harness, which has one for each of its
        flip-flops on iCE40 and Gowin, for each of its LUTs on ECP5; what is left of them tells
        whether more fits. A Xilinx RAMB18 is half a block RAM.
    stages : dict
        Stage to resources and ``memory_bits``, by a second synthesis with the hierarchy kept.
        Nothing is shared across stages there: their sum, `staged`, is some percent more than
        ``resources``, of a small core up to a fifth. "encoder" and "pipeline" are what stands
        between their stages.
    fmax_hz : dict
        Seed to the highest clock, for the slowest silicon of the speed grade; empty where nextpnr
        does not know the device.
    optimism : float
        How far these may be above what the maker's tool says.
    slowest_path : tuple of str, optional
        First and last cell of the longest path of the worst seed; those of the core begin with
        "core.".
    method : str
        Tools and seeds.
    reports : dict
        Name to the folder of the tools' reports.
    """

    resources: dict[str, Resource]
    stages: dict[str, dict[str, float]]
    fmax_hz: dict[int, float]
    optimism: float
    slowest_path: tuple[str, str] | None
    method: str
    reports: dict[str, Path]

    @property
    def staged(self) -> dict[str, float]:
        """The sum of all stages."""
        names = next(iter(self.stages.values()))
        return {name: sum(stage[name] for stage in self.stages.values()) for name in names}


def measure(
    board: Board, verilog: str, ports: Sequence[Port], seeds: Sequence[int], progress: Progress
) -> Measured:
    """Synthesise, and place once for each seed, module `TOP` of ``verilog``.

    Parameters
    ----------
    ports : sequence of Port
        Of the module.
    seeds : sequence of int
        At least one; unused where nextpnr does not know the device.

    Raises
    ------
    ConfigError
        Where the core does not fit the device, or there is no seed.
    ToolError
        Where a tool is missing or fails.
    """
    require(len(seeds) > 0, "no placement has a seed; ask for at least one")
    progress("synthesis", 0, 1)
    synthesis = fpga_flow.synthesize(board, verilog, ports)
    progress("synthesis", 1, 1)
    core = families.count(synthesis.family, synthesis.cells("core"))
    method = fpga_flow.release("yosys")
    if not synthesis.family.there:
        method, seeds = f"{method}, {_WITHOUT_VIVADO}", ()
        resources = _of_device(board, core)
    tasks = len(seeds) + 1
    progress("placement", 0, tasks)
    with ThreadPoolExecutor(min(tasks, os.cpu_count() or 1)) as pool:
        folders = pool.map(lambda seed: fpga_flow.place(board, synthesis, seed), seeds)
        hierarchy = pool.submit(fpga_flow.hierarchy, board, verilog)
        placed = {}
        reports = {"synthesis": synthesis.folder}
        for seed, folder in zip(seeds, folders, strict=True):
            placed[seed] = fpga_flow.timing(folder)
            reports[f"seed-{seed}"] = folder
            progress("placement", len(placed), tasks)
        reports["stages"], modules = hierarchy.result()
    progress("placement", tasks, tasks)
    if placed:
        method += f", {fpga_flow.placer(board)}, seeds {', '.join(map(str, seeds))}"
        used = fpga_flow.utilisation(reports[f"seed-{seeds[0]}"])
        resources = _of_placement(synthesis, core, used)
    worst = min(placed.values(), key=lambda one: one.fmax_hz, default=None)
    return Measured(
        resources=resources,
        stages=_stages(synthesis.family, modules),
        fmax_hz={seed: one.fmax_hz for seed, one in placed.items()},
        optimism=synthesis.family.optimism,
        slowest_path=worst and worst.path,
        method=method,
        reports=reports,
    )


def _of_placement(
    synthesis: fpga_flow.Synthesis,
    core: Mapping[str, float],
    placed: Mapping[str, tuple[int, int]],
) -> dict[str, Resource]:
    """What the device has, by nextpnr, and what of it is the core's."""
    family = synthesis.family
    around = families.count(family, synthesis.cells("harness"))
    packed = sum(weight * placed[kind][0] for kind, weight in family.packed.items())
    used = {"cells": packed - around[family.harness], **core}
    return {
        name: Resource(number, family.there[name][1] * placed[family.there[name][0]][1])
        for name, number in used.items()
    }


def _of_device(board: Board, core: Mapping[str, float]) -> dict[str, Resource]:
    """What the device has, by its data sheet; ConfigError where that is not enough."""
    there = families.XILINX_DEVICES.get(board.make_platform().device, {})
    resources = {name: Resource(number, there.get(name)) for name, number in core.items()}
    over = [
        f"{one.used:,g} {families.RESOURCES[name]} of the {one.there:,g} that there are"
        for name, one in resources.items()
        if one.there is not None and one.used > one.there
    ]
    if over:
        raise ConfigError(
            f"the core does not fit {board.title}: it needs {' and '.join(over)}; "
            "use fewer channels or a smaller preset"
        )
    return resources


def _stages(family: families.Family, modules: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Add up modules by stage: ``TOP.gate``, ``TOP.pipeline.delta``, and what is in them.

    Amaranth names a module by the path of its only instance.
    """
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, told in modules.items():
        cells = {k: n for k, n in told["num_cells_by_type"].items() if k not in modules}
        path = name.split(".")[1:]
        if path[:1] == ["pipeline"]:
            path = path[1:] or path
        stage = found[path[0] if path else _ALL]
        for resource, number in families.count(family, cells).items():
            stage[resource] += number
        stage["memory_bits"] += told["num_memory_bits"]
    return {stage: dict(numbers) for stage, numbers in sorted(found.items())}
