"""Verbs that generate hardware: ``boards``, ``verilog``, ``build``.

Their code lies in ``boards``, imported when a verb runs: a decode-only install has the verbs' help,
and a sentence on what to install.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..golden.config import PRESETS, EncoderConfig
from ..golden.errors import ToolError
from .board_options import core_options, part_options
from .hardware import extra, place, projected, stages
from .matrix_options import matrix_options
from .options import config_options, force_option, json_option

if TYPE_CHECKING:
    from ..boards.board import Board, Wires
    from ..boards.build import BuildReport
    from ..boards.design import Design

_PATH = click.Path(path_type=Path)
_CORES = ("generic", "asic")  # no board: the core alone
BUSES = ("native", "axi", "wishbone", "spi")


def _design(
    name: str,
    parts: dict[str, Any],
    config: dict[str, Any],
    matrix: dict[str, Any],
    core: dict[str, Any],
) -> Design:
    from ..boards.design import make
    from ..boards.targets import board

    chosen = board(name)
    width = core.get("sample_bits", PRESETS[config["preset"]].sample_bits)
    return make(chosen, **parts, **projected(config, matrix, width), **core)


@click.command()
@json_option
def boards(as_json: bool) -> None:
    """List the boards with their front ends and links; those built by default stand first."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    with extra("hdl"):
        from ..boards.targets import BOARDS
    if as_json:
        click.echo(json.dumps([_about(board) for board in BOARDS.values()]))
        return
    table = Table(box=box.SIMPLE)
    for column in ("--board", "", "--input", "--link"):
        table.add_column(column, no_wrap=column == "--board")
    for board in BOARDS.values():
        names = (", ".join(_about(board)[part]) for part in ("inputs", "links"))
        table.add_row(board.name, board.title, *names)
    Console().print(table)


def _about(board: Board) -> dict[str, Any]:
    """What can be chosen of a board; its defaults first."""

    def notes(wires: Mapping[str, Wires], default: str) -> dict[str, str]:
        return {name: wires[name].note for name in sorted(wires, key=lambda each: each != default)}

    return {
        "name": board.name,
        "title": board.title,
        "clock_hz": board.clock_hz,
        "defaults": dict(board.defaults),
        "inputs": notes(board.inputs, board.defaults["input"]),
        "links": notes(board.links, board.defaults["link"]),
        "programmer": board.programmer,
    }


@click.command()
@click.option(
    "--board",
    default="generic",
    show_default=True,
    help="generic or asic, the core alone; or a board, the core with front end and link: "
    "`probecodec boards` lists them.",
)
@click.option(
    "--bus",
    type=click.Choice(BUSES),
    default="native",
    show_default=True,
    help="How registers (axi: samples and packets too) are reached; for the core alone.",
)
@part_options
@config_options
@core_options
@click.option("-o", "--out", type=_PATH, required=True, help="Folder for the files.")
@matrix_options
@force_option
@json_option
def verilog(
    board: str,
    bus: str,
    parts: dict[str, Any],
    config: dict[str, Any],
    core: dict[str, Any],
    out: Path,
    matrix: dict[str, Any],
    force: bool,
    as_json: bool,
) -> None:
    """Write the encoder as Verilog, with tables, register map and a test bench.

    With --board also front end, link and constraints; `probecodec build` makes the bitstream.
    """
    with extra("hdl"):
        if board in _CORES:
            if parts:
                name = next(iter(parts)).replace("settings", "set")
                raise ValueError(f"--{name} is for boards; {board} is the core alone")
            texts = _core_files(board, bus, config, core, matrix)
        else:
            if bus != "native":
                raise ValueError(f"--bus is for generic and asic; {board} has no register bus")
            with extra("build"):
                from ..boards import board_files

                design = _design(board, parts, config, matrix, core)
                texts = board_files.files(design)
                click.echo(design.title, err=True)
                _warn(design)
    paths = place(out, {name: text.encode() for name, text in texts.items()}, force)
    if as_json:
        click.echo(json.dumps({"files": [str(path) for path in paths]}))
    else:
        for path in paths:
            click.echo(str(path))


def _core_files(
    target: str, bus: str, config: dict[str, Any], core: dict[str, Any], matrix: dict[str, Any]
) -> dict[str, str]:
    """The files of the core alone."""
    from ..boards import asic, testbench
    from ..boards import verilog as generic

    preset = config.pop("preset")
    width = core.get("sample_bits", PRESETS[preset].sample_bits)
    settings = EncoderConfig.preset(preset, **projected(config, matrix, width), **core)
    texts = (asic if target == "asic" else generic).files(settings, bus)
    return texts | (testbench.files(settings, target) if bus == "native" else {})


def _warn(design: Design) -> None:
    if warning := design.rate.warning:
        click.echo(f"note: {warning}", err=True)


@click.command()
@click.option("--board", required=True, help="The board: `probecodec boards` lists them.")
@part_options
@config_options
@core_options
@click.option("-o", "--out", type=_PATH, required=True, help="Folder for bitstream and logs.")
@matrix_options
@force_option
@json_option
def build(
    board: str,
    parts: dict[str, Any],
    config: dict[str, Any],
    core: dict[str, Any],
    out: Path,
    matrix: dict[str, Any],
    force: bool,
    as_json: bool,
) -> None:
    """Build the bitstream for a board.

    Exit status: 0 done, every clock as fast as it must be; 1 one is not, or there is only the plan,
    for want of Vivado; 2 bad usage, a missing tool, or the design does not fit, and nothing is
    written.
    """
    with extra("build"), _workplace() as scratch, stages() as progress:
        from ..boards import board_files, build_plan
        from ..boards import build as builder

        design = _design(board, parts, config, matrix, core)
        _check_place(out, build_plan.NAME, force)
        _warn(design)
        report = builder.build(design, scratch, progress)
        kept = {"pins.md": board_files.pin_page(design).encode()} | {
            path.name: path.read_bytes()
            for path in sorted(scratch.iterdir())
            if path.name in (builder.PLAN if report.note else builder.KEPT)
        }
    place(out, kept, force)
    _show(design, report, out, as_json)


def _check_place(out: Path, name: str, force: bool) -> None:
    """Raise before minutes of work where what they give cannot be written."""
    from .recording import check_output

    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is no folder: choose another name")
    for path in sorted(out.glob(f"{name}.*")):
        check_output(path, (path.suffix,), force=force)


@contextmanager
def _workplace() -> Iterator[Path]:
    """Yield a folder that is there for a while; it stays where an error names it, for its logs."""
    folder = Path(tempfile.mkdtemp(prefix="probecodec-"))
    stays = False
    try:
        yield folder
    except ToolError as error:
        stays = str(folder) in str(error)
        raise
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


def _show(design: Design, report: BuildReport, out: Path, as_json: bool) -> None:
    """Print the report; status 1 where the timing is not met."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    bitstream = report.bitstream and out / report.bitstream.name
    if as_json:
        told = {"bitstream": bitstream and str(bitstream), "board": design.board.name}
        click.echo(json.dumps(report.as_json() | told))
    elif bitstream:
        table = Table(title=design.title, box=box.SIMPLE, title_justify="left")
        for column in ("", "has", "of"):
            table.add_column(column, justify="right" if column else "left")
        for name, (used, there) in report.used.items():
            table.add_row(name, str(used), str(there))
        for net, (reached, asked) in report.clocks.items():
            needs = f"needs {asked / 1e6:.1f}"
            table.add_row(f"clock {clock_name(net)}, MHz", f"{reached / 1e6:.1f}", needs)
        Console().print(table)
        click.echo(f"bitstream: {bitstream}\nwire it:   {out / 'pins.md'}")
        click.echo(
            f"load it:   {design.board.programmer} {bitstream}\ncapture:   {_capture(design)}"
        )
    if report.note:
        click.echo(f"{report.note} ({out})", err=True)
    if not report.meets_timing:
        click.echo(_late(report), err=True)
    if report.note or not report.meets_timing:
        raise click.exceptions.Exit(1)


def _capture(design: Design) -> str:
    """How to capture what the board then sends."""
    settings = design.settings_of("link")
    port = {
        "uart": f"--port /dev/ttyUSB1 --baud {settings.get('baud', 0):.0f}",
        "usb": "--port usb",
        "ft245": "--port ftdi://ftdi:232h/1",
    }.get(design.link, f"--port udp://0.0.0.0:{settings.get('destination_port', 5005)}")
    if design.link not in ("uart", "usb", "ft245", "mii", "rmii", "rgmii"):
        return "by a program of your own: docs/boards.md"
    return f"probecodec capture run.pcs {port}"


def clock_name(net: str) -> str:
    """Return which clock a net of place and route is: core, link, input, or the net's own name."""
    name = net.removeprefix("$glbnet$").partition("$")[0].rpartition(".")[2]
    return _CLOCKS.get(name.removesuffix("_clk").removesuffix("_pll"), name)


_CLOCKS = {"clk": "core", "sync": "core", "link": "link", "input": "input", "phy": "PHY"}


def _late(report: BuildReport) -> str:
    """What a bitstream whose timing is not met means, and what to do."""
    slow = [
        f"the clock {clock_name(net)} reaches {reached / 1e6:.1f} of {asked / 1e6:.1f} MHz"
        for net, (reached, asked) in report.clocks.items()
        if reached < asked
    ]
    why = f": {' and '.join(slow)}" if slow else ""  # Vivado tells in its own report
    return (
        f"timing is not met{why}; the bitstream may fail on some days and boards: choose a simpler "
        "--preset or fewer --channels"
    )
