"""The other end of a UART: a USB-to-serial chip, or a microcontroller's."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, Timer, ValueChange
from cocotb.utils import get_sim_time


class FramingError(AssertionError):
    """What is on the line is no byte of 8N1."""


class UartReceiver:
    """Receives 8N1 from a pin, as a UART does: it samples the middle of each bit.

    It wakes with the line's edges and ten times a byte, so it costs nothing between bytes.

    Parameters
    ----------
    pin : handle
        The transmitter's output.
    baud : float
        Bits a second.
    cts_n : handle, optional
        The transmitter's "clear to send"; driven low.
    strict : bool
        Raise ``FramingError``, else count: a reset cuts a byte.

    Attributes
    ----------
    data : bytearray
        Bytes received.
    begins : list of float
        When each began, in ns.
    framing_errors : int
    jitter : float
        The farthest that an edge within a byte was from its place, in bits.
    """

    def __init__(self, pin: Any, baud: float, cts_n: Any = None, *, strict: bool = True) -> None:
        self.data = bytearray()
        self.begins: list[float] = []
        self.framing_errors = 0
        self.jitter = 0.0
        self._pin = pin
        self._strict = strict
        self._bit = 1e12 / baud  # ps
        self._begin: float | None = None
        if cts_n is not None:
            cts_n.value = 0

    def start(self) -> None:
        """Receive from now on."""
        cocotb.start_soon(self._receive())
        cocotb.start_soon(self._measure())

    async def _receive(self) -> None:
        while True:
            await FallingEdge(self._pin)
            self._begin = get_sim_time("ps")
            levels = []
            for bit in range(10):
                wait = self._begin + (bit + 0.5) * self._bit - get_sim_time("ps")
                await Timer(round(wait), "ps")
                levels.append(int(self._pin.value))
            if levels[0] or not levels[9]:
                self.framing_errors += 1
                if self._strict:
                    raise FramingError(f"bits {levels} at {self._begin / 1e3:.0f} ns")
                if not levels[9]:
                    self._begin = None
                continue
            self.data.append(sum(level << n for n, level in enumerate(levels[1:9])))
            self.begins.append(self._begin / 1e3)

    async def _measure(self) -> None:
        while True:
            await ValueChange(self._pin)
            if self._begin is None:
                continue
            bits = (get_sim_time("ps") - self._begin) / self._bit
            if bits < 9.5:  # behind the stop bit the line is free
                self.jitter = max(self.jitter, abs(bits - round(bits)))
