"""One HTML page of an evaluation, pictures within."""

from __future__ import annotations

from collections.abc import Sequence

from ...host.report import page as html
from ...host.report.grid import Grid
from .families import FAMILIES
from .notes import notes
from .plots import error_curves, waveforms
from .report import HEADINGS, LEGEND, cells
from .result import Results


def page(results: Results, command: Sequence[str]) -> bytes:
    """Return the page, UTF-8: notes, pictures, all rows, and how each family's bits count."""
    headings = ("family", "recovery", *(h.replace("\n", " ") for h in HEADINGS), "setting")
    body = [html.heading("What lossy coding costs a spike sorter", 1)]
    body += [html.verbatim(" ".join(command)), html.bullets(notes(results))]
    body.append(html.picture(error_curves(results, "svg"), "errors over bits"))
    body += [html.picture(waveforms(one, "svg"), "mean spikes") for one in results.waveforms]
    for noise_uv in dict.fromkeys(row.noise_uv for row in results.rows):
        rows = [cells(results, row) for row in results.rows if row.noise_uv == noise_uv]
        body.append(html.table(Grid(f"Noise {noise_uv:g} µV", headings, rows)))
    body.append(html.paragraph(LEGEND))
    kinds = {True: "link bits", False: "an entropy"}
    body.append(
        html.bullets(f"{name}: {one.title}; {kinds[one.link]}" for name, one in FAMILIES.items())
    )
    return html.page("probecodec projection", body).encode()
