"""A time-multiplexed probe: bit-serial lanes, one for each converter.

- `lane_bits`: what the pins show, bit after bit.
- `MultiplexedProbe`: the same in cocotb.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from cocotb.triggers import Timer
from numpy.typing import ArrayLike


class Bit(NamedTuple):
    """The pins in one period of the bit clock."""

    frame: int
    slot: int
    lanes: int


def lane_bits(
    slots: ArrayLike, *, adcs: int, sample_bits: int, idle_bits: int = 0
) -> Iterator[Bit]:
    """Yield the bits of one frame, most significant first.

    Parameters
    ----------
    slots : array (channels,)
        Samples in the order of conversion: of all converters, then again of all …
    idle_bits : int
        Bit times without a bit after each conversion.
    """
    for step, results in enumerate(np.asarray(slots).reshape(-1, adcs)):
        for n in range(sample_bits + idle_bits):
            shift = sample_bits - 1 - n
            lanes = 0
            if shift >= 0:
                lanes = sum((int(value) >> shift & 1) << lane for lane, value in enumerate(results))
            yield Bit(int(step == n == 0), int(n == 0), lanes)


class MultiplexedProbe:
    """Drives the pins of a front end `Multiplexed` in a cocotb bench.

    Parameters
    ----------
    bit_clock, frame, slot, lanes
        Handles.
    channels : array of int
        The channel in each slot, as `probecodec.golden.order.channels` gives it.
    adcs, sample_bits, idle_bits
        As for `lane_bits`.
    period_ns : float
        Of the bit clock.
    """

    def __init__(
        self,
        bit_clock: Any,
        frame: Any,
        slot: Any,
        lanes: Any,
        channels: ArrayLike,
        *,
        adcs: int = 32,
        sample_bits: int = 10,
        idle_bits: int = 0,
        period_ns: float = 120.0,
    ) -> None:
        self._pins = (frame, slot, lanes)
        self._bit_clock = bit_clock
        self._channels = np.asarray(channels)
        self._shape = {"adcs": adcs, "sample_bits": sample_bits, "idle_bits": idle_bits}
        self._half_ps = round(period_ns * 500)
        for pin in (bit_clock, *self._pins):
            pin.value = 0

    async def send(self, frames: Iterable[ArrayLike]) -> None:
        """Send frames, given in channel order; pins change as the bit clock falls."""
        for row in frames:
            for bit in lane_bits(np.asarray(row)[self._channels], **self._shape):
                self._bit_clock.value = 0
                for pin, level in zip(self._pins, bit, strict=True):
                    pin.value = level
                await Timer(self._half_ps, "ps")
                self._bit_clock.value = 1
                await Timer(self._half_ps, "ps")
