"""Pictures of estimates: resources, speed, power."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..host.report.pictures import OTHERS, OURS, ROW, canvas, empty, save
from .reading import NAMES, UNKNOWN, Estimate, count, figure_of, label, parts_of, si
from .result import Figure

HATCH = "////"


def resources(estimate: Estimate, kind: str = "png") -> bytes:
    """A panel for each resource, a bar for each stage, top down as in the estimate."""
    from matplotlib.ticker import MaxNLocator

    stages = estimate.get("stages") or {}
    names = list(dict.fromkeys(name for one in stages.values() for name in one))
    names = [name for name in names if any(one.get(name) != 0 for one in stages.values())]
    if not names:
        return empty(f"Resources of stages: {UNKNOWN}", kind)
    figure, axes = canvas(1, len(names), 1.6 + 2.4 * len(names), 1 + ROW * len(stages))
    for axis, name in zip(axes[0], names, strict=True):
        values = [one.get(name) for one in stages.values()]
        bars = axis.barh(range(len(stages)), [value or 0 for value in values], color=OURS)
        labels = [UNKNOWN if value is None else count(value) for value in values]
        axis.bar_label(bars, labels=labels, padding=2, fontsize=8)
        names_here = list(stages) if axis is axes[0, 0] else [""] * len(stages)
        axis.set_yticks(range(len(stages)), names_here, parse_math=False)
        axis.set_ylim(len(stages) - 0.5, -0.5)
        axis.set_xlim(0, 1.25 * max((value or 0 for value in values), default=0) or 1)
        axis.set_title(NAMES.get(name, name), fontsize=10, parse_math=False)
        axis.xaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10], integer=True))
        axis.xaxis.set_major_formatter(lambda value, _: count(value))
    return save(figure, kind, label(estimate))


def speed(estimates: Sequence[Estimate], kind: str = "png") -> bytes:
    """A line for each estimate: fmax of every seed, and the clock."""
    figure, axes = canvas(1, 1, 7.5, 1.4 + 1.3 * ROW * len(estimates))
    axis = axes[0, 0]
    right = 0.0
    for row, one in enumerate(estimates):
        seeds = [hz / 1e6 for hz in one.get("fmax_hz") or []]
        axis.plot(seeds, [row] * len(seeds), "o", color=OURS, alpha=0.6, markersize=6)
        clock = one.get("clock_hz")
        right = max(right, *seeds, (clock or 0) / 1e6)
        if clock:
            axis.plot([clock / 1e6] * 2, [row - 0.3, row + 0.3], color="k", linewidth=2)
        if not seeds:
            x = (clock or 0) / 1e6
            axis.annotate(
                f"fmax {UNKNOWN}", (x, row), (8, 0), textcoords="offset points", va="center"
            )
    axis.plot([], [], "o", color=OURS, alpha=0.6, label="fmax, one for each seed")
    axis.plot([], [], color="k", linewidth=2, label="clock")
    axis.set_yticks(range(len(estimates)), [label(one) for one in estimates], parse_math=False)
    axis.set_ylim(len(estimates) - 0.4, -0.6)
    axis.set_xlim(0, 1.08 * right or 1)
    axis.set_xlabel("MHz")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return save(figure, kind)


def power(estimate: Estimate, kind: str = "png") -> bytes:
    """A bar for each part with its error bars; below, what moves in each stage, without any.

    What is unknown is hatched, and says so.
    """
    from matplotlib.patches import Patch

    parts = parts_of(estimate)
    staged = estimate.get("stages_w") or {}
    own = len(parts)
    parts |= {f"in {stage}": figure_of(watts) for stage, watts in staged.items()}
    if not parts:
        return empty(f"Power: {UNKNOWN}", kind)
    ends = [end for one in parts.values() for end in (one.value, one.high, one.low) if end]
    unit, factor = prefix(max(ends, default=1.0), "W")
    widest = max(ends, default=1.0) * factor
    gap = 0.6 if own and staged else 0.0
    rows = [row + (gap if row >= own else 0) for row in range(len(parts))]
    figure, axes = canvas(1, 1, 7.5, 1.4 + ROW * 1.2 * (len(parts) + gap))
    axis = axes[0, 0]
    for row, one in zip(rows, parts.values(), strict=True):
        if one.value is None:
            left = (one.low or 0.0) * factor
            axis.barh(row, left, color=OURS)
            style = {"facecolor": "none", "edgecolor": OTHERS, "hatch": HATCH, "linewidth": 0.8}
            axis.barh(row, 0.2 * widest, left=left, **style)
            at, told = left + 0.2 * widest, UNKNOWN
        else:
            axis.barh(row, one.value * factor, color=OTHERS if row >= own else OURS)
            bars(axis, one.value, row, one, factor, horizontal=True)
            at, told = max(one.value, one.high or 0.0) * factor, si(one.value, "W")
        axis.annotate(told, (at, row), (5, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_yticks(rows, list(parts), parse_math=False)
    axis.set_ylim(rows[-1] + 0.6, -0.6)
    axis.set_xlim(0, 1.2 * widest)
    axis.set_xlabel(unit)
    if gap:
        named = {OURS: "parts", OTHERS: "of that, in stages"}
        patches = [Patch(color=colour, label=told) for colour, told in named.items()]
        figure.legend(
            handles=patches, loc="outside lower center", ncols=2, fontsize=8, frameon=False
        )
    return save(figure, kind, label(estimate))


def bars(
    axis: Any,
    at: float,
    across: float,
    figure: Figure,
    factor: float = 1.0,
    *,
    horizontal: bool,
    colour: str = "k",
) -> None:
    """Draw the error bars of ``figure`` at ``at``, where it states any."""
    low = at - figure.low if figure.low is not None else 0.0
    high = figure.high - at if figure.high is not None else 0.0
    if max(low, high) <= 0:
        return
    error = [[max(0.0, low) * factor], [max(0.0, high) * factor]]
    style = {"fmt": "none", "ecolor": colour, "elinewidth": 1, "capsize": 3}
    if horizontal:
        axis.errorbar(at * factor, across, xerr=error, **style)
    else:
        axis.errorbar(across, at * factor, yerr=error, **style)


def prefix(value: float, unit: str) -> tuple[str, float]:
    """Return the unit that suits a value, and what to multiply by to have it in that."""
    steps = ((1e-12, "p"), (1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"))
    size, name = max((step for step in steps if step[0] <= abs(value)), default=steps[0])
    return name + unit, 1 / size
