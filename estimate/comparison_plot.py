"""A picture of published work beside ours: energy over node."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from ..host.report.labels import write_names
from ..host.report.pictures import OURS, canvas, empty, save
from .plots import bars
from .published import Work, scaled
from .reading import UNKNOWN, Estimate, figure_of, label, si
from .result import Figure, unknown

_SCALED = {"color": "0.7", "markerfacecolor": "w", "markersize": 4, "elinewidth": 0.8, "zorder": 2}


def comparison(
    works: Iterable[Work],
    estimates: Sequence[Estimate],
    kind: str = "png",
    *,
    per: str = "sample",
    to_node_nm: float | None = None,
) -> bytes:
    """Energy over node: as published, and ours; small diamonds: scaled to ``to_node_nm``.

    ``per`` is ``sample`` or ``bit`` (a raw sample bit). Works without such a figure are named
    below; upper ends are not scaled.
    """
    figure, axes = canvas(1, 1, 8.5, 5.5)
    axis = axes[0, 0]
    marks: list[tuple[float, float, str, str]] = []  # node, energy, name, colour
    diamonds: list[tuple[float, float]] = []
    left_out = []
    for work in works:
        energy = work.energy_per_sample() if per == "sample" else work.energy_per_bit()
        if energy.value is None or work.node_nm is None:
            left_out.append(work.name)
            continue
        face = "0.4" if work.status == "measured" else "w"
        shape = "o" if work.lossless else "s"
        axis.plot(work.node_nm, energy.value, shape, color="0.4", markerfacecolor=face, zorder=3)
        if work.bound:
            _down(axis, work.node_nm, energy.value)
        marks.append((work.node_nm, energy.value, work.name, "k"))
        if to_node_nm and work.node_nm != to_node_nm and not work.bound:
            there = scaled(energy, work.node_nm, to_node_nm, work.supply_v)
            if there.value is not None:
                x = to_node_nm * 1.05 ** (len(diamonds) + 1)  # side by side
                axis.plot(
                    [work.node_nm, x], [energy.value, there.value], ":", color="0.8", zorder=1
                )
                axis.errorbar(x, there.value, yerr=_error(there), fmt="D", **_SCALED)
                diamonds.append((x, there.value))
    for one in estimates:
        energy = figure_of(one.get("energy_per_sample_j"))
        if per == "bit":
            bits = one.get("sample_bits")
            energy = energy.times(1 / bits) if bits else unknown("bits of a sample")
        if energy.value is None or not one.get("node_nm"):
            left_out.append(label(one))
            continue
        axis.plot(one["node_nm"], energy.value, "o", color=OURS, markersize=8, zorder=4)
        bars(axis, energy.value, one["node_nm"], energy, horizontal=False)
        marks.append((one["node_nm"], energy.value, label(one), OURS))
    if not marks:
        return empty(f"energy of a {per}: {UNKNOWN} for all", kind)
    axis.set_xscale("log")
    axis.set_yscale("log")
    nodes = sorted({x for x, *_ in marks} | ({to_node_nm} if to_node_nm else set()))
    axis.set_xticks(nodes, [f"{node:g}" for node in nodes], minor=False)
    axis.set_xticks([], minor=True)
    axis.margins(x=0.12, y=0.12)
    axis.set_xlabel("node, nm")
    axis.set_ylabel("joules of a sample" if per == "sample" else "joules of a raw sample bit")
    axis.yaxis.set_major_formatter(lambda value, _: si(value, "J", 1))
    _legend(figure, axis, to_node_nm)
    if left_out:
        note = textwrap.fill(f"no such figure: {'; '.join(left_out)}", 150)
        figure.supxlabel(note, fontsize=7, color="0.4", parse_math=False)
    write_names(figure, axis, marks, diamonds)
    return save(figure, kind)


def _error(figure: Figure) -> list[list[float]]:
    value = figure.value or 0.0
    return [[value - (figure.low or value)], [(figure.high or value) - value]]


def _down(axis: Any, x: float, y: float) -> None:
    """Mark a figure that is only an upper end."""
    style = {"arrowstyle": "->", "color": "0.4"}
    axis.annotate("", (x, y), (0, -18), textcoords="offset points", zorder=2,
                  arrowprops=style | {"arrowstyle": "<-"})  # fmt: skip


def _legend(figure: Any, axis: Any, to_node_nm: float | None) -> None:
    style = {"linestyle": "none", "color": "0.4"}
    axis.plot([], [], marker="o", label="measured", **style)
    axis.plot([], [], marker="o", markerfacecolor="w", label="synthesised", **style)
    axis.plot([], [], marker="s", markerfacecolor="w", label="lossy", **style)
    axis.plot([], [], marker="o", linestyle="none", color=OURS, label="this, an estimate")
    if to_node_nm:
        told = f"scaled to {to_node_nm:g} nm, roughly"
        axis.plot([], [], marker="D", linestyle="none", markersize=4, color="0.7",
                  markerfacecolor="w", label=told)  # fmt: skip
    figure.legend(loc="outside upper center", ncols=5, fontsize=8, frameon=False)
