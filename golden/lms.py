"""Adaptive predictor: predicts each difference from past ones and from neighbour channels.

The features of a channel are its own last `LMS_LAGS` differences, the latest difference of each of
`LMS_NEIGHBOURS` neighbours, and of the first `LMS_NEIGHBOUR_LAGS` of them also the one before. A
neighbour in an earlier slot is of the same frame, one in a later slot of the frame before
(`probecodec.golden.order`). The prediction is their weighted sum, rounded; the residual is the
difference minus the prediction, modulo 2^W.

Each channel learns its own weights from residuals alone, so that the decoder can do the same. It is
a normalised sign-error LMS that needs no multiplier: a weight moves by the sign of the residual
times its feature, of which four magnitudes (1, 3, 5, 7) are told apart, relative to the power of
two above the largest feature. After a restart the step is larger and falls in `LMS_GEARS`. All is
feed-forward but the weights, which are needed again a frame later.

(Sign-error and normalised LMS: S. Haykin, Adaptive Filter Theory, chapter 6 of the 5th edition.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import order
from .config import EncoderConfig
from .delta import wrap
from .format import (
    LMS_FEATURES,
    LMS_FRACTION_BITS,
    LMS_GEARS,
    LMS_INITIAL,
    LMS_LAGS,
    LMS_NEIGHBOUR_LAGS,
    LMS_WEIGHT_BITS,
)

_HALF = 1 << LMS_FRACTION_BITS - 1
_LIMIT = 1 << LMS_WEIGHT_BITS - 1
TOP_BITS = 2  # of the largest feature's magnitude, by which features are told apart


class Lms:
    """The predictor and its state.

    Attributes
    ----------
    weights : int64 (channels, LMS_FEATURES)
    past : int64 (channels + 1, LMS_LAGS)
        Last differences of each slot, newest first; the last row stays zero, for no neighbour.
    age : int
        Frames since the restart.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.width = config.sample_bits
        self.neighbours = order.neighbours(config)
        self._earlier = self.neighbours < np.arange(config.channels)[:, np.newaxis]
        self.weights = np.zeros((config.channels, LMS_FEATURES), np.int64)
        self.past = np.zeros((config.channels + 1, LMS_LAGS), np.int64)
        self.restart()

    def restart(self) -> None:
        """Forget the past."""
        self.weights[:] = LMS_INITIAL
        self.past[:] = 0
        self.age = 0

    def encode(self, differences: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the residuals of ``differences``, both int64 (frames, channels), by slot.

        The first frame after a restart comes back as it is: there is nothing to predict it from.
        """
        residuals = differences.copy()
        for frame, row in enumerate(differences):
            if self.age:
                now = np.append(row, 0)
                features = self._features(now, slice(None))
                residuals[frame] = wrap(row - self._predict(features, slice(None)), self.width)
                self._learn(residuals[frame], features, slice(None))
                self.past[:, 1:] = self.past[:, :-1]
                self.past[:, 0] = now
            self.age += 1
        return residuals

    def decode(self, residuals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the differences; the inverse of `encode`."""
        differences = residuals.copy()
        slots = residuals.shape[1]
        for frame, row in enumerate(residuals):
            if self.age:
                now = np.zeros(slots + 1, np.int64)
                for slot in range(slots):
                    one = slice(slot, slot + 1)
                    features = self._features(now, one)
                    now[one] = wrap(row[one] + self._predict(features, one), self.width)
                    self._learn(row[one], features, one)
                self.past[:, 1:] = self.past[:, :-1]
                self.past[:, 0] = now
                differences[frame] = now[:-1]
            self.age += 1
        return differences

    def _features(self, now: NDArray[np.int64], slots: slice) -> NDArray[np.int64]:
        """Features of ``slots``, int64 (slots, LMS_FEATURES); ``now``: this frame's differences."""
        near, earlier = self.neighbours[slots], self._earlier[slots]
        latest = np.where(earlier, now[near], self.past[near, 0])
        before = np.where(earlier, self.past[near, 0], self.past[near, 1])
        own = self.past[:-1][slots]
        return np.hstack([own, latest, before[:, :LMS_NEIGHBOUR_LAGS]])

    def _predict(self, features: NDArray[np.int64], slots: slice) -> NDArray[np.int64]:
        total = (self.weights[slots] * features).sum(axis=1)
        return np.asarray(total + _HALF >> LMS_FRACTION_BITS)

    def _learn(
        self, residuals: NDArray[np.int64], features: NDArray[np.int64], slots: slice
    ) -> None:
        magnitudes = np.where(features < 0, ~features, features)
        union = np.bitwise_or.reduce(magnitudes, axis=1, keepdims=True)
        bits = np.frexp(union.astype(np.float64))[1]  # of the largest magnitude
        levels = 2 * (features >> np.maximum(bits - TOP_BITS, 0)) + 1  # ±1, ±3, ±5, ±7
        gear = sum(self.age < age for age in LMS_GEARS)
        steps = np.sign(residuals)[:, np.newaxis] * levels << gear
        weights = self.weights[slots]
        np.clip(weights + steps, -_LIMIT, _LIMIT - 1, out=weights)
