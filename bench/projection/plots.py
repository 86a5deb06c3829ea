"""Pictures of an evaluation: error against bits, and spikes as they come back."""

from __future__ import annotations

from itertools import cycle

import numpy as np

from ...host.report.pictures import canvas, pyplot, save
from .coding import Bits
from .families import FAMILIES
from .result import Results, Waveforms

MARKERS = "os^vD*P"
LINES = {Bits.LINK: "-", Bits.FILE: "--", Bits.ENTROPY: ":"}
KINDS = "solid: bits on the link; dashed: of a file; dotted: an entropy, which no coder reaches"


def error_curves(results: Results, kind: str = "png") -> bytes:
    """Return PNG or SVG: wrong or missed spikes against bits a sample, a panel for each noise."""
    levels = list(dict.fromkeys(row.noise_uv for row in results.rows))
    figure, axes = canvas(1, len(levels), 5 * len(levels) + 2.5, 5)
    kinds = dict.fromkeys(
        (row.family, row.recovery) for row in results.rows if row.family != "lossless"
    )
    families = dict.fromkeys(family for family, _ in kinds)
    colours = {name: pyplot().get_cmap("tab20")(n % 20) for n, name in enumerate(families)}
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
                linestyle=LINES[FAMILIES[family].kind],
                label=name,
            )
        for row in rows:
            if row.family == "lossless":
                style = "--" if row.sorted_by == "sorter" else "-."
                label = f"lossless, {row.sorted_by}"
                axis.axhline(100 * row.spikes.error, color="k", linestyle=style, label=label)
        axis.set_title(f"noise {noise_uv:g} uV", fontsize=10)
        axis.set_xlabel("bits a sample")
        axis.set_ylim(0, max(1, axis.get_ylim()[1]))
    axes[0, 0].set_ylabel("true spikes wrong or missed, %")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right", fontsize=7)
    figure.supxlabel(KINDS, fontsize=8)
    return save(figure, kind)


def waveforms(one: Waveforms, kind: str = "png") -> bytes:
    """Return PNG or SVG: mean spikes that came back over the true ones, a line for each family."""
    rows, columns = max(1, len(one.recovered)), len(one.true)
    figure, axes = canvas(
        rows, columns, 2.2 * columns + 1, 1.2 * rows + 0.6, sharex=True, sharey="col"
    )
    for line, (name, means) in zip(axes, one.recovered.items(), strict=False):
        for axis, true, mean in zip(line, one.true, means, strict=True):
            axis.plot(true, color="0.6", linewidth=2.5)
            axis.plot(mean, color="C3", linewidth=1)
            axis.tick_params(labelsize=6)
        line[0].set_ylabel(name.replace(", ", "\n"), fontsize=7, rotation=0, ha="right")
    title = f"mean spikes in uV over frames at {one.target:g}:1, noise {one.noise_uv:.0f} uV: "
    figure.suptitle(title + "lossless (grey), returned (red)", fontsize=9)
    return save(figure, kind)


def rate_distortion(results: Results, kind: str = "png") -> bytes:
    """Return PNG or SVG: SNR, and wrong or missed spikes, against bits a sample.

    A row of two panels for each noise, a colour for each family; lossless is the reference.
    """
    levels = list(dict.fromkeys(row.noise_uv for row in results.rows))
    figure, axes = canvas(len(levels), 2, 11, 4.5 * len(levels), sharex=True)
    named = dict.fromkeys(row.family for row in results.rows if row.family != "lossless")
    colours = {name: pyplot().get_cmap("tab20")(n % 20) for n, name in enumerate(named)}
    for (fidelity, errors), noise_uv in zip(axes, levels, strict=True):
        rows = [row for row in results.rows if row.noise_uv == noise_uv]
        ways = dict.fromkeys((row.family, row.recovery) for row in rows)
        for family, recovery in ways:
            own = [row for row in rows if (row.family, row.recovery) == (family, recovery)]
            own.sort(key=lambda row: row.bits)
            bits, wrong = [row.bits for row in own], [100 * row.spikes.error for row in own]
            label = family if recovery == "sorter" else f"{family}, {recovery}"
            if family == "lossless":
                style = {"color": "k", "linestyle": "--" if recovery == "sorter" else "-."}
                errors.axhline(wrong[0], label=f"lossless, {recovery}", **style)
                fidelity.axvline(bits[0], **style)
                continue
            style = {
                "color": colours[family],
                "linestyle": LINES[own[0].kind],
                "marker": "s" if recovery == "detector" else "o",
                "markerfacecolor": "none" if FAMILIES[family].projects else colours[family],
                "markersize": 4,
            }
            errors.plot(bits, wrong, label=label, **style)
            if own[0].traces is not None:
                fidelity.plot(bits, [row.traces.snr_db for row in own], **style)
        fidelity.set_ylabel("SNR, dB")
        errors.set_ylabel("true spikes wrong or missed, %")
        errors.set_ylim(0, max(1, errors.get_ylim()[1]))
        for axis in (fidelity, errors):
            axis.set_xlabel("bits a sample")
            axis.set_title(f"noise {noise_uv:g} uV", fontsize=10)
    figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside right", fontsize=7)
    figure.supxlabel(KINDS, fontsize=8)
    return save(figure, kind)
