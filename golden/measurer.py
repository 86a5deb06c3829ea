"""Mode PROJECTION's own path: high-pass and projection, packet by packet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import projection
from .config import EncoderConfig
from .format import Mode
from .highpass import Highpass
from .packer import Codes
from .projection import Projection
from .projection_config import ProjectionConfig


class Measurer:
    """High-pass and projection of mode PROJECTION, packet by packet; every packet begins a window.

    Parameters
    ----------
    config : ProjectionConfig
    """

    def __init__(self, config: ProjectionConfig) -> None:
        self._highpass = Highpass(config) if config.highpass_shift else None
        self._projection = Projection(config)

    def encode(self, samples: NDArray[np.int64], fresh: bool) -> NDArray[np.int64]:
        """Return the measurements, (rows, channels), of ``samples``, int64 (frames, channels).

        ``fresh``: the high-pass begins anew, for the frames do not go on from those before.
        """
        if self._highpass:
            if fresh:
                self._highpass.restart()
            samples = self._highpass.encode(samples)
        self._projection.begin()
        return self._projection.encode(samples)


def spread(codes: Codes, given: NDArray[np.bool_]) -> Codes:
    """Return the codes of rows as codes of frames, bool (frames,); in the others none has bits."""
    shape = len(given), codes.bits.shape[1]
    bits, length = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    bits[given], length[given] = codes
    return Codes(bits, length)


def coded(config: EncoderConfig, mode: Mode, frames: int) -> NDArray[np.bool_]:
    """Tell which of a packet's frames have codes: all but in mode PROJECTION; bool (frames,)."""
    if mode == Mode.PROJECTION and config.projection is not None:
        return projection.given(config.projection, frames)
    return np.ones(frames, bool)
