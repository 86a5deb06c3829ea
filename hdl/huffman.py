"""Coder `huffman`: sixteen Huffman tables, by running mean; see `probecodec.golden.huffman`."""

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import (
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_MEAN_SHIFT,
    HUFFMAN_NEAR_BITS,
    HUFFMAN_OCTAVES,
    HUFFMAN_QUARTER_BITS,
    initial_mean,
)
from ..golden.tables import BASES, ENDS
from . import layout


class Huffman(wiring.Component):
    """Codes each symbol by the table that its channel's running mean suggests.

    ::

        cycle 1–2          3               4                     5–6              7
        i ─► read sum ─► octave ─► table; raw bits s ─► symbol >> s ─► class, far, escaped
                            └─► + symbol ─► write sum

        cycle  8                 9                  10                  11–12
             class ≥ ends ─► length, base ─► code = base − class ─► code << s | low bits ─► o

    No table is kept in a memory: each of its bits is a function of four.

    Latency 12 cycles, one slot per cycle. Memory: channels × (W + 5) bits. Needs at least
    `MIN_CHANNELS`, so that a sum is written before it is read a frame later.

    Members
    -------
    i : In(layout.symbol)
        Symbols.
    o : Out(layout.code)
        Codes.
    """

    LATENCY = 12
    MIN_CHANNELS = 6

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({"i": In(layout.symbol(config)), "o": Out(layout.code(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        width = self._config.sample_bits
        valid, slot = layout.delay(m, self.i, self.LATENCY - 1)  # valid[n]: n + 1 cycles after i
        table, shift = self._table(m, valid, slot)

        coarse, shift_5 = Signal(width), Signal.like(shift)  # cycle 5
        scaled, shift_6 = Signal(width), Signal.like(shift)  # cycle 6
        table_5, table_6, table_7, table_8 = (Signal.like(table) for _ in range(4))
        m.d.sync += [
            coarse.eq(slot[3].value >> (shift[2:] << 2)),
            shift_5.eq(shift),
            table_5.eq(table),
            scaled.eq(coarse >> shift_5[:2]),
            shift_6.eq(shift_5),
            table_6.eq(table_5),
        ]

        # Cycle 7. In a narrow sample nothing is far, or escaped.
        far, escaped = Signal(), Signal()
        near = Signal(HUFFMAN_NEAR_BITS)
        shift_7 = Signal.like(shift)
        ends = [Signal(range(HUFFMAN_FAR + 2)) for _ in range(HUFFMAN_ESCAPE_ZEROS - 1)]
        m.d.sync += [
            far.eq(scaled >= HUFFMAN_FAR),
            escaped.eq(scaled >= 2 * HUFFMAN_FAR),
            near.eq(Mux(scaled >= HUFFMAN_FAR, 0, scaled)),
            shift_7.eq(shift_6),
            table_7.eq(table_6),
            *(end.eq(_look_up(table_6, ENDS[:, n])) for n, end in enumerate(ends)),
        ]

        index = Signal(range(HUFFMAN_FAR + 1))  # cycle 8: the class
        longer = Signal(len(ends))  # bit n: the code has more than n + 1 bits
        extra = Signal.like(shift)
        escaped_8 = Signal()
        m.d.comb += index.eq(near | far << HUFFMAN_NEAR_BITS)
        index_8 = Signal.like(index)
        m.d.sync += [
            *(longer[n].eq(index >= end) for n, end in enumerate(ends)),
            index_8.eq(index),
            extra.eq(shift_7 + Mux(far, HUFFMAN_NEAR_BITS, 0)),
            escaped_8.eq(escaped),
            table_8.eq(table_7),
        ]

        base = Signal(range(int(BASES.max()) + 1))  # cycle 9
        place = Signal(range(HUFFMAN_ESCAPE_ZEROS))  # length - 1
        index_9, extra_9, escaped_9 = Signal.like(index), Signal.like(extra), Signal()
        m.d.sync += [base.eq(_look_up(table_8, BASES[:, 0])), place.eq(0)]
        for n in range(len(ends)):
            with m.If(longer[n]):
                m.d.sync += [base.eq(_look_up(table_8, BASES[:, n + 1])), place.eq(n + 1)]
        m.d.sync += [index_9.eq(index_8), extra_9.eq(extra), escaped_9.eq(escaped_8)]

        code = Signal(HUFFMAN_NEAR_BITS + 1)  # cycle 10
        low = Signal(width)
        length, extra_10, escaped_10 = Signal(self.o.payload.length.shape()), *_like(extra, 2)
        m.d.sync += [
            code.eq(base - index_9),
            low.eq(slot[8].value & ((Const(1, width) << extra_9) - 1)),
            length.eq(place + extra_9 + 1),
            extra_10.eq(extra_9),
            escaped_10.eq(escaped_9),
        ]

        high = Signal(HUFFMAN_NEAR_BITS + width)  # cycle 11
        low_11, length_11, extra_11, escaped_11 = _like(low, 1) + _like(length, 1) + _like(extra, 2)
        m.d.sync += [
            high.eq(code << (extra_10[2:] << 2)),
            low_11.eq(low),
            length_11.eq(length),
            extra_11.eq(extra_10),
            escaped_11.eq(escaped_10),
        ]

        o, last = self.o.payload, slot[10]  # cycle 12
        m.d.sync += [
            self.o.valid.eq(valid[10]),
            o.channel.eq(last.channel),
            o.tag.eq(last.tag),
            o.bits.eq((high << extra_11[:2]) | low_11),
            o.length.eq(length_11),
        ]
        with m.If(last.tag.raw):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(width)]
        with m.Elif(escaped_11):
            m.d.sync += [o.bits.eq(last.value), o.length.eq(HUFFMAN_ESCAPE_ZEROS + width)]
        with m.If(~(valid[10] & last.tag.present)):
            m.d.sync += [o.bits.eq(0), o.length.eq(0)]
        return m

    def _table(self, m: Module, valid, slot):
        """Keep the running means; return the table and the number of raw bits, cycle 4."""
        width = self._config.sample_bits
        # The sum cannot overflow: it stays at or below (2^W - 1) 2^shift, where it no longer grows.
        sum_bits = width + HUFFMAN_MEAN_SHIFT
        m.submodules.sums = sums = memory.Memory(
            shape=sum_bits, depth=self._config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = sums.read_port(), sums.write_port()
        m.d.comb += read.addr.eq(self.i.payload.channel)

        total = Signal(sum_bits, reset_less=True)  # cycle 2
        m.d.sync += total.eq(read.data)

        mean = total[HUFFMAN_MEAN_SHIFT:]
        octave, least = Signal(range(width)), Signal()  # cycle 3
        rest, total_3 = Signal(sum_bits), Signal(sum_bits)
        m.d.sync += [octave.eq(0), least.eq(mean == 0), rest.eq(total - mean), total_3.eq(total)]
        for bit in range(1, width):
            with m.If(mean[bit]):
                m.d.sync += octave.eq(bit)

        first = HUFFMAN_MEAN_SHIFT - HUFFMAN_QUARTER_BITS
        quarter = Signal(HUFFMAN_QUARTER_BITS)  # cycle 4
        step, shift = Signal(range(HUFFMAN_OCTAVES)), Signal(range(width))
        top = HUFFMAN_OCTAVES - 1
        m.d.sync += [
            quarter.eq(Mux(least, 0, (total_3 >> first).bit_select(octave, HUFFMAN_QUARTER_BITS))),
            step.eq(Mux(octave >= top, top, octave)),
            shift.eq(Mux(octave >= top, octave - top, 0)),
        ]
        updated = Signal(sum_bits)
        initial = initial_mean(width) << HUFFMAN_MEAN_SHIFT
        m.d.sync += updated.eq(Mux(slot[2].tag.raw, initial, rest + slot[2].value))
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


def _like(signal: Signal, count: int) -> list[Signal]:
    return [Signal.like(signal) for _ in range(count)]
