"""The verbs ``decode``, ``info`` and ``verify``: what a capture holds, and how much is intact."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .options import capture_options, fill_option, force_option, json_option
from .progress import progress_bar

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("capture", type=_PATH)
@click.argument("out", type=_PATH)
@capture_options
@fill_option
@click.option(
    "--scheduler", metavar="ADDRESS", help="Decode on the Dask cluster there, as tcp://HOST:8786."
)
@force_option
@json_option
def decode(
    capture: Path,
    out: Path,
    opening: dict[str, Any],
    fill: str,
    scheduler: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Decode CAPTURE into the recording OUT (.bin or .npy).

    The auxiliary word, where there is one, becomes the last column. stderr tells which frames are
    missing and why, and what else is damaged.

    Exit status: 0 success; 1 something is missing or damaged, and all that is intact was written;
    2 bad usage or input, and nothing was written.
    """
    from .integrity import report, span, warn
    from .recording import SUFFIXES, check_output, write_recording

    check_output(out, SUFFIXES, force=force)
    with _opened(capture, fill=fill, **opening) as found:
        chosen = opening.keys() & {"segment", "stream_id"}
        with progress_bar("decoding") as progress:
            if scheduler:
                from .bridges.dask import decode_to

                decode_to(found, out, scheduler, force=force, progress=progress)
            else:
                write_recording(out, found, force=force, progress=progress)
        shown = [found] if chosen else found.segments
        warn(found, shown)
        if as_json:
            place = {"output": str(out), "segment": found.number}
            click.echo(json.dumps(place | report(found)))
        else:
            click.echo(f"{out}: {found.config.channels} channels, {span(found)}")
        gaps = any(segment.gaps or segment.outline.gaps_before for segment in shown)
        if gaps or found.damaged or found.index.plan.out_of_order:
            sys.exit(1)


@click.command()
@click.argument("capture", type=_PATH)
@capture_options
@json_option
def info(capture: Path, opening: dict[str, Any], as_json: bool) -> None:
    """Tell what CAPTURE holds, what is missing and what is damaged.

    Every check is verified, but no sample is decoded; with --index, only if CAPTURE has changed
    since. Exit status: 0, also where something is missing or damaged; 2 bad usage or input.
    """
    from .integrity import report

    with _opened(capture, decodes=False, **opening) as found:
        if as_json:
            click.echo(json.dumps(report(found)))
        else:
            _show(found)


@click.command()
@click.argument("capture", type=_PATH)
@capture_options
@json_option
def verify(capture: Path, opening: dict[str, Any], as_json: bool) -> None:
    """Check CAPTURE whole: every packet, and that every sample can be decoded.

    A stored index is not used: all is read.

    Exit status: 0 complete and intact; 1 something is missing or damaged; 2 bad usage or input.
    """
    from .integrity import report

    with _opened(capture, fill="zero", **opening | {"index": False}) as found:
        with progress_bar("decoding") as progress:
            found.verify(progress)
        if as_json:
            click.echo(json.dumps(report(found)))
        else:
            _show(found)
        if not found.complete:
            sys.exit(1)


def _opened(capture: Path, *, decodes: bool = True, **how: Any) -> Any:
    from . import fast
    from .capture import open_capture

    if decodes and not fast.is_fast():
        click.echo(
            "Numba is missing: decoding takes up to a thousand times as long; "
            "pip install 'probecodec[fast]'",
            err=True,
        )
    with progress_bar("scanning", "bytes") as progress:
        return open_capture(capture, progress=progress, **how)


def _show(found: Any) -> None:
    """Print what a capture holds, by segment."""
    from .integrity import describe, rates_text, span, summary, warn

    click.echo(f"{found.name}: {found.index.size} bytes, {found.index.packets} intact packets")
    for number, segment in enumerate(found.segments):
        config, about = segment.config, describe(segment)
        click.echo(f"segment {number}: stream {segment.stream_id}, {span(segment)}")
        click.echo(
            f"  {config.channels} channels of {config.sample_bits} bits, {config.aux_bits} "
            f"auxiliary bits, {about['order']} order, mode {', '.join(about['modes'])}"
        )
        if config.projection:
            click.echo(f"  measurements: {config.projection}")
        if segment.metadata is None:
            click.echo("  rate, gain and probe unknown: no metadata packet")
        else:
            step = f"{segment.gain_uv:g} uV a step" if segment.gain_uv else "ADC step unknown"
            restart = config.restart_interval * config.packet_frames
            click.echo(
                f"  {segment.rate_hz:g} Hz, {step}, "
                f"probe {config.probe or 'unknown'}, {config.packet_frames} frames a packet, "
                f"restart every {config.restart_interval} packets: {restart} frames, "
                f"{restart / config.rate_hz:.3g} s"
            )
        click.echo(f"  {about['packets']} data packets, {rates_text(about)}")
    click.echo(summary(found, found.segments))
    warn(found, found.segments)
