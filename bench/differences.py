"""Differences in time, kept in a few bits; what does not fit is set aside as value and index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]  # (frames, channels)

_BLOCK = 1 << 16  # samples packed at a time; whole bytes of any width


def difference(samples: Samples, order: int = 1) -> Samples:
    """Return the differences in time of that order, modulo 2**16; all before the first frame is 0.

    The shape is that of ``samples``, int16 (frames, channels).
    """
    for _ in range(order):
        samples = np.diff(samples, axis=0, prepend=np.zeros_like(samples[:1]))
    return samples


def accumulate(differences: Samples, order: int = 1) -> Samples:
    """Return the samples whose `difference` of that order this is."""
    for _ in range(order):
        differences = np.cumsum(differences, axis=0, dtype=np.int16)
    return differences


def pack(values: NDArray[np.int16], bits: int) -> list[bytes]:
    """Pack values into 1 to 8 bits each, in the order of rows; set the outliers aside.

    Returns two parts. The first has every value in two's complement, the first in the lowest bits,
    and 0 where it does not fit. The second has the outliers, int16, and then their indices.
    """
    flat, half = values.ravel(), 1 << (bits - 1)
    packed, outliers, indices = [], [], []
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        outside = np.flatnonzero((block < -half) | (block >= half))
        outliers.append(block[outside].astype("<i2").tobytes())
        indices.append((outside + start).astype(_index(flat.size)).tobytes())
        codes = block.astype(np.uint8)
        codes[outside] = 0
        each = np.unpackbits(codes, bitorder="little").reshape(-1, 8)[:, :bits]
        packed.append(np.packbits(each, bitorder="little").tobytes())
    return [b"".join(packed), b"".join(outliers + indices)]


def unpack(parts: list[bytes], bits: int, shape: tuple[int, int]) -> Samples:
    """Return the values, of that shape, that `pack` packed."""
    values = np.empty(shape[0] * shape[1], np.int16)
    packed, index = np.frombuffer(parts[0], np.uint8), _index(values.size)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        data = packed[start * bits // 8 : (start + _BLOCK) * bits // 8]
        each = np.unpackbits(data, count=block.size * bits, bitorder="little").reshape(-1, bits)
        codes = np.packbits(np.pad(each, [(0, 0), (0, 8 - bits)]), bitorder="little")
        sign = np.int16(1 << (bits - 1))
        block[:] = (codes ^ sign) - sign
    count = len(parts[1]) // (2 + index.itemsize)
    outliers = np.frombuffer(parts[1], "<i2", count)
    values[np.frombuffer(parts[1], index, offset=outliers.nbytes)] = outliers
    return values.reshape(shape)


def _index(size: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype("<u4" if size <= 1 << 32 else "<u8")
