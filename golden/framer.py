"""Framer: payload words into packets: header, payload, trailer; and the metadata packet."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .format import (
    CRC_BITS,
    HEADER,
    SYNC,
    TRAILER,
    VERSION,
    WORD_BYTES,
    Flag,
    Kind,
    Mode,
)

_CHECK_BYTES = CRC_BITS // 8


class Position(NamedTuple):
    """Where in the stream a packet stands: header fields of the same names."""

    sequence: int
    frame_index: int
    drop_count: int


def packet(
    config: EncoderConfig,
    kind: Kind,
    mode: Mode,
    flags: Flag,
    position: Position,
    payload: bytes,
    frames: int,
) -> bytes:
    """Return one packet, whole."""
    header = HEADER.pack(
        sync=SYNC,
        version=VERSION,
        kind=kind,
        mode=mode,
        flags=flags,
        stream_id=config.stream_id,
        extension=len(config.extension(mode)) // WORD_BYTES,
        sequence=position.sequence & 0xFFFF,
        order=config.order,
        frame_index=position.frame_index,
        drop_count=position.drop_count & 0xFFFF_FFFF,
        channels_minus_1=config.channels - 1,
        sample_bits_minus_1=config.sample_bits - 1,
        aux_bits=config.aux_bits,
        parameter=config.parameter(mode),
    )[:-_CHECK_BYTES]
    header_check = zlib.crc32(header)
    extension = config.extension(mode)
    trailer = TRAILER.pack(frames=frames, payload_words=len(payload) // WORD_BYTES)[:-_CHECK_BYTES]
    body = b"".join([extension, payload, trailer])
    check = zlib.crc32(body, header_check)
    return b"".join([header, header_check.to_bytes(4, "big"), body, check.to_bytes(4, "big")])


def words_to_bytes(words: NDArray[np.uint32]) -> bytes:
    """Return ``words`` as link bytes, most significant byte first."""
    return words.astype(">u4").tobytes()
