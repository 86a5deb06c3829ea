"""Pictures of the question whether it pays: links, channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..host.report.pictures import OTHERS, OURS, canvas, empty, pyplot, save
from .plots import bars
from .published import Link
from .reading import UNKNOWN, Estimate, figure_of, label, si
from .system import Point, break_even


def link_power(estimate: Estimate, links: Sequence[Link], kind: str = "png") -> bytes:
    """Power of link and encoder over the link's energy of a bit, with and without the encoder."""
    energy, raw = figure_of(estimate.get("energy_per_sample_j")), estimate.get("sample_bits")
    coded = estimate.get("bits_per_sample")
    if energy.value is None or not raw or not coded:
        return empty(f"Net power: {UNKNOWN}, as energy or bits of a sample are", kind)
    samples_hz = estimate["channels"] * estimate["rate_hz"]
    even = break_even(energy, raw, coded)
    values = [link.j_per_bit.value for link in links] + [even.value]
    ends = [value for value in values if value]
    x = np.geomspace(min(ends, default=1e-12) / 3, max(ends, default=1e-8) * 3, 200)

    def watts(encoder: float) -> Any:
        return (coded * x + encoder) * samples_hz

    figure, axes = canvas(1, 1, 8, 5)
    axis = axes[0, 0]
    axis.plot(x, raw * x * samples_hz, color="0.4", label=f"raw samples, {raw:g} bits")
    name = f"compressed, {coded:.3g} bits, with the encoder"
    axis.plot(x, watts(energy.value), color=OURS, label=name)
    low, high = (energy.value if end is None else end for end in (energy.low, energy.high))
    axis.fill_between(x, watts(low), watts(high), color=OURS, alpha=0.2, linewidth=0)
    if even.value is not None:
        axis.axvline(even.value, color="k", linestyle="--", linewidth=1)
        if even.low is not None and even.high is not None:
            axis.axvspan(even.low, even.high, color="k", alpha=0.08, linewidth=0)
        told = f"pays above {si(even.value, 'J/bit')}"
        axis.annotate(
            told, (even.value, 0.9), (5, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", fontsize=9,
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlim(x[0], x[-1])
    axis.set_xlabel("link, joules of a bit")
    axis.set_ylabel("link and encoder, W")
    axis.xaxis.set_major_formatter(lambda value, _: si(value, "J", 1))
    axis.yaxis.set_major_formatter(lambda value, _: si(value, "W", 1))
    for link in links:
        if link.j_per_bit.value:
            axis.axvline(link.j_per_bit.value, 0.97, 1, color=OTHERS)
    top = axis.secondary_xaxis("top")
    named = [link for link in links if link.j_per_bit.value]
    spots = _apart([float(link.j_per_bit.value or 0) for link in named], x[0], x[-1])
    top.set_xticks(spots, [link.name for link in named], rotation=35, ha="left", fontsize=8)
    top.set_xticks([], minor=True)
    top.tick_params(length=0)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return save(figure, kind, label(estimate))


def channel_sweep(points: Sequence[Point], kind: str = "png") -> bytes:
    """Power, and energy of a sample, over channels; a line for each preset, clock and gating.

    Each line has its own colour, and its points stand a little beside those of the others.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    known = [point for point in points if point.power_w.value is not None]
    if not known:
        return empty(f"Sweep: power {UNKNOWN} at all points", kind)
    figure, axes = canvas(1, 2, 9, 4.2)
    presets = list(dict.fromkeys(point.preset for point in known))
    lines: dict[tuple[str, str, bool], list[Point]] = {}
    for point in known:
        clock = _clock(point, known)
        lines.setdefault((point.preset, clock, point.gated), []).append(point)
    counts = sorted({point.channels for point in known})
    aside = _aside(counts, len(lines))
    palette = pyplot().get_cmap("tab10" if len(lines) <= 10 else "tab20").colors
    for row, ((preset, clock, gated), line) in enumerate(lines.items()):
        told = ", ".join((preset, clock, *(["gated"] if gated else [])))
        channels = [point.channels * aside[row] for point in line]
        style = {
            "color": palette[row % len(palette)],
            "marker": "os^vDP*"[presets.index(preset) % 7],
            "linestyle": "--" if gated else "-",
            "linewidth": 1.2,
            "markersize": 5,
        }
        for axis, name in zip(axes[0], ("power_w", "energy_per_sample_j"), strict=True):
            figures = [getattr(point, name) for point in line]
            label_ = told if axis is axes[0, 0] else None
            axis.plot(channels, [one.value for one in figures], label=label_, **style)
            for count, one in zip(channels, figures, strict=True):
                bars(axis, one.value, count, one, horizontal=False, colour=style["color"])
    for axis, (name, unit) in zip(
        axes[0], (("power", "W"), ("energy of a sample", "J")), strict=True
    ):
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xticks(counts, [str(n) for n in counts])
        axis.set_xticks([], minor=True)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(lambda value, _, unit=unit: si(value, unit, 1))
        axis.yaxis.set_minor_formatter(NullFormatter())
        axis.tick_params(which="both", labelsize=8)
        axis.set_xlabel("channels")
        axis.set_title(name, fontsize=10)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return save(figure, kind)


def _clock(point: Point, points: Sequence[Point]) -> str:
    """What stays the same along a line: a frequency, or cycles a sample."""
    same = {one.channels for one in points if one.clock_hz == point.clock_hz}
    cycles = point.clock_hz / point.samples_hz
    if len(same) > 1 and cycles > 1:
        return f"{point.clock_hz / 1e6:g} MHz"
    return "one cycle a sample" if abs(cycles - 1) < 1e-6 else f"{cycles:.3g} cycles a sample"


def _aside(counts: Sequence[int], lines: int) -> list[float]:
    """Return a factor for each line: 4 % apart, or less, that neighbouring counts do not meet."""
    gaps = np.diff(np.log(counts))
    step = min(np.log(1.04), 0.6 * min(gaps, default=np.inf) / lines)
    return [float(np.exp(step * (row - (lines - 1) / 2))) for row in range(lines)]


def _apart(values: Sequence[float], low: float, high: float) -> list[float]:
    """Move ascending positions on a log axis apart, so that slanted names do not touch."""
    gap = (np.log(high) - np.log(low)) * 0.045
    made: list[float] = []
    for value in values:
        at = np.log(value)
        made.append(max(at, made[-1] + gap) if made else at)
    return [float(np.exp(at)) for at in made]
