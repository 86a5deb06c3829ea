"""What the results say in words, computed from them."""

from __future__ import annotations

from collections.abc import Iterable

from .coding import Bits
from .families import FAMILIES
from .result import Results, Row

ROUNDING = 1e-9
DOUBTFUL = 0.95  # precision below which a low error is cheap
FEW = 1000  # true spikes: below, one is a tenth of a percent or more
KINDS = {Bits.LINK: "on the link", Bits.FILE: "in a file", Bits.ENTROPY: "by an entropy"}
EXTRA = {8.0: 0.02, 16.0: 0.03}  # the project's targets: error above lossless, by ratio
MOST = {8.0: 0.05}  # and in all


def notes(results: Results) -> list[str]:
    """Return sentences: who wins at equal bits, and which targets are met."""
    told = []
    levels = dict.fromkeys(row.noise_uv for row in results.rows)
    for noise_uv in levels:
        for target in results.options.ratios:
            rows = [r for r in results.rows if (r.noise_uv, r.target) == (noise_uv, target)]
            told += _winner(results, rows, noise_uv, target)
            told += _verdict(results, rows, noise_uv, target)
    fewest = min((row.spikes.true for row in results.rows), default=FEW)
    if fewest < FEW:
        told.append(
            f"Only {fewest} true spikes: differences of less than some percent mean nothing."
        )
    if results.spun_seconds:
        told.append(
            f"The noise is spun out of {results.spun_seconds:.2g} s of recording: what is learned "
            "(PCA, codebooks, dictionaries, networks, matrices) has seen the noise by which it is "
            "judged, and looks better than it would on new one."
        )
    if results.left_out:
        told.append("Out of reach, so left out: " + "; ".join(results.left_out) + ".")
    told += [f"Left out: {one}." for one in results.missing]
    return told


def _best(results: Results, rows: Iterable[Row]) -> Row | None:
    return min(rows, key=lambda row: (results.lost(row), row.bits), default=None)


def _projects(row: Row) -> bool:
    return row.family in FAMILIES and FAMILIES[row.family].projects


def _winner(results: Results, rows: list[Row], noise_uv: float, target: float) -> list[str]:
    """Compare the best projection with the best of the others, all of the same target.

    What counts is what each loses against lossless samples: detector and sorter differ without
    any loss, too.
    """
    told = []
    best = _best(results, (row for row in rows if _projects(row)))
    if best is None:
        return []
    for bits, kind in KINDS.items():
        rival = _best(results, (r for r in rows if not _projects(r) and r.kind == bits))
        if rival is None:
            if bits == Bits.LINK:
                told.append(f"{noise_uv:g} uV, {target:g}:1, {kind}: no other family is there.")
            continue
        margin = 100 * (results.lost(best) - results.lost(rival))
        if margin > 0:
            verdict = f"{_name(rival)} WINS over the best projection by {margin:.1f} points"
        elif margin < 0:
            verdict = f"the best projection wins over {_name(rival)} by {-margin:.1f} points"
        else:
            verdict = f"{_name(rival)} and the best projection are equal"
        told.append(
            f"{noise_uv:g} uV, {target:g}:1, {kind}: {verdict} ({_figures(results, best)}; "
            f"{_figures(results, rival)})."
        )
    return told


def _verdict(results: Results, rows: list[Row], noise_uv: float, target: float) -> list[str]:
    """Tell whether the best projection on traces and by the detector meets the targets."""
    told = []
    for way in ("detector", "sorter"):
        best = _best(results, (r for r in rows if _projects(r) and r.sorted_by == way))
        reference = best and results.lossless(best)
        if best is None or reference is None or target not in EXTRA:
            continue
        extra = results.lost(best)
        above = f"{_percent(reference)}, {100 * extra:+.1f} points"
        met = extra <= EXTRA[target] + ROUNDING and best.spikes.error <= MOST.get(target, 1.0)
        told.append(
            f"{noise_uv:g} uV, {target:g}:1, {way}: {_name(best)} {_percent(best)}, lossless "
            f"{above}: target {'met' if met else 'MISSED'} (at most "
            f"{100 * EXTRA[target]:g} points)."
        )
    return told


def _name(row: Row) -> str:
    return row.family if row.recovery == "sorter" else f"{row.family} ({row.recovery})"


def _figures(results: Results, row: Row) -> str:
    lost = f"{100 * results.lost(row):+.1f} over lossless"
    return f"{_name(row)} {row.bits:.2f} b/S, {lost}, {_percent(row)}"


def _percent(row: Row) -> str:
    told = f"{100 * row.spikes.error:.1f} %"
    if row.spikes.precision < DOUBTFUL:
        told += f", but only {100 * row.spikes.precision:.0f} % of what it finds is a spike"
    return told
