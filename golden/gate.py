"""Entry gate: which frames go into which packet, and which packets restart.

The RTL gate drops whole frames when the link cannot keep up. Given the frames that it dropped,
this plan reproduces its packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig


class Span(NamedTuple):
    """One packet's frames.

    Attributes
    ----------
    start, stop : int
        First frame, and the first frame after.
    dropped : int
        Frames dropped by an overrun just before ``start``.
    """

    start: int
    stop: int
    dropped: int


def plan(config: EncoderConfig, dropped: NDArray[np.bool_]) -> Iterator[Span]:
    """Yield the packets of a source.

    A packet ends when it holds ``config.packet_frames`` frames, before a dropped frame, or at the
    end of the source.

    Parameters
    ----------
    dropped : bool (frames,)
        True for the frames that did not enter.
    """
    edges = np.flatnonzero(np.diff(~dropped, prepend=False, append=False))
    end_of_last = 0
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for start in range(first, end, config.packet_frames):
            stop = min(start + config.packet_frames, end)
            yield Span(start, stop, start - end_of_last)
            end_of_last = stop
