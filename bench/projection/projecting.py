"""Projections at a wanted rate: measurements and dropped bits are searched for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...golden.errors import ConfigError
from ...golden.format import Mode
from ...golden.projection import matrix
from ...golden.projection_config import ProjectionConfig
from ...host import fast
from ...host.recovery import measure
from .coding import Coded, once, piece, timed
from .ground_truth import GroundTruth
from .link import encoder_config, link_bits
from .matched import Design, Model

LEAST_USE = 0.5  # of the wanted bits; a projection that cannot use so many is left out


class Measured(NamedTuple):
    """A projection and both stretches' measurements, int64 (windows, channels, M)."""

    config: ProjectionConfig
    matrix: NDArray[np.int64]
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def project(design: Design, truth: GroundTruth, target: float) -> Coded | None:
    """Return the best projection of at most ``target`` link bits a sample, None where none is."""
    model = _model(truth, design)
    values = truth.values[piece(truth)]
    try:
        best = max(model.candidates(target), key=model.score, default=None)
        config = None if best is None else _fitted(best, model, values, target)
    except ConfigError:  # learned rows that cannot be made to begin and end one after another
        return None
    if config is None:
        return None
    rows = matrix(config)
    train, test = (
        measure(truth.values[truth.stretch(train=part)], rows, config.shift)
        for part in (True, False)
    )
    bits = link_bits(config, test)
    if bits < LEAST_USE * target:
        return None
    return Coded(
        bits=bits,
        setting=f"M {config.measurements}, shift {config.shift}",
        encode_s=_encode_seconds(config, truth.samples[truth.stretch(train=False)]),
        measured=Measured(config, rows, train, test),
    )


_model = once(Model)


def _encode_seconds(projection: ProjectionConfig, samples: NDArray[np.int16]) -> float:
    """Seconds of the host's encoder for ``samples``, (frames, channels)."""
    config = encoder_config(projection)
    encoder = fast.encoder(config)

    def encode(first: int, last: int) -> None:
        for start in range(first, last, config.packet_frames):
            part = samples[start : min(start + config.packet_frames, last)]
            encoder.checked_packet(part, None, start, mode=Mode.PROJECTION)

    encode(0, config.packet_frames)  # compiles, and makes the matrix
    return timed(lambda: encode(0, len(samples)))[1]


def _fitted(
    config: ProjectionConfig, model: Model, values: NDArray[np.int32], target: float
) -> ProjectionConfig | None:
    """Take as many measurements as fit, by the encoder's own bits; None where none does."""

    def bits(tried: ProjectionConfig) -> float:
        return link_bits(tried, measure(values, matrix(tried), tried.shift))

    while bits(config) > target:
        if config.measurements > 1:
            config = model.config(config.measurements - 1, config.shift)
        else:
            return None
    while config.measurements < config.most_measurements:
        more = model.config(config.measurements + 1, config.shift)
        if bits(more) > target:
            break
        config = more
    return config
