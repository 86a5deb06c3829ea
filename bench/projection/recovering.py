"""From measurements to spikes, by `probecodec.host.recovery`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...host.recovery import (
    Detector,
    Dictionary,
    Lista,
    Lmmse,
    Omp,
    Statistics,
    Templates,
    cut_templates,
    dequantise,
    identity,
    learn,
    learn_dictionary,
    measure,
)
from .ground_truth import GroundTruth
from .projecting import Measured
from .sorter import AFTER_MS, BEFORE_MS

REFERENCE_WINDOW = 64  # of the lossless reference of the detector
MOST_WINDOW = 128
NEIGHBOURS = 8  # channels around a unit's peak that the detector takes
LMMSE_NEIGHBOURS = 4

Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]  # frames and units


class Learned:
    """What is learned from a recording's lossless stretch, each part when it is first needed."""

    def __init__(self, truth: GroundTruth) -> None:
        self.truth = truth
        self._dictionaries: dict[int, Dictionary] = {}

    @cached_property
    def values(self) -> NDArray[np.int32]:
        """The stretch."""
        return self.truth.values[self.truth.stretch(train=True)]

    @cached_property
    def statistics(self) -> Statistics:
        """Covariances for three windows of any length."""
        return learn(self.values, lags=3 * MOST_WINDOW)

    @cached_property
    def templates(self) -> Templates:
        """The units' mean waveforms."""
        before, after = (int(ms * self.truth.rate_hz / 1000) for ms in (BEFORE_MS, AFTER_MS))
        return cut_templates(self.values, *self.truth.spikes(train=True), before, after)

    def dictionary(self, window: int) -> Dictionary:
        """Atoms of so many frames."""
        if window not in self._dictionaries:
            self._dictionaries[window] = learn_dictionary(self.values, window=window)
        return self._dictionaries[window]


def detector(learned: Learned, measured: Measured | None) -> Callable[[], Spikes]:
    """Return what detects spikes in the measurement domain; None: in the lossless samples, the
    same way."""
    if measured is None:
        values = learned.truth.values[learned.truth.stretch(train=False)]
        rows, shift = identity(values.shape[1], REFERENCE_WINDOW), 0
        found = measure(values, rows, 0)
    else:
        rows, shift, found = measured.matrix, measured.config.shift, measured.test
    one = Detector(learned.templates, learned.statistics, rows, shift, neighbours=NEIGHBOURS)

    def detect() -> Spikes:
        spikes = one.detect(dequantise(found, shift))
        return spikes.frames, spikes.units

    return detect


def recoverer(
    name: str, learned: Learned, measured: Measured
) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """Return what recovers traces from measurements by ``lmmse``, ``omp`` or ``lista``."""
    rows, shift, window = measured.matrix, measured.config.shift, measured.config.window
    if name == "lmmse":
        estimator: Lmmse | Omp | Lista = Lmmse(
            learned.statistics, rows, shift, neighbours=LMMSE_NEIGHBOURS
        )
    elif name == "omp":
        estimator = Omp(learned.dictionary(window), learned.statistics, rows, shift)
    else:
        dictionary = learned.dictionary(window)
        estimator = Lista(dictionary, learned.statistics, rows, shift, learned.values)
    return lambda found: estimator.recover(dequantise(found, shift))
