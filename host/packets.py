"""One packet: what its header, metadata and trailer tell. scanner.py finds them in a capture."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import NamedTuple

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import (
    CRC_BITS,
    HEADER,
    METADATA,
    Flag,
    Kind,
    Mode,
    Order,
)
from ..golden.projection_config import ProjectionConfig

_CHECK_BYTES = CRC_BITS // 8
_DROP_COUNT_WRAP = 1 << HEADER.fields["drop_count"]
_MODES, _ORDERS = frozenset(Mode), frozenset(Order)


class Packet(NamedTuple):
    """One packet whose checks hold and whose coding is known.

    Attributes
    ----------
    offset, stop : int
        Its first byte in the capture, and the byte after its last.
    payload : bytes
        Empty where the scanner keeps none.
    kind, stream_id, sequence, frame_index, drop_count, frames, check : int
        As in its header and trailer.
    restart : bool
        Decodable without any earlier packet.
    config : EncoderConfig
        Channels, widths, mode and its parameter; of a metadata packet also what it tells.
    """

    offset: int
    stop: int
    payload: bytes
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


def dropped(packet: Packet, last: Packet) -> int:
    """Frames that the source dropped between two packets."""
    return (packet.drop_count - last.drop_count) % _DROP_COUNT_WRAP


class UnknownError(Exception):
    """A packet that is intact but not understood; the message says why."""


def read_header(raw: bytes | bytearray) -> dict[str, int] | None:
    """The fields of a header; None where its check does not hold."""
    header = HEADER.unpack(raw)
    whole = len(raw) == HEADER.size
    return header if whole and zlib.crc32(raw[:-_CHECK_BYTES]) == header["check"] else None


def read_packet(
    offset: int,
    stop: int,
    header: dict[str, int],
    extension: bytes,
    tail: dict[str, int],
    payload: bytes,
    bits: int,
) -> Packet:
    """The packet whose checks hold; raises `UnknownError` where its coding is not known.

    ``bits``: how many its payload has.
    """
    if header["error_bound"]:
        bound = header["error_bound"]
        raise UnknownError(f"error_bound is {bound}, which this decoder does not know")
    if header["mode"] not in _MODES:
        raise UnknownError(f"mode {header['mode']} is not known: update probecodec")
    kind = Kind(header["kind"])
    channels = header["channels_minus_1"] + 1
    try:
        config = _config(
            channels,
            header["sample_bits_minus_1"] + 1,
            header["aux_bits"],
            header["order"],
            header["mode"],
            header["parameter"],
            extension if header["mode"] == Mode.PROJECTION else b"",
        )
        if kind == Kind.METADATA:
            config = _with_metadata(config, payload)
    except ValueError as error:  # ConfigError is one
        raise UnknownError(str(error)) from None
    # A code takes a bit at least, so this bounds what a packet can make a decoder allocate.
    rows = config.projection.rows(tail["frames"]) if config.projection else tail["frames"]
    if kind == Kind.DATA and rows * channels > bits:
        raise UnknownError(f"its payload is too short for its {tail['frames']} frames")
    return Packet(
        offset=offset,
        stop=stop,
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
    channels: int,
    bits: int,
    aux_bits: int,
    order: int,
    mode: int,
    parameter: int,
    extension: bytes,
) -> EncoderConfig:
    """The configuration that a header tells."""
    if order not in _ORDERS:
        raise ConfigError(f"its channel order {order} is unknown; update probecodec")
    config = EncoderConfig(
        channels=channels,
        sample_bits=bits,
        aux_bits=aux_bits,
        order=Order(order),
        modes=(Mode(mode),),
        fixed_bits=parameter if mode == Mode.FIXED else 0,
        projection=ProjectionConfig.from_extension(extension, channels, bits)
        if mode == Mode.PROJECTION
        else None,
    )
    if config.parameter(Mode(mode)) != parameter:
        raise ConfigError(
            f"parameter {parameter} does not belong to mode {Mode(mode).name.lower()}"
        )
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
        projection=config.projection,
        packet_frames=values["packet_frames"],
        restart_interval=values["restart_interval"],
        rate_hz=values["rate_microhertz"] / 1e6,
        lsb_uv=values["lsb_picovolts"] / 1e6,
        probe="".join(
            c for c in probe.decode("ascii", "replace") if c.isascii() and c.isprintable()
        ),
    )
