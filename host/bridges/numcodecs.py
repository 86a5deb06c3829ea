"""The codec "probecodec" for numcodecs: chunks of Zarr 2 arrays, and whatever else uses numcodecs.

>>> import numcodecs, zarr
>>> codec = numcodecs.get_codec({"id": "probecodec", "channels": 384, "sample_bits": 14})
>>> array = zarr.create((30_000, 384), chunks=(30_000, 384), dtype="<i2", compressor=codec)

It is found by its name where this package is installed; nothing need be imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numcodecs.abc import Codec
from numcodecs.compat import ensure_contiguous_ndarray, ensure_ndarray, ndarray_copy
from numpy.typing import NDArray

from .chunk import FULL_BITS, ChunkError, chunk_config, decode_chunk, encode_chunk

_INT16 = np.dtype("<i2")
_RAW = "SVBbc"  # kinds and codes of dtypes that are bytes of something else


class Probecodec(Codec):
    """Lossless compression of int16 samples by the stages of probecodec's encoder.

    Threads may share it. An encoded buffer is a capture: `probecodec info` reads it too.

    Parameters
    ----------
    channels : int
        Length of the chunks' last axis, 1 … 4096; 1 for chunks of one axis. What is encoded may
        have any number of axes, or come as bytes.
    sample_bits : int
        Width of the samples as a rule, 8 … 16. A chunk with a wider one is coded at 16 bits.
    mode : str
        "adaptive" (smallest), "huffman", "rice" or "fixed".

    Raises
    ------
    ConfigError
        Where a value is out of range or of the wrong type.
    """

    codec_id = "probecodec"

    def __init__(self, channels: int, sample_bits: int = FULL_BITS, mode: str = "adaptive") -> None:
        chunk_config(channels, sample_bits, mode)  # checks them
        self.channels = channels
        self.sample_bits = sample_bits
        self.mode = mode

    def encode(self, buf: Any) -> bytes:
        """Return ``buf``, encoded.

        Parameters
        ----------
        buf : int16 (..., channels), C-contiguous and little-endian; or its bytes

        Raises
        ------
        ChunkError
            Where it is of another shape, dtype or order.
        """
        return encode_chunk(self._rows(ensure_ndarray(buf)), self.sample_bits, self.mode)

    def decode(self, buf: Any, out: Any = None) -> NDArray[np.int16]:
        """Return what was encoded, int16 (frames, channels); or ``out``, filled with it.

        Raises
        ------
        ChunkError
            Where a bit of ``buf`` is damaged or missing, it has another number of channels, or
            ``out`` another size.
        """
        data = ensure_contiguous_ndarray(buf).view(np.uint8)
        samples = decode_chunk(memoryview(data), self.channels)
        if out is None:
            return samples
        room = ensure_ndarray(out).nbytes
        if room != samples.nbytes:
            raise ChunkError(f"the chunk has {samples.nbytes} bytes, but out has {room}")
        filled: NDArray[np.int16] = ndarray_copy(samples, out)
        return filled

    def _rows(self, array: NDArray[Any]) -> NDArray[np.int16]:
        """``array`` as int16 (frames, channels)."""
        if not array.flags.c_contiguous:
            raise ChunkError("the array is not C-contiguous: use order 'C', with channels last")
        raw = array.dtype.kind in _RAW or array.dtype.char in _RAW
        if not raw and array.dtype != _INT16:
            raise ChunkError(f"the array holds {array.dtype}, not int16 in little-endian order")
        last = array.shape[-1] if array.ndim > 1 and not raw else self.channels
        if last != self.channels or array.nbytes % (self.channels * _INT16.itemsize):
            raise ChunkError(
                f"the array, {array.dtype} {array.shape}, has no rows of {self.channels} samples: "
                "channels must be the length of the chunks' last axis"
            )
        return array.reshape(-1).view(_INT16).reshape(-1, self.channels)
