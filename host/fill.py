"""What stands in the place of missing frames, as the user chose."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .timeline import Gap


class Fill(StrEnum):
    """Policies."""

    ERROR = "error"  # none: reading them is refused
    ZERO = "zero"
    HOLD = "hold"  # the frame before the gap; zeros where there is none
    NAN = "nan"  # not a number: samples are then float32


def fill_gaps(
    policy: Fill,
    samples: NDArray[np.generic],
    aux: NDArray[np.uint16],
    gaps: Sequence[Gap],
    start: int,
    before: tuple[NDArray[np.generic], np.uint16] | None,
) -> None:
    """Write over missing frames.

    Parameters
    ----------
    samples : (frames, columns)
    aux : uint16 (frames,)
    gaps : sequence of Gap
        Within ``samples``, in order.
    start : int
        The frame in row 0.
    before : (samples, aux) or None
        The frame before row 0, for a gap that begins there.
    """
    for gap in gaps:
        rows = slice(gap.start - start, gap.stop - start)
        if policy == Fill.HOLD:
            held = (samples[rows.start - 1], aux[rows.start - 1]) if rows.start else before
            samples[rows], aux[rows] = held if held else (0, 0)
        else:
            samples[rows] = np.nan if policy == Fill.NAN else 0
            aux[rows] = 0
