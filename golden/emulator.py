"""Synthetic recording of the emulator: small enough for a block RAM, the same for ever.

A loop of ``length`` values is stored once: noise, slow waves and a few spikes, in whole numbers
throughout. The channel in slot s of a frame begins `STEP` × s values into the loop, and every frame
moves on by one value; so channels differ, and one memory serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import order
from .config import EncoderConfig
from .errors import require
from .generator import run

LENGTH, SEED = 2048, 1  # of the loop, unless told otherwise
STEP = 1265  # loop values from one slot to the next; odd, about 0.618 × 2048: neighbours lie apart
AUX_SHIFT = 10  # the auxiliary word counts so many doublings of a frame

# A spike at about 30 kHz: a sharp trough of -64, then a slow recovery.
SPIKE = (
    *(0, -2, -8, -24, -48, -64, -56, -36, -16, 0, 10, 17),
    *(21, 22, 21, 19, 16, 13, 10, 8, 6, 4, 2, 1),
)
SPIKE_SIZES = (10, 28, 6, 16)  # troughs, in standard deviations of the noise
_SPIKE_EVERY = 512  # loop values
_WAVES = ((1, 2), (5, 1))  # periods in the loop, and amplitude in standard deviations of the noise
_NOISE_SCALE = 330  # standard deviation of the sum of bytes in `_noise`: 148 × √5


def noise_steps(sample_bits: int) -> int:
    """Return the noise's standard deviation in ADC steps: 6 at 10 bits, 30 at 16."""
    return max(4, 6 + 4 * (sample_bits - 10))


def check_length(length: int) -> None:
    """Require that ``length`` is a power of two from 512 to 65536."""
    require(
        isinstance(length, int) and length in {1 << n for n in range(9, 17)},
        f"length must be a power of two from 512 to 65536, not {length!r}",
    )


def loop(config: EncoderConfig, length: int, seed: int) -> NDArray[np.int16]:
    """Return the stored values, int16 (length,).

    Raises
    ------
    ConfigError
        Where ``length`` is no power of two from 512 to 65536, or ``seed`` not from 1 to 2^32 - 1.
    """
    check_length(length)
    require(
        isinstance(seed, int) and 0 < seed < 1 << 32,
        f"seed must be a whole number from 1 to {(1 << 32) - 1}, not {seed!r}",
    )
    steps = noise_steps(config.sample_bits)
    random = run(seed, length + length // _SPIKE_EVERY + 8)[8:]  # small seeds begin with few bits
    values = _noise(random[:length]) * steps // _NOISE_SCALE
    for periods, size in _WAVES:
        values += _wave(length, periods) * steps * size >> 8
    for place, size in _spikes(random[length:]):
        at = np.arange(place, place + len(SPIKE)) % length
        values[at] += np.array(SPIKE) * size * steps // -min(SPIKE)
    rail = 1 << (config.sample_bits - 1)
    return np.clip(values, -rail, rail - 1).astype(np.int16)


def recording(config: EncoderConfig, length: int, seed: int, frames: int) -> NDArray[np.int16]:
    """Return what the emulator plays, in channel order: int16 (frames, channels)."""
    slots = np.arange(config.channels)
    at = (np.arange(frames)[:, np.newaxis] + STEP * slots) % length
    samples = np.empty((frames, config.channels), np.int16)
    samples[:, order.channels(config)] = loop(config, length, seed)[at]
    return samples


def auxiliary(config: EncoderConfig, frames: int) -> NDArray[np.uint16]:
    """Return the auxiliary words, uint16 (frames,): a counter, one more every 1,024 frames.

    Its lowest bit is a square wave of 2,048 frames.
    """
    words = np.arange(frames) >> AUX_SHIFT & (1 << config.aux_bits) - 1
    return words.astype(np.uint16)


def _noise(random: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return a sum of bytes, about normal, with less power at high frequencies."""
    parts = random.astype("<u4").view(np.uint8).reshape(-1, 4)
    white = parts.sum(axis=1, dtype=np.int64) - 510
    noise: NDArray[np.int64] = 2 * white + np.roll(white, 1)
    return noise


def _wave(length: int, periods: int) -> NDArray[np.int64]:
    """Return a sine made of parabolas, from -256 to 256."""
    half = length // 2
    phase = np.arange(length, dtype=np.int64) * periods % length
    x = phase % half
    arch = 1024 * x * (half - x) // half**2
    return np.where(phase < half, arch, -arch)


def _spikes(random: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    """Yield place and size of every spike: one in each part of the loop."""
    for n, word in enumerate(random.tolist()):
        yield n * _SPIKE_EVERY + word % (_SPIKE_EVERY - len(SPIKE)), SPIKE_SIZES[n % 4]
