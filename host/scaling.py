"""Whether a recording was scaled after the ADC, by the codes that it uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRAMES, _CHANNELS = 2000, 64  # looked at
_LEAST_FRAMES, _LEAST_GAPS = 500, 100


def code_step(samples: NDArray[np.int16]) -> int:
    """Return how many codes apart a channel's values are: 1 as an ADC gives them; 1 in doubt.

    An ADC uses every code between its usual values, and a channel's sorted values have
    neighbours. Scaled ones have none: of values in steps of 0.195 uV that an ADC took in steps of
    2.34 uV, each channel uses every twelfth, from an offset of its own.

    Parameters
    ----------
    samples : int16 (frames, channels)
        Without the auxiliary word. A part of them is read.
    """
    frames, channels = samples.shape
    if frames < _LEAST_FRAMES or not channels:
        return 1
    start = max(0, frames - _FRAMES) // 2
    part = np.asarray(samples[start : start + _FRAMES, :: -(-channels // _CHANNELS)])
    gaps = np.concatenate([np.diff(np.unique(channel).astype(np.int32)) for channel in part.T])
    if len(gaps) < _LEAST_GAPS or gaps.min() == 1:
        return 1
    return round(gaps[gaps <= gaps.min() + 1].mean())  # 12 or 13 where they are 12.02
