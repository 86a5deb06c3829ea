"""A chunk of an array as a small capture: all of it comes back, or an error does.

A chunk begins with a restart and ends with a data packet of no frames, so that one cut off between
two packets shows too. It is coded at 16 bits where a sample does not fit the width asked for; the
headers tell. A single channel, which no stream can have, is folded into two: its first half beside
its second, the last sample twice where their number is odd. The stream id tells: 0 as it is, 1
folded, 2 folded with that sample more.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...golden.config import ConfigError, EncoderConfig
from ...golden.format import LOSSLESS, Kind, Mode
from .. import fast
from ..packets import Packet
from ..scanner import Scanner

MODES = tuple(mode.name.lower() for mode in LOSSLESS)
FULL_BITS = 16

_MAX_CHANNELS = 4096  # of a stream
_FOLDS = 2  # channels that a single one becomes
_ONE_RESTART = 65535  # packets: a chunk is decoded whole, so restarts within would buy nothing


class ChunkError(ValueError):
    """A chunk that cannot be encoded, or is damaged; the message says why."""


@lru_cache(typed=True)
def chunk_config(channels: int, sample_bits: int, mode: str, stream_id: int = 0) -> EncoderConfig:
    """Return the configuration for a chunk of ``channels`` channels; ``mode`` is one of `MODES`.

    Raises `ConfigError` where a value is out of range or of the wrong type.
    """
    if mode not in MODES:
        raise ConfigError(f"no mode is named {mode!r}; there are {', '.join(MODES)}")
    if not isinstance(channels, int) or not 1 <= channels <= _MAX_CHANNELS:
        raise ConfigError(
            f"channels must be a whole number from 1 to {_MAX_CHANNELS}, not {channels!r}"
        )
    return EncoderConfig(
        channels=_FOLDS if channels == 1 else channels,
        sample_bits=sample_bits,
        modes=(Mode[mode.upper()],),
        restart_interval=_ONE_RESTART,
        stream_id=stream_id,
    )


def encode_chunk(samples: NDArray[np.int16], sample_bits: int, mode: str) -> bytes:
    """Encode ``samples``, int16 (frames, channels) of 1 to 4096 channels and any number of frames.

    Raises `ConfigError` as `chunk_config` does.
    """
    channels, stream_id = samples.shape[1], 0
    half = 1 << sample_bits - 1
    if samples.size and not (samples.min() >= -half and samples.max() < half):
        sample_bits = FULL_BITS
    if channels == 1:
        padding = len(samples) % _FOLDS
        samples = np.concatenate([samples, samples[len(samples) - padding :]])
        samples, stream_id = samples.reshape(_FOLDS, -1).T, 1 + padding
    config = chunk_config(channels, sample_bits, mode, stream_id)
    encoder, packets = fast.encoder(config), []
    ends = range(0, len(samples), config.packet_frames)
    for start in (*ends, len(samples)):  # behind the last frame is the packet that ends the chunk
        frames = samples[start : start + config.packet_frames].astype(np.int64)
        packets.append(encoder.packet(frames, np.zeros(len(frames), np.int64)))
    return b"".join(packets)


def decode_chunk(data: bytes | memoryview, channels: int) -> NDArray[np.int16]:
    """Return what `encode_chunk` was given, int16 (frames, ``channels``).

    Raises `ChunkError` where a bit of it is damaged, something is missing, or it has another number
    of channels.
    """
    packets = _packets(data)
    config, frames, stream_id = packets[0].config, packets[-1].frame_index, packets[0].stream_id
    held = 1 if stream_id else config.channels
    if held != channels:
        raise ChunkError(f"the chunk has {held} channels, not {channels}")
    decoder = fast.decoder(config)
    samples = np.empty((frames, config.channels), np.int16)
    for packet in packets[:-1]:
        rows = slice(packet.frame_index, packet.end_frame)
        try:
            mode = config.modes[0]
            samples[rows], _ = decoder.payload(packet.payload, packet.frames, mode, packet.restart)
        except ValueError as error:
            raise ChunkError(f"the chunk is damaged: at byte {packet.offset}, {error}") from None
    if stream_id:
        padding = stream_id - 1
        return np.ascontiguousarray(samples.T).reshape(-1, 1)[: samples.size - padding]
    return samples


def _packets(data: bytes | memoryview) -> list[Packet]:
    """The data packets, the one that ends the chunk included; `ChunkError` unless all are there."""
    scanner = Scanner(keep=True)
    found = scanner.feed(data) + scanner.finish()
    if scanner.damaged:
        raise ChunkError(f"the chunk is damaged: {scanner.damaged[0].sentence}")
    packets = [packet for packet in found if packet.kind == Kind.DATA]
    frame = 0
    for packet in packets:
        alike = packet.config == packets[0].config and packet.stream_id == packets[0].stream_id
        if packet.frame_index != frame or not alike:
            raise ChunkError(
                f"the chunk is damaged: a packet is missing before byte {packet.offset}"
            )
        frame = packet.end_frame
    if not packets or not packets[0].restart:
        raise ChunkError(f"no probecodec chunk begins here ({len(data)} bytes): is it another's?")
    if packets[0].config.projection:
        raise ChunkError("the chunk holds measurements, not samples: it is no chunk of an array")
    if packets[-1].frames:
        raise ChunkError(f"the chunk is cut off: its {len(data)} bytes are not all")
    return packets
