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
from typing import Any

import click

from ..golden.format import Mode
from .options import (
    Failure,
    config_options,
    force_option,
    json_option,
    recording_options,
    tell_doubts,
)

# Verbs in other files, imported when they are used: name to "module:command", the module
# relative to this package.
ELSEWHERE = {
    "bench": "..bench.command:bench",
    "boards": ".board_commands:boards",
    "build": ".board_commands:build",
    "capture": ".capture_command:capture",
    "decode": ".decode_command:decode",
    "detect": ".projection_command:detect",
    "demo": ".hardware:demo",
    "estimate": "..estimate.command:estimate",
    "export": ".export_command:export",
    "info": ".decode_command:info",
    "project": ".projection_command:project",
    "reconstruct": ".projection_command:reconstruct",
    "sim": ".hardware:sim",
    "verify": ".decode_command:verify",
    "verilog": ".board_commands:verilog",
}

_PATH = click.Path(path_type=Path)


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
    from .integrity import rates, rates_text
    from .progress import progress_bar
    from .recording import check_output, open_recording, replacing

    check_output(out, (".pcs",), force=force)
    source = open_recording(rec, **recording)
    settings = source.config(**config)
    if settings.modes[0] == Mode.PROJECTION:
        raise Failure("mode projection is not lossless: `probecodec project` encodes with it")
    tell_doubts(rec, recording, source)
    frames, channels = source.samples.shape
    packets = -(-frames // settings.packet_frames)
    size = 0
    with replacing(out) as file, progress_bar("encoding") as progress:
        chunks = encoder(settings).packets(source.samples, source.aux)
        for done, chunk in enumerate(chunks, start=1):
            file.write(chunk)
            size += len(chunk)
            progress(min(done * settings.packet_frames, frames), frames)
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
        **rates(size, frames * channels, settings.sample_bits),
    }
    if as_json:
        click.echo(json.dumps(report))
    else:
        click.echo(f"{rec}: {frames} frames of {channels} channels, {settings.sample_bits} bits")
        click.echo(f"{out}: {size} bytes, {packets} data packets, {rates_text(report)}")
