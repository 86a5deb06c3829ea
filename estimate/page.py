"""One HTML page of estimates: question, tables, pictures, notes; all in one file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from . import published, tables
from .comparison_plot import comparison
from .plots import power, resources, speed
from .published import Link, Work, works
from .reading import Estimate, label
from .remarks import remarks
from .system import Point
from .system_plots import channel_sweep, link_power

NOTES = (
    "An estimate, made before a chip is chosen: bars are where the truth is expected, not limits "
    "that are guaranteed. A figure of the tool or chip at hand always beats it.",
    "Unknown is not zero: where a part is unknown, so is the sum, and what is known is told as "
    "its lower end.",
    "Estimates are of the bare core. Pins, clock generators, regulators and the board come on top.",
    "Power is of measured activity: the core, driven by the recording that the command names.",
    "SRAM macros come from a model, held against published macros (estimate/sram.toml).",
    "Published energies stand as published. Scaled ones (∝ node × supply²; Stillmaker and Baas, "
    "Integration 58, 2017) are a rough picture with wide bars.",
)
_QUESTION = "What does the encoder cost on this chip, and does it pay in the system?"
_STYLE = """
body{font:15px/1.45 sans-serif;color:#222;background:#fff;margin:1.5em auto;max-width:62em;
padding:0 1em}
h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2em}h3{font-size:1em;margin-bottom:.3em}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.87em}
th,td{padding:.25em .7em;text-align:right;border-bottom:1px solid #ddd;vertical-align:top}
th{border-bottom:2px solid #888;text-align:right}
td{white-space:nowrap}.text,th:first-child,td:first-child{text-align:left;white-space:normal}
.text{min-width:6em}
.note{color:#555;font-size:.87em}img{max-width:100%;height:auto}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.6em}
figure{margin:1em 0}
@media print{td{white-space:normal}.scroll{overflow:visible}
body{font-size:10pt;max-width:none;margin:0}
h2,h3{break-after:avoid}figure,tr{break-inside:avoid}}
"""
_TEXT = ("method", "source", "what", "", "link", "status")  # columns that are read, not compared


def page(
    estimates: Sequence[Estimate],
    command: str,
    *,
    points: Sequence[Point] = (),
    versions: Mapping[str, str | None] | None = None,
    date: str = "",
    notes: Sequence[str] = (),
    links: Sequence[Link] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    estimates : sequence of mapping
        As `estimate.reading` describes them.
    command : str
        The command line that made them.
    points : sequence of Point
        A sweep, where there is one.
    versions : mapping, optional
        Tools and their versions.
    date : str
        When; left out where empty, so that the same estimates give the same page.
    notes : sequence of str
        Notes of this run, before the usual ones.
    links : sequence of Link
        To judge the system with; the usual ones where they are not given.
    """
    links = published.links() if links is None else links
    body = ["<h1>Estimate of the probecodec core</h1>", f"<p>{escape(_QUESTION)}</p>"]
    body += [_table(tables.overview(estimates))]
    if any(one.get("fmax_hz") for one in estimates):
        body += ["<h2>Speed</h2>", _picture(speed(estimates, "svg"), "fmax of each seed")]
    for one in estimates:
        body.append(f"<h2>{escape(label(one))}</h2>")
        if one.get("stages"):
            body.append(_picture(resources(one, "svg"), "resources of each stage"))
        if one.get("stages") or one.get("resources"):
            body.append(_table(tables.resources(one)))
        body.append(_list(remarks(one)))
        if one.get("power"):
            body.append(_picture(power(one, "svg"), "power of each part"))
            body.append(_table(tables.power(one)))
        if one.get("memories"):
            body.append(_table(tables.memories(one)))
        body.append(_table(tables.system(one, links)))
        if one.get("energy_per_sample_j") and one.get("bits_per_sample"):
            body.append(_picture(link_power(one, links, "svg"), "power over the link's energy"))
    if points:
        body += ["<h2>Channels and clocks</h2>", _picture(channel_sweep(points, "svg"), "sweep")]
        body.append(_table(tables.sweeping(points)))
    body.append("<h2>Beside published work</h2>")
    nodes = [
        one["node_nm"] for one in estimates if one.get("kind") == "asic" and one.get("node_nm")
    ]
    for per in ("sample", "bit"):
        picture = comparison(
            works(),
            published.compared(estimates),
            "svg",
            per=per,
            to_node_nm=min(nodes, default=None),
        )
        body.append(_picture(picture, f"energy of a {per} over node"))
    body.append(_table(tables.published(works(), estimates)))
    body += ["<h2>Notes</h2>", _list([*notes, *NOTES])]
    body.append("<h3>Sources of published figures</h3>")
    body.append(_list([_source(work) for work in works()]))
    body.append(_list([f"{link.name}: {link.source}" for link in links]))
    made = [f"{name} {version or 'unknown'}" for name, version in (versions or {}).items()]
    body += ["<h2>How it was made</h2>", f"<pre>{escape(command)}</pre>"]
    body.append(f'<p class="note">{escape("; ".join([*filter(None, [date]), *made]))}</p>')
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>probecodec estimate</title><style>{_STYLE}</style>"
    )
    text = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{text}</body></html>\n'


def _table(grid: tables.Grid) -> str:
    """A table that scrolls by itself on a narrow screen."""
    kinds = [' class="text"' if heading in _TEXT else "" for heading in grid.headings]

    def line(tag: str, cells: Sequence[str]) -> str:
        made = zip(cells, kinds, strict=True)
        return f"<tr>{''.join(f'<{tag}{kind}>{escape(cell)}</{tag}>' for cell, kind in made)}</tr>"

    rows = "\n".join(line("td", row) for row in grid.rows)
    table = f"<table>\n{line('th', grid.headings)}\n{rows}</table>" if grid.rows else ""
    note = f'<p class="note">{escape(grid.note)}</p>' if grid.note else ""
    return f'<h3>{escape(grid.title)}</h3><div class="scroll">{table}</div>{note}'


def _picture(svg: bytes, told: str) -> str:
    """An image of its own, so that the names inside no two pictures meet."""
    data = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    return f'<figure><img alt="{escape(told)}" src="{data}"></figure>'


def _source(work: Work) -> str:
    told = f"{work.name}: {work.source}"
    return f"{told} (second-hand: {', '.join(work.unverified)})" if work.unverified else told


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
