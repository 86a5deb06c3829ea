"""Near-lossless coding: samples in steps wider than the ADC's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...golden.config import PRESETS, EncoderConfig
from ...host import fast, open_capture
from .coding import Coded, Coder, Traces, entropy, finest, piece, through
from .ground_truth import GroundTruth

LEAST_BITS = 8  # of a sample that the encoder takes
WARM_FRAMES = 2  # coded before anything is timed, so that all is compiled


def lossless(truth: GroundTruth) -> Coded:
    """Our adaptive coder, all packets counted."""
    coder = _adaptive(truth, 1.0)
    coder.decode(coder.encode(truth.samples[:WARM_FRAMES]))
    whole = (truth.values[truth.stretch(train=t)].astype(np.float32) for t in (True, False))
    return replace(through(truth, coder, "adaptive", raw=True), traces=Traces(*whole))


def low_bits(truth: GroundTruth, target: float) -> Coded | None:
    """Lowest bits dropped, the rest by our adaptive coder; link bits."""
    for dropped in range(1, truth.sample_bits):
        coder = _adaptive(truth, 1 << dropped)
        if coder.rate(truth.samples[piece(truth)]) <= target:
            return through(truth, coder, f"{dropped} bits dropped", raw=True)
    return None


def steps(truth: GroundTruth, target: float) -> Coded | None:
    """Steps of any width, by our adaptive coder; link bits."""
    values = truth.samples[piece(truth)]
    step = finest(lambda step: _adaptive(truth, step).rate(values), target, low=1.0)
    if step is None:
        return None
    return through(truth, _adaptive(truth, step), f"step {step:.2f}", raw=True)


def ideal_steps(truth: GroundTruth, target: float) -> Coded | None:
    """Steps of any width behind the high-pass, by an ideal coder; entropy, each channel's own."""
    values = truth.values[piece(truth)]
    step = finest(lambda step: _ideal(step).rate(values), target, low=1.0)
    return None if step is None else through(truth, _ideal(step), f"step {step:.2f}")


def _ideal(step: float) -> Coder:
    wide = np.float32(step)
    return Coder(
        encode=lambda values: np.rint(values / wide).astype(np.int64),
        decode=lambda numbers: numbers.astype(np.float32) * wide,
        bits=entropy,
    )


def _adaptive(truth: GroundTruth, step: float) -> Coder:
    """Steps by the adaptive coder; a step's middle is ``step`` times its number."""
    width = min(truth.sample_bits, truth.sample_bits + 1 - int(np.log2(step)))
    config = replace(
        PRESETS["adaptive"],
        channels=truth.samples.shape[1],
        sample_bits=max(LEAST_BITS, width),
        packet_frames=0,
        restart_interval=0,
        fifo_words=0,
    )
    wide = np.float32(step)

    def numbers(samples: NDArray[np.int16]) -> NDArray[np.int16]:
        return np.rint(samples / wide).astype(np.int16)

    return Coder(
        encode=lambda samples: _packets(config, samples if step == 1 else numbers(samples)),
        decode=lambda stream: open_capture(stream, workers=1)[:].astype(np.float32) * wide,
        bits=lambda stream: 8 * len(stream),
    )


def _packets(config: EncoderConfig, samples: NDArray[np.int16]) -> bytes:
    return b"".join(fast.encoder(config).packets(samples))
