"""Registers and memories of a core, found in the Verilog that Yosys writes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..boards.verilog import TOP

_MODULE = re.compile(r"(?m)^module \\?(\S+?) ?\(")
_NAME = r"(\\\S+ |\w+)"
_MEMORY = re.compile(rf"(?m)^  reg \[(\d+):0\] {_NAME}\s*\[(\d+):0\];")
# Only what follows a rising edge is assigned by "<=" at the start of a statement.
_REGISTER = re.compile(rf"(?m)^ +{_NAME}\s*<= (.*);$")
_CONDITION = r"(?:if \((.+?)\s*\)(?: begin)?\n +)?"
_WRITE = re.compile(rf"(?m)^ +{_CONDITION}{_NAME}\s*\[.*?\] <= ")
_READ = re.compile(rf"(?m)^ +{_CONDITION}_\d+_ <= {_NAME}\s*\[")


class Memory(NamedTuple):
    """A memory: its instance's path, name, size, and what enables each port ("1": always)."""

    path: str
    name: str
    words: int
    bits: int
    reads: list[str]
    writes: list[str]


def find_registers(verilog: str) -> dict[str, set[str]]:
    """Return each instance's registers by its path; output registers of memories are not among."""
    return {
        path: {
            _plain(name)
            for name, source in _REGISTER.findall(body)
            if not re.fullmatch(r"_\d+_", name)
        }
        for path, body in _modules(verilog)
    }


def find_memories(verilog: str) -> list[Memory]:
    """Return all memories, in the order of the text."""
    found = []
    for path, body in _modules(verilog):
        for width, name, depth in _MEMORY.findall(body):
            reads = [enable for enable, read in _READ.findall(body) if read == name]
            writes = [enable for enable, written in _WRITE.findall(body) if written == name]
            found.append(
                Memory(
                    path,
                    _plain(name),
                    int(depth) + 1,
                    int(width) + 1,
                    [_plain(enable) or "1" for enable in reads],
                    [_plain(enable) or "1" for enable in writes],
                )
            )
    return found


def _modules(verilog: str) -> Iterator[tuple[str, str]]:
    """Paths below the top and bodies: Amaranth names modules by their place."""
    parts = _MODULE.split(verilog)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        yield name.removeprefix(TOP).lstrip("."), body


def _plain(name: str) -> str:
    return name.removeprefix("\\").replace(" ", "")
