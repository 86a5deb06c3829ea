"""The picture book: benches as one HTML page, for the screen and for print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..host.report import page as html
from ..host.report.provenance import machine, today
from . import pictures, tables
from .bench import Bench
from .projection.notes import notes
from .projection.plots import rate_distortion
from .projection.report import claims
from .projection.report import tables as lossy_tables
from .remarks import remarks
from .report import tools

_QUESTION = (
    "How small do lossless methods make these recordings, how fast, and what do lossy ones lose at "
    "equal bits? Everything was measured side by side in one run; the column equal tells which "
    "lossless methods gave back what they were given."
)


def book(benches: Sequence[Bench], command: Sequence[str]) -> str:
    """Return the page."""
    body = [html.heading("The picture book of probecodec", 1), html.paragraph(_QUESTION)]
    if len(benches) > 1:
        body.append(html.picture(pictures.overview(benches, "svg"), "sizes over all recordings"))
    body.append(html.table(tables.summary(benches)))
    for bench in benches:
        body += _chapter(bench)
    body += [html.heading("Published figures"), html.table(tables.works())]
    where = machine()
    made = [f"{name} {number or 'not installed'}" for name, number in tools().items()]
    made += [f"Python {where['python']}", f"{where['processor']}, {where['cores']} cores"]
    made += [str(where["platform"]), today()]
    body += [html.heading("How it was made"), html.verbatim(" ".join(command))]
    body.append(html.paragraph("; ".join(made), note=True))
    return html.page("probecodec bench", body)


def _chapter(bench: Bench) -> Iterator[str]:
    """One recording."""
    yield html.heading(bench.title)
    yield html.bullets(remarks(bench))
    yield html.heading("The recording", 3)
    yield html.picture(pictures.traces(bench.recording, "svg"), "neighbouring channels")
    yield html.picture(pictures.histograms(bench, "svg"), "histograms with entropies")
    yield html.table(tables.entropies(bench))
    yield html.heading("Size", 3)
    yield html.picture(pictures.sizes(bench, "svg"), "bits a sample of every method")
    yield html.picture(pictures.channels(bench, "svg"), "bits a sample along the probe")
    yield html.heading("Speed against size", 3)
    yield html.picture(pictures.speeds(bench, "svg"), "size over speed")
    yield html.table(tables.lossless(bench))
    if bench.lossy is not None:
        yield html.heading("Lossy, at equal bits", 3)
        yield html.picture(rate_distortion(bench.lossy, "svg"), "rate and distortion")
        yield html.bullets(notes(bench.lossy))
        yield from map(html.table, [*lossy_tables(bench.lossy), claims(bench.lossy)])
