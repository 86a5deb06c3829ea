"""The other end of a synchronous FIFO: an FTDI chip whose USB buffer fills up now and then."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import Timer


@dataclass(frozen=True, kw_only=True)
class FtTiming:
    """Of the pins against the chip's clock, in ns.

    Attributes
    ----------
    period
        Of the clock.
    txe
        TXE# changes this long after the rising edge.
    setup
        WR# and data do not change in this time before the rising edge.
    """

    period: float
    txe: float
    setup: float


FT2232H = FtTiming(period=16.667, txe=7.15, setup=7.5)  # FT232H too; DS_FT2232H, FT245 synchronous
FT600 = FtTiming(period=10.0, txe=7.0, setup=1.0)  # FT601 too; DS_FT600Q-FT601Q, at 100 MHz

# An FT2232H pauses so behind each USB packet: 512 bytes, two of them its own.
PACKETS = ((510, 10),)


class FtChip:
    """Drives the clock and TXE#, and takes what is written.

    A transfer happens at a rising clock edge with WR# and TXE# low. TXE# rises behind the transfer
    that fills the buffer.

    Parameters
    ----------
    clk, txe_n : handle
        Driven by the chip.
    wr_n, data : handle
        Driven by the FPGA.
    siwu_n, be : handle, optional
        Likewise; all byte enables must be high with each transfer.
    timing : FtTiming
    pauses : iterable of (int, int)
        Transfers until the buffer is full, and clocks until there is room; again and again.

    Attributes
    ----------
    data : bytearray
        Bytes taken, the lowest lane first.
    transfers : list of int
        The clock in which each transfer happened.
    sends : list of int
        Bytes taken where SIWU# fell.
    """

    def __init__(
        self,
        clk: Any,
        txe_n: Any,
        wr_n: Any,
        data: Any,
        *,
        siwu_n: Any = None,
        be: Any = None,
        timing: FtTiming = FT2232H,
        pauses: Iterable[tuple[int, int]] = PACKETS,
    ) -> None:
        self.data = bytearray()
        self.transfers: list[int] = []
        self.sends: list[int] = []
        self._clk, self._txe_n, self._wr_n, self._data = clk, txe_n, wr_n, data
        self._siwu_n, self._be = siwu_n, be
        self._pauses = itertools.cycle(pauses)
        self._lanes = len(data) // 8
        period, txe, setup = (round(ns * 1000) for ns in (timing.period, timing.txe, timing.setup))
        half = period // 2
        # From the rising edge: TXE# and the falling edge, in their order; the setup time; the end.
        self._steps = sorted([(txe, txe_n), (half, clk)], key=lambda step: step[0])
        self._setup, self._period = period - setup, period
        assert max(txe, half) < self._setup
        clk.value, txe_n.value = 0, 1

    def start(self) -> None:
        """Run from now on."""
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        room, full = next(self._pauses)
        pause, txe_n, sending = 4, 1, False
        for clock in itertools.count():
            self._clk.value = 1
            now = 0
            for time, pin in self._steps:
                await Timer(time - now, "ps")
                pin.value = 0 if pin is self._clk else txe_n
                now = time
            await Timer(self._setup - now, "ps")
            before = self._pins()
            await Timer(self._period - self._setup, "ps")
            pins = self._pins()
            assert pins == before, f"pins changed within the setup time: {before} to {pins}"
            # The rising edge.
            wr_n, data, siwu_n, be = pins
            if siwu_n == 0 and not sending:
                self.sends.append(len(self.data))
            sending = siwu_n == 0
            if not txe_n and not wr_n:
                assert be in (None, (1 << self._lanes) - 1), f"byte enables {be:#b}"
                self.data += data.to_bytes(self._lanes, "little")
                self.transfers.append(clock)
                room -= 1
                if not room:
                    pause = full
                    room, full = next(self._pauses)
            txe_n = int(pause > 0)
            pause -= txe_n

    def _pins(self) -> tuple[int, int | None, int | None, int | None]:
        wr_n = int(self._wr_n.value)
        data = None if wr_n else int(self._data.value)
        others = (None if pin is None else int(pin.value) for pin in (self._siwu_n, self._be))
        return (wr_n, data, *others)
