"""Coder `rice`: adaptive Golomb-Rice; see `probecodec.golden.rice`."""

from amaranth import Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import RICE_ESCAPE_ZEROS, RICE_MEAN_SHIFT, initial_mean
from . import layout


class Rice(wiring.Component):
    """Codes each symbol with the k that its channel's running mean suggests.

    ::

        cycle  1             2        3             4               5              6
        i ─► read sum ─► register ─► k; sum − mean ─► shift coarse ─► shift fine ─► code ─► o
                                                └─► + symbol ─► write sum

    Latency 6 cycles, one slot per cycle. Memory: channels × (W + 4) bits. Needs at least
    `MIN_CHANNELS`, so that a sum is written before it is read a frame later.

    Members
    -------
    i : In(layout.symbol)
        Symbols.
    o : Out(layout.code)
        Codes.
    """

    LATENCY = 6
    MIN_CHANNELS = 6

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({"i": In(layout.symbol(config)), "o": Out(layout.code(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        config, width = self._config, self._config.sample_bits
        valid, slot = layout.delay(m, self.i, self.LATENCY - 1)  # valid[n]: n + 1 cycles after i

        # The sum cannot overflow: it stays at or below (2^W - 1) 2^shift, where it no longer grows.
        sum_bits = width + RICE_MEAN_SHIFT
        m.submodules.sums = sums = memory.Memory(
            shape=sum_bits, depth=config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = sums.read_port(), sums.write_port()
        m.d.comb += read.addr.eq(self.i.payload.channel)

        total = Signal(sum_bits, reset_less=True)  # cycle 2
        m.d.sync += total.eq(read.data)

        mean = total[RICE_MEAN_SHIFT:]
        k = Signal(range(width))  # cycle 3
        rest = Signal(sum_bits)
        m.d.sync += [k.eq(0), rest.eq(total - mean)]
        for bit in range(1, width):
            with m.If(mean[bit]):
                m.d.sync += k.eq(bit)

        updated = Signal(sum_bits)  # cycle 4
        initial = initial_mean(width) << RICE_MEAN_SHIFT
        m.d.sync += updated.eq(Mux(slot[2].tag.raw, initial, rest + slot[2].value))
        m.d.comb += [  # cycle 5
            write.addr.eq(slot[3].channel),
            write.data.eq(updated),
            write.en.eq(valid[3] & slot[3].tag.present),
        ]

        coarse = Signal(width)  # cycle 4: shifted by all but the lowest two bits of k
        k_coarse = Signal.like(k)
        m.d.sync += [coarse.eq(slot[2].value >> (k[2:] << 2)), k_coarse.eq(k)]

        quotient = Signal(width)  # cycle 5
        low = Signal(width)  # a one above the k low bits: it ends the quotient's zeros
        k_fine = Signal.like(k)
        one = Const(1, width) << k_coarse
        m.d.sync += [
            quotient.eq(coarse >> k_coarse[:2]),
            low.eq(slot[3].value & (one - 1) | one),
            k_fine.eq(k_coarse),
        ]

        o, last = self.o.payload, slot[4]  # cycle 6
        m.d.sync += [
            self.o.valid.eq(valid[4]),
            o.channel.eq(last.channel),
            o.tag.eq(last.tag),
            o.bits.eq(low),
            o.length.eq(quotient[:4] + k_fine + 1),
        ]
        with m.If(last.tag.raw):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(width)]
        with m.Elif(quotient >= RICE_ESCAPE_ZEROS):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(RICE_ESCAPE_ZEROS + width)]
        with m.If(~(valid[4] & last.tag.present)):
            m.d.sync += [o.bits.eq(0), o.length.eq(0)]
        return m
