"""The verbs of the compressed-sensing path: ``project``, ``reconstruct``, ``detect``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..golden.config import EncoderConfig
from ..golden.format import Mode
from .matrix_options import matrix_options, projection_of, read_rows
from .options import (
    Failure,
    capture_options,
    force_option,
    json_option,
    recording_options,
    tell_doubts,
)
from .progress import progress_bar

_PATH = click.Path(path_type=Path)
_LEARN_SECONDS = 20.0

coefficients_option = click.option(
    "--coefficients",
    type=_PATH,
    callback=lambda context, option, path: () if path is None else read_rows(path),
    help="Of family loaded: the .npy that `project` or the hardware was given.",
)
training_option = click.option(
    "--training",
    type=_PATH,
    help="Another capture of this probe, whose lossless stretch to learn from.",
)


@click.command()
@click.argument("rec", type=_PATH)
@click.argument("out", type=_PATH)
@recording_options
@matrix_options
@click.option(
    "--lossless",
    type=click.FloatRange(0, 1e9),
    default=_LEARN_SECONDS,
    show_default=True,
    help="Seconds sent lossless before the measurements: what reconstruction learns from.",
)
@click.option("--packet-frames", type=click.IntRange(1), help="Frames in a packet, whole windows.")
@click.option(
    "--restart-interval",
    type=click.IntRange(1),
    help="Packets from one restart to the next: a lost packet costs all up to there.",
)
@force_option
@json_option
def project(
    rec: Path,
    out: Path,
    recording: dict[str, Any],
    matrix: dict[str, Any],
    lossless: float,
    packet_frames: int | None,
    restart_interval: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Encode the recording REC into the capture OUT (.pcs) as measurements of windows.

    First a lossless stretch, then projections: as the hardware sends them, byte for byte, when its
    register is switched there. Frames at the end that fill no window are sent lossless too. Reports
    bits per sample (b/S) of both.
    """
    from .fast import encoder
    from .integrity import rates, rates_text
    from .recording import check_output, open_recording, replacing

    check_output(out, (".pcs",), force=force)
    source = open_recording(rec, **recording)
    channels = source.samples.shape[1]
    projected = projection_of(matrix, source.sample_bits)
    changes = {
        "projection": projected,
        "packet_frames": packet_frames,
        "restart_interval": restart_interval,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    settings: EncoderConfig = source.config("projection", **changes)
    step, frames = settings.packet_frames, len(source.samples)
    seconds = frames / settings.rate_hz
    stretch = -(-round(min(seconds, lossless) * settings.rate_hz) // step) * step
    if not stretch < frames:
        raise Failure(
            f"nothing is left to project: {rec} has {seconds:.3g} s, and --lossless {lossless:g} "
            f"takes whole packets of {step} frames; give at most "
            f"{(frames - 1) // step * step / settings.rate_hz:.3g}"
        )
    tell_doubts(rec, recording, source)
    sizes = {Mode.HUFFMAN: 0, Mode.PROJECTION: 0}
    counts = dict(sizes)  # frames
    with replacing(out) as file, progress_bar("encoding") as progress:
        core = encoder(settings)
        for start, stop, mode in _packets(settings, frames, stretch):
            aux = None if source.aux is None else source.aux[start:stop]
            packet = core.checked_packet(source.samples[start:stop], aux, start, mode)
            file.write(packet)
            sizes[mode] += len(packet)
            counts[mode] += stop - start
            progress(stop, frames)
    parts = {
        name: {"frames": counts[mode], "bytes": sizes[mode]}
        | rates(sizes[mode], counts[mode] * channels, settings.sample_bits)
        for name, mode in (("lossless", Mode.HUFFMAN), ("projected", Mode.PROJECTION))
    }
    if as_json:
        told = {"recording": str(rec), "capture": str(out), "matrix": str(settings.projection)}
        click.echo(json.dumps(told | parts))
        return
    click.echo(f"{rec}: {frames} frames of {channels} channels, {settings.sample_bits} bits")
    click.echo(f"{out}: {sum(sizes.values())} bytes, {settings.projection}")
    for name, told in parts.items():
        click.echo(f"  {name}: {told['frames']} frames, {rates_text(told)}")


def _packets(settings: EncoderConfig, frames: int, stretch: int) -> Iterator[tuple[int, int, Mode]]:
    """First frame, frame after the last and mode of each packet.

    Frames that fill no window at the end are sent lossless.
    """
    assert settings.projection is not None
    whole = frames - (frames - stretch) % settings.projection.window
    for start in range(0, whole, settings.packet_frames):
        mode = Mode.HUFFMAN if start < stretch else Mode.PROJECTION
        yield start, min(start + settings.packet_frames, whole), mode
    if whole < frames:
        yield whole, frames, Mode.HUFFMAN


@click.command()
@click.argument("capture", type=_PATH)
@click.argument("out", type=_PATH)
@capture_options
@click.option(
    "--method",
    type=click.Choice(["lmmse", "omp", "lista"]),
    default="lmmse",
    show_default=True,
    help="Linear estimate; sparse over a learned dictionary, by matching pursuit or by a fixed "
    "number of shrinking steps.",
)
@training_option
@coefficients_option
@force_option
@json_option
def reconstruct(
    capture: Path,
    out: Path,
    opening: dict[str, Any],
    method: str,
    training: Path | None,
    coefficients: tuple[tuple[int, ...], ...],
    force: bool,
    as_json: bool,
) -> None:
    """Make samples of CAPTURE's measurements: the recording OUT (.bin or .npy), high-passed.

    What is needed is learned from the longest lossless stretch. That stretch is high-passed as
    well, and the auxiliary word becomes the last column.

    Exit status: 0 success; 1 something is missing, and is zeros, or measurements do not fit their
    matrix; 2 bad usage or input, and nothing was written.
    """
    from .recording import SUFFIXES, check_output, write_recording

    check_output(out, SUFFIXES, force=force)
    with _reconstruction(capture, method, training, coefficients, opening) as made:
        with progress_bar("learning"):
            made.prepare()
        with progress_bar("reconstructing") as progress:
            write_recording(out, made, force=force, progress=progress)
        lost = made.lost
        missing = sum(gap.stop - gap.start for gap in lost)
        report = {
            "capture": str(capture),
            "output": str(out),
            "method": method,
            "frames": len(made),
            "learned_from_frames": made.training.frames,
            "missing": missing,
            "gaps": [gap._asdict() for gap in lost],
            "doubts": made.doubts,
        }
        _tell(report, as_json, f"{out}: {len(made)} frames, {missing} of them missing", made)


@click.command()
@click.argument("capture", type=_PATH)
@click.argument("out", type=_PATH)
@capture_options
@training_option
@coefficients_option
@force_option
@json_option
def detect(
    capture: Path,
    out: Path,
    opening: dict[str, Any],
    training: Path | None,
    coefficients: tuple[tuple[int, ...], ...],
    force: bool,
    as_json: bool,
) -> None:
    """Find and classify the spikes in CAPTURE's measurements, without samples: OUT (.npz).

    Units are those of the longest lossless stretch. OUT holds frames (as the source counts), units,
    scores, and the units' templates (units, frames, channels) in ADC steps with their peaks'
    channels.

    Exit status: 0 success; 1 something is missing, or measurements do not fit their matrix; 2 bad
    usage or input, and nothing was written.
    """
    from .recording import check_output, replacing

    check_output(out, (".npz",), force=force)
    with _reconstruction(capture, "lmmse", training, coefficients, opening) as made:
        with progress_bar("detecting") as progress:
            spikes, templates = made.detect(progress)
        with replacing(out) as file:
            np.savez(file, **spikes._asdict(), templates=templates.waveforms, peaks=templates.peaks)
        silent = len(templates.waveforms) - len(np.unique(spikes.units))
        report = {
            "capture": str(capture),
            "output": str(out),
            "spikes": len(spikes.frames),
            "units": len(templates.waveforms),
            "learned_from_frames": made.training.frames,
            "gaps": [gap._asdict() for gap in made.lost],
            "doubts": made.doubts,
        }
        text = f"{out}: {report['spikes']} spikes of {report['units']} units"
        text += f", {silent} of which have none" if silent else ""
        _tell(report, as_json, text, made)


@contextmanager
def _reconstruction(
    capture: Path,
    method: str,
    training: Path | None,
    coefficients: tuple[tuple[int, ...], ...],
    opening: dict[str, Any],
) -> Iterator[Any]:
    """Open the capture, and the one to learn from."""
    from .capture import open_capture
    from .fill import Fill
    from .reconstruct import Reconstruction

    try:
        import scipy  # noqa: F401
        import sklearn  # noqa: F401
    except ModuleNotFoundError as error:
        raise Failure(
            f"this needs {error.name}; install it: pip install 'probecodec[recovery]'"
        ) from None
    with progress_bar("scanning", "bytes") as progress:
        found = open_capture(capture, progress=progress, fill=Fill.ZERO, **opening)
        other = open_capture(training, fill=Fill.ZERO) if training else None
    with found:
        yield Reconstruction(
            found,
            method,
            training=other,
            coefficients=coefficients,
            workers=os.cpu_count() or 1,
        )


def _tell(report: dict[str, Any], as_json: bool, text: str, made: Any) -> None:
    """Print what was made; end with status 1 where something is missing, or does not fit."""
    from .integrity import some

    click.echo(json.dumps(report) if as_json else text)
    lost = [f"frames {gap.start} to {gap.stop - 1}: {gap.cause}" for gap in made.lost]
    some(lost, "gaps")
    some(made.doubts, "doubts")
    if lost or made.doubts:
        sys.exit(1)
