"""The command line: ``probecodec VERB …``.

Exit status: 0 success; 1 `decode` wrote what is intact of a capture that is not; 2 bad usage or
input, with one sentence on stderr, and nothing written.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import (
    Failure,
    config_options,
    force_option,
    json_option,
    progress_bar,
    recording_options,
)

if TYPE_CHECKING:
    from .capture import Capture, Outline

# Verbs in other files, imported when they are used: name to "module:command", the module
# relative to this package.
ELSEWHERE = {
    "bench": "..bench.command:bench",
    "demo": ".hardware:demo",
    "sim": ".hardware:sim",
    "verilog": ".hardware:verilog",
}

_PATH = click.Path(path_type=Path)
_SHOWN_GAPS = 20  # a slow link makes thousands


class _Verbs(click.Group):
    """A group that finds verbs in other files too, and turns errors into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in ELSEWHERE:
            return super().get_command(ctx, name)
        module, command = ELSEWHERE[name].split(":")
        return getattr(import_module(module, __package__), command)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise Failure(f"{place}{error.strerror or error}") from None
        except (ValueError, MemoryError) as error:
            raise Failure(str(error) or "out of memory") from None


@click.group(cls=_Verbs)
@click.version_option(package_name="probecodec", prog_name="probecodec")
def main() -> None:
    """Compress neural recordings on the probe side: generate, simulate, encode, decode.

    A recording is .npy or raw int16 .bin, frames x channels; a .bin needs --channels and
    --sample-bits, or a SpikeGLX .meta beside it. A capture, the bytes of a link, is .pcs.

    Exit status: 0 success; 1 a check failed, or frames are missing; 2 bad usage or input, and
    nothing written.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as an error does: nothing half-made
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, lambda number, _: sys.exit(128 + number))


@main.command()
@click.argument("rec", type=_PATH)
@click.argument("out", type=_PATH)
@recording_options
@config_options
@force_option
@json_option
def encode(
    rec: Path,
    out: Path,
    recording: dict[str, Any],
    config: dict[str, Any],
    force: bool,
    as_json: bool,
) -> None:
    """Encode the recording REC into the capture OUT (.pcs).

    Reports bits per sample (b/S), with all headers and auxiliary words, and the ratios to int16
    and to the width of the ADC.
    """
    from .fast import encoder
    from .recording import check_output, open_recording, replacing

    check_output(out, (".pcs",), force=force)
    source = open_recording(rec, **recording)
    settings = source.config(**config)
    frames, channels = source.samples.shape
    packets = -(-frames // settings.packet_frames)
    size = 0
    with replacing(out) as file, progress_bar("encoding") as progress:
        chunks = encoder(settings).packets(source.samples, source.aux)
        for done, chunk in enumerate(chunks, start=1):
            file.write(chunk)
            size += len(chunk)
            progress(done, packets)
    report = {
        "recording": str(rec),
        "capture": str(out),
        "frames": frames,
        "channels": channels,
        "sample_bits": settings.sample_bits,
        "aux_bits": settings.aux_bits,
        "mode": settings.modes[0].name.lower(),
        "order": settings.order.name.lower(),
        "packets": packets,
        "bytes": size,
        **_rates(size, frames * channels, settings.sample_bits),
    }
    if as_json:
        click.echo(json.dumps(report))
    else:
        click.echo(f"{rec}: {frames} frames of {channels} channels, {settings.sample_bits} bits")
        click.echo(f"{out}: {size} bytes, {packets} data packets, {_rates_text(report)}")


@main.command()
@click.argument("capture", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--segment", "number", type=int, help="The segment, where there are more than one.")
@force_option
@json_option
def decode(capture: Path, out: Path, number: int | None, force: bool, as_json: bool) -> None:
    """Decode CAPTURE into the recording OUT (.bin or .npy).

    The auxiliary word, where there is one, becomes the last column. Missing frames become zeros;
    stderr tells which they are and why, and what else is damaged.

    Exit status: 0 success; 1 something is missing or damaged, and all that is intact was written;
    2 bad usage or input, and nothing was written.
    """
    from .capture import outline_capture, read_capture
    from .recording import SUFFIXES, check_output, write_recording

    check_output(out, SUFFIXES, force=force)
    chosen = number is not None
    number = _choose(capture, outline_capture(capture).segments, number)
    with progress_bar("decoding") as progress:
        found = read_capture(capture, progress)
    segment = found.segments[number]
    aux = segment.aux if segment.config.aux_bits else None
    write_recording(out, segment.samples, aux, force=force)
    shown = [segment] if chosen else found.segments
    _warn(found, shown)
    if as_json:
        click.echo(json.dumps({"output": str(out), "segment": number} | _report(capture, found)))
    else:
        click.echo(f"{out}: {segment.config.channels} channels, {_span(segment)}")
    if any(s.gaps_before or s.gaps for s in shown) or found.damaged or found.out_of_order:
        sys.exit(1)


@main.command()
@click.argument("capture", type=_PATH)
@json_option
def info(capture: Path, as_json: bool) -> None:
    """Tell what CAPTURE holds, what is missing and what is damaged.

    Every check is verified, but no sample is decoded. Exit status: 0, also where something is
    missing or damaged; 2 bad usage or input.
    """
    from .capture import outline_capture

    found = outline_capture(capture)
    if as_json:
        click.echo(json.dumps(_report(capture, found)))
        return
    click.echo(f"{capture}: {found.size} bytes, {found.packets} intact packets")
    for number, segment in enumerate(found.segments):
        config, about = segment.config, _describe(segment)
        click.echo(f"segment {number}: stream {segment.stream_id}, {_span(segment)}")
        click.echo(
            f"  {config.channels} channels of {config.sample_bits} bits, {config.aux_bits} "
            f"auxiliary bits, {about['order']} order, mode {', '.join(about['modes'])}"
        )
        if segment.metadata is None:
            click.echo("  rate, gain and probe unknown: no metadata packet")
        else:
            step = f"{config.lsb_uv:g} uV a step" if config.lsb_uv else "ADC step unknown"
            click.echo(
                f"  {config.rate_hz:g} Hz, {step}, "
                f"probe {config.probe or 'unknown'}, {config.packet_frames} frames a packet, "
                f"restart every {config.restart_interval} packets"
            )
        click.echo(f"  {segment.packets} data packets, {_rates_text(about)}")
    _warn(found, found.segments)


def _choose(capture: Path, segments: list[Outline], number: int | None) -> int:
    """The segment to decode."""
    if not segments:
        raise Failure(f"{capture} holds no data packet with frames")
    full = [n for n, segment in enumerate(segments) if segment.frames]
    if number is None and len(full) == 1:
        return full[0]
    if number is None or not 0 <= number < len(segments):
        listed = "; ".join(
            f"{n} (stream {segment.stream_id}, {_span(segment)})"
            for n, segment in enumerate(segments)
        )
        raise Failure(f"{capture} has these segments, choose one by --segment: {listed}")
    return number


def _warn(found: Capture, segments: list[Outline]) -> None:
    """Tell on stderr what is missing, damaged or ignored."""
    for damage in found.damaged:
        click.echo(damage.sentence, err=True)
    for count, what in (
        (found.duplicates, "duplicates of packets ignored"),
        (found.out_of_order, "packets ignored: they are out of order"),
    ):
        if count:
            click.echo(f"{count} {what}", err=True)
    gaps = [gap for segment in segments for gap in segment.gaps_before + segment.gaps]
    for start, stop, cause in gaps[:_SHOWN_GAPS]:
        click.echo(f"frames {start} to {stop - 1} ({stop - start}): {cause}", err=True)
    if len(gaps) > _SHOWN_GAPS:
        rest = gaps[_SHOWN_GAPS:]
        frames = sum(gap.stop - gap.start for gap in rest)
        click.echo(f"and {frames} frames in {len(rest)} more gaps; --json tells all", err=True)


def _report(capture: Path, found: Capture) -> dict[str, Any]:
    """What `decode` and `info` print as JSON."""
    return {
        "capture": str(capture),
        "bytes": found.size,
        "packets": found.packets,
        "complete": found.complete,
        "damaged": [damage._asdict() for damage in found.damaged],
        "bytes_skipped": found.bytes_skipped,
        "duplicates": found.duplicates,
        "out_of_order": found.out_of_order,
        "segments": [_describe(segment) for segment in found.segments],
    }


def _describe(segment: Outline) -> dict[str, Any]:
    """A segment as JSON."""
    config = segment.config
    return {
        "stream_id": segment.stream_id,
        "first_frame": segment.first_frame,
        "frames": segment.frames,
        "missing": segment.missing,
        "channels": config.channels,
        "sample_bits": config.sample_bits,
        "aux_bits": config.aux_bits,
        "order": config.order.name.lower(),
        "modes": [mode.name.lower() for mode in segment.modes],
        "metadata": segment.metadata and segment.metadata._asdict(),
        "gaps": [gap._asdict() for gap in segment.gaps],
        "gaps_before": [gap._asdict() for gap in segment.gaps_before],
        "packets": segment.packets,
        "bytes": segment.size,
        **_rates(segment.size, segment.held * config.channels, config.sample_bits),
    }


def _rates(size: int, samples: int, sample_bits: int) -> dict[str, float | None]:
    """Bits per sample and ratios of ``samples`` in ``size`` bytes; None where there are none."""
    bits = size * 8 / samples if samples else None
    return {
        "bits_per_sample": bits,
        "ratio_int16": bits and 16 / bits,
        "ratio_adc": bits and sample_bits / bits,
    }


def _rates_text(report: dict[str, Any]) -> str:
    if report["bits_per_sample"] is None:
        return "no sample"
    return (
        f"{report['bits_per_sample']:.3f} b/S, {report['ratio_int16']:.2f}:1 to int16, "
        f"{report['ratio_adc']:.2f}:1 to the ADC"
    )


def _span(segment: Outline) -> str:
    last = segment.first_frame + segment.frames - 1
    return f"frames {segment.first_frame} to {last}, {segment.missing} of them missing"
