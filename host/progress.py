"""The progress bar of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text


class _Rate(ProgressColumn):
    """Done per second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        for prefix, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
            if speed and speed >= factor:
                return Text(f"{speed / factor:.1f} {prefix}{self._unit}/s")
        return Text(f"{speed:.0f} {self._unit}/s" if speed else "")


@contextmanager
def progress_bar(label: str, unit: str = "frames") -> Iterator[Callable[[int, int], None]]:
    """Show a bar, rate and time left on stderr where that is a terminal.

    Yields ``progress(done, total)``, in ``unit``.
    """
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), _Rate(unit))
    with Progress(
        *columns, console=console, transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def step_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show one bar, which tells the step under way, on stderr where that is a terminal.

    Yields ``progress(step, done, total)``.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(
            task, description=step, completed=done, total=total
        )
