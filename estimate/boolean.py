"""Boolean functions as liberty files write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01()!'*&+|^])")
_INPUTS, _LENGTH = 12, 300
_LEVELS = ("+|", "*&", "^")  # from the loosest on; two operands side by side are an AND


def table(function: str, inputs: Sequence[str]) -> tuple[bool, ...] | None:
    """Return the values of ``function``, where input number n is bit n of the row's number.

    None where it has other inputs, or is no function.
    """
    tokens = []
    text = function.strip()
    if len(inputs) > _INPUTS or len(text) > _LENGTH:  # no cell that could be of use
        return None
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return None
        tokens.append(match[1])
        place = match.end()
    rows = []
    for row in range(1 << len(inputs)):
        values = {name: bool(row >> n & 1) for n, name in enumerate(inputs)}
        try:
            value, rest = _evaluate(tokens, values, 0)
        except (KeyError, IndexError):
            return None
        if rest:
            return None
        rows.append(value)
    return tuple(rows)


def _evaluate(tokens: list[str], values: dict[str, bool], level: int) -> tuple[bool, list[str]]:
    if level == len(_LEVELS):
        return _operand(tokens, values)
    value, tokens = _evaluate(tokens, values, level + 1)
    while tokens:
        beside = level == 1 and (tokens[0] in "(!01" or tokens[0][0].isalpha())
        if not beside and tokens[0] not in _LEVELS[level]:
            break
        other, tokens = _evaluate(tokens if beside else tokens[1:], values, level + 1)
        value = (value | other, value & other, value ^ other)[level]
    return value, tokens


def _operand(tokens: list[str], values: dict[str, bool]) -> tuple[bool, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "!":
        value, rest = _operand(rest, values)
        return not value, rest
    if first == "(":
        value, rest = _evaluate(rest, values, 0)
        if rest[0] != ")":
            raise IndexError("a ) is missing")
        rest = rest[1:]
    elif first in "01":
        value = first == "1"
    else:
        value = values[first]
    while rest and rest[0] == "'":
        value, rest = not value, rest[1:]
    return value, rest
