"""The verb ``projection``: what lossy coding costs a spike sorter."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import click

from ...host.options import Failure, force_option
from ...host.progress import step_bar
from .options import NEEDS

_PATH = click.Path(path_type=Path)


def _numbers(_: click.Context, option: click.Parameter, text: str | None) -> tuple[float, ...]:
    """Numbers above 0, with commas between."""
    try:
        numbers = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f"{text!r} are no numbers with commas between") from None
    if not all(0 < number < float("inf") for number in numbers):
        raise click.BadParameter("all must be above 0")
    return numbers


def _names(_: click.Context, option: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


@click.command()
@click.option(
    "--source",
    type=click.Choice(["synthetic", "spikeinterface"]),
    default="synthetic",
    show_default=True,
    help="Who makes noise and spikes.",
)
@click.option("--rec", "path", type=_PATH, metavar="REC", help="Real noise instead, from here.")
@click.option("--channels", type=click.IntRange(8), default=64, show_default=True)
@click.option("--units", type=click.IntRange(1), help="Neurons; one for two channels, 20 at least.")
@click.option("--noise", metavar="UV,…", callback=_numbers, help="rms; 6,10 by default.")
@click.option("--train", type=float, help="Seconds sent lossless, to learn from; 20.")
@click.option("--test", type=float, help="Seconds that are judged; 30.")
@click.option("--ratios", metavar="R,…", callback=_numbers, help="To the ADC; 8,16.")
@click.option(
    "--families", metavar="A,B,…", callback=_names, help="Only these; wrong ones list all."
)
@click.option(
    "--recoveries",
    metavar="A,B,…",
    callback=_names,
    help="Of detector, lmmse, omp, lista; the first two.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--quick", is_flag=True, help="Seconds instead of minutes; no figures to quote.")
@click.option("--brief", is_flag=True, help="Two minutes: the published families, smaller.")
@click.option("--all", "everything", is_flag=True, help="All levels, ratios, recoveries: hours.")
@click.option("--json", "json_path", type=_PATH, metavar="FILE", help="Write all as .json.")
@click.option("--plot", "plot_path", type=_PATH, metavar="FILE", help="Error over bits as .png.")
@click.option("--html", "html_path", type=_PATH, metavar="FILE", help="Write a page, .html.")
@force_option
def projection(
    source: str,
    path: Path | None,
    channels: int,
    units: int | None,
    noise: tuple[float, ...],
    train: float | None,
    test: float | None,
    ratios: tuple[float, ...],
    families: tuple[str, ...],
    recoveries: tuple[str, ...],
    seed: int,
    quick: bool,
    brief: bool,
    everything: bool,
    json_path: Path | None,
    plot_path: Path | None,
    html_path: Path | None,
    force: bool,
) -> None:
    """Compare projections with other lossy families by what a spike sorter loses.

    Every family is brought to the same bits a sample; all spikes are known, and the first stretch,
    sent lossless, is where everything is learned. Projections, dropped bits and coarser steps count
    bits on the link, packets included; WavPack those of its files; the others an entropy, which
    favours them.
    """
    from rich.console import Console

    from ...host.recording import check_output, replacing

    outputs = ((json_path, ".json"), (plot_path, ".png"), (html_path, ".html"))
    for output, suffix in outputs:
        if output is not None:
            check_output(output, (suffix,), force=force)
    needs = dict(NEEDS)
    if plot_path is not None or html_path is not None:
        needs["matplotlib"] = "matplotlib"
    if source == "spikeinterface":
        needs["spikeinterface"] = "spikeinterface"
    missing = [package for module, package in needs.items() if find_spec(module) is None]
    if missing:
        raise Failure(f"this needs {', '.join(missing)}: pip install 'probecodec[bench]'")

    from . import report
    from .notes import notes
    from .options import NOISE_UV, RATIOS, RECOVERIES, Options
    from .page import page
    from .plots import error_curves
    from .run import run

    most = {"noise_uv": NOISE_UV, "ratios": RATIOS, "recoveries": RECOVERIES} if everything else {}
    given = {
        "noise_uv": noise,
        "train_seconds": train,
        "test_seconds": test,
        "ratios": ratios,
        "recoveries": recoveries,
    }
    options = Options(
        source=source if path is None else "real",
        path=path,
        channels=channels,
        units=units or 0,
        families=families,
        seed=seed,
        **(most | {name: value for name, value in given.items() if value}),
    )
    if quick or brief:
        options = options.quick() if quick else options.brief()
    try:
        with step_bar() as progress:
            results = run(options, progress)
    except ValueError as error:
        raise Failure(str(error)) from None
    command = ["probecodec", *sys.argv[1:]]
    contents = {}
    if json_path is not None:
        told = report.as_json(results, command)
        contents[json_path] = json.dumps(told, indent=1, allow_nan=False).encode() + b"\n"
    if plot_path is not None:
        contents[plot_path] = error_curves(results)
    if html_path is not None:
        contents[html_path] = page(results, command)
    with ExitStack() as stack:  # each takes its place only when all are complete
        for output, content in contents.items():
            stack.enter_context(replacing(output)).write(content)
    console = Console(width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 150)
    for table in report.tables(results):
        console.print(table.rich())
    for note in notes(results):
        console.print(f"- {note}", markup=False, highlight=False)
