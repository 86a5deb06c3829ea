"""Options of the verb ``estimate``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ..host.options import gather

_PATH = click.Path(path_type=Path)


class Finite(click.FloatRange):
    """A range of numbers that are some."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


def _numbers(names: str | None) -> tuple[int, ...] | None:
    """The whole numbers of a comma-separated list."""
    if names is None:
        return None
    try:
        numbers = tuple(int(name) for name in names.split(","))
    except ValueError:
        raise click.BadParameter(f"{names!r} is no list of channel counts, as 64,384") from None
    if min(numbers) < 1:
        raise click.BadParameter("channel counts begin at 1")
    return numbers


# A verb gets ``files``: what is written beside the tables, by kind.
file_options = gather(
    "files",
    {
        "html": click.option(
            "--html", type=_PATH, metavar="FILE", help="Write a report that needs no network."
        ),
        "markdown": click.option(
            "--markdown", type=_PATH, metavar="FILE", help="Write the tables as Markdown."
        ),
        "pictures": click.option(
            "--pictures", type=_PATH, metavar="DIR", help="Write the plots, .png and .svg."
        ),
        "sheet": click.option(
            "--sheet",
            type=_PATH,
            metavar="FILE",
            help="Write what a vendor's power estimator asks for, .csv; of one --board.",
        ),
        "keep": click.option(
            "--keep", type=_PATH, metavar="DIR", help="Copy the tools' own reports there."
        ),
    },
)

# A verb gets ``system``: what stands around the encoder.
system_options = gather(
    "system",
    {
        "link_pj": click.option(
            "--link-energy",
            "link_pj",
            type=Finite(0),
            metavar="PJ",
            help="Energy of your link, or of writing to your card, in pJ a bit.",
        ),
        "battery_mwh": click.option(
            "--battery",
            "battery_mwh",
            type=Finite(0, min_open=True),
            metavar="MWH",
            help="Battery of an untethered logger; with --link-energy, how long it lasts.",
        ),
        "front_end_uw": click.option(
            "--front-end",
            "front_end_uw",
            type=Finite(0),
            metavar="UW",
            help="Amplifier and ADC of one channel, µW; with --battery.  [default: 10]",
        ),
        "base_mw": click.option(
            "--base",
            "base_mw",
            type=Finite(0),
            metavar="MW",
            help="What else the logger always takes, mW; with --battery.  [default: 0]",
        ),
        "storage_gb": click.option(
            "--storage",
            "storage_gb",
            type=Finite(0, min_open=True),
            metavar="GB",
            help="The logger's card; with --battery.",
        ),
        "sweep": click.option(
            "--sweep",
            metavar="A,B,…",
            callback=lambda context, option, names: _numbers(names),
            help="Also these channel counts on the first target, in tiny and the preset chosen, at "
            "one cycle a sample and at four, with and without a clock that rests between samples.",
        ),
    },
)
