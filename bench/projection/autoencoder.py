"""An autoencoder of patches: learned from the lossless stretch, rounded in its bottleneck.

Encoder and decoder are each a linear map and, beside it, a hidden layer. They begin as the
principal components of the patches, cut off where these vary less than a quarter of the step, with
hidden layers that add nothing; so learning begins at PCA's error. Rounding is learned with uniform
noise in its place; the rate is bounded by that of Gaussian latents. (J. Ballé, V. Laparra, E.
Simoncelli, Int. Conf. on Learning Representations, 2017.)

PyTorch learns; encoder and decoder then run in NumPy, as all others do. The rate is the entropy of
the rounded latents, each one's own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Coder, entropy, finest, once, piece, through
from .ground_truth import GroundTruth
from .transforms import PATCH_CHANNELS, cut, joined

HIDDEN = 128
ITERATIONS, BATCH, LEARNING_RATE = 200, 256, 1e-3
# Of a nat, in squared steps. Where latents are fine it would be 1/6, for an error of 1/12 falls by
# 2/12 with a nat; half of it loses least at 8:1 and 16:1.
RATE_WEIGHT = 1 / 12
RELATIVE = 0.01, 8.0  # steps of latents whose channels have an rms of 1


class Net(NamedTuple):
    """x L + b + relu(x I + c) O: of arrays, or of tensors while it learns."""

    linear: Any
    bias: Any
    inner: Any
    inner_bias: Any
    outer: Any

    def __call__(self, rows: Any) -> Any:
        hidden = (rows @ self.inner + self.inner_bias).clip(min=0)
        return rows @ self.linear + self.bias + hidden @ self.outer

    @classmethod
    def begin(cls, linear: NDArray[np.float32], rng: np.random.Generator) -> Net:
        """A net whose hidden layer adds nothing yet."""
        inputs, outputs = linear.shape
        inner = rng.normal(0, np.sqrt(2 / inputs), (inputs, HIDDEN)).astype(np.float32)
        zeros = (np.zeros(n, np.float32) for n in (outputs, HIDDEN))
        return cls(linear, next(zeros), inner, next(zeros), np.zeros((HIDDEN, outputs), np.float32))


class Pair(NamedTuple):
    """Encoder and decoder."""

    encoder: Net
    decoder: Net

    @classmethod
    def begin(cls, axes: NDArray[np.float32]) -> Pair:
        """Principal components: ``axes`` as columns."""
        rng = np.random.default_rng(0)
        return cls(Net.begin(axes, rng), Net.begin(np.ascontiguousarray(axes.T), rng))


def autoencoder(truth: GroundTruth, target: float) -> Coded | None:
    """Learn for a rate that PCA tells the step of; then the latents' own step is searched for."""
    patches, axes, deviations, scale = _components(truth)
    values = truth.values[piece(truth)]
    begin = Pair.begin(axes)
    step = finest(lambda step: coder(begin, scale, step).rate(values), target, *RELATIVE)
    if step is None:
        return None
    pair = _learned(patches / np.float32(step), Pair.begin(axes[:, deviations > step / 4]))
    wide = scale * np.float32(step)
    own = finest(lambda own: coder(pair, wide, own).rate(values), target, 0.25, 4.0)
    if own is None:
        return None
    return through(truth, coder(pair, wide, own), f"{pair.encoder.linear.shape[1]} latents")


def coder(pair: Pair, scale: NDArray[np.float32], step: float) -> Coder:
    """Code patches of channels divided by ``scale``, (channels,), with latents in such steps."""
    wide = np.float32(step)

    def encode(values: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        rows = cut(_whole(values / scale))
        return [np.rint(pair.encoder(part) / wide).astype(np.int32) for part in rows]

    def decode(sent: list[NDArray[np.int32]]) -> NDArray[np.float32]:
        back = joined([pair.decoder(part.astype(np.float32) * wide) for part in sent])
        return back[:, : len(scale)] * scale

    return Coder(encode, decode, bits=lambda sent: sum(map(entropy, sent)))


def _whole(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silent channels are added until all neighbourhoods are whole."""
    return np.pad(values, ((0, 0), (0, -values.shape[1] % PATCH_CHANNELS)))


@once
def _components(truth: GroundTruth) -> tuple[NDArray[np.float32], ...]:
    """Return the patches as rows, their principal axes as columns, standard deviations of what
    these give, and each channel's rms."""
    values = truth.values[truth.stretch(train=True)]
    scale = np.maximum(values.std(axis=0), 1).astype(np.float32)
    patches = np.concatenate(cut(_whole(values / scale)))
    variances, axes = np.linalg.eigh((patches.T @ patches).astype(np.float64) / len(patches))
    deviations = np.sqrt(np.maximum(variances, 0))
    return patches, axes.astype(np.float32), deviations, scale


def _learned(patches: NDArray[np.float32], begin: Pair) -> Pair:
    """Learn from ``patches`` in steps, float32 (patches, samples).

    They are drawn by their rms: spikes are few, and shall count too.
    """
    import torch
    from threadpoolctl import threadpool_limits

    rms = np.sqrt(np.mean(patches**2, axis=1, dtype=np.float64)) + 1e-6
    rng = np.random.default_rng(0)
    drawn = rng.choice(len(patches), (ITERATIONS, BATCH), p=rms / rms.sum())
    noise = torch.Generator().manual_seed(0)
    encoder, decoder = (
        Net(*(torch.tensor(part, requires_grad=True) for part in net)) for net in begin
    )
    optimiser = torch.optim.Adam([*encoder, *decoder], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, ITERATIONS)
    with threadpool_limits(1):  # the products are small: threads would wait for each other
        for batch in drawn:
            rows = torch.from_numpy(patches[batch])
            latents = encoder(rows)
            rounded = latents + torch.rand(latents.shape, generator=noise) - 0.5
            error = ((decoder(rounded) - rows) ** 2).sum(dim=1).mean()
            nats = torch.log1p(12 * latents.var(dim=0)).sum() / 2
            optimiser.zero_grad()
            (error + RATE_WEIGHT * nats).backward()
            optimiser.step()
            schedule.step()
    return Pair(*(Net(*(part.detach().numpy() for part in net)) for net in (encoder, decoder)))
