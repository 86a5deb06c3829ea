"""The skeleton of pages: text stays text, tags close, nothing is fetched."""

from base64 import b64decode
from html.parser import HTMLParser

from probecodec.host.report import page as html
from probecodec.host.report.grid import Grid

EVIL = '<script>alert("1")</script>&'


class Reader(HTMLParser):
    """Checks that tags close in order; keeps tags, sources and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.sources, self.told = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes).get("class")))
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.told.append(data)


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
    assert "script" not in [tag for tag, _ in read.tags]
    assert read.tags.count(("tr", "bold")) == 1 and read.tags.count(("p", "note")) == 2
    assert read.tags.count(("td", "text")) == 2 and read.tags.count(("li", None)) == 2
    (source,) = read.sources
    assert b64decode(source.removeprefix("data:image/svg+xml;base64,")) == b"<svg/>"


def test_a_table_without_rows_is_its_note():
    read = Reader(html.table(Grid("t", ("a",), [], "why")))
    assert "table" not in [tag for tag, _ in read.tags] and "why" in read.told
