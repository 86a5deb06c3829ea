"""What benches leave behind: JSON for scripts, a document, tables on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from ..host.report.grid import Grid, markdown
from ..host.report.provenance import machine, today, versions
from . import tables
from .bench import Bench
from .methods import METHODS
from .projection.notes import notes
from .projection.report import claims
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


def parts(bench: Bench, *, brief: bool = False) -> Iterator[tuple[Grid, list[str]]]:
    """Yield the tables of one recording, each with sentences; ``brief`` for a terminal."""
    yield tables.lossless(bench, brief=brief), remarks(bench)
    yield tables.entropies(bench), []
    if bench.lossy is not None:
        told = notes(bench.lossy)
        for grid in lossy_tables(bench.lossy):
            yield replace(grid, title=f"Lossy: {bench.stem}: {grid.title}"), told
        yield replace(claims(bench.lossy), title=f"Published ratios: {bench.stem}"), []


def show(benches: Sequence[Bench]) -> None:
    """Print tables and sentences."""
    # A pipe has no width of its own; the tables need more than the 80 columns it would be given.
    console = Console(width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 150)
    for bench in benches:
        for grid, told in parts(bench, brief=True):
            console.print(grid.rich())
            for line in told:
                console.print(f"- {line}", markup=False, highlight=False)
    console.print(tables.summary(benches).rich())


def document(benches: Sequence[Bench], command: Sequence[str], picture: str) -> str:
    """Return the tables as a Markdown document; ``picture`` is a file beside it."""
    made = ", ".join(f"{name} {number}" for name, number in tools().items() if number)
    where, told = machine(), " ".join(command).replace("`", "'").replace("\n", " ")
    lines = [
        "# Benchmarks",
        f"Made on {today()} by `{told}` on {where['cores']} cores "
        f"({where['processor']}, {where['platform']}, Python {where['python']}) with {made}.",
        f"![size of each method, recording by recording, in % of the best not ours]({picture})",
    ]
    whole = [(tables.summary(benches), [])]
    whole += [part for bench in benches for part in parts(bench)]
    for grid, sentences in [*whole, (tables.works(), [])]:
        lines.append(f"## {markdown(grid.title)}")
        lines += ["\n".join(f"- {markdown(line)}" for line in sentences), grid.markdown()]
    return "\n\n".join(line.strip() for line in lines if line.strip()) + "\n"
