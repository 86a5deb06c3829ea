"""The verb ``estimate``: what a core costs on a chip, before one is chosen."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..host.board_options import core_options
from ..host.matrix_options import matrix_options
from ..host.options import Failure, config_options, force_option, json_option
from .options import Finite, file_options, system_options

if TYPE_CHECKING:
    from .matrix import Made, Maker
    from .system import Point

_PATH = click.Path(path_type=Path)
_SUFFIXES = {"html": ".html", "markdown": ".md", "sheet": ".csv"}


@click.command()
@click.option("--board", "boards", multiple=True, help="A board, of `probecodec boards`.")
@click.option(
    "--asic",
    "libraries",
    multiple=True,
    metavar="LIB",
    help="Standard cells: a liberty file, or osu018, which is fetched from Debian.",
)
@click.option(
    "--node",
    "node_nm",
    type=Finite(0, min_open=True),
    metavar="NM",
    help="Process of --asic, for its memories; known of osu018.",
)
@click.option(
    "--all",
    "all_presets",
    is_flag=True,
    help="Every preset; of the targets given, or of three boards and osu018.",
)
@config_options
@core_options
@matrix_options
@click.option(
    "--clock",
    "clock_mhz",
    type=Finite(0, 10_000, min_open=True),
    metavar="MHZ",
    help="The core's clock; the board's, or one cycle for each sample.",
)
@click.option(
    "--rec", type=_PATH, help="Recording that drives the core, for its power; or a synthetic one."
)
@click.option(
    "--frames",
    type=click.IntRange(20),
    default=600,
    show_default=True,
    help="Frames of the recording that are simulated.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 32),
    default=3,
    show_default=True,
    help="Placements on an FPGA; the slowest counts.",
)
@system_options
@file_options
@force_option
@json_option
def estimate(
    boards: tuple[str, ...],
    libraries: tuple[str, ...],
    node_nm: float | None,
    all_presets: bool,
    config: dict[str, Any],
    core: dict[str, Any],
    matrix: dict[str, Any],
    clock_mhz: float | None,
    rec: Path | None,
    frames: int,
    seeds: int,
    system: dict[str, Any],
    files: dict[str, Path],
    force: bool,
    as_json: bool,
) -> None:
    """Estimate resources, speed, power and energy of the core on an FPGA or as an ASIC.

    The bare core is synthesised, placed and routed (--board), or mapped to standard cells (--asic);
    a recording drives it in simulation, and how often its signals change gives the power. A figure
    comes with error bars and its method; what nobody has published is unknown, not zero.

    Without front end, link and pins; `probecodec build` makes the whole of a board.

    Exit status: 0 done; 2 bad usage, a missing tool, or the design does not fit, and nothing is
    written.
    """
    from ..host.hardware import extra, stages
    from ..host.recording import check_output

    for kind, suffix in _SUFFIXES.items():
        if kind in files:
            check_output(files[kind], (suffix,), force=force)
    for kind in ("keep", "pictures"):
        if kind in files and files[kind].exists() and not (force and files[kind].is_dir()):
            raise Failure(f"{files[kind]} exists: choose another name, or --force for a folder")
    if len(set(files.values())) < len(files):
        raise Failure("two outputs have the same name: choose others")
    _check_system(system)
    with extra("estimate"), stages() as progress:
        from ..boards.targets import board
        from . import matrix as several
        from . import output
        from .maker import maker_of

        for name in boards:
            board(name)  # or a sentence that tells which there are

        targets = list(dict.fromkeys([*boards, *libraries]))
        names = [Path(target).stem for target in targets]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise Failure(f"two targets are named {twice}: give a copy of one another name")
        if all_presets and not targets:
            targets, libraries = [*several.BOARDS, several.LIBRARY], (several.LIBRARY,)
        if not targets:
            raise Failure("give a --board, the cells of an --asic, or --all")
        if "sheet" in files and (len(boards) != 1 or all_presets):
            raise Failure("--sheet is for one --board and one preset")
        preset = config.pop("preset")
        fields = {"channels": 384, "sample_bits": 10, "rate_hz": 30_000.0} | core | config
        if matrix:
            from ..host.hardware import projected

            fields = projected(fields, matrix, fields["sample_bits"])
        maker = maker_of(libraries, node_nm, rec, frames, range(1, seeds + 1))
        clock = clock_mhz and clock_mhz * 1e6
        made = several.Made()
        if all_presets:
            several.everything(maker, targets, fields, clock, made, progress)
        else:
            for target in targets:
                made.add(target, *maker(target, preset, fields, clock, progress))
        points = _sweep(maker, targets[0], preset, fields, system, made, progress)
        told = output.Told(
            made=made,
            points=points,
            system=system,
            command=shlex.join(["probecodec", *sys.argv[1:]]),
        )
        written = output.contents(told, files)
    _write(files, written, made, force)
    if as_json:
        click.echo(json.dumps(told.as_json(), allow_nan=False))
    else:
        told.show()


def _check_system(system: dict[str, Any]) -> None:
    for name in ("front_end_uw", "base_mw", "storage_gb"):
        if name in system and "battery_mwh" not in system:
            raise Failure("--front-end, --base and --storage describe a logger: give --battery")
    if "battery_mwh" in system and "link_pj" not in system:
        raise Failure("--battery needs --link-energy: what a bit sent or written takes, in pJ")


def _sweep(
    maker: Maker,
    target: str,
    preset: str,
    fields: dict[str, Any],
    system: dict[str, Any],
    made: Made,
    progress: Any,
) -> list[Point]:
    from .matrix import swept

    if "sweep" not in system:
        return []
    presets = list(dict.fromkeys(["tiny", preset]))
    return swept(maker, target, presets, system["sweep"], fields, made, progress)


def _write(files: dict[str, Path], written: dict[Path, bytes], made: Made, force: bool) -> None:
    """Write all files, each whole or not at all."""
    from ..host.hardware import place
    from ..host.recording import replacing
    from .cache import keep

    with ExitStack() as stack:
        for path, content in written.items():
            if path.parent == files.get("pictures"):
                continue
            stack.enter_context(replacing(path)).write(content)
    if folder := files.get("pictures"):
        pictures = {path.name: data for path, data in written.items() if path.parent == folder}
        place(folder, pictures, force)
    if folder := files.get("keep"):
        keep(made.reports, folder)
        for name, one in made.told.items():
            (folder / name / "estimate.json").write_text(json.dumps(one, indent=1) + "\n")
