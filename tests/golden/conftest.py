"""Shared by the golden model's tests: the reference decoder, and signals that stress a coder."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("golden", deadline=None, max_examples=50)
settings.load_profile("golden")


@pytest.fixture(scope="session")
def reference():
    """The module ``reference_decoder``."""
    path = Path(__file__).with_name("reference_decoder.py")
    spec = importlib.util.spec_from_file_location("reference_decoder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def written():
    """A function that returns codes as strings of '0' and '1', row by row."""

    def text(codes):
        rows = zip(codes.bits.tolist(), codes.length.tolist(), strict=True)
        return [[f"{b:0{n}b}" if n else "" for b, n in zip(*row, strict=True)] for row in rows]

    return text


def silence(config, frames):
    return np.zeros((frames, config.channels), np.int64)


def white_noise(config, frames):
    half = 1 << (config.sample_bits - 1)
    return np.random.default_rng(1).integers(-half, half, (frames, config.channels))


def neural_noise(config, frames):
    """Differences of a few steps around an offset of each channel."""
    random = np.random.default_rng(2)
    half = 1 << (config.sample_bits - 1)
    offsets = random.integers(-half // 2, half // 2, config.channels)
    walk = np.cumsum(np.rint(random.normal(0, 5, (frames, config.channels))), axis=0)
    return np.clip(offsets + walk, -half, half - 1).astype(np.int64)


def extremes(config, frames):
    """-2^(W-1) and 2^(W-1) - 1 by turns: every difference wraps around."""
    half = 1 << (config.sample_bits - 1)
    turn = np.add.outer(np.arange(frames), np.arange(config.channels)) % 2
    return np.where(turn, half - 1, -half)


def square_wave(config, frames):
    """0 and -2^(W-1) by turns, 32 frames each: rare symbols, each of the longest."""
    levels = np.where(np.arange(frames) // 32 % 2, -(1 << (config.sample_bits - 1)), 0)
    return np.repeat(levels[:, np.newaxis], config.channels, axis=1)


def impulses(config, frames):
    """One channel in seven jumps to the top for one frame, another one each frame."""
    hit = np.add.outer(5 * np.arange(frames), np.arange(config.channels)) % 7 == 0
    return np.where(hit, (1 << (config.sample_bits - 1)) - 1, 0)


SIGNALS = (silence, white_noise, neural_noise, extremes, square_wave, impulses)


@pytest.fixture(scope="session", params=SIGNALS, ids=lambda signal: signal.__name__)
def signal(request):
    """A function of a configuration and a number of frames that returns samples."""
    return request.param
