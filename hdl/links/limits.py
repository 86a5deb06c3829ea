"""What parameters of links and front ends may be, told before anything is built."""

from __future__ import annotations

from typing import Any

from ...golden.errors import require

LEAST_DEPTH, MOST_DEPTH = 8, 4096  # below, pointers' way across the clocks costs throughput
LONGEST_WAIT = 1 << 24  # cycles


def shown(value: Any, most: int = 40) -> str:
    """Return ``repr(value)``, cut to ``most`` characters."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def is_whole(value: Any) -> bool:
    """Is it a whole number? ``True`` and ``False`` are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise `ConfigError` unless parameter ``name`` is a whole number from ``low`` to ``high``."""
    require(
        is_whole(value) and low <= value <= high,
        f"{name} must be a whole number from {low} to {high}, not {shown(value)}",
    )


def check_depth(depth: Any) -> None:
    """Raise `ConfigError` unless an asynchronous FIFO may have this depth."""
    check_whole("depth", depth, LEAST_DEPTH, MOST_DEPTH)
