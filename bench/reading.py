"""How fast a capture is read: ``python -m probecodec.bench.reading CAPTURE [--json]``."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from ..host.capture import Capture, open_capture
from ..host.live import Listener
from ..host.options import json_option

_REPEATS = 3
_SLICES = 50
_SLICE_SECONDS = 0.01  # of recording
_PIECE_BYTES = 1 << 16
_LIVE_PACKETS = 500


@click.command()
@click.argument("capture", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def reading(capture: Path, as_json: bool) -> None:
    """Measure how fast CAPTURE is scanned, decoded whole, sliced, and decoded live.

    The best of three; slices and live packets one by one.
    """
    found = measure(capture)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        shown = f"{value:,.2f}" if isinstance(value, float) else value
        click.echo(f"{name.replace('_', ' '):32} {shown}")


def measure(path: Path) -> dict[str, Any]:
    """Return the figures by name; units are in the names, M is 10^6, G 10^9."""
    size = path.stat().st_size
    with open_capture(path, fill="zero") as cap:
        frames, channels = cap.shape
        samples = frames * channels
    found: dict[str, Any] = {
        "capture_bytes": size,
        "frames": frames,
        "channels": channels,
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "probecodec": version("probecodec"),
        "scan_gigabytes_s": size / _best(lambda: open_capture(path).close()) / 1e9,
    }
    for workers in dict.fromkeys((1, os.cpu_count() or 1)):
        seconds = _best(lambda workers=workers: _decode(path, workers))
        found[f"decode_megasamples_s_{workers}_threads"] = samples / seconds / 1e6
    with open_capture(path, fill="zero") as cap:
        found |= _slices(cap)
    return found | _live(path)


def _best(run: Callable[[], None]) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(_REPEATS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def _decode(path: Path, workers: int) -> None:
    with open_capture(path, fill="zero", workers=workers) as cap:
        for _ in cap.chunks():
            pass


def _slices(cap: Capture) -> dict[str, float]:
    """Short slices at random places, and one after the other, in milliseconds."""
    rows = min(len(cap), max(1, round(_SLICE_SECONDS * (cap.rate_hz or 30_000.0))))
    places = np.random.default_rng(0).integers(0, len(cap) - rows + 1, _SLICES).tolist()
    times = []
    for start in places:
        begin = perf_counter()
        cap[start : start + rows]
        times.append(perf_counter() - begin)
    return {
        "slice_frames": rows,
        "random_slice_ms_median": 1e3 * statistics.median(times),
        "random_slice_ms_worst": 1e3 * max(times),
    }


def _live(path: Path) -> dict[str, float]:
    """Milliseconds from the arrival of a packet's last bytes to its samples."""
    listener, times = Listener(), []
    with path.open("rb") as file:
        while len(times) < _LIVE_PACKETS and (data := file.read(_PIECE_BYTES)):
            start = perf_counter()
            for _ in listener.feed(data):
                times.append(perf_counter() - start)
                start = perf_counter()
    return {
        "live_packet_ms_median": 1e3 * statistics.median(times),
        "live_packet_ms_worst": 1e3 * max(times),
    }


if __name__ == "__main__":
    reading()
