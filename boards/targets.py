"""The boards, by name."""

from __future__ import annotations

from ..golden.errors import ConfigError
from . import arty_a7, colorlight, cynthion, icebreaker, orangecrab, tang_nano_9k, ulx3s
from .board import Board

BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        icebreaker.BOARD,
        ulx3s.BOARD,
        ulx3s.LARGE,
        orangecrab.BOARD,
        orangecrab.LARGE,
        arty_a7.BOARD,
        colorlight.BOARD,
        cynthion.BOARD,
        tang_nano_9k.BOARD,
    )
}


def board(name: str) -> Board:
    """Return a board; raise ConfigError with all names where there is none such."""
    if name not in BOARDS:
        raise ConfigError(f"no board is named {name!r}; there are {', '.join(BOARDS)}")
    return BOARDS[name]
