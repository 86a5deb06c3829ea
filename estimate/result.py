"""Figures with error bars, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A number as far as it is known.

    Attributes
    ----------
    value : float, optional
        In SI units (W, J, s, Hz), areas in µm²; None where it is unknown, which is not zero.
    low, high : float, optional
        Error bars; None where nothing is stated.
    method : str
        How it was found, or why it is unknown.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""

    @property
    def is_known(self) -> bool:
        """Is there a value?"""
        return self.value is not None

    def times(self, factor: float, method: str = "") -> Figure:
        """Return the figure, its error bars included, times a positive number."""
        scaled = (None if x is None else x * factor for x in (self.value, self.low, self.high))
        return Figure(*scaled, method=method or self.method)

    def as_json(self) -> dict[str, Any]:
        """Return the figure as JSON holds it."""
        return {"value": self.value, "low": self.low, "high": self.high, "method": self.method}


def unknown(why: str) -> Figure:
    """Return a figure that nobody knows."""
    return Figure(None, method=why)


def within(value: float, share: float, method: str) -> Figure:
    """Return ``value`` ± ``share`` of it."""
    return Figure(value, value * (1 - share), value * (1 + share), method)


def total(parts: Mapping[str, Figure] | Iterable[tuple[str, Figure]]) -> Figure:
    """Return the sum; unknown where a part is, with what is known as its lower end.

    Errors of parts are taken to go together: the bars add up.
    """
    figures = dict(parts)
    known = [figure for figure in figures.values() if figure.is_known]
    value = sum(figure.value or 0.0 for figure in known)
    low = sum(f.value or 0.0 if f.low is None else f.low for f in figures.values())
    missing = [name for name, figure in figures.items() if not figure.is_known]
    if missing:
        return Figure(None, low, None, f"unknown: {', '.join(missing)}")
    high = sum(f.value or 0.0 if f.high is None else f.high for f in known)
    return Figure(value, low, high, "sum")
