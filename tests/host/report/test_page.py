"""The skeleton of pages: text stays text, tags close, nothing is fetched."""

from base64 import b64decode

from probecodec.host.report import page as html
from probecodec.host.report.grid import Grid

from .page_reader import Reader

EVIL = '<script>alert("1")</script>&'


def test_all_parts():
    grid = Grid(EVIL, ("a", "note"), [("1", EVIL), ("2", "x")], "below", frozenset({1}))
    body = [
        html.heading(EVIL, 1),
        html.paragraph(EVIL),
        html.paragraph("small", note=True),
        html.verbatim(EVIL),
        html.bullets([EVIL, "two"]),
        html.table(grid),
        html.picture(b"<svg/>", EVIL),
    ]
    read = Reader(html.page(EVIL, body))
    assert read.told.count(EVIL) == 7  # title, heading, paragraph, pre, list, table's title, cell
    assert "script" not in read.tags
    assert read.kinds.count(("tr", "bold")) == 1 and read.kinds.count(("p", "note")) == 2
    assert read.kinds.count(("td", "text")) == 2 and read.kinds.count(("li", None)) == 2
    (source,) = read.sources
    assert b64decode(source.removeprefix("data:image/svg+xml;base64,")) == b"<svg/>"


def test_a_table_without_rows_is_its_note():
    read = Reader(html.table(Grid("t", ("a",), [], "why")))
    assert "table" not in read.tags and "why" in read.told
