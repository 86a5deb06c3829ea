"""Coder `huffman`: sixteen Huffman tables, by running mean; see `probecodec.golden.huffman`."""

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import (
    HUFFMAN_CAP_SHIFT,
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_MEAN_SHIFT,
    HUFFMAN_NEAR_BITS,
    HUFFMAN_OCTAVES,
    HUFFMAN_QUARTER_BITS,
    HUFFMAN_START_FRAMES,
    HUFFMAN_START_SHIFT,
    initial_mean,
)
from ..golden.tables import BASES, ENDS
from . import layout
from .layout import Unreset


class Huffman(wiring.Component):
    """Codes each symbol by the table that its channel's running mean suggests.

    ::

        cycle 1–2          3               4                      5               6
        i ─► read sum ─► octave ─► table; raw bits s ─► symbol >> s ─► class, far, escaped
                            └─► + symbol ─► write sum

        cycle  7                 8                   9                  10–11
             class ≥ ends ─► length, base ─► code = base − class ─► code << s | low bits ─► o

    No table is kept in a memory: each of its bits is a function of four.

    Latency 11 cycles, one slot per cycle. Memory: channels × (symbol bits + 5). Needs at least
    `MIN_CHANNELS`, so that a sum is written before it is read a frame later.

    Members
    -------
    i : In(layout.symbol)
        Symbols.
    o : Out(layout.code)
        Codes.
    """

    LEAD = 0  # it needs nothing of a slot before the slot
    LATENCY = 11
    MIN_CHANNELS = 6

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({"i": In(layout.symbol(config)), "o": Out(layout.code(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        width = layout.symbol_bits(self._config)
        valid, slot = layout.delay(m, self.i, self.LATENCY - 1)  # valid[n]: n + 1 cycles after i
        table, shift = self._table(m, valid, slot)

        scaled, shift_5, table_5 = Unreset(width), Signal.like(shift), Signal.like(table)  # cycle 5
        m.d.sync += [
            scaled.eq(slot[3].value >> shift),
            shift_5.eq(shift),
            table_5.eq(table),
        ]

        # Cycle 6. In a narrow sample nothing is far, or escaped.
        far, escaped = Unreset(), Unreset()
        near = Unreset(HUFFMAN_NEAR_BITS)
        shift_6, table_6 = Signal.like(shift), Signal.like(table)
        ends = [Unreset(range(HUFFMAN_FAR + 2)) for _ in range(HUFFMAN_ESCAPE_ZEROS - 1)]
        m.d.sync += [
            far.eq(scaled >= HUFFMAN_FAR),
            escaped.eq(scaled >= 2 * HUFFMAN_FAR),
            near.eq(Mux(scaled >= HUFFMAN_FAR, 0, scaled)),
            shift_6.eq(shift_5),
            table_6.eq(table_5),
            *(end.eq(_look_up(table_5, ENDS[:, n])) for n, end in enumerate(ends)),
        ]

        index = Signal(range(HUFFMAN_FAR + 1))  # the class
        longer = Unreset(len(ends))  # cycle 7: bit n: the code has more than n + 1 bits
        index_7, shift_7, table_7 = Signal.like(index), Signal.like(shift), Signal.like(table)
        plain_7 = Unreset()
        m.d.comb += index.eq(near | far << HUFFMAN_NEAR_BITS)
        m.d.sync += [
            *(longer[n].eq(index >= end) for n, end in enumerate(ends)),
            index_7.eq(index),
            shift_7.eq(shift_6 + Mux(far, HUFFMAN_NEAR_BITS, 0)),
            table_7.eq(table_6),
            plain_7.eq(escaped | slot[5].tag.raw),
        ]

        base = Unreset(range(int(BASES.max()) + 1))  # cycle 8
        place = Unreset(range(HUFFMAN_ESCAPE_ZEROS))  # length - 1
        index_8, shift_8, plain_8 = Signal.like(index), Signal.like(shift), Unreset()
        m.d.sync += [base.eq(_look_up(table_7, BASES[:, 0])), place.eq(0)]
        for n in range(len(ends)):
            with m.If(longer[n]):
                m.d.sync += [base.eq(_look_up(table_7, BASES[:, n + 1])), place.eq(n + 1)]
        m.d.sync += [index_8.eq(index_7), shift_8.eq(shift_7), plain_8.eq(plain_7)]

        code = Unreset(HUFFMAN_NEAR_BITS + 1)  # cycle 9: what stands above the low bits
        low, shift_9 = Unreset(width), Signal.like(shift)
        length = Signal.like(self.o.payload.length)
        symbol, tag = slot[7].value, slot[7].tag
        m.d.sync += [
            code.eq(base - index_8),
            low.eq(symbol & ((Const(1, width) << shift_8) - 1)),
            length.eq(place + shift_8 + 1),
            shift_9.eq(shift_8),
        ]
        with m.If(plain_8):  # all bits are low
            m.d.sync += [
                code.eq(0),
                shift_9.eq(0),  # nothing to shift; told, for a shift by what is unknown is unknown
                low.eq(symbol),
                length.eq(self._by_mode(tag, int) + Mux(tag.raw, 0, HUFFMAN_ESCAPE_ZEROS)),
            ]
        with m.If(~tag.present):
            m.d.sync += [code.eq(0), shift_9.eq(0), low.eq(0), length.eq(0)]

        high = Unreset(HUFFMAN_NEAR_BITS + width)  # cycle 10
        low_10, length_10 = Signal.like(low), Signal.like(length)
        fine_10 = Unreset(2)
        m.d.sync += [
            high.eq(code << (shift_9[2:] << 2)),
            fine_10.eq(shift_9),
            low_10.eq(low),
            length_10.eq(length),
        ]

        o, last = layout.register(m, self.o), slot[9]  # cycle 11
        m.d.sync += [
            self.o.valid.eq(valid[9]),
            o.channel.eq(last.channel),
            o.tag.eq(last.tag),
            o.bits.eq((high << fine_10) | low_10),
            o.length.eq(length_10),
        ]
        return m

    def _by_mode(self, tag, value) -> Value:
        """``value`` of the width of a symbol in the slot's mode."""
        config, chosen = self._config, value(self._config.sample_bits)
        for n, mode in enumerate(config.modes):
            if config.symbol_bits(mode) != config.sample_bits:
                chosen = Mux(tag.mode == n, value(config.symbol_bits(mode)), chosen)
        return Const(chosen) if isinstance(chosen, int) else chosen

    def _table(self, m: Module, valid, slot):
        """Keep the running means; return the table and the number of raw bits, cycle 4."""
        width = layout.symbol_bits(self._config)
        # The sum cannot overflow: it stays at or below (2^W - 1) 2^shift, where it no longer grows.
        sum_bits = width + HUFFMAN_MEAN_SHIFT
        m.submodules.sums = sums = memory.Memory(
            shape=sum_bits, depth=self._config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = sums.read_port(), sums.write_port()
        m.d.comb += [read.addr.eq(self.i.payload.channel), read.en.eq(self.i.valid)]

        total = Unreset(sum_bits)  # cycle 2
        m.d.sync += total.eq(read.data)

        # Frames since the restart, cycle 1; whether the means still move fast, cycle 2.
        age, starting = Signal(range(HUFFMAN_START_FRAMES + 1)), Unreset()
        first = self.i.payload
        with m.If(self.i.valid & first.tag.present & (first.channel == 0)):
            m.d.sync += age.eq(Mux(first.tag.raw, 0, age + (age != HUFFMAN_START_FRAMES)))
        m.d.sync += starting.eq(age != HUFFMAN_START_FRAMES)

        mean = total[HUFFMAN_MEAN_SHIFT:]
        octave, least = Unreset(range(width)), Unreset()  # cycle 3
        rest, total_3 = Unreset(sum_bits), Unreset(sum_bits)
        counted, starting_3 = Unreset(width), Unreset()
        symbol, cap = slot[1].value, Cat(1, total[HUFFMAN_CAP_SHIFT + 1 :])
        m.d.sync += [
            octave.eq(0),
            least.eq(mean == 0),
            rest.eq(total - Mux(starting, total[HUFFMAN_START_SHIFT:], mean)),
            counted.eq(Mux(symbol > cap, cap, symbol)),
            starting_3.eq(starting),
            total_3.eq(total),
        ]
        for bit in range(1, width):
            with m.If(mean[bit]):
                m.d.sync += octave.eq(bit)

        lowest = HUFFMAN_MEAN_SHIFT - HUFFMAN_QUARTER_BITS
        quarter = Unreset(HUFFMAN_QUARTER_BITS)  # cycle 4
        step, shift = Unreset(range(HUFFMAN_OCTAVES)), Unreset(range(width))
        top = HUFFMAN_OCTAVES - 1
        m.d.sync += [
            quarter.eq(Mux(least, 0, (total_3 >> lowest).bit_select(octave, HUFFMAN_QUARTER_BITS))),
            step.eq(Mux(octave >= top, top, octave)),
            shift.eq(Mux(octave >= top, octave - top, 0)),
        ]
        updated = Unreset(sum_bits)
        grown = Mux(starting_3, counted << HUFFMAN_MEAN_SHIFT - HUFFMAN_START_SHIFT, counted)
        initial = self._by_mode(slot[2].tag, lambda bits: initial_mean(bits) << HUFFMAN_MEAN_SHIFT)
        m.d.sync += updated.eq(Mux(slot[2].tag.raw, initial, rest + grown))
        m.d.comb += [  # cycle 5
            write.addr.eq(slot[3].channel),
            write.data.eq(updated),
            write.en.eq(valid[3] & slot[3].tag.present),
        ]
        table = Signal(HUFFMAN_QUARTER_BITS + len(step))
        m.d.comb += table.eq(quarter | step << HUFFMAN_QUARTER_BITS)
        return table, shift


def _look_up(table: Value, column) -> Value:
    """``column[table]``, as logic: a constant for each bit, of which ``table`` selects one."""
    bits = int(max(column)).bit_length()
    rows = [sum((int(v) >> n & 1) << k for k, v in enumerate(column)) for n in range(bits)]
    value = Const(0)
    for n, row in enumerate(rows):
        value = value | Const(row, len(column)).bit_select(table, 1) << n
    return value
