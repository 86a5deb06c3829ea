"""The verb ``bench``: our presets and the lossless peers on the same recordings, in one table."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ..host.options import Failure, force_option, recording_options
from .ours import OURS
from .peers import PEERS
from .projection.command import projection
from .result import Kind

_PATH = click.Path(path_type=Path)


class _Bench(click.Group):
    """Measures lossless coding unless it is told what else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["lossless", *args]
        return super().parse_args(ctx, args)


@click.command()
@click.argument("recs", metavar="[REC]...", type=_PATH, nargs=-1)
@recording_options
@click.option("--frames", type=click.IntRange(1), help="Take only the first frames.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Repeat each REC until it is so long: a steadier clock, at the same b/S.",
)
@click.option("--methods", metavar="A,B,…", help=f"Only these, of {', '.join([*OURS, *PEERS])}.")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Measure peers too?")
@click.option("--json", "json_path", type=_PATH, metavar="FILE", help="Write all as .json.")
@click.option("--plot", "plot_path", type=_PATH, metavar="FILE", help="Draw bars as .png.")
@force_option
def lossless(
    recs: tuple[Path, ...],
    recording: dict[str, Any],
    frames: int | None,
    seconds: float | None,
    methods: str | None,
    peers: bool,
    json_path: Path | None,
    plot_path: Path | None,
    force: bool,
) -> None:
    """Compare the size of our presets, all packet bytes counted, with lossless peers.

    Without REC, on a synthetic recording of each probe. A .bin may have a .json beside it with
    channels, sample_bits (or adc_bits), rate_hz and aux_bits; options go before it. Auxiliary words
    are left out, for all alike.

    Every method decodes all that it encoded. MB/s are of int16, in one thread. adaptive-np1 and
    adaptive-np2 take the channels in the order of a Neuropixels 1.0 or 2.0. A peer that is not
    installed is a row that says how to get it.

    What lossy coding costs a spike sorter: probecodec bench projection --help.

    Exit status: 0 all came back equal; 1 something did not, or a tool failed; 2 bad usage or input.
    """
    from rich.console import Console

    from ..host.hardware import stages
    from ..host.recording import check_output, replacing
    from . import report
    from .ours import our_result
    from .recordings import load, synthetic

    for path, suffix in ((json_path, ".json"), (plot_path, ".png")):
        if path is not None:
            check_output(path, (suffix,), force=force)
    if plot_path is not None and find_spec("matplotlib") is None:
        raise Failure("--plot needs matplotlib; install it: pip install 'probecodec[bench]'")
    if recording and not recs:
        raise Failure("options that describe a recording need one: give REC")
    chosen = _choose(methods, peers)
    if recs:
        sources = {str(rec): load(rec, recording, frames, seconds) for rec in recs}
    else:
        sources = synthetic(frames)
    benches = []
    with stages() as progress:
        for name, source in sources.items():
            results = []
            for done, method in enumerate(chosen):
                progress(name, done, len(chosen))
                results.append(
                    our_result(method, source)
                    if method in OURS
                    else PEERS[method].result(method, Kind.PEER, source)
                )
            progress(name, len(chosen), len(chosen))
            benches.append(report.Bench(name, source, results))
    contents = {}
    if json_path is not None:
        told = report.as_json(benches, ["probecodec", *sys.argv[1:]])
        contents[json_path] = json.dumps(told, indent=1).encode() + b"\n"
    if plot_path is not None:
        contents[plot_path] = report.picture(benches)
    with ExitStack() as stack:  # each takes its place only when all are complete
        for path, content in contents.items():
            stack.enter_context(replacing(path)).write(content)
    # A pipe has no width of its own; the summary needs more than the 80 columns it would be given.
    console = Console(width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 110)
    for one in benches:
        console.print(one.table())
    console.print(report.summary(benches))
    if any(result.failed for one in benches for result in one.results):
        raise click.exceptions.Exit(1)


def _choose(methods: str | None, peers: bool) -> list[str]:
    """The methods to measure, in the order of the table."""
    known = [*OURS, *PEERS]
    wanted = [name.strip() for name in methods.split(",")] if methods else known
    for name in wanted:
        if name not in known:
            raise Failure(f"no method is named {name!r}; there are {', '.join(known)}")
    chosen = [name for name in known if name in wanted and (peers or name in OURS)]
    if not chosen:
        raise Failure("no method is left: --no-peers leaves none of --methods")
    return chosen


bench = _Bench("bench", commands={"lossless": lossless, "projection": projection})
bench.short_help = "Compare our presets, and lossy coding, with peers."
