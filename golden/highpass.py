"""High-pass: each sample minus its channel's running mean, in whole numbers.

With shift k and the mean's state s, a number with k bits after the point::

    after a restart, at the channel's first sample x:  s = x 2^k
    y = x - floor(s / 2^k)          the output, W + 1 bits
    s' = s + y                      the state for the next sample

The floor never leaves what samples of W bits span: s' = x + (s - floor(s / 2^k)) does not fall as s
or x rise, and at the ends of the span it is s. So a state has W + k bits, and an output lies within
±(2^W - 1). Outputs sum up to the change of the state: they have no mean of their own, and those
of a constant channel become exactly 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .projection_config import ProjectionConfig


class Highpass:
    """The high-pass and its state.

    Attributes
    ----------
    means : int64 (channels,)
        The mean times 2^highpass_shift.
    """

    def __init__(self, config: ProjectionConfig) -> None:
        self.shift = config.highpass_shift
        self.means = np.zeros(config.channels, np.int64)
        self._fresh = True

    def restart(self) -> None:
        """Forget the past: the next frame sets the means."""
        self._fresh = True

    def encode(self, samples: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return ``samples``, int64 (frames, channels), without their means."""
        values = np.empty(samples.shape, np.int64)
        for frame, row in enumerate(samples.astype(np.int64)):
            if self._fresh:
                self.means = row << self.shift
                self._fresh = False
            values[frame] = row - (self.means >> self.shift)
            self.means = self.means + values[frame]
        return values
