"""Zigzag mapper; see `probecodec.golden.zigzag`."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Zigzag(wiring.Component):
    """Maps residuals and measurements to symbols: twice the value, inverted where it is negative.

    Latency 0: it is logic only, a gate for each bit. One slot per cycle.

    Members
    -------
    i : In(layout.signed_symbol)
        Residuals or measurements.
    o : Out(layout.symbol)
        Symbols.
    """

    LATENCY = 0

    def __init__(self, config: EncoderConfig) -> None:
        self._width = layout.symbol_bits(config)
        super().__init__({"i": In(layout.signed_symbol(config)), "o": Out(layout.symbol(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        value = self.i.payload.value
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.o.payload.value.eq(
                (value << 1)[: self._width] ^ (value < 0).replicate(self._width)
            ),
            self.o.payload.channel.eq(self.i.payload.channel),
            self.o.payload.tag.eq(self.i.payload.tag),
        ]
        return m
