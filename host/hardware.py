"""Verbs that simulate: ``sim``, ``demo``.

Their code lies in ``boards`` and ``sim``, imported when a verb runs: a decode-only install has the
verbs' help, and a sentence on what to install.
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ..golden.config import EncoderConfig
from ..golden.errors import ToolError
from .board_options import part_options
from .matrix_options import matrix_options, projection_of
from .options import (
    Failure,
    config_options,
    force_option,
    json_option,
    recording_options,
    tell_doubts,
)

if TYPE_CHECKING:
    from ..sim.check import CheckReport
    from .recording import Recording

_PATH = click.Path(path_type=Path)
_PROBES = ("np1", "np2", "intan")


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a missing package, or a tool that is missing or fails, into one sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Failure(
            f"this needs {error.name}; install it: pip install 'probecodec[{name}]'"
        ) from None
    except Exception as error:
        _let_go(error)
        if isinstance(error, ToolError):
            raise Failure(str(error)) from None
        if type(error).__name__ != "YosysError":
            raise
        reason = [line for line in str(error).splitlines() if "rror: " in line][-1]
        raise Failure(f"Yosys failed ({reason}); can it write to your home folder?") from None


def _let_go(error: BaseException | None) -> None:
    """Drop what an error left half-made: Amaranth would warn, later, that nobody uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while error is not None:
            traceback.clear_frames(error.__traceback__)
            error = error.__context__
        gc.collect()


def projected(config: dict[str, Any], matrix: dict[str, Any], sample_bits: int) -> dict[str, Any]:
    """``config`` with the matrix that was described."""
    return config | ({"projection": projection_of(matrix, sample_bits)} if matrix else {})


@click.command()
@click.argument("rec", type=_PATH)
@click.option(
    "--board", help="Run a whole board, from pins to pins; much slower: use few --frames."
)
@part_options
@recording_options
@config_options
@click.option("--frames", type=click.IntRange(1), help="Take only the first frames.")
@click.option("--capture", type=_PATH, help="Keep what the link carried, as .pcs.")
@click.option("--waves", type=_PATH, help="Write waves, .vcd or .fst; use few --frames.")
@click.option(
    "--ready-percent",
    type=click.IntRange(1, 100),
    default=100,
    show_default=True,
    help="Share of clock cycles in which the link takes a word; with too few, frames drop.",
)
@click.option(
    "--idle-percent",
    type=click.IntRange(0, 99),
    default=0,
    show_default=True,
    help="Share of clock cycles in which the source has no sample.",
)
@matrix_options
@force_option
@json_option
def sim(
    rec: Path,
    board: str | None,
    parts: dict[str, Any],
    recording: dict[str, Any],
    config: dict[str, Any],
    matrix: dict[str, Any],
    frames: int | None,
    capture: Path | None,
    waves: Path | None,
    ready_percent: int,
    idle_percent: int,
    force: bool,
    as_json: bool,
) -> None:
    """Run the RTL on the recording REC and check it three ways.

    The generated Verilog runs in Verilator. Its bytes must be the golden model's, they must decode
    to REC, and every CRC must hold. Where the preset builds several modes, each is checked.

    With --board REC is at the pins of the front end, played by models of the chips there, and what
    a model of the host at the link receives is checked.

    Exit status: 0 all three hold; 1 one does not; 2 bad usage or input.
    """
    from .check import check
    from .recording import check_output, open_recording, replacing

    for path, suffixes in ((capture, (".pcs",)), (waves, (".vcd", ".fst"))):
        if path is not None:
            check_output(path, suffixes, force=force)
    source = open_recording(rec, **recording)
    settings = source.config(**projected(config, matrix, source.sample_bits))
    if len(settings.modes) > 1 and (capture or waves):
        raise ValueError("--capture and --waves take one mode: choose a preset that builds one")
    if parts and board is None:
        raise ValueError(f"--{next(iter(parts))} needs --board")
    tell_doubts(rec, recording, source)
    samples, aux = source.samples[:frames], source.aux
    if board is not None:
        own = {"frames": frames, "matrix": matrix, "config": config, "parts": parts}
        _sim_board(board, source, capture, as_json, **own)
        return
    reports = []
    with extra("sim"), tempfile.TemporaryDirectory() as scratch, stages() as progress:
        kept = {path: Path(scratch) / path.name for path in (capture, waves) if path is not None}
        for mode in settings.modes:
            first = (mode, *(other for other in settings.modes if other != mode))
            reports.append(
                check(
                    replace(settings, modes=first),
                    samples,
                    None if aux is None else aux[:frames],
                    kept.get(capture, Path(scratch) / "link.pcs"),
                    ready_percent=ready_percent,
                    idle_percent=idle_percent,
                    waves=kept.get(waves),
                    progress=progress,
                )
            )
        for path, written in kept.items():
            with replacing(path) as target, written.open("rb") as source_file:
                shutil.copyfileobj(source_file, target)
    show(str(rec), reports, as_json)


def _sim_board(
    name: str,
    source: Recording,
    capture: Path | None,
    as_json: bool,
    *,
    frames: int | None,
    config: dict[str, Any],
    parts: dict[str, Any],
    matrix: dict[str, Any],
) -> None:
    """Run a board on a recording, and report."""
    from .recording import replacing

    with extra("sim"), tempfile.TemporaryDirectory() as scratch, stages() as progress:
        from ..boards import design, targets
        from .board_check import check_board, short_packets

        board = targets.board(name)
        front_end = parts.pop("input", None) or next(
            (each for each in board.inputs if each != "emulator"), "emulator"
        )
        if front_end == "emulator":
            raise ValueError(f"{board.title} can only play its own recording; choose another board")
        samples = source.samples[:frames]
        own: dict[str, Any] = {
            "channels": samples.shape[1],
            "sample_bits": 16 if front_end.startswith("rhd") else source.sample_bits,
            "aux_bits": source.aux_bits,
            "rate_hz": source.rate_hz,
        }
        chosen = design.make(
            board, input=front_end, **parts, **projected(config, matrix, own["sample_bits"]), **own
        )
        chosen = short_packets(chosen, len(samples))
        aux = None if source.aux is None else source.aux[:frames]
        report = check_board(chosen, np.asarray(samples), aux, Path(scratch), progress)
        if capture is not None:
            with replacing(capture) as file:
                file.write(report.capture)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        click.echo(report.title)
        click.echo(
            f"played {report.played} frames, received {report.received}, dropped {report.dropped}; "
            "the rest was under way"
        )
        click.echo(f"link bytes = golden bytes: {'yes' if report.golden_equal else 'NO'}")
        click.echo(f"decoded = played:          {'yes' if report.decoded_equal else 'NO'}")
    if not report.passed:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--probe", type=click.Choice(_PROBES), default="np1", show_default=True)
@config_options
@click.option("--frames", type=click.IntRange(100), default=15_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--out", type=_PATH, default=Path("probecodec-demo"), show_default=True)
@force_option
@json_option
def demo(
    probe: str,
    config: dict[str, Any],
    frames: int,
    seed: int,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Simulate the encoder on a synthetic recording, decode, compare, and draw.

    Writes the capture demo.pcs and the picture demo.png into the folder OUT.
    """
    from .demo import run_demo
    from .recording import check_output
    from .synthetic import synthesize

    if out.exists() and not force:
        for name in ("demo.pcs", "demo.png"):
            check_output(out / name, (Path(name).suffix,))
    recording = synthesize(probe, frames=frames, seed=seed)
    settings = EncoderConfig.preset(
        config.pop("preset"),
        channels=recording.samples.shape[1],
        sample_bits=recording.sample_bits,
        aux_bits=16,
        rate_hz=recording.rate_hz,
        lsb_uv=recording.lsb_uv,
        probe=recording.probe,
        **config,
    )
    with extra("sim"), tempfile.TemporaryDirectory() as scratch, stages() as progress:
        report = run_demo(recording, settings, Path(scratch), progress)
        made = {path.name: path.read_bytes() for path in sorted(Path(scratch).iterdir())}
    place(out, made, force=True)
    show(f"synthetic {probe}, seed {seed}", [report], as_json)
    if not as_json:
        click.echo(f"capture: {out / 'demo.pcs'}\npicture: {out / 'demo.png'}")


def place(folder: Path, files: dict[str, bytes], force: bool) -> list[Path]:
    """Write ``files`` into ``folder``, all or none; return their paths."""
    from .recording import check_output, replacing

    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in files]
    try:
        for path in paths:
            check_output(path, (path.suffix,), force=force)
        with ExitStack() as stack:  # each takes its place only when all are complete
            for path in paths:
                stack.enter_context(replacing(path)).write(files[path.name])
    except BaseException:
        for each in made:
            each.rmdir()
        raise
    return paths


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    tasks: dict[str, TaskID] = {}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield progress


def show(name: str, reports: list[CheckReport], as_json: bool) -> None:
    """Print the reports; end the program with status 1 if one failed."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        click.echo(json.dumps({"recording": name, "checks": [r.as_json() for r in reports]}))
    else:
        table = Table(title=escape(name), box=box.SIMPLE, title_justify="left")
        table.add_column("")
        for report in reports:
            table.add_column(report.mode, justify="right")
        for label, cell in _ROWS.items():
            table.add_row(label, *(cell(report) for report in reports))
        Console().print(table)
    if not all(report.passed for report in reports):
        raise click.exceptions.Exit(1)


def _verdict(good: bool) -> str:
    return "[green]yes[/]" if good else "[bold red]NO[/]"


_ROWS: dict[str, Callable[[CheckReport], str]] = {
    "frames x channels": lambda r: f"{r.frames} x {r.channels}",
    "bits per sample, packets included": lambda r: f"{r.bits_per_sample:.3f} of {r.sample_bits}",
    "ratio to the ADC's bits": lambda r: f"{r.sample_bits / r.bits_per_sample:.2f}",
    "ratio to int16": lambda r: f"{16 / r.bits_per_sample:.2f}",
    "RTL bytes = golden bytes": lambda r: _verdict(r.golden_equal),
    "decoded = recorded, or its projection": lambda r: _verdict(r.decoded_equal),
    "every CRC good": lambda r: _verdict(r.crc_good),
    "frames dropped": lambda r: f"{r.dropped} of {r.frames}",
    "samples per clock": lambda r: f"{r.samples_per_clock:.4f}",
    "simulated, million samples/s": lambda r: f"{r.simulated_per_second / 1e6:.1f}",
}
