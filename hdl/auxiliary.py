"""Auxiliary lane; see `probecodec.golden.auxiliary`."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Auxiliary(wiring.Component):
    """Appends the auxiliary word's bits to the codes of a frame's first channels, empty ones too.

    Latency 2 cycles, one slot per cycle. Needs more channels than auxiliary bits.

    Members
    -------
    i : In(layout.code)
        Codes.
    word : In(aux_bits)
        The auxiliary word of the frame whose first code is at ``i``.
    o : Out(layout.code)
        Codes, the bits appended.
    """

    LATENCY = 2

    def __init__(self, config: EncoderConfig) -> None:
        self._bits = config.aux_bits
        self._projected = config.projection is not None
        super().__init__(
            {
                "i": In(layout.code(config)),
                "word": In(config.aux_bits),
                "o": Out(layout.code(config)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        valid, slot = layout.delay(m, self.i, 1)
        code, o = slot[0], layout.register(m, self.o)

        sent = Signal(self._bits)  # the word that the decoder knows
        changed = Signal()
        tag = self.i.payload.tag
        m.d.sync += changed.eq((self.word != sent) | (tag.first if self._projected else tag.raw))

        left = Signal(range(self._bits + 1))  # bits still to send
        rest = Signal(self._bits)
        append, bit = Signal(), Signal()
        is_sample = code.tag.sample if self._projected else code.tag.present
        with m.If(valid[0] & is_sample):
            with m.If(code.channel == 0):
                m.d.comb += [append.eq(1), bit.eq(changed)]
                m.d.sync += [
                    left.eq(Mux(changed, self._bits, 0)),
                    rest.eq(self.word),
                    sent.eq(self.word),
                ]
            with m.Elif(left != 0):
                m.d.comb += [append.eq(1), bit.eq(rest[-1])]
                m.d.sync += [left.eq(left - 1), rest.eq(rest << 1)]

        m.d.sync += [self.o.valid.eq(valid[0]), o.eq(code)]
        with m.If(append):
            m.d.sync += [
                o.bits.eq(Cat(bit, code.bits)[: len(o.bits)]),
                o.length.eq(code.length + 1),
                o.tag.present.eq(1),
            ]
        return m
