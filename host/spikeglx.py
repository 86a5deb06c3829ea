"""Reads SpikeGLX ``.meta`` files: what a ``.bin`` beside one holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..golden.format import METADATA

_PROBE_CHARACTERS = METADATA.fields["probe"] // 8

# Neuropixels 2.0 and its relatives have one fixed gain, by probe type.
_FIXED_GAINS = {21: 80, 24: 80} | dict.fromkeys((2003, 2004, 2013, 2014, 2020, 2021), 100)


class RecordingError(ValueError):
    """A recording that cannot be used; the message says what is wrong and what to do."""


class Meta:
    """A SpikeGLX ``.meta`` file: lines of key=value."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8", errors="replace").splitlines()
        pairs = (line.partition("=") for line in lines)
        self._values = {key.strip().lstrip("~"): value.strip() for key, _, value in pairs}

    def describe(self, given: dict[str, Any]) -> dict[str, Any]:
        """`Recording`'s attributes, and the channels, of the ``.bin`` beside; ``given`` goes first.

        Raises `RecordingError` where a key is missing or contradicts another, the file or
        ``given``.
        """
        imec = "snsApLfSy" in self._values
        prefix, key = ("im", "snsApLfSy") if imec else ("ni", "snsMnMaXaDw")
        *counts, words = self._counts(key, 3 if imec else 4)
        self._check_size(sum(counts) + words)
        if words > 1:
            raise RecordingError(f"{self._path} tells of {words} digital columns: one is supported")
        if bool(given.get("aux_bits", words)) != bool(words):
            raise RecordingError(f"{self._path} tells of {words} digital columns: omit aux_bits")
        steps = self._number(f"{prefix}MaxInt", 512 if imec else 32768)
        told = self._values.get("probecodecProbe", "")  # of an export whose readers know no such
        about = {
            "channels": sum(counts),
            "sample_bits": (2 * int(steps) - 1).bit_length(),  # from -steps to steps - 1
            "aux_bits": 16 * words,
            "rate_hz": self._number(f"{prefix}SampRate"),
            "probe": (told or self._values.get("imDatPrb_pn", ""))[:_PROBE_CHARACTERS],
        }
        if "lsb_uv" not in given:
            gain = self._imec_gain(counts) if imec else self._nidq_gain(counts)
            about["lsb_uv"] = self._number(f"{prefix}AiRangeMax") * 1e6 / steps / gain
        return about

    def _check_size(self, columns: int) -> None:
        """Do the column counts, and the file's size, agree?"""
        saved, stated = self._number("nSavedChans"), self._number("fileSizeBytes")
        if columns != saved:
            raise RecordingError(
                f"{self._path} is damaged: its channel counts add up to {columns}, but nSavedChans "
                f"is {saved:.0f}"
            )
        size = self._path.with_suffix(".bin").stat().st_size
        if size != stated:
            raise RecordingError(
                f"{self._path} tells of {stated:.0f} bytes, but the .bin has {size}: get the whole "
                "file, or correct fileSizeBytes if it was cut on purpose"
            )

    def _imec_gain(self, counts: list[int]) -> float:
        """Gain of the first channel, of the AP band where it is there, else of the LF band."""
        band, column = ("ap", 3) if counts[0] else ("lf", 4)
        if f"imChan0{band}Gain" in self._values:
            return self._number(f"imChan0{band}Gain")
        table = re.findall(r"\(([^()]*)\)", self._values.get("imroTbl", ""))
        head, first = ([int(n) for n in re.findall(r"\d+", row)] for row in [*table, "", ""][:2])
        probe_type = head[0] if head else -1
        if probe_type in _FIXED_GAINS:
            return _FIXED_GAINS[probe_type]
        newer = 2000 <= probe_type < 10_000  # larger numbers are the serials of early 1.0 probes
        if newer or len(first) <= column or first[column] == 0:
            raise RecordingError(f"{self._path} (~imroTbl) tells no gain: give lsb_uv (--lsb-uv)")
        return first[column]

    def _nidq_gain(self, counts: list[int]) -> float:
        """Gain of the first channel: MN, MA or XA."""
        keys = [key for key, count in zip(("niMNGain", "niMAGain"), counts, strict=False) if count]
        return self._number(keys[0]) if keys else 1.0

    def _number(self, key: str, default: float | None = None) -> float:
        """The value of ``key``, above 0."""
        text = self._values.get(key, default)
        try:
            value = float(text if text is not None else "")
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise RecordingError(f"{self._path}: {key} is {text!r}, not above 0: repair it")
        return value

    def _counts(self, key: str, fields: int) -> list[int]:
        """The channel counts in ``key``."""
        text = self._values.get(key, "")
        if not re.fullmatch(r"\d+" + r",\d+" * (fields - 1), text):
            raise RecordingError(f"{self._path}: {key} is {text!r}, not {fields} counts: repair it")
        return [int(count) for count in text.split(",")]
