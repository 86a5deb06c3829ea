"""Bytes: link words to a stream of bytes, most significant byte first."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...golden.errors import require
from ...golden.format import WORD_BITS
from .. import layout

BYTES = WORD_BITS // 8


def layout_of(lanes: int) -> data.StructLayout:
    """Return the payload of `Bytes`: ``data``, the first byte lowest; ``last`` of a packet."""
    return data.StructLayout({"data": 8 * lanes, "last": 1})


class Bytes(wiring.Component):
    """A shift register, and behind it two places for what comes out.

    ::

        words ─► shift register ─► spare ─► reg ─► bytes

    ``ready`` never passes through in one cycle: that of ``words`` comes from flip-flops. Latency
    2 cycles from a word to its first byte, one transfer per cycle. All in domain ``sync``; rename
    it (``DomainRenamer("link")``) where the pins have a clock of their own.

    Parameters
    ----------
    lanes : int
        Bytes in one transfer: 1, 2 or 4.

    Raises
    ------
    ConfigError
        For other ``lanes``.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words.
    bytes : Out(stream of layout_of(lanes))
        ``data``: the next ``lanes`` bytes, the first of them in the lowest bits. ``last``: they
        end a packet.
    """

    def __init__(self, *, lanes: int = 1) -> None:
        require(lanes in (1, 2, BYTES), f"lanes must be 1, 2 or {BYTES}, not {lanes!r}")
        self._lanes = lanes
        super().__init__(
            {
                "words": In(stream.Signature(layout.link_layout())),
                "bytes": Out(stream.Signature(layout_of(lanes))),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        transfers = BYTES // self._lanes
        shift = Signal(WORD_BITS, reset_less=True)
        ends = Signal(reset_less=True)  # the word in there ends a packet
        left = Signal(range(transfers + 1))  # transfers still in there
        spare_full = Signal()
        spare = Signal(layout_of(self._lanes), reset_less=True)
        moves, advance = Signal(), Signal()
        m.d.comb += [
            moves.eq((left != 0) & ~spare_full),
            advance.eq(~self.bytes.valid | self.bytes.ready),
            self.words.ready.eq((left == 0) | ((left == 1) & ~spare_full)),
        ]

        with m.If(moves):
            m.d.sync += [left.eq(left - 1), shift.eq(shift << 8 * self._lanes)]
        with m.If(self.words.ready & self.words.valid):
            m.d.sync += [
                left.eq(transfers),
                shift.eq(self.words.payload.data),
                ends.eq(self.words.payload.last),
            ]

        first_bytes = shift[WORD_BITS - 8 * self._lanes :]
        head = Cat(
            Cat(first_bytes.word_select(n, 8) for n in reversed(range(self._lanes))),
            ends & (left == 1),
        )
        with m.If(~spare_full):
            m.d.sync += spare.eq(head)  # needed or not: `ready` has less to reach
        with m.If(advance):
            m.d.sync += [
                self.bytes.valid.eq(moves | spare_full),
                self.bytes.payload.eq(Mux(spare_full, spare, head)),
                spare_full.eq(0),
            ]
        with m.Elif(moves):
            m.d.sync += spare_full.eq(1)
        return m
