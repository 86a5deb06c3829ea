"""What benches leave behind: JSON for scripts, a document, tables on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console

from ..host.report.grid import Grid
from ..host.report.provenance import machine, today, versions
from . import tables
from .bench import Bench
from .methods import METHODS
from .projection.report import tables as lossy_tables
from .remarks import remarks

SCHEMA = 2  # of the JSON
_PACKAGES = ("probecodec", "numpy", "numba", "scipy", "scikit-learn", "PyWavelets", "torch")


def tools() -> dict[str, str | None]:
    """Return the versions of packages and of the methods' tools; None where one is missing."""
    methods = {method.needs: method for _, method in METHODS.values()}
    found = {
        needs: None if method.missing() else method.version() for needs, method in methods.items()
    }
    return versions(_PACKAGES) | found


def as_json(benches: Iterable[Bench], command: Sequence[str]) -> dict[str, Any]:
    """Return everything: results, machine, versions, command line."""
    return {
        "schema": SCHEMA,
        "command": list(command),
        "date": today(),
        "machine": machine(),
        "versions": tools(),
        "benches": [bench.as_json() | {"remarks": remarks(bench)} for bench in benches],
    }


def grids(bench: Bench, *, brief: bool = False) -> Iterator[Grid]:
    """Yield the tables of one recording."""
    yield tables.lossless(bench, brief=brief)
    yield tables.entropies(bench)
    if bench.lossy is not None:
        yield from lossy_tables(bench.lossy)


def show(benches: Sequence[Bench]) -> None:
    """Print tables and remarks."""
    # A pipe has no width of its own; the tables need more than the 80 columns it would be given.
    console = Console(width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 150)
    for bench in benches:
        for grid in grids(bench, brief=True):
            console.print(grid.rich())
        for line in remarks(bench):
            console.print(f"- {line}", markup=False, highlight=False)
    console.print(tables.summary(benches).rich())


def document(benches: Sequence[Bench], command: Sequence[str], picture: str) -> str:
    """Return the tables as a Markdown document; ``picture`` is a file beside it."""
    made = ", ".join(f"{name} {number}" for name, number in tools().items() if number)
    where = machine()
    lines = [
        "# Benchmarks",
        f"Made on {today()} by `{' '.join(command)}` on {where['cores']} cores "
        f"({where['processor']}, {where['platform']}, Python {where['python']}) with {made}.",
        f"![size of each method, recording by recording]({picture})",
    ]
    both = [(tables.summary(benches), []), (tables.works(), [])]
    both += [
        (grid, remarks(bench) if n == 0 else [])
        for bench in benches
        for n, grid in enumerate(grids(bench))
    ]
    for grid, told in both:
        lines += [f"## {grid.title}", "\n".join(f"- {line}" for line in told), grid.markdown()]
    return "\n\n".join(line.strip() for line in lines if line.strip()) + "\n"
