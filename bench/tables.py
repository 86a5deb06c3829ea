"""What a bench tells, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from ..host.report.grid import Grid
from . import published
from .bench import Bench
from .result import Kind, Result

REFERENCE = "gzip-6"  # whose speed is 1: it is on every machine
_OF = {
    Kind.STUDY: "study",
    Kind.PROPOSED: "proposed by it",
    Kind.PEER: "peer",
    Kind.OURS: "this project",
}
_HEADINGS = (
    "method", "of", "b/S", "to int16", "to ADC", "published", "encode MB/s", "× gzip",
    "decode MB/s", "× gzip", "MB", "equal", "setting",
)  # fmt: skip
_NOTE = (
    "b/S: bits a sample, everything that decoding needs counted. to int16, to ADC: 16 bits, and "
    "the ADC's, over that; published: the study's ratio to int16 on a recording of its own. "
    "MB/s: of int16, one thread; compare machines by × gzip. MB: peak memory beside the "
    "recording. equal: decoded and compared."
)


def lossless(bench: Bench, *, brief: bool = False) -> Grid:
    """One row for each lossless method; the smallest of ours, and of all others, stand out.

    ``brief`` leaves out settings, for which a terminal has no room.
    """
    reference = next((r for r in bench.results if r.method == REFERENCE), None)
    best = [bench.best(ours=ours) for ours in (True, False)]
    rows = [_row(result, reference) for result in bench.results]
    notes = [f"{r.method}: {r.note}" for r in bench.results if r.note]
    bold = frozenset(n for n, r in enumerate(bench.results) if any(r is one for one in best))
    shown = len(_HEADINGS) - brief
    return Grid(
        f"Lossless: {bench.title}",
        _HEADINGS[:shown],
        [row[:shown] for row in rows],
        "\n".join([*notes, _NOTE]),
        bold,
    )


def _row(r: Result, reference: Result | None) -> tuple[str, ...]:
    peaks = [mb for mb in (r.encode_peak_mb, r.decode_peak_mb) if mb is not None]
    encode = reference and reference.encode_mb_s
    decode = reference and reference.decode_mb_s
    return (
        r.method,
        _OF[r.kind],
        number(r.bits_per_sample, 3),
        number(r.ratio_int16, 2),
        number(r.ratio_adc, 2),
        number(published.study().get(r.method), 2) if r.kind == Kind.STUDY else "",
        number(r.encode_mb_s, 1),
        _over(r.encode_mb_s, encode),
        number(r.decode_mb_s, 1),
        _over(r.decode_mb_s, decode),
        number(max(peaks, default=None), 0),
        "NO" if r.failed else "–" if r.passed is None else "yes",
        r.about,
    )


def entropies(bench: Bench) -> Grid:
    """First-order entropies, as the study counts them and channel by channel."""
    rows = [
        (
            name,
            number(one.pooled, 2),
            _over(16.0, one.pooled),
            number(one.mean, 2),
            _over(16.0, one.mean),
        )
        for name, one in bench.entropies.by_name().items()
    ]
    headings = ("of", "all channels together", "to int16", "each channel's own", "to int16")
    note = (
        "Bits a sample; no coder that takes samples as independent goes below. "
        + published.nats_note()
    )
    return Grid(f"First-order entropies: {bench.title}", headings, rows, note)


def summary(benches: Sequence[Bench]) -> Grid:
    """One row for each recording."""
    methods = list(dict.fromkeys(r.method for b in benches for r in b.results if r.ours))
    headings = ("recording", "clip", "ADC", *methods, "best other", "b/S", "smaller by")
    rows = []
    for bench in benches:
        bits = {r.method: r.bits_per_sample for r in bench.results}
        other, gain = bench.best(ours=False), bench.gain_percent
        rows.append(
            (
                bench.stem,
                bench.clip,
                f"{bench.recording.sample_bits} bit",
                *(number(bits.get(method), 3) for method in methods),
                other.method if other else "–",
                number(other and other.bits_per_sample, 3),
                "–" if gain is None else f"{gain:.1f} %",
            )
        )
    note = (
        "Bits a sample, all packet overhead counted. smaller by: the smallest of ours against the "
        "smallest of all others. Clips are short: what is learned at their beginning weighs more "
        "than in hours."
    )
    return Grid("Bits per sample", headings, rows, note)


def works() -> Grid:
    """Published lossless figures, on recordings of their own."""
    rows = [
        (work.name, work.data, number(work.ratio, 2), number(16 / work.ratio, 2), work.source)
        for work in published.works()
    ]
    headings = ("system", "recording", "to int16", "b/S", "source")
    note = "As published; other recordings than ours, so no comparison."
    return Grid("Published figures", headings, rows, note)


def number(value: float | None, digits: int) -> str:
    """A number, or a dash where it is not known."""
    return "–" if value is None else f"{value:.{digits}f}"


def _over(value: float | None, reference: float | None) -> str:
    if not value or not reference:
        return "–"
    ratio = value / reference
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
