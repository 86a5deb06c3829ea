"""The inverse of the encoder: payloads to samples, or to measurements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import auxiliary, delta, order, packer, zigzag
from .coders import coder, predictors
from .config import EncoderConfig
from .format import Mode
from .measurer import coded


class Decoder:
    """Payloads of one stream back to samples, or measurements; state carries on between packets.

    Parameters
    ----------
    config : EncoderConfig
        Channels, widths and mode parameters, as the packets' headers give them.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config
        self._channels = order.channels(config)
        self._coders = {mode: coder(config, mode) for mode in config.modes}
        self._predictors = predictors(config)
        self._previous = np.zeros(config.channels, np.int64)
        self._raw = True  # nothing was coded since the restart
        self._aux = auxiliary.Reader(config)

    def payload(
        self, data: bytes | memoryview, frames: int, mode: Mode, restart: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a data packet's samples (frames, channels) and auxiliary words (frames,).

        In mode PROJECTION its measurements, (rows, channels), stand for samples: of each window
        the M in turn, without their lowest ``shift`` bits.

        Raises ``ValueError`` where the codes run past the payload, or one gives a symbol that no
        encoder has: of more bits than a sample. Only a restart is decodable then.
        """
        config, coder = self.config, self._coders[mode]
        given, width = coded(config, mode, frames), config.symbol_bits(mode)
        symbols = np.zeros((frames, config.channels), np.int64)
        aux = np.empty(frames, np.int64)
        reader = packer.BitReader(data)
        if restart:
            self._previous[:] = 0
            for predictor in self._predictors.values():
                predictor.restart()
            coder.restart()
            self._raw = True
        for frame in range(frames):
            for channel in range(config.channels):
                if given[frame]:
                    symbols[frame, channel] = (
                        reader.take(width) if self._raw else coder.decode(reader, channel)
                    )
                self._aux.after(channel, reader)
            self._raw &= not given[frame]
            aux[frame] = self._aux.word
            if reader.position > reader.bits:
                raise ValueError(f"the codes run past the payload in frame {frame}")
            if symbols[frame].max() >> width:
                raise ValueError(f"a symbol is wider than a sample in frame {frame}")
        residuals = zigzag.decode(symbols)
        if mode == Mode.PROJECTION:
            return self._sorted(residuals[given]), aux
        if mode in self._predictors:
            residuals = self._predictors[mode].decode(residuals)
        slots = delta.decode(residuals, self._previous, config.sample_bits)
        if frames:
            self._previous = slots[-1].copy()
        return self._sorted(slots), aux

    def _sorted(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """``slots``, (rows, channels), by channel."""
        ordered = np.empty_like(slots)
        ordered[:, self._channels] = slots
        return ordered
