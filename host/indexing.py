"""NumPy's rules for indexing, for an array of two dimensions that is not in memory."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def split(key: Any) -> tuple[Any, Any]:
    """Return rows and columns of what stands in the brackets; `IndexError` where it is more."""
    keys = key if isinstance(key, tuple) else (key,)
    if any(each is Ellipsis for each in keys):
        at = next(n for n, each in enumerate(keys) if each is Ellipsis)
        keys = keys[:at] + (slice(None),) * (3 - len(keys)) + keys[at + 1 :]
    if len(keys) > 2 or any(each is None for each in keys):
        raise IndexError("a capture has two dimensions: frames and channels")
    return (*keys, slice(None))[:2]


def is_number(rows: Any) -> bool:
    """Is it one row?"""
    return np.ndim(rows) == 0 and not isinstance(rows, slice | bool | np.bool_)


def number(row: Any, count: int) -> int:
    """Return the one row of ``count`` that is meant."""
    return range(count)[operator.index(row)]


def numbers(rows: Any, count: int) -> NDArray[np.int64]:
    """Return the rows of ``count`` that a list of numbers or a mask means."""
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "biu"):
        raise IndexError("rows are one number, a slice, a list of numbers or a mask")
    if wanted.dtype.kind == "b":
        if len(wanted) != count:
            raise IndexError(f"the mask has {len(wanted)} rows, the capture {count}")
        return np.flatnonzero(wanted)
    wanted = wanted.astype(np.int64)
    if wanted.size and not (-count <= wanted.min() and wanted.max() < count):
        raise IndexError(f"a row is outside of the capture's {count}")
    return np.where(wanted < 0, wanted + count, wanted)
