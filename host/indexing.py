"""NumPy's rules for indexing, for arrays that are not in memory."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NAMES = ("frames", "channels")
_ROWS = "rows are one number, a slice, a list of numbers or a mask"


def split(key: Any, dimensions: int) -> tuple[Any, ...]:
    """Return what stands in the brackets, by dimension; `IndexError` where it is more."""
    keys = key if isinstance(key, tuple) else (key,)
    dots = [n for n, each in enumerate(keys) if each is Ellipsis]
    if len(dots) == 1:
        rest = (slice(None),) * (dimensions + 1 - len(keys))
        keys = keys[: dots[0]] + rest + keys[dots[0] + 1 :]
    if len(keys) > dimensions or len(dots) > 1 or any(each is None for each in keys):
        raise IndexError(f"there are {dimensions} dimensions: {', '.join(_NAMES[:dimensions])}")
    return keys + (slice(None),) * (dimensions - len(keys))


def is_number(rows: Any) -> bool:
    """Is it one row?"""
    return np.ndim(rows) == 0 and not isinstance(rows, slice | bool | np.bool_)


def number(row: Any, count: int) -> int:
    """Return the one row of ``count`` that is meant."""
    try:
        place = operator.index(row)
    except TypeError:
        raise IndexError(_ROWS) from None
    if not -count <= place < count:
        raise IndexError(f"row {place} is outside of the capture's {count}")
    return place % count


def numbers(rows: Any, count: int) -> NDArray[np.int64]:
    """Return the rows of ``count`` that a list of numbers or a mask means."""
    wanted = np.asarray(rows)
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "biu"):
        raise IndexError(_ROWS)
    if wanted.dtype.kind == "b":
        if len(wanted) != count:
            raise IndexError(f"the mask has {len(wanted)} rows, the capture {count}")
        return np.flatnonzero(wanted)
    wanted = wanted.astype(np.int64)
    if wanted.size and not (-count <= wanted.min() and wanted.max() < count):
        raise IndexError(f"a row is outside of the capture's {count}")
    return np.where(wanted < 0, wanted + count, wanted)
