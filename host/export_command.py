"""The verb ``export``: a capture in the formats that neuroscience reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .export import EXPORTERS, SUFFIXES
from .options import Failure, capture_options, force_option, json_option
from .progress import progress_bar

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("capture", type=_PATH)
@click.argument("out", type=_PATH)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(EXPORTERS)),
    help="Format of OUT; needed unless OUT ends in .zarr or .nwb.",
)
@click.option("--rate", "rate_hz", type=float, help="Frames a second, where CAPTURE does not tell.")
@click.option(
    "--gain-uv", type=float, help="Microvolts of one ADC step, where CAPTURE does not tell."
)
@click.option("--probe", help="Part number, where CAPTURE does not tell (spikeglx).")
@click.option(
    "--session-start",
    "session_start_time",
    metavar="TIME",
    help="When the source's frame 0 was, as 2026-01-31T13:00:00+01:00 (nwb).",
)
@click.option(
    "--fill",
    type=click.Choice(["zero", "hold", "error"]),
    default="zero",
    show_default=True,
    help="What stands for missing frames: zeros; the frame before; or end with an error. "
    "open-ephys leaves them out.",
)
@capture_options
@force_option
@json_option
def export(
    capture: Path,
    out: Path,
    format_name: str | None,
    fill: str,
    opening: dict[str, Any],
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Export CAPTURE to OUT: SpikeGLX (.bin and .meta), NWB, Zarr or Open Ephys (folders).

    stderr tells which frames are missing and why, what else is damaged, and what the format cannot
    tell as CAPTURE does.

    Exit status: 0 success; 1 something is missing or damaged, and all that is intact was written;
    2 bad usage or input, and nothing was written.
    """
    from .capture import open_capture
    from .export import export as write
    from .integrity import report, span, warn

    if format_name is None and out.suffix not in SUFFIXES:
        raise Failure(f"{out} does not tell its format: give --format")
    format_name = format_name or SUFFIXES[out.suffix]
    with progress_bar("scanning", "bytes") as progress:
        found = open_capture(capture, fill=fill, progress=progress, **opening)
    with found:
        with progress_bar("exporting") as progress:
            notes = write(found, out, format_name, force=force, progress=progress, **options)
        for note in notes:
            click.echo(note, err=True)
        shown = [found] if opening.keys() & {"segment", "stream_id"} else found.segments
        warn(found, shown)
        if as_json:
            place = {"output": str(out), "format": format_name, "segment": found.number}
            click.echo(json.dumps(place | {"notes": notes} | report(found)))
        else:
            click.echo(f"{out}: {found.config.channels} channels, {span(found)}")
        gaps = any(segment.gaps or segment.outline.gaps_before for segment in shown)
        if gaps or found.damaged or found.index.plan.out_of_order:
            sys.exit(1)
