"""A chip that gives samples on a parallel bus with its own clock, in cocotb."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from numpy.typing import ArrayLike


class NativeSource:
    """Drives the pins of a front end `Native`; they change as the clock falls.

    Parameters
    ----------
    clock, valid, first, value, aux
        Handles; ``aux`` is None where there is none.
    channels : array of int
        The channel in each slot, as `probecodec.golden.order.channels` gives it.
    period_ns : float
        Of the clock, which runs from now on.
    pause : int
        Clock cycles without a sample after each one.
    """

    def __init__(
        self,
        clock: Any,
        valid: Any,
        first: Any,
        value: Any,
        channels: ArrayLike,
        *,
        aux: Any = None,
        period_ns: float = 50.0,
        pause: int = 0,
    ) -> None:
        self._clock, self._valid, self._first, self._value = clock, valid, first, value
        self._aux, self._pause = aux, pause
        self._channels = np.asarray(channels)
        valid.value = first.value = value.value = 0
        Clock(clock, round(period_ns * 1000) // 2 * 2, "ps").start()

    async def send(self, frames: Iterable[ArrayLike], aux: Iterable[int] | None = None) -> None:
        """Send frames, given in channel order, each with its auxiliary word."""
        words = None if aux is None else iter(aux)
        mask = (1 << len(self._value)) - 1
        for row in frames:
            for n, sample in enumerate(np.asarray(row)[self._channels].tolist()):
                await FallingEdge(self._clock)
                self._valid.value, self._first.value = 1, int(n == 0)
                self._value.value = sample & mask
                if words is not None and n == 0:
                    self._aux.value = next(words)
                for _ in range(self._pause):
                    await FallingEdge(self._clock)
                    self._valid.value = 0
        await FallingEdge(self._clock)
        self._valid.value = 0
