"""Coder `fixed`: each symbol in w bits, or an escape and the raw symbol.

A symbol below 2^w - 1 is its own code. Any other is escaped: w ones, then the symbol in W bits.
With w = W every symbol fits and there is no escape. At a restart the first frame is raw: W bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .packer import BitReader, Codes


class Fixed:
    """The coder; it keeps no state from symbol to symbol."""

    def __init__(self, config: EncoderConfig) -> None:
        self.width = config.sample_bits
        self.fixed_bits = config.fixed_bits
        self.escape = (1 << self.fixed_bits) - 1 if self.fixed_bits < self.width else 1 << 32

    def restart(self) -> None:
        """Forget the past."""

    def encode(self, symbols: NDArray[np.int64], restart: bool) -> Codes:
        """Return the codes of ``symbols``, int64 (frames, channels); the first raw at a restart."""
        escaped = symbols >= self.escape
        bits = np.where(escaped, self.escape << self.width | symbols, symbols)
        length = np.where(escaped, self.fixed_bits + self.width, self.fixed_bits)
        if restart:
            bits[:1], length[:1] = symbols[:1], self.width
        return Codes(bits, length)

    def decode(self, reader: BitReader, channel: int) -> int:
        """Return the next symbol."""
        symbol = reader.take(self.fixed_bits)
        return reader.take(self.width) if symbol == self.escape else symbol
