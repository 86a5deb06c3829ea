"""Tables and JSON of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...host.report.grid import Grid
from ...host.report.provenance import machine, versions
from .coding import Bits
from .families import FAMILIES
from .notes import notes
from .result import Results, Row

SCHEMA = 2  # of the JSON
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
    "NRMSE\nspikes",
    "enc.\nMB/s",
    "dec.\nMB/s",
)
MARKS = {Bits.LINK: "", Bits.FILE: "*", Bits.ENTROPY: "~"}
LEGEND = (
    "b/S: bits on the link, packets included; with * those of the codec's file; with ~ an entropy, "
    "which no coder reaches. wrong or missed: true spikes not found as their own unit. above "
    "lossless: points over the same sorter or detector on lossless samples. Traces are compared "
    "behind the same high-pass. enc., dec.: of int16, one thread; with ~ without the entropy coder "
    "that is not there; of projections the host's encoder, and the recovery or the detector."
)


def tables(results: Results) -> list[Grid]:
    """One table for each noise."""
    made = []
    for noise_uv in dict.fromkeys(row.noise_uv for row in results.rows):
        rows = [row for row in results.rows if row.noise_uv == noise_uv]
        title = f"{results.options.source}, noise {noise_uv:g} uV, {rows[0].spikes.true} spikes"
        bold = frozenset(n for n, row in enumerate(rows) if row.family == "lossless")
        lines = [cells(results, row) for row in rows]
        headings = ("family", "recovery", *HEADINGS, "setting")
        made.append(Grid(title, headings, lines, LEGEND, bold))
    return made


def claims(results: Results) -> Grid:
    """What is published of each family beside what came out here, at the first noise."""
    first = [row for row in results.rows if row.noise_uv == results.rows[0].noise_uv]
    lines = []
    for name, family in FAMILIES.items():
        found = []
        for target in results.options.ratios:
            own = [row for row in first if (row.family, row.target) == (name, target)]
            if own:
                best = min(own, key=results.lost)
                found.append(f"{best.ratio_int16:.1f}:1 {_above(results, best)}")
        if family.claim and found:
            lines.append((name, ", ".join(found), family.claim))
    note = "here: ratio to int16, and points wrong or missed above lossless, by the best recovery."
    return Grid("Beside published ratios", ("family", "here", "published"), lines, note)


def _above(results: Results, row: Row) -> str:
    return "–" if results.lossless(row) in (None, row) else f"{100 * results.lost(row):+.1f}"


def cells(results: Results, row: Row) -> tuple[str, ...]:
    """Return a row as text: family, recovery, `HEADINGS`, setting."""
    traces, dashes = row.traces, ("–",) * 3
    return (
        row.family,
        row.recovery,
        f"{MARKS[row.kind]}{row.bits:.3f}",
        f"{row.ratio_adc:.1f}",
        f"{row.ratio_int16:.1f}",
        f"{100 * row.spikes.error:.2f}",
        _above(results, row),
        f"{100 * row.spikes.recall:.1f}",
        f"{100 * row.spikes.precision:.1f}",
        *(
            dashes
            if traces is None
            else (f"{traces.snr_db:.1f}", f"{traces.correlation:.3f}", f"{traces.spike_nrmse:.3f}")
        ),
        f"{row.encode_mb_s:.1f}",
        f"{row.decode_mb_s:.1f}",
        row.setting,
    )


def as_json(results: Results, command: Sequence[str]) -> dict[str, Any]:
    """Return everything: results, notes, machine, versions, command line."""
    families = {
        name: {"title": family.title, "bits": family.kind, "claim": family.claim}
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
