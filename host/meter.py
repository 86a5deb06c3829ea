"""What a stream holds, told while it arrives: rate, ratio, frames missing. No sample is decoded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .planner import Planner
from .scanner import Scanner
from .timeline import Cause

_MEMORY = 1 << 10  # packets whose copies are known as such


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What has come until now.

    Attributes
    ----------
    seconds : float
        Since the first byte.
    size, skipped : int
        Bytes; those outside intact packets.
    packets : int
        Intact data packets.
    frames, dropped, lost : int
        In these packets; missing because the source dropped them; missing on the way.
    samples, sample_bits : int
    """

    seconds: float
    size: int
    skipped: int
    packets: int
    frames: int
    dropped: int
    lost: int
    samples: int
    sample_bits: int
    packet_bytes: int

    @property
    def bits_per_second(self) -> float:
        """On the link, since the first byte."""
        return 8 * self.size / self.seconds if self.seconds else 0.0

    @property
    def bits_per_sample(self) -> float | None:
        """None before the first data packet."""
        return 8 * self.packet_bytes / self.samples if self.samples else None

    def as_json(self) -> dict[str, Any]:
        """Return the reading as JSON holds it."""
        ratio = self.bits_per_sample and self.sample_bits / self.bits_per_sample
        return {
            "seconds": self.seconds,
            "bytes": self.size,
            "bytes_skipped": self.skipped,
            "packets": self.packets,
            "frames": self.frames,
            "dropped": self.dropped,
            "lost": self.lost,
            "bits_per_second": self.bits_per_second,
            "bits_per_sample": self.bits_per_sample,
            "ratio_adc": ratio,
        }

    def __str__(self) -> str:
        missing = f"{self.dropped} frames dropped, {self.lost} lost"
        if self.bits_per_sample is None:
            return (
                f"{self.size / 1e6:.1f} MB, {self.bits_per_second / 1e6:.2f} Mbit/s, no packet yet"
            )
        ratio = self.sample_bits / self.bits_per_sample
        return (
            f"{self.size / 1e6:.1f} MB, {self.bits_per_second / 1e6:.2f} Mbit/s, "
            f"{self.bits_per_sample:.2f} b/S ({ratio:.2f}:1), {self.frames} frames, {missing}"
        )


class Meter:
    """Takes bytes as they come; `reading` tells what they hold."""

    def __init__(self) -> None:
        self._scanner = Scanner(eager=True)
        self._planner = Planner(0, _MEMORY)
        self._size = 0
        self._began: float | None = None
        self._latest = 0.0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._latest = time.monotonic()
        if self._began is None:
            self._began = self._latest
        self._size += len(data)
        for packet in self._scanner.feed(data):
            self._planner.add(packet)

    @property
    def reading(self) -> Reading:
        """What has come until now."""
        segments = self._planner.plan.segments
        missing = dict.fromkeys(Cause, 0)
        for segment in segments:
            for gap in (*segment.gaps_before, *segment.gaps):
                missing[gap.cause] += gap.stop - gap.start
        return Reading(
            seconds=self._latest - self._began if self._began is not None else 0.0,
            size=self._size,
            skipped=self._scanner.bytes_skipped,
            packets=sum(segment.packets for segment in segments),
            frames=sum(segment.held for segment in segments),
            dropped=missing[Cause.DROPPED],
            lost=missing[Cause.LOST],
            samples=sum(segment.held * segment.config.channels for segment in segments),
            sample_bits=segments[-1].config.sample_bits if segments else 0,
            packet_bytes=sum(segment.size for segment in segments),
        )
