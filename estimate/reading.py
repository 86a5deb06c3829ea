"""Reading an estimate, and its numbers as text.

An estimate is a dict as JSON holds it: target, kind (``fpga`` or ``asic``), preset, channels,
sample_bits, rate_hz, clock_hz, resources {name: {used, there}}, stages {stage: {name: number}},
fmax_hz [of each seed], power {part: figure}, energy_per_sample_j (figure), bits_per_sample,
area_um2, kgates, node_nm. What is missing is unknown, and is told as such.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .result import Figure, total, unknown

Estimate = Mapping[str, Any]
UNKNOWN = "unknown"
# Resources of an FPGA as text.
NAMES = {
    "luts": "LUTs",
    "flip_flops": "FFs",
    "block_rams": "block RAMs",
    "memory_bits": "memory bits",
}
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def figure_of(item: Any) -> Figure:
    """Read a figure as JSON holds it; a plain number is one without error bars."""
    if isinstance(item, Figure):
        return item
    if isinstance(item, Mapping):
        names = ("value", "low", "high")
        return Figure(*(item.get(name) for name in names), method=item.get("method") or "")
    return unknown("not estimated") if item is None else Figure(float(item))


def parts_of(estimate: Estimate) -> dict[str, Figure]:
    """Return the power of each part, a total left out."""
    power = estimate.get("power") or {}
    return {part: figure_of(figure) for part, figure in power.items() if part != "total"}


def power_of(estimate: Estimate) -> Figure:
    """Return the power in all."""
    power = estimate.get("power") or {}
    if "total" in power:
        return figure_of(power["total"])
    return total(parts_of(estimate)) if power else unknown("not estimated")


def si(value: float | None, unit: str, digits: int = 3) -> str:
    """Return a number with an SI prefix: 0.00123, W → 1.23 mW."""
    if value is None:
        return UNKNOWN
    power = _power(value, digits)
    return f"{_plain(value / 10.0**power, digits)} {_PREFIXES[power]}{unit}"


def text(figure: Figure, unit: str) -> str:
    """Return a figure with its error bars, in the unit of its value: 1.23 mW (0.90 to 2.1)."""
    if figure.value is None:
        least = f", at least {si(figure.low, unit, 2)}" if figure.low else ""
        return UNKNOWN + least
    told = si(figure.value, unit)
    if figure.low == figure.high == figure.value:
        return told
    if figure.low is None or figure.high is None:
        return told if figure.high is None else f"≤ {told}"
    size = 10.0 ** _power(figure.value, 3)
    narrow = figure.high - figure.low < 0.2 * abs(figure.value)
    ends = [_plain(end / size, 3 if narrow else 2) for end in (figure.low, figure.high)]
    return f"{told} ({ends[0]} to {ends[1]})"


def area(estimate: Estimate) -> str:
    """Return the area, mm²."""
    figure = figure_of(estimate.get("area_um2"))
    ends = [None if x is None else x * 1e-6 for x in (figure.value, figure.low, figure.high)]
    if ends[0] is None:
        return UNKNOWN
    bars = "" if None in ends else f" ({_plain(ends[1], 2)} to {_plain(ends[2], 2)})"
    return f"{_plain(ends[0], 3)} mm²{bars}"


def speed(estimate: Estimate) -> str:
    """Return the fmax of the worst seed, and of the best; and that the clock is faster."""
    seeds = estimate.get("fmax_hz") or []
    if not seeds:
        return UNKNOWN
    low, high = si(slowest(estimate), "Hz"), si(max(seeds), "Hz")
    told = low if low == high else f"{low} (best {high})"
    return f"{told}: TOO SLOW" if is_late(estimate) else told


def slowest(estimate: Estimate) -> float | None:
    """Return the clock that every seed reaches; on a chip what is expected."""
    seeds = estimate.get("fmax_hz") or []
    low = figure_of(estimate.get("fmax")).low if estimate.get("kind") == "fpga" else None
    return low if low is not None else min(seeds, default=None)


def is_late(estimate: Estimate) -> bool:
    """Is the clock that was asked for more than the core reaches?"""
    reached, clock = slowest(estimate), estimate.get("clock_hz")
    return reached is not None and clock is not None and reached < clock * (1 - 1e-9)


def size(estimate: Estimate) -> str:
    """Return LUTs and what else an FPGA has, or an ASIC's gates and area."""
    if estimate.get("kind") == "asic":
        told = f"{number(estimate.get('kgates'))} kgates: cells {area(estimate)}"
        if "memory_um2" in estimate:
            told += f", memories {area({'area_um2': estimate['memory_um2']})}"
        return told
    used = (estimate.get("resources") or {}).items()
    cells = [
        f"{count(one.get('used'))} {NAMES.get(name, name)}"
        for name, one in used
        if one.get("used") != 0 and name != "carries"
    ]
    return ", ".join(cells) or UNKNOWN


def label(estimate: Estimate) -> str:
    """Return target, preset and channels."""
    told = [str(estimate.get(name, UNKNOWN)) for name in ("target", "preset")]
    channels = estimate.get("channels")
    return ", ".join(told) + (f", {channels} channels" if channels else "")


def _power(value: float, digits: int) -> int:
    """Return the prefix that suits a value, as a power of ten."""
    if value == 0 or not math.isfinite(value):
        return 0
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    return min(max(3 * math.floor(math.log10(rounded) / 3 + 1e-9), min(_PREFIXES)), max(_PREFIXES))


def _plain(number: float, digits: int) -> str:
    """Digits that count, without an exponent: 1.20, 12.0, 120."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    rounded = float(f"{number:.{digits - 1}e}")
    left = math.floor(math.log10(abs(rounded)) + 1e-9) + 1
    return f"{rounded:.{max(0, digits - left)}f}".replace("-", "−")


def number(value: Any) -> str:
    """Return a plain number or a figure, three digits."""
    figure = figure_of(value)
    if figure.value is None:
        return UNKNOWN
    return _plain(figure.value, 3)


def count(value: float | None) -> str:
    """Return a whole number, or a half, with commas."""
    return UNKNOWN if value is None else f"{value:,.10g}"
