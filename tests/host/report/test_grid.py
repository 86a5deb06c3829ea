"""A table in its three forms: what is in a cell stays text."""

import io
import re

from rich.console import Console

from probecodec.host.report.grid import Grid


class TestForms:
    GRID = Grid("[b]t[/]", ("a|b", "c"), [("x|y", "<i>&"), ("[red]z", "line\nbreak")], "n")

    def test_markdown(self):
        lines = self.GRID.markdown().splitlines()
        assert lines[0] == "| a\\|b | c |" and lines[1] == "| --- | --- |"
        assert lines[2] == "| x\\|y | &lt;i>&amp; |" and lines[3] == "| [red]z | line break |"
        assert lines[-1] == "n"
        assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines[:4])

    def test_bold_rows(self):
        grid = Grid("t", ("a", "b"), [("1", ""), ("2", "3")], bold=frozenset({1}))
        assert grid.markdown().splitlines()[2:4] == ["| 1 |  |", "| **2** | **3** |"]

    def test_turned(self):
        grid = Grid("t", ("a", "b"), [("1", "2"), ("3", "4")], "n").turned()
        assert grid.headings == ("a", "1", "3") and grid.rows == [("b", "2", "4")]

    def test_terminal_shows_markup_as_it_is(self):
        console = Console(file=io.StringIO(), width=80)
        console.print(self.GRID.rich())
        told = console.file.getvalue()
        assert "[red]z" in told and "[b]t[/]" in told and "x|y" in told
