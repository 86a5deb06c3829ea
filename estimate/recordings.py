"""The recording that an estimate's core is driven by: the user's own, or a synthetic one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from ..golden.errors import require
from ..host.recording import doubts, open_recording
from ..host.synthetic import PRESETS, synthesize

LEAST_FRAMES = 20
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What goes into the core.

    Attributes
    ----------
    name : str
        What the samples are.
    samples : int16 (frames, channels)
    aux : uint16 (frames,), optional
    doubts : tuple of str
        What looks wrong about them, one sentence for each.
    """

    name: str
    samples: NDArray[np.int16]
    aux: NDArray[np.uint16] | None
    doubts: tuple[str, ...] = ()


def synthetic(config: EncoderConfig, frames: int) -> Drive:
    """Return a synthetic recording as wide as the core, of the probe with the nearest ADC above."""
    fits = [one for one in PRESETS.values() if one.sample_bits >= config.sample_bits]
    probe = min(fits, key=lambda one: one.sample_bits)
    made = synthesize(probe.name, frames=frames, channels=config.channels, seed=_SEED)
    shift = probe.sample_bits - config.sample_bits
    aux = made.aux & (1 << config.aux_bits) - 1 if config.aux_bits else None
    name = f"synthetic {probe.name}, {frames} frames"
    name += f", its lowest {shift} bits left out" if shift else ""
    return Drive(name=name, samples=made.samples >> shift, aux=aux)


def recorded(path: Path, config: EncoderConfig, frames: int) -> Drive:
    """Return the first frames of a recording that has the core's channels.

    Raises
    ------
    ConfigError
        Where the recording does not fit the core.
    RecordingError, OSError
        Where it cannot be read.
    """
    bits = None if path.with_suffix(".meta").is_file() else config.sample_bits
    source = open_recording(
        path, channels=config.channels, sample_bits=bits, aux_bits=config.aux_bits or None
    )
    require(
        source.samples.shape[1] == config.channels and source.sample_bits == config.sample_bits,
        f"{path} has {source.samples.shape[1]} channels of {source.sample_bits} bits, and the core "
        f"is for {config.channels} of {config.sample_bits}: give --channels and --sample-bits",
    )
    require(
        not path.with_suffix(".meta").is_file() or abs(source.rate_hz / config.rate_hz - 1) < 0.01,
        f"{path} has {source.rate_hz:g} frames a second, and the core is for {config.rate_hz:g}: "
        "give --rate",
    )
    samples = np.ascontiguousarray(source.samples[:frames])
    require(
        len(samples) >= LEAST_FRAMES,
        f"{path} has {len(samples)} frames; activity needs {LEAST_FRAMES} at least, better 300",
    )
    aux = None if source.aux is None or not config.aux_bits else np.asarray(source.aux[:frames])
    return Drive(
        name=f"{path.name}, {len(samples)} frames",
        samples=samples,
        aux=aux,
        doubts=tuple(doubts(path, source)),
    )
