"""Every lossless method that is not ours, by name, in the order of the tables."""

from __future__ import annotations

from .method import Method
from .peers import PEERS
from .result import Kind
from .study import PROPOSED, STUDY

METHODS: dict[str, tuple[Kind, Method]] = {
    name: (kind, method)
    for kind, table in ((Kind.STUDY, STUDY), (Kind.PROPOSED, PROPOSED), (Kind.PEER, PEERS))
    for name, method in table.items()
}
