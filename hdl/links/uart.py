"""UART: a serial line through any USB-to-serial chip; the simplest of the links."""

import math
from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...golden.errors import ConfigError, require
from .. import layout
from .bytes import Bytes
from .limits import is_whole, shown

BITS = 10  # start bit, 8 data bits, stop bit
LEAST_DIVISOR, MOST_DIVISOR = 2, 1 << 24
TOLERANCE = 0.02  # of the baud rate; the receiver's last sample is then off by a fifth of a bit


def uart_divisor(clock_hz: float, baud: float) -> int:
    """Return the divisor for a baud rate.

    Raises
    ------
    ConfigError
        Where the nearest rate is more than 2 % off; the message names the rates around it. Where
        either is no number above 0, or the baud rate takes a divisor above 2^24.
    """
    for name, value in (("clock_hz", clock_hz), ("baud", baud)):
        require(_is_rate(value), f"{name} must be a number above 0, not {shown(value)}")
    lowest = clock_hz / MOST_DIVISOR
    require(
        baud >= lowest,
        f"{baud:g} baud is too slow for a {clock_hz / 1e6:g} MHz clock; use at least "
        f"{math.ceil(lowest)} baud",
    )
    below = max(LEAST_DIVISOR, int(clock_hz / baud))
    divisor = min((below, below + 1), key=lambda n: abs(clock_hz / n - baud))
    if abs(clock_hz / divisor / baud - 1) > TOLERANCE:
        rates = " or ".join(f"{clock_hz / n:,.0f}" for n in (below + 1, below))
        raise ConfigError(
            f"{baud:,.12g} baud cannot be made of a {clock_hz / 1e6:g} MHz clock; use {rates} baud"
        )
    return divisor


def _is_rate(value: Any) -> bool:
    """Is it a finite number above 0?"""
    try:
        rate = float(value) if is_whole(value) or isinstance(value, float) else 0.0
    except OverflowError:
        return False
    return 0 < rate < math.inf


class Uart(wiring.Component):
    """Transmitter, 8N1, least significant bit first: 10 bits a byte, no gap between bytes.

    The line idles for one byte after reset, so that a receiver that a reset caught in the middle
    of a byte finds the next start bit.

    Parameters
    ----------
    divisor : int
        Clock cycles in a bit, 2 … 2^24; see `uart_divisor`. 12 Mbaud takes 36 MHz and 3.
    flow_control : bool
        Stop while ``cts_n`` is high, behind the byte under way; at most one more byte begins, as
        ``cts_n`` is seen 2 to 3 cycles late.

    Raises
    ------
    ConfigError
        For another divisor, or a ``flow_control`` that is no truth value.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, most significant byte first on the line.
    tx : Out(1)
        Pin, to the receiver's RXD.
    cts_n : In(1)
        Pin, only with ``flow_control``: the receiver has room while it is low (RTS# of FTDI's
        chips). Asynchronous.
    """

    def __init__(self, *, divisor: int, flow_control: bool = False) -> None:
        require(
            is_whole(divisor) and LEAST_DIVISOR <= divisor <= MOST_DIVISOR,
            f"divisor must be a whole number from {LEAST_DIVISOR} to {MOST_DIVISOR}, not "
            f"{shown(divisor)}; take another baud rate or clock",
        )
        require(
            isinstance(flow_control, bool),
            f"flow_control must be True or False, not {shown(flow_control)}",
        )
        self._divisor = divisor
        self._flow_control = flow_control
        pins = {"tx": Out(1, init=1)} | ({"cts_n": In(1, init=1)} if flow_control else {})
        super().__init__({"words": In(stream.Signature(layout.link_layout()))} | pins)

    def capacity(self, clock_hz: float) -> float:
        """Return the stream bits a second that the line carries, where ``sync`` has clock_hz."""
        return clock_hz / self._divisor * 8 / BITS

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.bytes = source = Bytes()
        wiring.connect(m, wiring.flipped(self.words), source.words)

        may_send = Signal()
        if self._flow_control:
            stop = Signal()
            m.submodules.cts = FFSynchronizer(self.cts_n, stop)
            m.d.comb += may_send.eq(~stop)
        else:
            m.d.comb += may_send.eq(1)

        cycle = Signal(range(self._divisor))
        bits_left = Signal(range(BITS + 1), init=BITS)  # of the byte under way
        later = Signal(BITS - 1, init=-1)  # its bits after the one on the line
        bit_ends = cycle == self._divisor - 1
        idle = bits_left == 0
        m.d.comb += source.bytes.ready.eq(may_send & (idle | ((bits_left == 1) & bit_ends)))
        with m.If(source.bytes.ready & source.bytes.valid):
            m.d.sync += [
                self.tx.eq(0),
                later.eq(Cat(source.bytes.payload.data, 1)),
                bits_left.eq(BITS),
                cycle.eq(0),
            ]
        with m.Elif(bit_ends & ~idle):
            m.d.sync += [
                Cat(self.tx, later).eq(Cat(later, 1)),
                bits_left.eq(bits_left - 1),
                cycle.eq(0),
            ]
        with m.Elif(~idle):
            m.d.sync += cycle.eq(cycle + 1)
        return m
