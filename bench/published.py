"""Published figures of lossless coders (``published.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from math import log
from typing import Any

_TOLD: dict[str, Any] = tomllib.loads(files(__package__).joinpath("published.toml").read_text())
_STUDY = _TOLD["study"]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A coder on a recording; ``ratio`` is to int16."""

    name: str
    data: str
    ratio: float
    source: str


def study() -> dict[str, float]:
    """Return the study's ratios to int16, by the names of our rows."""
    return {row: _STUDY["megabytes"] / mb for row, mb in _STUDY["compressed_mb"].items()}


def works() -> list[Work]:
    """Return all: the study's, then others'."""
    about = {"data": _STUDY["data"], "source": _STUDY["source"]}
    own = [Work(name=row, ratio=ratio, **about) for row, ratio in study().items()]
    return own + [Work(**one) for one in _TOLD["work"]]


def nats_note() -> str:
    """Say why the study's entropies are quoted as they are."""
    nats = _STUDY["values_nats"], _STUDY["differences_nats"]
    bits = [n / log(2) for n in nats]
    bounds = [16 / b for b in bits]
    return (
        f"The study ({_STUDY['source']}) tells {nats[0]} of values and {nats[1]} of differences "
        "and calls them bits; the function that its code calls takes the natural logarithm, so "
        f"they are nats: {bits[0]:.2f} and {bits[1]:.2f} bits, bounds of {bounds[0]:.2f} and "
        f"{bounds[1]:.2f} to 1."
    )
