"""Near-lossless coding: samples in steps wider than the ADC's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...golden.config import PRESETS
from ...host import fast
from .coding import Coded, Traces, entropy, finest, piece
from .ground_truth import GroundTruth
from .noise import smooth_highpass

LEAST_BITS = 8  # of a sample that the encoder takes


def lossless(truth: GroundTruth) -> Coded:
    """Our adaptive coder, all packets counted."""
    whole = Traces(
        *(truth.values[truth.stretch(train=t)].astype(np.float32) for t in (True, False))
    )
    bits = adaptive_bits(truth.samples[truth.stretch(train=False)], truth.sample_bits)
    return Coded(bits=bits, setting="adaptive", traces=whole)


def low_bits(truth: GroundTruth, target: float) -> Coded | None:
    """Lowest bits dropped, the rest by our adaptive coder; link bits."""
    for dropped in range(1, truth.sample_bits):
        if _step_bits(truth, piece(truth), 1 << dropped) <= target:
            return _stepped(truth, 1 << dropped, f"{dropped} bits dropped")
    return None


def steps(truth: GroundTruth, target: float) -> Coded | None:
    """Steps of any width, by our adaptive coder; link bits."""
    step = finest(lambda step: _step_bits(truth, piece(truth), step), target, low=1.0)
    return None if step is None else _stepped(truth, step, f"step {step:.2f}")


def ideal_steps(truth: GroundTruth, target: float) -> Coded | None:
    """Steps of any width behind the high-pass, by an ideal coder; entropy, each channel's own."""

    def quantised(part: slice, step: float) -> NDArray[np.int64]:
        return np.rint(truth.values[part] / np.float32(step)).astype(np.int64)

    def bits(part: slice, step: float) -> float:
        symbols = quantised(part, step)
        return entropy(symbols) / symbols.size

    step = finest(lambda step: bits(piece(truth), step), target, low=1.0)
    if step is None:
        return None
    parts = truth.stretch(train=True), truth.stretch(train=False)
    made = (quantised(part, step).astype(np.float32) * np.float32(step) for part in parts)
    return Coded(bits=bits(parts[1], step), setting=f"step {step:.2f}", traces=Traces(*made))


def adaptive_bits(samples: NDArray[np.integer], sample_bits: int) -> float:
    """Return our adaptive coder's bits a sample, all packets counted."""
    config = replace(
        PRESETS["adaptive"],
        channels=samples.shape[1],
        sample_bits=sample_bits,
        packet_frames=0,
        restart_interval=0,
        fifo_words=0,
    )
    size = sum(len(packet) for packet in fast.encoder(config).packets(samples))
    return 8 * size / samples.size


def _stepped(truth: GroundTruth, step: float, setting: str) -> Coded:
    """Code both stretches in steps; behind the decoder comes the high-pass."""
    back = _quantised(truth.samples, step).astype(np.float32) * np.float32(step)
    values = smooth_highpass(back, truth.highpass_shift)
    test = truth.stretch(train=False)
    traces = Traces(values[truth.stretch(train=True)], values[test])
    return Coded(bits=_step_bits(truth, test, step), setting=setting, traces=traces)


def _step_bits(truth: GroundTruth, part: slice, step: float) -> float:
    width = max(LEAST_BITS, truth.sample_bits + 1 - int(np.log2(step)))
    return adaptive_bits(_quantised(truth.samples[part], step), min(width, 16))


def _quantised(samples: NDArray[np.int16], step: float) -> NDArray[np.int16]:
    """Number the steps; a step's middle is ``step`` times its number."""
    return np.rint(samples / np.float32(step)).astype(np.int16)
