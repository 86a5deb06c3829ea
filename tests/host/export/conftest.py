"""Captures to export, and what must come out, worked out from what went in."""

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER, METADATA, TRAILER
from probecodec.host.capture import open_capture
from probecodec.host.fast import encoder

METADATA_SIZE = HEADER.size + METADATA.size + TRAILER.size


def encoded(config, samples, aux=None, *, drop=(), metadata=True):
    """The capture of ``samples``, its packets ``drop`` missing."""
    chunks = list(encoder(config).packets(samples, aux))
    if not metadata:
        restarts = range(0, len(chunks), config.restart_interval)
        chunks = [
            chunk[METADATA_SIZE:] if n in restarts else chunk for n, chunk in enumerate(chunks)
        ]
    return b"".join(chunk for n, chunk in enumerate(chunks) if n not in drop)


def noise(channels, frames, bits, seed=1):
    """int16 (frames, channels) of ``bits`` bits, both ends of the range among them."""
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    samples = np.clip(rng.normal(0, half / 8, (frames, channels)), -half, half - 1)
    samples[frames // 7, ::2], samples[frames // 7 + 1, ::2] = half - 1, -half
    return samples.astype(np.int16)


@dataclass
class Scene:
    """A capture with gaps; row 0 is frame 200."""

    data: bytes
    cap: Any
    samples: np.ndarray  # zeros where missing
    aux: np.ndarray
    kept: np.ndarray  # bool (frames,)
    gaps: list
    rate_hz: float = 2500.0
    gain_uv: float = 4.6875
    first_frame: int = 200


@pytest.fixture(scope="session")
def scene():
    """24 channels of 10 bits with a 16-bit auxiliary word.

    Packets of 50 frames, of which every fourth restarts. Lost are packets 0 to 3, which no one can
    know of, 9 (so 10 and 11 wait for the next restart) and 16, a restart (so 17 to 19 wait).
    """
    config = EncoderConfig.preset(
        "tiny",
        channels=24,
        sample_bits=10,
        aux_bits=16,
        packet_frames=50,
        restart_interval=4,
        rate_hz=2500.0,
        lsb_uv=4.6875,
        probe="NP1010",
    )
    samples = noise(24, 1230, 10)
    aux = np.repeat(np.random.default_rng(2).integers(0, 1 << 16, 123), 10).astype(np.uint16)
    data = encoded(config, samples, aux, drop=(0, 1, 2, 3, 9, 16))
    kept = np.ones(1230, bool)
    kept[450:600] = kept[800:1000] = False
    samples[~kept], aux[~kept] = 0, 0
    gaps = [[450, 500, "lost"], [500, 600, "waiting"], [800, 850, "lost"], [850, 1000, "waiting"]]
    with open_capture(data, fill="zero") as cap:
        yield Scene(data, cap, samples[200:], aux[200:], kept[200:], gaps)


@pytest.fixture(scope="session")
def make():
    """Encode and open: ``make(samples, aux, metadata=True, **config)``."""

    def opened(samples, aux=None, *, metadata=True, **config):
        config = EncoderConfig.preset("tiny", channels=samples.shape[1], **config)
        return open_capture(encoded(config, samples, aux, metadata=metadata), fill="zero")

    return opened


@pytest.fixture(scope="session")
def excerpts(recordings, make):
    """Captures of the real recordings' first 3,000 frames: name to (capture, samples, about)."""
    found = {}
    for name, (samples, about) in recordings.items():
        samples = np.array(samples[:3000])
        rng = np.random.default_rng(len(samples))
        aux = np.repeat(rng.integers(0, 1 << 16, 300), 10).astype(np.uint16)[: len(samples)]
        cap = make(
            samples,
            aux,
            sample_bits=about["adc_bits"],
            aux_bits=16,
            rate_hz=about["rate_hz"],
            lsb_uv=round(about["uV_per_bit"], 6),
            probe=about["probe"] or "",
        )
        found[name] = cap, samples, aux, about
    return found


class Streamed:
    """A capture that can only be streamed, and fails after ``frames`` of them.

    ``most`` is how many of its chunks were alive at once.
    """

    def __init__(self, cap, frames=None, error=None, rows=100):
        self._cap, self._frames, self._error, self._rows = cap, frames, error, rows
        self._alive = self.most = 0

    def __getattr__(self, name):
        if name in ("aux", "__array__"):
            raise AssertionError(f"{name} reads the whole capture")
        return getattr(self._cap, name)

    def __len__(self):
        return len(self._cap)

    def _forget(self):
        self._alive -= 1

    def chunks(self):
        for chunk in self._cap.chunks():
            for start in range(0, len(chunk.samples), self._rows):
                at = chunk.start + start
                if self._frames is not None and at >= self._frames:
                    raise self._error
                rows = slice(start, start + self._rows)
                piece = chunk.samples[rows].copy()
                weakref.finalize(piece, self._forget)
                self._alive += 1
                self.most = max(self.most, self._alive)
                yield chunk._replace(start=at, samples=piece, aux=chunk.aux[rows].copy())
                del piece


@pytest.fixture(scope="session")
def streamed():
    return Streamed


@pytest.fixture(scope="session")
def signal():
    return noise
