"""What is raised where a configuration cannot be, or a tool is missing."""

from __future__ import annotations

from typing import Any


class ConfigError(ValueError):
    """A configuration that cannot be built; the message says why and what to change."""


class ToolError(RuntimeError):
    """A tool is missing or failed; the message says what to do."""


def require(condition: bool, message: str) -> None:
    """Raise `ConfigError` unless ``condition`` holds."""
    if not condition:
        raise ConfigError(message)


def check_range(config: Any, name: str, low: int, high: int) -> None:
    """Require that field ``name`` of ``config`` is a whole number from ``low`` to ``high``."""
    value = getattr(config, name)
    require(
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"{name} must be a whole number from {low} to {high}, not {value!r}",
    )
