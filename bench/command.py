"""The verb ``bench``: every method on the same recordings, side by side in one run."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..host.options import Failure, force_option, recording_options
from .projection.command import projection

if TYPE_CHECKING:
    from .bench import Bench

_PATH = click.Path(path_type=Path)
_FILES = {
    "json": (".json",),
    "html": (".html",),
    "markdown": (".md",),
    "plot": (".png", ".svg"),
}


class _Bench(click.Group):
    """Compares everything unless it is told what else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["compare", *args]
        return super().parse_args(ctx, args)


@click.command()
@click.argument("recs", metavar="[REC]...", type=_PATH, nargs=-1)
@recording_options
@click.option("--synthetic", is_flag=True, help="Take a synthetic recording of each probe too.")
@click.option("--frames", type=click.IntRange(1), help="Take only the first frames.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86_400, min_open=True),
    help="Repeat or cut each REC, so that it is so long.",
)
@click.option("--methods", metavar="A,B,…", help="Only these; a wrong one lists all.")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Others than ours too?")
@click.option("--lossy/--no-lossy", default=True, show_default=True, help="Lossy families too?")
@click.option("--json", type=_PATH, metavar="FILE", help="Write all as .json.")
@click.option("--html", type=_PATH, metavar="FILE", help="Write the picture book, .html.")
@click.option("--markdown", type=_PATH, metavar="FILE", help="Write the tables as .md.")
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw sizes as .png or .svg.")
@force_option
def compare(
    recs: tuple[Path, ...],
    recording: dict[str, Any],
    synthetic: bool,
    frames: int | None,
    seconds: float | None,
    methods: str | None,
    peers: bool,
    lossy: bool,
    force: bool,
    **files: Path | None,
) -> None:
    """Compare our presets with published methods, peers and lossy families.

    REC is a recording, or a folder of recordings. A .bin may have a .json beside it with channels,
    sample_bits (or adc_bits), rate_hz, lsb_uv (or uV_per_bit) and aux_bits; options go before it.
    Without REC, synthetic recordings. Auxiliary words are left out, for all alike.

    Lossless: every method decodes all that it encoded; b/S counts everything that decoding needs;
    MB/s are of int16, in one thread. adaptive-np1 and adaptive-np2 take the channels in the order
    of a Neuropixels 1.0 or 2.0. Lossy: spikes are added to the recording, and every family is
    brought to the same bits a sample. What is not installed is a row that says how to get it.

    Lossy families in all depth: probecodec bench projection --help.

    Exit status: 0 all came back equal; 1 something did not, or a tool failed; 2 bad usage or input.
    """
    from ..host.progress import step_bar
    from ..host.recording import replacing
    from . import report
    from .recordings import folder, load
    from .recordings import synthetic as make_synthetic
    from .run import Plan, run

    wanted = {name: path for name, path in files.items() if path is not None}
    _check(wanted, recs, force)
    if recording and not recs:
        raise Failure("options that describe a recording need one: give REC")
    plan = Plan.of(methods, peers=peers, lossy=lossy)
    found = [one for rec in recs for one in (folder(rec) if rec.is_dir() else [rec])]
    sources = {str(rec): load(rec, recording, frames, seconds) for rec in found}
    if synthetic or not recs:
        sources |= make_synthetic(frames)
    with step_bar() as progress:
        benches = [run(plan, name, source, progress) for name, source in sources.items()]
    command = ["probecodec", *sys.argv[1:]]
    with ExitStack() as stack:  # each takes its place only when all are complete
        for path, content in _contents(benches, command, wanted).items():
            stack.enter_context(replacing(path)).write(content)
    report.show(benches)
    if any(result.failed for one in benches for result in one.results):
        raise click.exceptions.Exit(1)


def _check(wanted: dict[str, Path], recs: tuple[Path, ...], force: bool) -> None:
    """Refuse, before anything is measured, what could not be written at its end."""
    from ..host.recording import check_output

    outputs = [(path, _FILES[name]) for name, path in wanted.items()]
    if path := wanted.get("markdown"):
        outputs.append((path.with_suffix(".svg"), (".svg",)))
    for path, suffixes in outputs:
        check_output(path, suffixes, force=force)
    paths = [path.resolve() for path, _ in outputs]
    for path in paths:
        if paths.count(path) > 1:
            raise Failure(f"{path} would be written twice: choose another name")
        if path in [rec.with_suffix(".json").resolve() for rec in recs]:
            raise Failure(f"{path} describes a recording: choose another name")
    if {"html", "plot", "markdown"} & set(wanted) and find_spec("matplotlib") is None:
        raise Failure("pictures need matplotlib; install it: pip install 'probecodec[bench]'")


def _contents(
    benches: list[Bench], command: list[str], wanted: dict[str, Path]
) -> dict[Path, bytes]:
    """Return what is to be written: path to content. A document has its picture beside it."""
    from . import pictures, report

    made: dict[Path, bytes] = {}
    if path := wanted.get("json"):
        told = report.as_json(benches, command)
        made[path] = json.dumps(told, indent=1, allow_nan=False).encode() + b"\n"
    if path := wanted.get("html"):
        from .book import book

        made[path] = book(benches, command).encode()
    if path := wanted.get("markdown"):
        picture = path.with_suffix(".svg")
        made[picture] = pictures.overview(benches, "svg")
        made[path] = report.document(benches, command, picture.name).encode()
    if path := wanted.get("plot"):
        made[path] = pictures.overview(benches, path.suffix[1:])
    return made


bench = _Bench("bench", commands={"compare": compare, "projection": projection})
bench.short_help = "Compare our presets, and lossy coding, with peers."
