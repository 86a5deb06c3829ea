"""The recordings to bench: files, some with a sidecar that describes them, or synthetic ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..host.recording import SUFFIXES, Recording, open_recording
from ..host.spikeglx import RecordingError
from ..host.synthetic import PRESETS, synthesize

SYNTHETIC_FRAMES = 3000
_MOST_HZ, _MOST_UV = 1e9, 1e6

# Options of `open_recording`: their keys in a sidecar, and the type of the value.
_KEYS: dict[str, tuple[tuple[str, ...], type]] = {
    "channels": (("channels",), int),
    "sample_bits": (("sample_bits", "adc_bits"), int),
    "rate_hz": (("rate_hz",), float),
    "lsb_uv": (("lsb_uv", "uV_per_bit"), float),
    "aux_bits": (("aux_bits",), int),
}


def load(
    path: Path, given: Mapping[str, Any], frames: int | None, seconds: float | None = None
) -> Recording:
    """Read the first ``frames`` of a recording into memory.

    Parameters
    ----------
    given : mapping
        Options of `open_recording`; they go before the sidecar.
    seconds : float, optional
        Repeat or cut it, so that it is so long.

    Raises
    ------
    RecordingError
        As `open_recording` does; also for a broken sidecar, samples that do not fit their width,
        fewer than two frames, and a constant recording.
    """
    recording = open_recording(path, **(sidecar(path) | dict(given)))
    if not 1 <= recording.sample_bits <= 16:
        raise RecordingError(
            f"{path}: a sample cannot have {recording.sample_bits} bits: correct sample_bits "
            "(--sample-bits)"
        )
    if not 0 < recording.rate_hz <= _MOST_HZ:
        raise RecordingError(
            f"{path}: {recording.rate_hz:g} frames a second cannot be: correct rate_hz (--rate)"
        )
    if not 0 <= recording.lsb_uv <= _MOST_UV:
        raise RecordingError(
            f"{path}: a step of {recording.lsb_uv:g} uV cannot be: correct lsb_uv (--lsb-uv)"
        )
    if not 0 <= recording.aux_bits <= 16:
        raise RecordingError(
            f"{path}: an auxiliary word cannot have {recording.aux_bits} bits: correct aux_bits "
            "(--aux-bits)"
        )
    if recording.samples.shape[1] == 0:
        raise RecordingError(f"{path} has no channel but the auxiliary word: correct channels")
    samples = np.array(recording.samples[:frames])
    if len(samples) < 2:
        raise RecordingError(f"{path}: one frame has no differences; give two at least")
    half, least, most = 1 << (recording.sample_bits - 1), int(samples.min()), int(samples.max())
    if least == most:
        raise RecordingError(
            f"{path} is constant, all samples are {least}: there is nothing to compare; check the "
            "file, and whether the probe was on"
        )
    for value in (least, most):
        if not -half <= value < half:
            raise RecordingError(
                f"{path} holds {value}, which does not fit {recording.sample_bits} bits: correct "
                "sample_bits (--sample-bits)"
            )
    if seconds is not None:
        count = max(2, round(seconds * recording.rate_hz))
        samples = np.concatenate([samples] * -(-count // len(samples)))[:count]
    return replace(recording, samples=samples, aux=None, aux_bits=0)


def sidecar(path: Path) -> dict[str, Any]:
    """Options of `open_recording` in the ``.json`` beside a ``.bin`` that has no ``.meta``.

    Keys: channels, sample_bits or adc_bits, rate_hz, lsb_uv or uV_per_bit, aux_bits; others, and
    nulls, count for nothing.
    """
    beside = path.with_suffix(".json")
    if path.suffix != ".bin" or path.with_suffix(".meta").is_file() or not beside.is_file():
        return {}
    try:
        told = json.loads(beside.read_text("utf-8"), parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        raise RecordingError(f"{beside} is not JSON: repair it, or move it away") from None
    if not isinstance(told, dict):
        raise RecordingError(f"{beside} is no JSON object: repair it, or move it away")
    found: dict[str, Any] = {}
    for option, (keys, kind) in _KEYS.items():
        for key in keys:
            value = told.get(key)
            if value is None or option in found:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, kind)):
                what = "a whole number" if kind is int else "a number"
                raise RecordingError(f"{beside}: {key} is {value!r}, not {what}: repair it")
            found[option] = value
    return found


def folder(path: Path) -> list[Path]:
    """Return the recordings in a folder, by name; `RecordingError` where there is none."""
    found = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())
    if not found:
        raise RecordingError(f"{path} holds no recording ({', '.join(SUFFIXES)}): name another")
    return found


def synthetic(frames: int | None) -> dict[str, Recording]:
    """Return a synthetic recording of each probe, by name."""
    made = {name: synthesize(name, frames=frames or SYNTHETIC_FRAMES, seed=1) for name in PRESETS}
    return {
        f"synthetic {name}": Recording(
            samples=recording.samples,
            sample_bits=recording.sample_bits,
            rate_hz=recording.rate_hz,
            lsb_uv=recording.lsb_uv,
            probe=recording.probe,
        )
        for name, recording in made.items()
    }
