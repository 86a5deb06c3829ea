"""What a stream holds, told while it arrives: ratio, frames missing. No sample is decoded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .planner import Planner
from .scanner import Scanner
from .timeline import Cause

_WINDOW = 16  # packets to wait for a late one: a network may mix up a few
_MEMORY = 1 << 10  # packets whose copies are known as such

# The cause of a gap: its name in JSON, and in words.
_MISSING = {
    Cause.DROPPED: ("dropped", "dropped at the source"),
    Cause.LOST: ("lost", "lost on the way"),
    Cause.WAITING: ("waiting", "that wait for a restart"),
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What has come until now.

    Attributes
    ----------
    size, skipped : int
        Bytes; those outside intact packets.
    packets : int
        Intact data packets.
    frames : int
        In these packets.
    missing : dict
        Cause (`Cause`) to frames that are not there, or, where they wait for a restart, cannot be
        decoded.
    samples, packet_bytes : int
        In these packets, and their bytes with those of the metadata.
    channels, sample_bits : int
        Of the packet that came last; 0 before the first.
    """

    size: int
    skipped: int
    packets: int
    frames: int
    missing: dict[Cause, int]
    samples: int
    packet_bytes: int
    channels: int
    sample_bits: int

    @property
    def bits_per_sample(self) -> float | None:
        """None before the first data packet."""
        return 8 * self.packet_bytes / self.samples if self.samples else None

    @property
    def ratio(self) -> float | None:
        """To the bits of the ADC; None before the first data packet."""
        return self.bits_per_sample and self.sample_bits / self.bits_per_sample

    def as_json(self) -> dict[str, Any]:
        """Return the reading as JSON holds it."""
        return {
            "bytes": self.size,
            "bytes_skipped": self.skipped,
            "packets": self.packets,
            "frames": self.frames,
            **{name: self.missing[cause] for cause, (name, _) in _MISSING.items()},
            "bits_per_sample": self.bits_per_sample,
            "ratio_adc": self.ratio,
        }

    def __str__(self) -> str:
        if not self.packets:
            return "no intact packet yet"
        missing = [f"{self.missing[cause]:,} {why}" for cause, (_, why) in _MISSING.items()]
        told = [text for text in missing if not text.startswith("0 ")]
        rate = "" if not self.samples else f"{self.bits_per_sample:.2f} b/S ({self.ratio:.2f}:1), "
        return (
            f"{rate}{self.frames:,} frames of {self.channels} channels, "
            f"{', '.join(told) if told else 'none missing'}"
        )


class Meter:
    """Takes bytes as they come; `reading` tells what they hold.

    Its memory does not grow with the stream, unless the source is reset again and again.
    """

    def __init__(self) -> None:
        self._scanner = Scanner(eager=True)
        self._planner = Planner(_WINDOW, _MEMORY)
        self._missing: Counter[Cause] = Counter()  # frames of gaps that are complete
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._size += len(data)
        for packet in self._scanner.feed(data):
            self._planner.add(packet)
        self._forget()

    def finish(self) -> None:
        """Take what was waiting, for nothing comes any more."""
        for packet in self._scanner.finish():
            self._planner.add(packet)
        self._planner.finish()

    def _forget(self) -> None:
        """Keep of lists that grow with the stream what may still change: their last."""
        del self._scanner.damaged[:-1], self._planner.plan.refused[:-1]
        for segment in self._planner.plan.segments:
            for gap in segment.gaps[:-1]:
                self._missing[gap.cause] += gap.stop - gap.start
            del segment.gaps[:-1], segment.blocks[:-1], segment.projected[:-1]

    @property
    def reading(self) -> Reading:
        """What has come until now."""
        segments = self._planner.plan.segments
        missing = self._missing.copy()
        for segment in segments:
            for gap in (*segment.gaps_before, *segment.gaps):
                missing[gap.cause] += gap.stop - gap.start
        latest = segments[-1].config if segments else None
        return Reading(
            size=self._size,
            skipped=self._scanner.bytes_skipped,
            packets=sum(segment.packets for segment in segments),
            frames=sum(segment.held for segment in segments),
            missing={cause: missing[cause] for cause in _MISSING},
            samples=sum(segment.held * segment.config.channels for segment in segments),
            packet_bytes=sum(segment.size for segment in segments),
            channels=latest.channels if latest else 0,
            sample_bits=latest.sample_bits if latest else 0,
        )
