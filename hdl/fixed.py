"""Coder `fixed`; see `probecodec.golden.fixed`."""

from amaranth import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Fixed(wiring.Component):
    """Codes each symbol in w bits, or as an escape and the raw symbol.

    Latency 1 cycle, one slot per cycle, no state.

    Members
    -------
    i : In(layout.symbol)
        Symbols.
    o : Out(layout.code)
        Codes.
    """

    LEAD = 0  # it needs nothing of a slot before the slot
    LATENCY = 1
    MIN_CHANNELS = 1

    def __init__(self, config: EncoderConfig) -> None:
        self._width = config.sample_bits
        self._fixed_bits = config.fixed_bits
        super().__init__({"i": In(layout.symbol(config)), "o": Out(layout.code(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        symbol, o = self.i.payload, layout.register(m, self.o)
        escape = Const((1 << self._fixed_bits) - 1, self._fixed_bits)
        m.d.sync += [
            self.o.valid.eq(self.i.valid),
            o.channel.eq(symbol.channel),
            o.tag.eq(symbol.tag),
            o.bits.eq(symbol.value),
            o.length.eq(self._fixed_bits),
        ]
        with m.If(symbol.tag.raw):
            m.d.sync += o.length.eq(self._width)
        with m.Elif((symbol.value >= escape) & (self._fixed_bits < self._width)):
            m.d.sync += [
                o.bits.eq(Cat(symbol.value, escape)),
                o.length.eq(self._fixed_bits + self._width),
            ]
        with m.If(~symbol.tag.present):
            m.d.sync += [o.bits.eq(0), o.length.eq(0)]
        return m
