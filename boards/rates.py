"""What a configuration puts on its link, bits a second: typically, and at the worst."""

from __future__ import annotations

from math import log2
from typing import NamedTuple

from ..golden.config import EncoderConfig
from ..golden.format import HEADER, METADATA, TRAILER, WORD_BITS, Family, Mode

# Bits a sample, packets included: the most that any of the recordings in README.md took, by the
# width of the ADC (`probecodec bench`).
TYPICAL_BITS: dict[int, dict[Mode, float]] = {
    10: {Mode.FIXED: 6.08, Mode.RICE: 5.77, Mode.HUFFMAN: 5.68, Mode.ADAPTIVE: 4.61},
    14: {Mode.FIXED: 8.01, Mode.RICE: 6.80, Mode.HUFFMAN: 6.72, Mode.ADAPTIVE: 6.47},
    16: {Mode.FIXED: 9.01, Mode.RICE: 6.61, Mode.HUFFMAN: 6.60, Mode.ADAPTIVE: 6.14},
}

USUAL_SAMPLES = 50_000  # in a packet at least


class Rate(NamedTuple):
    """Bits a second: ``typical`` and ``worst`` of the stream, ``capacity`` of the link."""

    typical: float
    worst: float
    capacity: float

    @property
    def warning(self) -> str:
        """What to know where the link does not carry the worst case; empty where it does."""
        if self.worst <= self.capacity:
            return ""
        return (
            f"the link carries {self.capacity / 1e6:.1f} Mbit/s; typical are "
            f"{self.typical / 1e6:.1f}, the worst case is {self.worst / 1e6:.1f}: what does not "
            "fit is dropped as whole frames, and counted"
        )


def typical_bits(config: EncoderConfig) -> float:
    """Return the typical bits a sample of the first mode: the one that a board begins with."""
    return _mode_bits(config, config.modes[0])


def _mode_bits(config: EncoderConfig, mode: Mode) -> float:
    widths = [width for width in TYPICAL_BITS if width >= config.sample_bits]
    table = TYPICAL_BITS[min(widths)]
    matrix = config.projection
    if mode != Mode.PROJECTION or matrix is None:
        return table[mode]
    # A sum of n samples has √n times their deviation, and held signs add up what is alike. Within
    # a bit of what the recordings took, with all families, hold 1 and 4, shift 0 and 5.
    rows = matrix.window - matrix.measurements
    summed = rows / matrix.measurements if matrix.family == Family.SPARSE else rows
    bits = table[Mode.HUFFMAN] + log2(summed * matrix.hold) / 2 + 0.4 - matrix.shift
    return max(2.0, bits) * matrix.measurements / matrix.window


def rate(config: EncoderConfig, capacity: float) -> Rate:
    """Return what ``config`` needs, beside what a link can carry."""
    frames = config.rate_hz
    aux = config.aux_bits / 16  # it seldom changes: one bit a frame, and a word now and then
    around_bits = (HEADER.words + TRAILER.words) * WORD_BITS
    packet_bits = around_bits + WORD_BITS - 1  # filled up to whole words
    packet_bits += max(len(config.extension(mode)) for mode in config.modes) * 8
    restart_bits = around_bits + METADATA.words * WORD_BITS
    packets = frames / config.packet_frames
    overhead = packets * (packet_bits + restart_bits / config.restart_interval)
    # The table's packets were of the usual size; smaller ones cost more.
    shorter = config.channels * config.packet_frames < USUAL_SAMPLES
    typical = frames * (config.channels * typical_bits(config) + aux) + overhead * shorter
    return Rate(typical, frames * config.max_frame_bits + overhead, capacity)
