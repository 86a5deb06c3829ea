"""The syntax of liberty files: groups, simple and complex attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..golden.errors import ConfigError

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\\[ \t\r]*\n|/\*.*?\*/|//[^\n]*)|(?P<line>\n)"""
    r"""|(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[{}();:,])"""
    r"""|(?P<word>(?:[^\s{}();:,"\\/]|/(?![*/]))+)""",
    re.DOTALL,
)


@dataclass
class Group:
    """A group: ``kind (names) { ... }``.

    Attributes
    ----------
    attributes : dict
        Name to the words or numbers given, as text; all of them where it is given repeatedly.
    groups : list of Group
    line : int
        Where it begins.
    """

    kind: str
    names: list[str]
    line: int
    attributes: dict[str, list[str]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[Group]:
        """Yield the groups inside of certain kinds."""
        return (group for group in self.groups if group.kind in kinds)

    def get(self, name: str, default: str = "") -> str:
        """Return a simple attribute."""
        return self.attributes.get(name, [default])[0]


def parse(text: str, name: str) -> Group:
    """Return the group ``library`` of ``text``.

    Raises
    ------
    ConfigError
        With the line of ``name``, the file's name, where the text is not liberty.
    """
    tokens = list(_tokens(text, name))
    root = Group("", [], 1)
    open_groups = [root]
    n = 0

    def wrong(what: str) -> ConfigError:
        line = tokens[min(n, len(tokens) - 1)][1] if tokens else 1
        return ConfigError(f"{name}, line {line}: {what}; a liberty file (.lib) is expected")

    while n < len(tokens):
        word, line = tokens[n]
        here = open_groups[-1]
        if word == "}":
            if here is root:
                raise wrong("a } too many")
            open_groups.pop()
            n += 1
        elif word == ";":
            n += 1
        elif word in ("{", "(", ")", ":", ","):
            raise wrong(f"{word!r} where a name should stand")
        elif n + 1 < len(tokens) and tokens[n + 1][0] == ":":
            end = n + 2
            while end < len(tokens) and tokens[end][0] not in (";", "}") and tokens[end][1] == line:
                end += 1
            if end == n + 2:
                raise wrong(f"{word} has no value")
            here.attributes[word] = [" ".join(_bare(token) for token, _ in tokens[n + 2 : end])]
            n = end
        elif n + 1 < len(tokens) and tokens[n + 1][0] == "(":
            end = n + 2
            while end < len(tokens) and tokens[end][0] not in (")", "{", "}"):
                end += 1
            if end == len(tokens) or tokens[end][0] != ")":
                raise wrong(f"the ) of {word} is missing")
            names = [_bare(token) for token, _ in tokens[n + 2 : end] if token != ","]
            n = end + 1
            if n < len(tokens) and tokens[n][0] == "{":
                made = Group(word, names, line)
                here.groups.append(made)
                open_groups.append(made)
                n += 1
            else:
                here.attributes.setdefault(word, []).extend(names)
        else:
            raise wrong(f"{word[:30]!r} is neither a group nor an attribute")
    if len(open_groups) > 1:
        inner = open_groups[-1]
        raise wrong(f"the file ends within {inner.kind} of line {inner.line}")
    library = next(root.of("library"), None)
    if library is None:
        raise ConfigError(f"{name} holds no library; a liberty file (.lib) is expected")
    return library


def _tokens(text: str, name: str) -> Iterator[tuple[str, int]]:
    line, place = 1, 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            shown = text[place : place + 20].split("\n")[0]
            raise ConfigError(
                f"{name}, line {line}: {shown!r} cannot be read; a liberty file (.lib) is expected"
            )
        if match.lastgroup not in ("space", "line"):
            yield match[0], line
        line += match[0].count("\n")
        place = match.end()


def _bare(token: str) -> str:
    return re.sub(r"\\\s*\n", "", token[1:-1]) if token[0] == '"' else token
