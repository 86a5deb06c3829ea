"""Pictures of an evaluation: error against bits, and spikes as they come back."""

from __future__ import annotations

import io
from itertools import cycle
from typing import Any

import numpy as np

from .families import FAMILIES
from .result import Results, Waveforms

MARKERS = "os^vD*P"


def error_curves(results: Results) -> bytes:
    """Return a PNG: wrong or missed spikes against bits a sample, a panel for each noise."""
    plt = _pyplot()
    levels = list(dict.fromkeys(row.noise_uv for row in results.rows))
    figure, axes = plt.subplots(
        1, len(levels), figsize=(5 * len(levels) + 2.5, 5), squeeze=False, layout="constrained"
    )
    kinds = dict.fromkeys(
        (row.family, row.recovery) for row in results.rows if row.family != "lossless"
    )
    families = dict.fromkeys(family for family, _ in kinds)
    colours = {name: plt.get_cmap("tab20")(n % 20) for n, name in enumerate(families)}
    for axis, noise_uv in zip(axes[0], levels, strict=True):
        rows = [row for row in results.rows if row.noise_uv == noise_uv]
        for (family, recovery), marker in zip(kinds, cycle(MARKERS), strict=False):
            line = sorted(
                (row.bits, 100 * row.spikes.error)
                for row in rows
                if (row.family, row.recovery) == (family, recovery)
            )
            name = family if recovery == "sorter" else f"{family}, {recovery}"
            axis.plot(
                *(np.array(line).reshape(-1, 2).T),
                color=colours[family],
                markerfacecolor=colours[family] if recovery in ("sorter", "detector") else "none",
                marker=marker,
                markersize=4,
                linestyle="-" if FAMILIES[family].link else ":",
                label=name,
            )
        for row in rows:
            if row.family == "lossless":
                style = "--" if row.sorted_by == "sorter" else "-."
                label = f"lossless, {row.sorted_by}"
                axis.axhline(100 * row.spikes.error, color="k", linestyle=style, label=label)
        axis.set_title(f"noise {noise_uv:g} uV", fontsize=10)
        axis.set_xlabel("bits a sample (dotted: an entropy, not on the link)")
        axis.set_ylim(0, max(1, axis.get_ylim()[1]))
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("true spikes wrong or missed, %")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right", fontsize=7)
    return _png(figure)


def waveforms(one: Waveforms) -> bytes:
    """Return a PNG: mean spikes that came back, over the true ones; a line for each family."""
    plt = _pyplot()
    rows, columns = max(1, len(one.recovered)), len(one.true)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(2.2 * columns + 1, 1.2 * rows + 0.6),
        squeeze=False,
        sharex=True,
        sharey="col",
        layout="constrained",
    )
    for line, (name, means) in zip(axes, one.recovered.items(), strict=False):
        for axis, true, mean in zip(line, one.true, means, strict=True):
            axis.plot(true, color="0.6", linewidth=2.5)
            axis.plot(mean, color="C3", linewidth=1)
            axis.tick_params(labelsize=6)
            axis.spines[["top", "right"]].set_visible(False)
        line[0].set_ylabel(name.replace(", ", "\n"), fontsize=7, rotation=0, ha="right")
    title = f"mean spikes in uV over frames at {one.target:g}:1, noise {one.noise_uv:.0f} uV: "
    figure.suptitle(title + "lossless (grey), returned (red)", fontsize=9)
    return _png(figure)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _png(figure: Any) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110, metadata={"Software": None})
    _pyplot().close(figure)
    return png.getvalue()
