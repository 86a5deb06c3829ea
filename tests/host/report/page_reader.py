"""Reads an HTML page as a browser would, as far as tests need it."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Checks that tags close in order; keeps tags, their classes, sources and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.kinds, self.sources, self.told = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.kinds.append((tag, dict(attributes).get("class")))
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.told.append(data)

    @property
    def text(self):
        return " ".join(self.told)
