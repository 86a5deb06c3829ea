"""Bit packer; see `probecodec.golden.packer`."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import WORD_BITS
from . import layout


class Packer(wiring.Component):
    """Packs codes of 0 … 32 bits into 32-bit words, most significant bit first.

    A word leaves only when a code no longer fits in, and a packet's last word leaves one cycle
    after its end. So a packet's first code never completes a word, and that cycle is always free.

    ::

        cycle  1                2               3
        i ─► fill += length ─► rotate by 1s ─► rotate by 8s, collect ─► o

    ``top`` is the position (from the most significant bit) of the newest bit in the word, 31
    where the word is empty: a 5-bit sum with its carry is the whole loop.

    A word is there 2 cycles after the code that completes it, 3 after a packet's end, and is logic
    behind registers: the FIFO's memory takes it at once. One slot per cycle.

    Members
    -------
    i : In(layout.code)
        Codes.
    o : Out(layout.word)
        Words.
    """

    LATENCY = 3

    def __init__(self, config: EncoderConfig) -> None:
        self._projected = config.projection is not None
        super().__init__({"i": In(layout.code(config)), "o": Out(layout.word(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        code = self.i.payload
        index_bits = (WORD_BITS - 1).bit_length()

        # Cycle 1: where the code ends, and whether it begins a new word.
        top = Signal(index_bits, init=WORD_BITS - 1)
        empty = Signal(init=1)
        flush = Signal()
        word_tag = data.StructLayout({"restart": 1, "mode": code.tag.mode.shape(), "short": 1})
        known = Signal(word_tag, reset_less=True)  # what the packet's slots have told
        begun = Signal()  # the packet has had a slot
        bits_1 = Signal(WORD_BITS)
        emit_1, flush_1 = Signal(), Signal()
        tag_1 = Signal(word_tag, reset_less=True)
        m.d.sync += [
            flush.eq(0),
            bits_1.eq(0),
            flush_1.eq(flush),
            tag_1.eq(known),
            emit_1.eq(flush),
        ]
        base = Signal(index_bits)
        fresh = Signal()
        m.d.comb += [fresh.eq(empty | flush), base.eq(Mux(fresh, WORD_BITS - 1, top))]
        after = Signal(index_bits + 2)
        m.d.comb += after.eq(base + code.length)
        m.d.sync += [top.eq(base), empty.eq(fresh)]
        with m.If(self.i.valid):
            m.d.sync += [
                bits_1.eq(code.bits),
                top.eq(after),
                empty.eq(fresh & ~code.tag.present),
                emit_1.eq(flush | (~fresh & (after >= WORD_BITS))),
                flush.eq(code.tag.end),
                begun.eq(~code.tag.end),
                known.mode.eq(code.tag.mode),
                known.short.eq(~(code.tag.sample if self._projected else code.tag.present)),
            ]
            with m.If(~begun):
                m.d.sync += known.restart.eq(code.tag.first if self._projected else code.tag.raw)

        # Cycle 2 and 3: rotate left, so that the code's last bit comes to `top`. By single bits
        # first: most codes are short, and few bits are there yet.
        turn = Signal(index_bits)
        m.d.comb += turn.eq(~top)
        turn_2 = Signal(index_bits - 3, reset_less=True)
        top_2 = Signal.like(top, reset_less=True)
        bits_2, bits_3 = Signal(WORD_BITS), Signal(WORD_BITS)
        emit_2, flush_2 = Signal(), Signal()
        tag_2 = Signal(word_tag, reset_less=True)
        m.d.sync += [
            bits_2.eq(_rotate_left(bits_1, turn[:3])),
            turn_2.eq(turn[3:]),
            top_2.eq(top),
            Cat(emit_2, flush_2).eq(Cat(emit_1, flush_1)),
            tag_2.eq(tag_1),
        ]

        # Bits at or above `top` belong to the next word if this one is complete; after a packet's
        # end that is all there is.
        held, later = Signal(WORD_BITS), Signal(WORD_BITS)
        o = self.o.payload
        m.d.comb += [
            bits_3.eq(_rotate_left(bits_2, turn_2 << 3)),
            later.eq(Cat(*_at_or_above(top_2))),
            self.o.valid.eq(emit_2),
            o.bits.eq(held | (bits_3 & ~later)),
            o.restart.eq(tag_2.restart),
            o.mode.eq(tag_2.mode),
            o.last.eq(flush_2),
            o.short.eq(tag_2.short),
        ]
        m.d.sync += held.eq(Mux(emit_2, bits_3 & later, held | bits_3))
        return m


def _at_or_above(top):
    """One bit for each bit of a word, least significant first: is it at or above ``top``?"""
    return [top >= WORD_BITS - 1 - n for n in range(WORD_BITS - 1)] + [Const(1)]


def _rotate_left(value, amount):
    """``value`` rotated left by ``amount``, least significant stage first."""
    for n in range(len(amount)):
        turned = value.rotate_left(1 << n)
        value = Mux(amount[n], turned, value)
    return value
