"""One HTML page of an evaluation, pictures within."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from .families import FAMILIES
from .notes import notes
from .plots import error_curves, waveforms
from .report import HEADINGS, LEGEND, cells
from .result import Results

_STYLE = """body{font:14px sans-serif;margin:2em;max-width:75em}table{border-collapse:collapse}
td,th{padding:.15em .6em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,td:nth-child(2),td:last-child{text-align:left}img{max-width:100%}"""


def page(results: Results, command: Sequence[str]) -> bytes:
    """Return the page, UTF-8: notes, pictures, all rows, and how each family's bits count."""
    pictures = [error_curves(results), *map(waveforms, results.waveforms)]
    headings = ["family", "recovery", *(h.replace("\n", " ") for h in HEADINGS), "setting"]
    body = ["<h1>What lossy coding costs a spike sorter</h1>", f"<pre>{_text(command)}</pre>"]
    body += ["<ul>", *(f"<li>{escape(note)}</li>" for note in notes(results)), "</ul>"]
    body += [f'<p><img alt="" src="{_data(png)}"></p>' for png in pictures]
    for noise_uv in dict.fromkeys(row.noise_uv for row in results.rows):
        body.append(f"<h2>Noise {noise_uv:g} µV</h2><table>{_line('th', headings)}")
        rows = (row for row in results.rows if row.noise_uv == noise_uv)
        body += [_line("td", cells(results, row)) for row in rows]
        body.append("</table>")
    body.append(f"<p>{escape(LEGEND)}</p><ul>")
    for name, family in FAMILIES.items():
        kind = "link bits" if family.link else "an entropy"
        body.append(f"<li>{name}: {escape(family.title)}; {kind}</li>")
    body.append("</ul>")
    head = f'<meta charset="utf-8"><title>probecodec projection</title><style>{_STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{''.join(body)}</body></html>\n".encode()


def _line(tag: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"


def _text(command: Sequence[str]) -> str:
    return escape(" ".join(command))


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
