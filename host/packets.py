"""Finds the packets of a capture, wherever they begin, and checks them.

A packet shows itself by its sync word and header check, and ends at the first trailer whose
length and CRC-32 fit. What lies between intact packets is skipped and reported.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import (
    CRC_BITS,
    HEADER,
    MAX_PAYLOAD_WORDS,
    METADATA,
    SYNC,
    TRAILER,
    VERSION,
    WORD_BYTES,
    Flag,
    Kind,
    Mode,
    Order,
)

_SYNC = SYNC.to_bytes(WORD_BYTES, "big")
_CHECK_BYTES = CRC_BITS // 8
_LENGTHS = np.arange(MAX_PAYLOAD_WORDS + 1, dtype=np.uint32)


class Packet(NamedTuple):
    """One packet whose checks hold and whose coding is known.

    Attributes
    ----------
    offset, stop : int
        Its first byte in the capture, and the byte after its last.
    payload : slice
        Its payload's bytes in the capture.
    kind, stream_id, sequence, frame_index, drop_count, frames, check : int
        As in its header and trailer.
    restart : bool
        Decodable without any earlier packet.
    config : EncoderConfig
        Channels, widths, mode and its parameter; of a metadata packet also what it tells.
    """

    offset: int
    stop: int
    payload: slice
    kind: Kind
    stream_id: int
    sequence: int
    frame_index: int
    drop_count: int
    frames: int
    check: int
    restart: bool
    config: EncoderConfig

    @property
    def end_frame(self) -> int:
        """The frame after its last."""
        return self.frame_index + self.frames

    @property
    def identity(self) -> tuple[int, ...]:
        """Equal for copies of one packet; the check covers every other field and the payload."""
        return self.stream_id, self.sequence, self.frame_index, self.frames, self.check


class Damage(NamedTuple):
    """A place of a capture that could not be used: its byte, and a sentence."""

    offset: int
    sentence: str


@dataclass
class Scan:
    """What a capture holds.

    Attributes
    ----------
    packets : list of Packet
        In capture order.
    damaged : list of Damage
    bytes_skipped : int
        Bytes outside intact packets.
    """

    packets: list[Packet] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    bytes_skipped: int = 0


class _UnknownError(Exception):
    """A packet that is intact but not understood; the message says why."""


def scan(data: bytes) -> Scan:
    """Find the packets in ``data``, the bytes of a capture."""
    found = Scan()
    intact = position = 0  # the end of the last intact packet; where to search
    while (start := data.find(_SYNC, position)) >= 0:
        position = start + len(_SYNC)
        header = _header(data, start)
        if header is None:
            continue
        if header["version"] != VERSION:
            sentence = (
                f"format version {header['version']} at byte {start}; "
                f"this decoder reads version {VERSION}: update probecodec"
            )
            found.damaged.append(Damage(start, sentence))
            continue
        trailer = _trailer(data, start, header)
        if trailer is None:
            sentence = f"packet at byte {start}: CRC-32 does not match or packet is cut off"
            found.damaged.append(Damage(start, sentence))
            continue
        _skip(found, intact, start)
        intact = position = trailer + TRAILER.size
        if header["kind"] not in set(Kind):
            continue  # of a later encoder; the format lets decoders step over it
        try:
            found.packets.append(_packet(data, start, trailer, header))
        except _UnknownError as error:
            found.damaged.append(Damage(start, f"packet at byte {start}: {error}"))
    if found.packets or found.damaged:
        _skip(found, intact, len(data))
    return found


def _skip(found: Scan, start: int, stop: int) -> None:
    """Account for bytes outside packets, by a sentence unless a packet there already has one."""
    found.bytes_skipped += stop - start
    if stop > start and not (found.damaged and found.damaged[-1].offset >= start):
        sentence = f"bytes {start} to {stop - 1} belong to no intact packet"
        found.damaged.append(Damage(start, sentence))


def _header(data: bytes, start: int) -> dict[str, int] | None:
    """The header fields of a packet at ``start``; None where its check does not hold."""
    raw = data[start : start + HEADER.size]
    header = HEADER.unpack(raw)
    whole = len(raw) == HEADER.size
    return header if whole and zlib.crc32(raw[:-_CHECK_BYTES]) == header["check"] else None


def _trailer(data: bytes, start: int, header: dict[str, int]) -> int | None:
    """The byte where the packet's trailer begins; None if there is none whose check holds.

    Payload passes for a trailer once in 2^48 words, so one before a sync word or the capture's end
    goes before one that is not.
    """
    body = start + HEADER.size
    extension = header["extension"]
    limit = extension + MAX_PAYLOAD_WORDS + TRAILER.words
    count = min((len(data) - body) // WORD_BYTES, limit)
    if count < extension + TRAILER.words:
        return None
    words = np.frombuffer(data, ">u4", count, body)
    lengths = words[extension:-1] & MAX_PAYLOAD_WORDS
    candidates = np.flatnonzero(lengths == _LENGTHS[: len(lengths)]) + extension
    view, check, done, first = memoryview(data), header["check"], body, None
    for word in candidates.tolist():
        at = body + word * WORD_BYTES
        check = zlib.crc32(view[done:at], check)  # goes on from the last candidate: linear time
        done = at
        if zlib.crc32(view[at : at + WORD_BYTES], check) == words[word + 1]:
            after = at + TRAILER.size
            follows = data[after : after + len(_SYNC)]
            if follows in (b"", _SYNC):
                return at
            first = at if first is None else first
    return first


def _packet(data: bytes, start: int, trailer: int, header: dict[str, int]) -> Packet:
    """The packet whose checks hold; raises `_UnknownError` where its coding is not known."""
    if header["error_bound"]:
        bound = header["error_bound"]
        raise _UnknownError(f"error_bound is {bound}, which this decoder does not know")
    payload = slice(start + HEADER.size + header["extension"] * WORD_BYTES, trailer)
    tail = TRAILER.unpack(memoryview(data)[trailer:])
    if header["mode"] not in set(Mode):
        raise _UnknownError(f"mode {header['mode']} is not known: update probecodec")
    kind, mode = Kind(header["kind"]), Mode(header["mode"])
    try:
        channels = header["channels_minus_1"] + 1
        bits = header["sample_bits_minus_1"] + 1
        config = _config(
            channels, bits, header["aux_bits"], header["order"], mode, header["parameter"]
        )
        if kind == Kind.METADATA:
            config = _with_metadata(config, data[payload])
    except ValueError as error:  # ConfigError is one
        raise _UnknownError(str(error)) from None
    # A sample takes a bit at least, so this bounds what a packet can make a decoder allocate.
    if kind == Kind.DATA and tail["frames"] * channels > (trailer - payload.start) * 8:
        raise _UnknownError(f"its payload is too short for its {tail['frames']} frames")
    return Packet(
        offset=start,
        stop=trailer + TRAILER.size,
        payload=payload,
        kind=kind,
        stream_id=header["stream_id"],
        sequence=header["sequence"],
        frame_index=header["frame_index"],
        drop_count=header["drop_count"],
        frames=tail["frames"],
        check=tail["check"],
        restart=bool(header["flags"] & Flag.RESTART),
        config=config,
    )


@lru_cache
def _config(
    channels: int, bits: int, aux_bits: int, order: int, mode: Mode, parameter: int
) -> EncoderConfig:
    """The configuration that a header tells."""
    if order not in set(Order):
        raise ConfigError(f"its channel order {order} is unknown; update probecodec")
    config = EncoderConfig(
        channels=channels,
        sample_bits=bits,
        aux_bits=aux_bits,
        order=Order(order),
        modes=(mode,),
        fixed_bits=parameter if mode == Mode.FIXED else 0,
    )
    if config.parameter(mode) != parameter:
        raise ConfigError(f"parameter {parameter} does not belong to mode {mode.name.lower()}")
    return config


def _with_metadata(config: EncoderConfig, payload: bytes) -> EncoderConfig:
    """``config`` with what a metadata packet's payload tells."""
    if len(payload) < METADATA.size:  # later encoders may tell more
        raise ConfigError(f"its metadata has {len(payload)} bytes, not {METADATA.size}")
    values = METADATA.unpack(payload)
    probe = values["probe"].to_bytes(METADATA.fields["probe"] // 8, "big")
    return EncoderConfig(
        channels=config.channels,
        sample_bits=config.sample_bits,
        aux_bits=config.aux_bits,
        order=config.order,
        modes=config.modes,
        fixed_bits=config.fixed_bits,
        packet_frames=values["packet_frames"],
        restart_interval=values["restart_interval"],
        rate_hz=values["rate_microhertz"] / 1e6,
        lsb_uv=values["lsb_picovolts"] / 1e6,
        probe="".join(
            c for c in probe.decode("ascii", "replace") if c.isascii() and c.isprintable()
        ),
    )
