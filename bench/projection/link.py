"""Bits on the link of mode PROJECTION, as its encoder gives them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...golden import zigzag
from ...golden.config import EncoderConfig
from ...golden.format import HEADER, METADATA, TRAILER, WORD_BITS, Mode
from ...golden.huffman import Huffman
from ...golden.projection_config import ProjectionConfig

MOST_CHANNELS = 4096  # of an encoder


def encoder_config(projection: ProjectionConfig) -> EncoderConfig:
    """A stream that begins lossless and goes on in mode PROJECTION."""
    return EncoderConfig(
        channels=projection.channels,
        sample_bits=projection.sample_bits,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=projection,
    )


def link_bits(projection: ProjectionConfig, measured: NDArray[np.int64]) -> float:
    """Return the bits a sample on the link, packets, restarts and metadata included.

    The packets between two restarts are independent of all others, so those of many restarts are
    coded side by side: the same bits as the encoder's, in a small part of the time.

    Parameters
    ----------
    measured : int64 (windows, channels, M)
        As `probecodec.host.recovery.measure` gives them; whole restart intervals count, or all
        windows where they are fewer.
    """
    config = encoder_config(projection)
    windows, channels, count = measured.shape
    packet = config.packet_frames // projection.window  # in windows
    span = packet * config.restart_interval
    spans = max(1, windows // span)
    span = min(span, windows)
    rows = measured[: spans * span].reshape(spans, span, channels, count)
    rows = rows.transpose(1, 3, 0, 2).reshape(span * count, spans * channels)
    around = HEADER.size + len(projection.extension) + TRAILER.size
    bits = 8.0 * spans * (around + METADATA.size + around * -(-span // packet))
    begins = np.arange(0, span * count, packet * count)
    side = MOST_CHANNELS // channels * channels
    for first in range(0, spans * channels, side):
        part = rows[:, first : first + side]
        coder = Huffman(EncoderConfig(channels=part.shape[1]), projection.code_bits)
        lengths = coder.encode(zigzag.encode(part), True).length
        payloads = np.add.reduceat(lengths.reshape(len(lengths), -1, channels).sum(axis=2), begins)
        bits += WORD_BITS * np.sum(-(-payloads // WORD_BITS))
    return float(bits / (spans * span * channels * projection.window))
