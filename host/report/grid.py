"""A table: one content for the terminal, Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.markup import escape
from rich.table import Table

PROSE = ("method", "source", "what", "", "link", "status", "setting", "settings", "tool", "note")
"""Headings of columns that are read, not compared: left-aligned, and broken where they are long."""


@dataclass(frozen=True)
class Grid:
    """A table's content, plain text; ``note`` stands below it.

    Rows whose numbers are in ``bold`` stand out.
    """

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""
    bold: frozenset[int] = frozenset()

    def turned(self) -> Grid:
        """Return it with rows as columns."""
        heads, *lines = zip(self.headings, *self.rows, strict=True)
        return Grid(self.title, heads, [tuple(line) for line in lines], self.note)

    def rich(self) -> Table:
        """Return it for the terminal."""
        table = Table(box=box.SIMPLE, title=escape(self.title), title_justify="left")
        for n, heading in enumerate(self.headings):
            wide = n == len(self.headings) - 1 and heading in PROSE
            justify = "right" if n and not wide else "left"
            table.add_column(escape(heading), justify=justify, overflow="fold")
        for n, row in enumerate(self.rows):
            table.add_row(*map(escape, row), style="bold" if n in self.bold else None)
        table.caption, table.caption_justify = escape(self.note), "left"
        return table

    def markdown(self) -> str:
        """Return it as Markdown, a heading not included."""
        rows = [tuple(map(markdown, row)) for row in self.rows]
        for n in self.bold:
            rows[n] = tuple(f"**{cell}**" if cell else "" for cell in rows[n])
        lines = [tuple(map(markdown, self.headings)), ("---",) * len(self.headings), *rows]
        text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return text + (f"\n\n{self.note}\n" if self.note else "\n")


def markdown(text: str) -> str:
    """Return text of a cell or a heading, which neither Markdown nor HTML reads as markup."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())
