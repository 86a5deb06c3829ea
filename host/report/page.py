"""One HTML page: tables, pictures and lists, all in one file; for the screen and for print."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from .grid import PROSE, Grid

_STYLE = """
body{font:15px/1.45 sans-serif;color:#222;background:#fff;margin:1.5em auto;max-width:62em;
padding:0 1em}
h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2em}h3{font-size:1em;margin-bottom:.3em}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.87em}
th,td{padding:.25em .7em;text-align:right;border-bottom:1px solid #ddd;vertical-align:top}
th{border-bottom:2px solid #888;text-align:right}
td{white-space:nowrap}.text,th:first-child,td:first-child{text-align:left;white-space:normal}
.text{min-width:6em}.bold{font-weight:bold}
.note{color:#555;font-size:.87em}img{max-width:100%;height:auto}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.6em}
figure{margin:1em 0}
@media print{td{white-space:normal}.scroll{overflow:visible}
body{font-size:10pt;max-width:none;margin:0}
h2,h3{break-after:avoid}figure,tr{break-inside:avoid}}
"""
_NOTE, _BOLD = ' class="note"', ' class="bold"'


def page(title: str, body: Iterable[str]) -> str:
    """Return the page; ``body`` is HTML, ``title`` is not."""
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    text = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{text}</body></html>\n'


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, *, note: bool = False) -> str:
    """A paragraph, or a note in small print."""
    return f"<p{_NOTE if note else ''}>{escape(text)}</p>"


def verbatim(text: str) -> str:
    """A command line, say."""
    return f"<pre>{escape(text)}</pre>"


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def table(grid: Grid) -> str:
    """A table that scrolls by itself on a narrow screen."""
    kinds = [' class="text"' if heading in PROSE else "" for heading in grid.headings]

    def line(tag: str, cells: Sequence[str], bold: bool = False) -> str:
        made = zip(cells, kinds, strict=True)
        row = "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in made)
        return f"<tr{_BOLD if bold else ''}>{row}</tr>"

    rows = "\n".join(line("td", row, n in grid.bold) for n, row in enumerate(grid.rows))
    whole = f"<table>\n{line('th', grid.headings)}\n{rows}</table>" if grid.rows else ""
    note = paragraph(grid.note, note=True) if grid.note else ""
    return f'{heading(grid.title, 3)}<div class="scroll">{whole}</div>{note}'


def picture(svg: bytes, told: str) -> str:
    """An image of its own, so that the names inside no two pictures meet."""
    data = f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
    return f'<figure><img alt="{escape(told)}" src="{data}"></figure>'
