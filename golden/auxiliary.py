"""Auxiliary lane: one word per frame, carried bit by bit on the frame's first codes.

The code of channel 0 is followed by one bit: has the word changed since the frame before? If so,
the codes of the next channels are each followed by g bits of the word, most significant first,
until it is complete; g is 1 wherever there are more channels than auxiliary bits. So the word
needs no slot of its own, whatever the coder, and costs one bit a frame while it does not change.
The first frame of a restart always sends it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .packer import BitReader, Codes


def encode(
    codes: Codes,
    aux: NDArray[np.int64],
    previous: int,
    config: EncoderConfig,
    restart: bool,
) -> Codes:
    """Return ``codes`` with the auxiliary bits appended.

    Parameters
    ----------
    codes : Codes (frames, channels)
    aux : int64 (frames,)
    previous : int
        The word of the frame before; ignored at a restart.
    """
    if config.aux_bits == 0:
        return codes
    changed = np.diff(aux, prepend=previous) != 0
    if restart:
        changed[:1] = True
    bits, length = codes.bits.copy(), codes.length.copy()
    bits[:, 0] = bits[:, 0] << 1 | changed
    length[:, 0] += 1
    for channel, (shift, count) in enumerate(groups(config), start=1):
        group = aux[changed] >> shift & (1 << count) - 1
        bits[changed, channel] = bits[changed, channel] << count | group
        length[changed, channel] += count
    return Codes(bits, length)


class Reader:
    """Reads the auxiliary bits back; call `after` behind every code of a frame.

    Attributes
    ----------
    word : int
        The word; complete after the frame's last code.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._groups = groups(config)
        self.word = 0
        self._changed = False

    def after(self, channel: int, reader: BitReader) -> None:
        """Take the bits that follow ``channel``'s code."""
        if channel == 0 and self._groups:
            self._changed = reader.take(1) == 1
        elif self._changed and 1 <= channel <= len(self._groups):
            shift, count = self._groups[channel - 1]
            kept = self.word & ~((1 << count) - 1 << shift)
            self.word = kept | reader.take(count) << shift


def groups(config: EncoderConfig) -> list[tuple[int, int]]:
    """(shift, count) of the word's bits that follow the codes of channels 1, 2, …"""
    size = config.aux_group_bits
    tops = range(config.aux_bits, 0, -size) if size else ()
    return [(max(top - size, 0), min(size, top)) for top in tops]
