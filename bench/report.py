"""What a bench tells: tables, JSON and a picture."""

from __future__ import annotations

import io
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from ..host.recording import Recording
from .peers import PEERS
from .result import Result

SCHEMA = 2  # of the JSON

_HEADINGS = (
    "b/S",
    "to\nint16",
    "to\nADC",
    "encode\nMB/s",
    "decode\nMB/s",
    "restart\nframes",
    "verified\nframes",
)


@dataclass(frozen=True)
class Bench:
    """All results on one recording."""

    name: str
    recording: Recording
    results: list[Result]

    def best(self, *, ours: bool) -> Result | None:
        """The smallest of the presets, or of the peers; None where none ran and passed."""
        passed = [r for r in self.results if r.ours == ours and r.passed]
        return min(passed, key=lambda r: r.size or 0, default=None)

    @property
    def gain_percent(self) -> float | None:
        """How much smaller our best is than the best peer."""
        mine, peer = self.best(ours=True), self.best(ours=False)
        if mine is None or peer is None or not mine.size or not peer.size:
            return None
        return 100 * (1 - mine.size / peer.size)

    def as_json(self) -> dict[str, Any]:
        """Return everything, for scripts."""
        frames, channels = self.recording.samples.shape
        mine, peer = self.best(ours=True), self.best(ours=False)
        return {
            "recording": self.name,
            "frames": frames,
            "channels": channels,
            "sample_bits": self.recording.sample_bits,
            "rate_hz": self.recording.rate_hz,
            "results": [result.as_json() for result in self.results],
            "best_preset": mine and mine.method,
            "best_peer": peer and peer.method,
            "gain_percent": self.gain_percent,
        }

    def table(self) -> Table:
        """One row per method."""
        frames, channels = self.recording.samples.shape
        bits = self.recording.sample_bits
        title = f"{escape(self.name)}: {frames} frames, {channels} channels, {bits} bits"
        table = Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")
        table.add_column("method", no_wrap=True)
        for heading in _HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        best = {id(self.best(ours=True)), id(self.best(ours=False))}
        for r in self.results:
            cells = (
                _number(r.bits_per_sample, 3),
                _number(r.ratio_int16, 2),
                _number(r.ratio_adc, 2),
                _number(r.encode_mb_s, 1),
                _number(r.decode_mb_s, 2),
                str(r.settings.get("restart_frames", "–")),
                _verified(r, frames),
            )
            table.add_row(r.method, *cells, style="bold" if id(r) in best else None)
        table.caption = "\n".join(escape(f"{r.method}: {r.note}") for r in self.results if r.note)
        return table


def summary(benches: Sequence[Bench]) -> Table:
    """One row per recording."""
    table = Table(
        title="bits per sample", box=box.SIMPLE, title_justify="left", padding=(0, 1, 0, 0)
    )
    table.add_column("recording", overflow="fold", min_width=12)
    methods = [r.method.replace("-", "\n") for r in benches[0].results if r.ours]
    for heading in (*methods, "best peer", "smaller\nby"):
        table.add_column(heading, justify="right", no_wrap=True)
    for bench in benches:
        peer = bench.best(ours=False)
        gain = bench.gain_percent
        table.add_row(
            escape(Path(bench.name).stem),
            *(_number(r.bits_per_sample, 3) for r in bench.results if r.ours),
            f"{peer.method} {_number(peer.bits_per_sample, 3)}" if peer else "–",
            "–" if gain is None else f"{gain:.1f} %",
        )
    return table


def as_json(benches: Iterable[Bench], command: Sequence[str]) -> dict[str, Any]:
    """Return everything: results, machine, versions, command line."""
    packages = ("probecodec", "numpy")
    return {
        "schema": SCHEMA,
        "command": list(command),
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in packages}
        | {peer.needs: None if peer.missing() else peer.version() for peer in PEERS.values()},
        "benches": [bench.as_json() for bench in benches],
    }


def picture(benches: Sequence[Bench]) -> bytes:
    """Return a PNG: for each recording, a bar per method."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = max(len(bench.results) for bench in benches)
    columns = min(3, len(benches))
    lines = -(-len(benches) // columns)
    figure, axes = plt.subplots(
        lines,
        columns,
        figsize=(4.5 * columns, lines * (1 + 0.25 * rows)),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(benches) :]:
        axis.set_visible(False)
    for axis, bench in zip(axes.flat, benches, strict=False):
        shown = [r for r in bench.results if r.bits_per_sample]
        values = [r.bits_per_sample for r in shown]
        bars = axis.barh(
            range(len(shown)), values, color=["C3" if r.ours else "0.7" for r in shown]
        )
        axis.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
        axis.set_yticks(range(len(shown)), [r.method for r in shown])
        axis.invert_yaxis()
        axis.margins(x=0.12)
        axis.set_xlabel("bits per sample")
        axis.set_title(Path(bench.name).stem, fontsize=10, parse_math=False)
        axis.spines[["top", "right"]].set_visible(False)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
    return png.getvalue()


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _verified(result: Result, frames: int) -> str:
    if result.failed:
        return "[bold red]NO[/]"
    if result.passed is None:
        return "–"
    whole = result.verified_frames == frames
    return "all" if whole else f"first {result.verified_frames}"


def _processor() -> str:
    """The processor's name, as well as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
