"""The codec "probecodec" of Zarr's format 3: from int16 chunks to bytes, in zarr-python 3.

>>> import zarr
>>> codec = {"name": "probecodec", "configuration": {"sample_bits": 14}}
>>> array = zarr.create_array(
...     store, shape=samples.shape, chunks=(30_000, 384), dtype="int16", serializer=codec,
...     compressors=None,
... )

It is found by its name where this package is installed; nothing need be imported. In a sharded
array it is the codec of the inner chunks. Arrays of format 2 take numcodecs.py's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from zarr.abc.codec import ArrayBytesCodec
from zarr.core.array_spec import ArraySpec
from zarr.core.buffer import Buffer, NDBuffer

from .chunk import FULL_BITS, ChunkError, chunk_config, decode_chunk, encode_chunk

_NAME = "probecodec"
_INT16 = np.dtype("<i2")


@dataclass(frozen=True)
class ProbecodecCodec(ArrayBytesCodec):
    """Lossless compression of int16 samples by the stages of probecodec's encoder.

    The chunks' last axis is the channels, 1 … 4096; a chunk of one axis is one channel.

    Parameters
    ----------
    sample_bits : int
        Width of the samples as a rule, 8 … 16. A chunk with a wider one is coded at 16 bits.
    mode : str
        "adaptive" (smallest), "huffman", "rice" or "fixed".

    Raises
    ------
    ConfigError
        Where a value is out of range or of the wrong type.
    ChunkError
        Where an array has another dtype or too many channels; where a chunk is damaged.
    """

    is_fixed_size = False

    sample_bits: int = FULL_BITS
    mode: str = "adaptive"

    def __post_init__(self) -> None:
        chunk_config(1, self.sample_bits, self.mode)  # checks them

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Return the codec that an array's metadata tell."""
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        """Return what an array's metadata tell."""
        options = {"sample_bits": self.sample_bits, "mode": self.mode}
        return {"name": _NAME, "configuration": options}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        """Raise `ChunkError` where the array cannot be encoded."""
        kind = dtype.to_native_dtype()
        if kind.newbyteorder("<") != _INT16:
            raise ChunkError(f"probecodec holds int16, not {kind}: use another codec")
        if not shape:
            raise ChunkError("probecodec holds samples by channels, no single value")

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """Return the codec for chunks of this kind: itself, if it can encode them."""
        chunk_config(_channels(array_spec), self.sample_bits, self.mode)  # checks the channels
        return self

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Raise ``NotImplementedError``: it depends on the samples."""
        raise NotImplementedError

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        data = await asyncio.to_thread(self._encode, chunk_data.as_numpy_array(), chunk_spec)
        return chunk_spec.prototype.buffer.from_bytes(data)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        samples = await asyncio.to_thread(_decode, chunk_data.to_bytes(), chunk_spec)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(samples)

    def _encode(self, samples: np.ndarray, spec: ArraySpec) -> bytes:
        rows = np.ascontiguousarray(samples, _INT16).reshape(-1, _channels(spec))
        return encode_chunk(rows, self.sample_bits, self.mode)


def _decode(data: bytes, spec: ArraySpec) -> np.ndarray:
    samples = decode_chunk(data, _channels(spec))
    if samples.size != np.prod(spec.shape):
        raise ChunkError(f"the chunk has {samples.size} samples, not those of {spec.shape}")
    return samples.reshape(spec.shape).astype(spec.dtype.to_native_dtype(), copy=False)


def _channels(spec: ArraySpec) -> int:
    """Samples in a row of the chunk."""
    return int(spec.shape[-1]) if len(spec.shape) > 1 else 1
