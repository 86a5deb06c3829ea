"""Vector quantisation behind the high-pass: short stretches of a channel by a learned codebook.

The rate says how long a stretch is and how many entries the codebook has: 2^(rate × length) of
them, `MOST_ENTRIES` at most. Channels are brought to the same rms and share the codebook. The
hybrid with prediction codes what is left of a stretch when it is predicted from the frames before
it as the decoder has them. (A. Gersho, R. Gray, Vector Quantization and Signal Compression, 1992,
chapters 11 and 13.)
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Coder, entropy, once, piece, through
from .ground_truth import GroundTruth

MOST_ENTRIES = 1024
HISTORY = 32  # frames from which a stretch is predicted
RESTART_SECONDS = 1.0  # between frames that need no earlier one; these spans are coded side by side
LEARNED = 50_000  # stretches
BLOCK = 512  # stretches at a time, so that their distances stay in the cache


class Quantiser(NamedTuple):
    """What encoder and decoder know.

    Attributes
    ----------
    scale : float32 (channels,)
        rms of each channel, ADC steps.
    entries : float32 (entries, length)
    predictor : float32 (HISTORY, length)
        (0, length) where nothing is predicted.
    restart : int
        Frames between restarts, at most.
    """

    scale: NDArray[np.float32]
    entries: NDArray[np.float32]
    predictor: NDArray[np.float32]
    restart: int


class Indices(NamedTuple):
    """The entries taken, int64 (stretches of a span, spans channels), for so many frames."""

    entries: NDArray[np.int64]
    frames: int


def vq(truth: GroundTruth, target: float) -> Coded:
    """Vector quantisation."""
    return _coded(truth, _plain(truth, target))


def predictive_vq(truth: GroundTruth, target: float) -> Coded:
    """Vector quantisation of what a linear prediction leaves."""
    one = _plain(truth, target)._replace(restart=int(RESTART_SECONDS * truth.rate_hz))
    values = truth.values[piece(truth)]
    rng = np.random.default_rng(0)
    length = one.entries.shape[1]
    starts = np.arange(-(-HISTORY // length) * length, len(values) - length + 1, length)
    back = _decode(one, _encode(one, values)) / one.scale
    frame, channel = rng.choice(starts, LEARNED), rng.integers(values.shape[1], size=LEARNED)
    frame, channel = frame[:, np.newaxis], channel[:, np.newaxis]
    before = back[frame + np.arange(-HISTORY, 0), channel]
    wanted = values[frame + np.arange(length), channel] / one.scale[channel]
    wanted = wanted.astype(np.float32)
    predictor = np.linalg.lstsq(before, wanted, rcond=None)[0]
    entries = _codebook(wanted - before @ predictor, wanted, len(one.entries))
    one = one._replace(predictor=predictor, entries=entries)
    return _coded(truth, one)


def _coded(truth: GroundTruth, one: Quantiser) -> Coded:
    coder = Coder(
        encode=partial(_encode, one),
        decode=partial(_decode, one),
        bits=lambda sent: entropy(sent.entries.reshape(-1)),
    )
    count, length = one.entries.shape
    return through(truth, coder, f"{count} × {length}")


@once
def _plain(truth: GroundTruth, target: float) -> Quantiser:
    """Learn a codebook for stretches as they are."""
    values = truth.values[truth.stretch(train=True)]
    scale = np.maximum(values.std(axis=0), 1).astype(np.float32)
    length = max(1, int(np.log2(MOST_ENTRIES) / target))
    count = min(MOST_ENTRIES, int(2 ** (target * length)))
    whole = values[: len(values) // length * length].astype(np.float32) / scale
    stretches = whole.T.reshape(-1, length)
    chosen = np.random.default_rng(0).choice(len(stretches), LEARNED)
    entries = _codebook(stretches[chosen], stretches[chosen], count)
    predictor = np.zeros((0, length), np.float32)
    return Quantiser(scale, entries, predictor, restart=length)


def _codebook(
    left: NDArray[np.float32], stretches: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Learn entries, float32 (count, length), by k-means of what is left of ``stretches``.

    These are drawn by their rms: spikes are few, and shall have entries too.
    """
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    rms = np.sqrt(np.mean(stretches**2, axis=1, dtype=np.float64)) + 1e-6
    drawn = np.random.default_rng(0).choice(len(left), len(left), p=rms / rms.sum())
    learner = MiniBatchKMeans(count, n_init=1, batch_size=4096, max_iter=5, random_state=0)
    with threadpool_limits(1):  # the batches are small: threads would wait for each other
        return learner.fit(left[drawn]).cluster_centers_.astype(np.float32)


def _encode(one: Quantiser, values: NDArray[np.int32]) -> Indices:
    """Take the nearest entry of each stretch, all spans and channels side by side."""
    length = one.entries.shape[1]
    spans = -(-len(values) // one.restart)
    span = -(-len(values) // spans // length) * length
    padded = np.zeros((spans * span, values.shape[1]), np.float32)
    padded[: len(values)] = values.astype(np.float32) / one.scale
    wanted = padded.reshape(spans, -1, length, values.shape[1]).transpose(1, 0, 3, 2)
    wanted = wanted.reshape(len(wanted), -1, length)
    indices = np.empty(wanted.shape[:2], np.int64)
    history = np.zeros((wanted.shape[1], len(one.predictor)), np.float32)
    scores = _scores(one.entries)
    for step, stretches in enumerate(wanted):
        predicted = history @ one.predictor
        indices[step] = _nearest(stretches - predicted, scores)
        history = _pushed(history, predicted + one.entries[indices[step]])
    return Indices(indices, len(values))


def _scores(entries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a stretch and a 1 are multiplied by: the nearest entry's x' c - |c|² / 2 is
    largest."""
    return np.vstack([entries.T, -np.sum(entries**2, axis=1) / 2])


def _nearest(stretches: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    rows = np.hstack([stretches, np.ones((len(stretches), 1), np.float32)])
    blocks = (rows[first : first + BLOCK] @ scores for first in range(0, len(rows), BLOCK))
    return np.concatenate([block.argmax(axis=1) for block in blocks])


def _decode(one: Quantiser, sent: Indices) -> NDArray[np.float32]:
    length, channels = one.entries.shape[1], len(one.scale)
    back = np.empty((*sent.entries.shape, length), np.float32)
    history = np.zeros((sent.entries.shape[1], len(one.predictor)), np.float32)
    for step, indices in enumerate(sent.entries):
        back[step] = history @ one.predictor + one.entries[indices]
        history = _pushed(history, back[step])
    spans = back.reshape(len(back), -1, channels, length).transpose(1, 0, 3, 2)
    return spans.reshape(-1, channels)[: sent.frames] * one.scale


def _pushed(history: NDArray[np.float32], frames: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([history, frames], axis=1)[:, frames.shape[1] :]
