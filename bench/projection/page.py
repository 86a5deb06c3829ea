"""One HTML page of an evaluation, pictures within."""

from __future__ import annotations

from collections.abc import Sequence

from ...host.report import page as html
from .families import FAMILIES
from .notes import notes
from .plots import error_curves, waveforms
from .report import tables
from .result import Results


def page(results: Results, command: Sequence[str]) -> bytes:
    """Return the page, UTF-8: notes, pictures, all rows, and how each family's bits count."""
    body = [html.heading("What lossy coding costs a spike sorter", 1)]
    body += [html.verbatim(" ".join(command)), html.bullets(notes(results))]
    body.append(html.picture(error_curves(results, "svg"), "errors over bits"))
    body += [html.picture(waveforms(one, "svg"), "mean spikes") for one in results.waveforms]
    body += map(html.table, tables(results))
    body.append(
        html.bullets(f"{name}: {one.title}; bits: {one.kind}" for name, one in FAMILIES.items())
    )
    return html.page("probecodec projection", body).encode()
