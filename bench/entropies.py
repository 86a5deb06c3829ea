"""Zero-order entropies of samples and of their differences: what no memoryless code can beat."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

_GROUP = 32  # channels that are gathered at a time: a line of cache


@dataclass(frozen=True, eq=False)
class Entropy:
    """Bits a sample. (C. Shannon, Bell Syst. Tech. J. 27, 1948.)

    Attributes
    ----------
    pooled : float
        Of all samples together, as the study took it.
    channels : float64 (channels,)
        Of each channel alone.
    """

    pooled: float
    channels: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Of each channel alone, on average."""
        return float(self.channels.mean())


@dataclass(frozen=True, eq=False)
class Entropies:
    """Of the samples, and of their first and second differences in time."""

    values: Entropy
    differences: Entropy
    second_differences: Entropy

    def by_name(self) -> dict[str, Entropy]:
        """Return the three by their names."""
        return {one.name.replace("_", " "): getattr(self, one.name) for one in fields(self)}

    def as_json(self) -> dict[str, Any]:
        """Return all, for scripts."""
        return {
            name: {"pooled": one.pooled, "mean": one.mean, "channels": one.channels.tolist()}
            for name, one in self.by_name().items()
        }


def entropies(samples: NDArray[np.int16]) -> Entropies:
    """Return the entropies of samples (frames, channels).

    Differences are modulo 2**16, and those that reach before the first frame are left out; where
    there are no others the entropy is 0.
    """
    channels = samples.shape[1]
    pooled, own = np.zeros((3, 1 << 16), np.int64), np.empty((3, channels))
    for first in range(0, channels, _GROUP):
        lines = np.ascontiguousarray(samples[:, first : first + _GROUP].T)
        for channel, line in enumerate(lines, first):
            for order in range(3):
                codes = np.diff(line, order).view(np.uint16)
                counts = np.bincount(codes, minlength=1 << 16)
                own[order, channel] = _bits(counts)
                pooled[order] += counts
    return Entropies(*map(Entropy, map(_bits, pooled), own))


def _bits(counts: NDArray[np.int64]) -> float:
    counts = counts[counts > 0]
    total = counts.sum()
    return float(np.sum(counts * np.log2(total / counts) / total))
