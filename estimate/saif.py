"""Reads SAIF, the Switching Activity Interchange Format of IEEE 1801, as Verilator writes it.

Of each bit of each signal it holds for how long it was 0 and 1 and how often it changed.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import NamedTuple

from ..golden.errors import ToolError

_NET = re.compile(
    r" *\((\S+) \(T0 (\d+)\) \(T1 (\d+)\) \(TZ (\d+)\) \(TX (\d+)\) \(TB \d+\) \(TC (\d+)\)\)"
)
_OPENING = re.compile(r" *\((SAIFILE|NET|INSTANCE (\S+))")
_HEADER = re.compile(r"//.*| *\([A-Z_]+ .*\)| *")
_DURATION = re.compile(r" *\(DURATION (\d+)\)")
_ESCAPE = re.compile(r"\\(.)")


class Net(NamedTuple):
    """One bit of a signal.

    Attributes
    ----------
    path : str
        Instances from the top on: ``"TOP/bulk/encoder"``.
    name : str
        With its index where the signal has more bits: ``"word[3]"``.
    toggles : int
        Changes, of either direction (TC).
    high : int
        Units of time for which it was 1 (T1).
    """

    path: str
    name: str
    toggles: int
    high: int


class Saif(NamedTuple):
    """A SAIF file: its duration in units of time, and all its nets."""

    duration: int
    nets: list[Net]


def read(path: Path) -> Saif:
    """Read the SAIF file ``path``, which may be compressed (``.gz``).

    Raises
    ------
    ToolError
        Where it cannot be read, is not SAIF, or was cut short; with the line.
    """

    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ToolError(f"{path} cannot be read as SAIF: {error}") from error
    duration, number = 0, 0
    nets: list[Net] = []
    levels: list[str] = []  # of what is open, the path around it
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NET.fullmatch(line):
            name, *numbers = match.groups()
            low, high, floating, unknown, toggles = map(int, numbers)
            if low + high + floating + unknown != duration:
                raise _damaged(path, number, "the times of a net do not sum up to the duration")
            if "\\" in name:
                name = _ESCAPE.sub(r"\1", name)
            nets.append(Net(here, name, toggles, high))
        elif line.strip() == ")" and levels:
            here = levels.pop()
        elif match := _OPENING.fullmatch(line):
            levels.append(here)
            if match[2]:
                here = f"{here}/{match[2]}".lstrip("/")
        elif match := _DURATION.fullmatch(line):
            duration = int(match[1])
        elif not _HEADER.fullmatch(line):
            raise _damaged(path, number, "this is not SAIF")
    if levels or not nets or not duration:
        raise _damaged(path, number, "the file ends too early")
    return Saif(duration, nets)


def _damaged(path: Path, number: int, why: str) -> ToolError:
    return ToolError(f"{path}, line {number}: {why}; have the simulation write it anew")
