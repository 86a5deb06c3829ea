"""Tables and JSON of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from ...host.report.provenance import machine, versions
from .families import FAMILIES
from .notes import notes
from .result import Results, Row

SCHEMA = 1  # of the JSON
_PACKAGES = (
    "probecodec", "numpy", "numba", "scipy", "scikit-learn", "PyWavelets", "torch", "spikeinterface"
)  # fmt: skip
HEADINGS = (
    "b/S",
    "to\nADC",
    "to\nint16",
    "wrong or\nmissed %",
    "above\nlossless",
    "recall\n%",
    "prec.\n%",
    "SNR\ndB",
    "corr.",
    "NRMSE\nall",
    "NRMSE\nspikes",
)
LEGEND = (
    "b/S: bits on the link, packets included; with ~ an entropy, which no coder reaches. wrong or "
    "missed: true spikes not found as their own unit. above lossless: points over the same sorter "
    "or detector on lossless samples. Traces are compared behind the same high-pass."
)


def tables(results: Results) -> list[Table]:
    """One table for each noise."""
    made = []
    for noise_uv in dict.fromkeys(row.noise_uv for row in results.rows):
        rows = [row for row in results.rows if row.noise_uv == noise_uv]
        title = f"{results.options.source}, noise {noise_uv:g} uV, {rows[0].spikes.true} spikes"
        table = Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")
        table.add_column("family", no_wrap=True)
        table.add_column("recovery", no_wrap=True)
        for heading in HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("setting", overflow="fold")
        for before, row in zip([rows[0], *rows], rows, strict=False):
            if row.target != before.target:
                table.add_section()
            style = "bold" if row.family == "lossless" else None
            table.add_row(*map(escape, cells(results, row)), style=style)
        table.caption = LEGEND
        made.append(table)
    return made


def cells(results: Results, row: Row) -> tuple[str, ...]:
    """Return a row as text: family, recovery, `HEADINGS`, setting."""
    reference, traces = results.lossless(row), row.traces
    above = "–"
    if reference is not None and reference is not row:
        above = f"{100 * (row.spikes.error - reference.spikes.error):+.1f}"
    return (
        row.family,
        row.recovery,
        ("" if row.link else "~") + f"{row.bits:.3f}",
        f"{row.ratio_adc:.1f}",
        f"{row.ratio_int16:.1f}",
        f"{100 * row.spikes.error:.2f}",
        above,
        f"{100 * row.spikes.recall:.1f}",
        f"{100 * row.spikes.precision:.1f}",
        *(
            ("–",) * 4
            if traces is None
            else (
                f"{traces.snr_db:.1f}",
                f"{traces.correlation:.3f}",
                f"{traces.nrmse:.3f}",
                f"{traces.spike_nrmse:.3f}",
            )
        ),
        row.setting,
    )


def as_json(results: Results, command: Sequence[str]) -> dict[str, Any]:
    """Return everything: results, notes, machine, versions, command line."""
    families = {
        name: {"title": family.title, "bits": "link" if family.link else "entropy"}
        for name, family in FAMILIES.items()
    }
    return {
        "schema": SCHEMA,
        "command": list(command),
        "machine": machine(),
        "versions": versions(_PACKAGES),
        "families": families,
        "notes": notes(results),
        "results": results.as_json(),
    }
