"""Coder `rice`: adaptive Golomb-Rice; see `probecodec.golden.rice`."""

from amaranth import Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import RICE_ESCAPE_ZEROS, RICE_MEAN_SHIFT, initial_mean
from . import layout
from .layout import Unreset


class Rice(wiring.Component):
    """Codes each symbol with the k that its channel's running mean suggests.

    ::

        cycle  -3              -2          -1               1                  2
        early ─► read sum ─► register ─► k; sum − mean ─┬─► symbol >> k ─► code ─► o
                                                    i ──┴─► + symbol ─► write sum

    What is known of a channel does not wait for its symbol. Latency 2 cycles, one slot per cycle.
    Memory: channels × (W + 4) bits. Needs at least `MIN_CHANNELS`, so that a sum is written before
    it is read a frame later.

    Members
    -------
    early, early_valid : In(range(channels)), In(1)
        Channel of the slot that is at ``i`` `LEAD` cycles later, and whether there is one.
    i : In(layout.symbol)
        Symbols.
    o : Out(layout.code)
        Codes.
    """

    LEAD = 3
    LATENCY = 2
    MIN_CHANNELS = LEAD + 1

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__(
            {
                "early": In(range(config.channels)),
                "early_valid": In(1),
                "i": In(layout.symbol(config)),
                "o": Out(layout.code(config)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        config, width = self._config, self._config.sample_bits

        # The sum cannot overflow: it stays at or below (2^W - 1) 2^shift, where it no longer grows.
        sum_bits = width + RICE_MEAN_SHIFT
        m.submodules.sums = sums = memory.Memory(
            shape=sum_bits, depth=config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = sums.read_port(), sums.write_port()
        m.d.comb += [read.addr.eq(self.early), read.en.eq(self.early_valid)]

        total = Unreset(sum_bits)
        m.d.sync += total.eq(read.data)

        mean = total[RICE_MEAN_SHIFT:]
        k = Unreset(range(width))
        rest = Unreset(sum_bits)
        m.d.sync += [k.eq(0), rest.eq(total - mean)]
        for bit in range(1, width):
            with m.If(mean[bit]):
                m.d.sync += k.eq(bit)

        slot = self.i.payload  # cycle 1
        initial = initial_mean(width) << RICE_MEAN_SHIFT
        m.d.comb += [
            write.addr.eq(slot.channel),
            write.data.eq(Mux(slot.tag.raw, initial, rest + slot.value)),
            write.en.eq(self.i.valid & slot.tag.present),
        ]
        quotient = Signal(width)
        zeros, many = Unreset(4), Unreset()  # the quotient, and whether it takes more bits
        last_k = Signal.like(k)
        m.d.comb += quotient.eq(slot.value >> k)
        m.d.sync += [zeros.eq(quotient), many.eq(quotient[4:].any()), last_k.eq(k)]

        (valid,), (last,) = layout.delay(m, self.i, 1)
        o = layout.register(m, self.o)  # cycle 2
        one = (Const(1) << last_k)[:width]  # it ends the quotient's zeros, above k low bits
        m.d.sync += [
            self.o.valid.eq(valid),
            o.channel.eq(last.channel),
            o.tag.eq(last.tag),
            o.bits.eq(last.value & (one - 1) | one),
            o.length.eq(zeros + last_k + 1),
        ]
        with m.If(last.tag.raw):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(width)]
        with m.Elif(many | (zeros >= RICE_ESCAPE_ZEROS)):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(RICE_ESCAPE_ZEROS + width)]
        with m.If(~last.tag.present):
            m.d.sync += [o.bits.eq(0), o.length.eq(0)]
        return m
