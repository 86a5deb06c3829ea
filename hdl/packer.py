"""Bit packer; see `probecodec.golden.packer`."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import WORD_BITS
from . import layout


class Packer(wiring.Component):
    """Packs codes of 0 … 32 bits into 32-bit words, most significant bit first.

    A word leaves only when a code no longer fits in, and a packet's last word leaves one cycle
    after its end. So a packet's first code never completes a word, and that cycle is always free.

    ::

        cycle  1                2               3              4
        i ─► fill += length ─► rotate by 8s ─► rotate by 1s ─► collect ─► o

    ``top`` is the position (from the most significant bit) of the newest bit in the word, 31
    where the word is empty: a 5-bit sum with its carry is the whole loop.

    Latency 4 cycles from the code that completes a word, 5 from a packet's end. One slot per cycle.

    Members
    -------
    i : In(layout.code)
        Codes.
    o : Out(layout.word)
        Words.
    """

    LATENCY = 5

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__({"i": In(layout.code(config)), "o": Out(layout.word(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        code = self.i.payload
        index_bits = (WORD_BITS - 1).bit_length()

        # Cycle 1: where the code ends, and whether it begins a new word.
        top = Signal(index_bits, init=WORD_BITS - 1)
        empty = Signal(init=1)
        flush = Signal()
        known = Signal(code.tag.shape())  # tag of the packet's latest slot
        bits_1 = Signal(WORD_BITS)
        emit_1, flush_1 = Signal(), Signal()
        tag_1 = Signal.like(known)
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
                known.eq(code.tag),
            ]

        # Cycle 2 and 3: rotate left, so that the code's last bit comes to `top`.
        turn = Signal(index_bits)
        m.d.comb += turn.eq(~top)
        turn_2 = Signal(3)
        bits_2, bits_3 = Signal(WORD_BITS), Signal(WORD_BITS)
        next_2, next_3 = Signal(WORD_BITS), Signal(WORD_BITS)
        m.d.sync += [
            bits_2.eq(_rotate_left(bits_1, turn[3:] << 3)),
            turn_2.eq(turn[:3]),
            bits_3.eq(_rotate_left(bits_2, turn_2)),
            # Bits at or above `top` belong to the next word if this one is complete; after a
            # packet's end that is all there is.
            next_2.eq(Cat(*_at_or_above(top))),
            next_3.eq(next_2),
        ]
        emit_2, emit_3, flush_2, flush_3 = (Signal() for _ in range(4))
        tag_2, tag_3 = Signal.like(known), Signal.like(known)
        m.d.sync += [
            Cat(emit_2, emit_3).eq(Cat(emit_1, emit_2)),
            Cat(flush_2, flush_3).eq(Cat(flush_1, flush_2)),
            tag_2.eq(tag_1),
            tag_3.eq(tag_2),
        ]

        # Cycle 4: collect.
        held = Signal(WORD_BITS)
        o = self.o.payload
        m.d.sync += [
            held.eq(Mux(emit_3, bits_3 & next_3, held | bits_3)),
            self.o.valid.eq(emit_3),
            o.bits.eq(held | (bits_3 & ~next_3)),
            o.restart.eq(tag_3.restart),
            o.mode.eq(tag_3.mode),
            o.last.eq(flush_3),
            o.short.eq(tag_3.short),
        ]
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
