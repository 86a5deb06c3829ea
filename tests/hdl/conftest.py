"""Shared by the tests of the stages: the harness, shapes, signals, and memories of garbage."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from amaranth import Shape
from amaranth.lib import memory


def _load(name):
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def harness():
    """The module ``harness``."""
    return _load("harness")


@pytest.fixture(scope="session")
def script():
    """The module ``script``."""
    return _load("script")


@pytest.fixture(scope="session")
def capture():
    """The module ``capture``."""
    return _load("capture")


@pytest.fixture(autouse=True)
def garbage_memories(monkeypatch):
    """Fill every memory but a ROM with garbage: nothing may depend on what it holds at first."""
    random, plain = np.random.default_rng(6), memory.Memory.__init__

    def garbage(self, *args, shape, depth, init, **rest):
        if not init:
            width = Shape.cast(shape).width
            size = -(-width // 8)
            init = [int.from_bytes(random.bytes(size)) % (1 << width) for _ in range(depth)]
        plain(self, *args, shape=shape, depth=depth, init=init, **rest)

    monkeypatch.setattr(memory.Memory, "__init__", garbage)


LEAST = 0  # as many channels as the stage needs
IDLES = ("none", "random", "bursts")
SHAPES = [(bits, LEAST, IDLES[bits % 3]) for bits in range(8, 17)]
SHAPES += [(11, 31, "none"), (8, 32, "none"), (16, 33, "none"), (10, 384, "none")]
SHAPES += [(9, 32, "random"), (12, 31, "bursts"), (13, 33, "bursts")]


@pytest.fixture(params=SHAPES, ids=lambda shape: "{}bit-{}ch-{}".format(*shape))
def shape(request):
    """(sample bits, channels or 0 for the least, kind of idle cycles)."""
    return request.param


@pytest.fixture(scope="session")
def packets(harness):
    """A function of sample bits and channels that returns packets of stressing samples."""
    Packet = harness.Packet

    def make(bits, channels):
        random = np.random.default_rng(bits)
        half = 1 << (bits - 1)
        noise = random.integers(-half, half, (3, channels))
        turn = np.add.outer(np.arange(4), np.arange(channels)) % 2
        extremes = np.where(turn, half - 1, -half)
        constant = np.full((2, channels), -half)
        steps = np.add.outer(np.arange(4), np.arange(channels)) * (half // 2 + 3)
        ramp = (steps + half) % (2 * half) - half
        small = random.integers(-3, 4, (4, channels))
        return [
            Packet(noise, restart=True),
            Packet(extremes),
            Packet(constant, restart=True, mode=1, early=True),
            Packet(ramp, mode=1, early=True, stray=channels - 1),
            Packet(small, restart=True, mode=1),
            Packet(noise[:1], mode=1),
            Packet(ramp[:0], restart=True, early=True, stray=1),
            Packet(small[:1], restart=True, early=True),
            Packet(extremes),
        ]

    return make
