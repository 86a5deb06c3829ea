"""Coder `rice`: adaptive Golomb-Rice, one running mean per channel.

A symbol u is divided by 2^k, where k = floor(log2(mean of the channel's past symbols)): the
quotient in zeros ended by a one, then k low bits. A quotient of RICE_ESCAPE_ZEROS or more is
escaped: that many zeros, then the symbol in W bits. At a restart the first frame is raw (W bits)
and the means start at a fixed value. (S. Golomb, IEEE Trans. Inf. Theory 12, 1966; R. Rice, JPL
79-22, 1979.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .format import RICE_ESCAPE_ZEROS, RICE_MEAN_SHIFT, initial_mean
from .packer import BitReader, Codes


class Rice:
    """The coder and its state: ``sums``, int64 (channels,), the mean times 2^RICE_MEAN_SHIFT."""

    def __init__(self, config: EncoderConfig) -> None:
        self.width = config.sample_bits
        self.sums = np.zeros(config.channels, np.int64)
        self.restart()

    def restart(self) -> None:
        """Forget the past."""
        self.sums[:] = initial_mean(self.width) << RICE_MEAN_SHIFT

    def encode(self, symbols: NDArray[np.int64], restart: bool) -> Codes:
        """Return the codes of ``symbols``, int64 (frames, channels); the first raw at a restart."""
        sums = np.empty_like(symbols)  # before each symbol: causal, so that the decoder knows it
        for frame, row in enumerate(symbols):
            sums[frame] = self.sums
            if frame > 0 or not restart:
                self.sums += row - (self.sums >> RICE_MEAN_SHIFT)
        k = _log2(sums >> RICE_MEAN_SHIFT)
        quotient = symbols >> k
        escaped = quotient >= RICE_ESCAPE_ZEROS
        bits = np.where(escaped, symbols, 1 << k | symbols & (1 << k) - 1)
        length = np.where(escaped, RICE_ESCAPE_ZEROS + self.width, quotient + 1 + k)
        if restart:
            bits[:1], length[:1] = symbols[:1], self.width
        return Codes(bits, length)

    def decode(self, reader: BitReader, channel: int) -> int:
        """Return the next symbol."""
        total = int(self.sums[channel])
        k = max(total >> RICE_MEAN_SHIFT, 1).bit_length() - 1
        quotient = reader.zeros(RICE_ESCAPE_ZEROS)
        escaped = quotient == RICE_ESCAPE_ZEROS
        symbol = reader.take(self.width) if escaped else quotient << k | reader.take(k)
        self.sums[channel] = total + symbol - (total >> RICE_MEAN_SHIFT)
        return symbol


def _log2(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """floor(log2(value)), and 0 for a value of 0; exact below 2^53."""
    return np.frexp(np.maximum(values, 1).astype(np.float64))[1].astype(np.int64) - 1
