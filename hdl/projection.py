"""Projection; see `probecodec.golden.projection`."""

from itertools import pairwise

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import GENERATOR_BITS, HIT_BITS, Family
from . import layout
from .generator import Generator


class Projection(wiring.Component):
    """Adds each sample to its channel's accumulators, and gives those that are complete.

    ::

        cycle 1             2           3          4                       5              6
        i ─► frame,      ─► address ─► read ─────► data, 0 where it begins ─┐
             generator                                                      (+) ─► sum ─┬► write
                         ─► coefficient ─────────► sign or product ─────────┘           └► o

    There is one accumulator for each measurement, in one memory: SPARSE has channels × M words and
    touches one of them a sample; the others have channels rows of M accumulators. (A second bank
    would double the memory, 27 block RAMs of a UP5K's 30 for 384 channels × 8, and would have to be
    cleared.) Nothing depends on what the memory holds at first. Where a measurement has not begun,
    or is given already, its accumulator may hold anything. Until then it does not overflow:
    ``measurement_bits``.

    Latency 6 cycles, one slot per cycle. Needs at least `MIN_CHANNELS`, so that an accumulator is
    written before it is read a frame later. Every packet begins a window.

    Members
    -------
    i : In(layout.filtered)
        Samples.
    o : Out(layout.measurement)
        The same slots: ``present`` in those that give a measurement, and ``raw`` in the first of a
        restart.
    load, load_valid : In
        LOADED only: writes a coefficient. While samples come, those of the frame in progress and
        the next must be left alone.

    Raises
    ------
    ConfigError
        Where the channels are too few.
    """

    LATENCY = 6
    MIN_CHANNELS = 4

    def __new__(cls, config: EncoderConfig):  # before Amaranth expects it to be used
        layout.check_channels(config.channels, cls.MIN_CHANNELS, "the projection")
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config.projection
        members = {"i": In(layout.filtered(config)), "o": Out(layout.measurement(config))}
        if layout.is_loaded(config):
            members |= {"load": In(layout.load_layout(config)), "load_valid": In(1)}
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        count, bits = config.measurements, config.measurement_bits
        valid, slot = layout.delay(m, self.i, 5)  # valid[n]: n + 1 cycles after i
        frames, raw = self._frames(m)  # cycles 1 to 5
        states = self._states(m, frames[0])  # cycle 1

        sparse = config.family == Family.SPARSE
        lanes = 1 if sparse else count  # accumulators in a word
        m.submodules.sums = sums = memory.Memory(
            shape=bits * lanes,
            depth=config.channels * (count if sparse else 1),
            init=[],
            attrs=layout.NO_COLLISION,
        )
        read, write = sums.read_port(), sums.write_port()
        address = [Signal.like(read.addr, name=f"address_{n}") for n in range(2, 6)]
        place = self._place(m, slot, frames[0], states) if sparse else slot[0].channel
        m.d.sync += address[0].eq(place)
        m.d.sync += [later.eq(now) for now, later in pairwise(address)]
        m.d.comb += [
            read.addr.eq(address[0]),
            write.addr.eq(address[3]),
            write.en.eq(valid[4] & slot[4].tag.present),
        ]

        terms = self._terms(m, slot, frames, states, lanes)  # cycle 4
        totals = Signal(bits * lanes, reset_less=True)  # cycle 5
        m.d.comb += write.data.eq(totals)
        for n in range(lanes):
            data = Signal(signed(bits), name=f"data_{n}", reset_less=True)
            m.d.sync += data.eq(read.data.word_select(n, bits).as_signed())
            begins = self._begins(frames[2]) if sparse else frames[2] == n
            with m.If(begins):
                m.d.sync += data.eq(0)
            m.d.sync += totals.word_select(n, bits).eq(_sum(data, *terms[n]))

        o = layout.register(m, self.o)
        gives, lane = Signal(), Signal(range(max(2, lanes)))  # cycle 5
        first = Signal()  # of the window's measurements
        m.d.sync += [
            gives.eq(self._gives(frames[3])),
            first.eq(frames[3] == config.given_frames[0]),
            lane.eq(0 if sparse else frames[3] - config.given_frames[0]),
            self.o.valid.eq(valid[4]),  # cycle 6
            o.channel.eq(slot[4].channel),
            o.tag.eq(slot[4].tag),
            o.value.eq(totals.word_select(lane, bits).as_signed() >> config.shift),
            o.tag.present.eq(slot[4].tag.present & gives),
            o.tag.raw.eq(raw[4] & first),
        ]
        return m

    def _begins(self, frame: Signal) -> Value:
        """SPARSE: does a measurement begin in ``frame``?"""
        config = self._config
        return (frame & config.hold - 1 == 0) & (frame < config.measurements * config.hold)

    def _gives(self, frame: Signal) -> Value:
        """Is a measurement given in ``frame``?"""
        config = self._config
        last = config.hold - 1 if config.family == Family.SPARSE else 0  # of a group
        return (frame & last == last) & (frame >= config.given_frames[0] - last)

    def _frames(self, m: Module) -> tuple[list[Signal], list[Signal]]:
        """The frame's place in its window, and whether nothing was given since the restart.

        Both in cycles 1 to 5.
        """
        frames = [Signal(range(self._config.window), name=f"frame_{n}") for n in range(1, 6)]
        raw = [Signal(name=f"raw_{n}") for n in range(1, 6)]
        self._anew = Signal(init=1)  # a packet begins
        with m.If(self._first()):
            m.d.sync += frames[0].eq(Mux(self._anew, 0, frames[0] + 1))
            with m.If(self.i.payload.tag.raw):
                m.d.sync += raw[0].eq(1)
            with m.Elif(frames[0] == self._config.given_frames[0]):  # given in the frame before
                m.d.sync += raw[0].eq(0)
        with m.If(self.i.valid):
            m.d.sync += self._anew.eq(self.i.payload.tag.end)
        for chain in (frames, raw):
            m.d.sync += [later.eq(now) for now, later in pairwise(chain)]
        return frames, raw

    def _first(self) -> Value:
        """Is this a frame's first slot?"""
        return self.i.valid & self.i.payload.tag.present & (self.i.payload.channel == 0)

    def _begin(self, frame: Signal) -> Value:
        """Is this the first slot of a window? ``frame`` is still that of the slot before."""
        return self._first() & (self._anew | (frame == self._config.window - 1))

    def _states(self, m: Module, frame: Signal) -> Value | None:
        """The generator's states, in cycle 1; ``frame`` is still that of the slot before."""
        config = self._config
        if config.family == Family.LOADED:
            return None
        m.submodules.generator = generator = Generator(config)
        renew = frame & config.hold - 1 == config.hold - 1
        m.d.comb += [
            generator.take.eq(self.i.valid & self.i.payload.tag.present),
            generator.begin.eq(self._begin(frame)),
            generator.renew.eq(self._first() & renew),
            generator.again.eq(self._first() & ~renew),
        ]
        return generator.state

    def _place(self, m: Module, slot, frame: Signal, state: Value) -> Value:
        """SPARSE: the address of the accumulator that the sample goes into, cycle 1."""
        count = self._config.measurements
        if count == 1:
            return slot[0].channel
        index = Signal(range(count))
        hit = state[GENERATOR_BITS - HIT_BITS :]
        # As sums: a product, even with a constant, would take one of the iCE40's multipliers.
        scaled = sum(hit << bit for bit in range(count.bit_length()) if count >> bit & 1)
        group = frame >> self._config.hold.bit_length() - 1
        groups = self._config.window // self._config.hold
        m.d.comb += index.eq(scaled >> HIT_BITS)
        with m.If(group < count):
            m.d.comb += index.eq(group)
        with m.If(group >= groups - count):
            m.d.comb += index.eq(group - (groups - count))
        if count & count - 1 == 0:
            return Cat(index, slot[0].channel)
        base = Signal(range(self._config.channels * count))  # of the channel: M times it
        i = self.i.payload
        with m.If(self.i.valid):
            m.d.sync += base.eq(Mux(i.channel == 0, 0, base + count))
        return base + index

    def _terms(self, m: Module, slot, frames, states, lanes) -> list[tuple[Signal, Value]]:
        """What is added to each accumulator, and a carry to add with it, in cycle 4."""
        config = self._config
        if config.family == Family.LOADED:
            return self._products(m, slot, frames[0])
        signs = [Signal(lanes, name=f"signs_{n}") for n in (2, 3)]
        m.d.sync += [signs[0].eq(states), signs[1].eq(signs[0])]
        terms = []
        for n in range(lanes):
            term = Signal(signed(config.value_bits), name=f"term_{n}", reset_less=True)
            carry = Signal(name=f"carry_{n}", reset_less=True)
            sign = signs[1][n]
            m.d.sync += [
                term.eq(slot[2].value ^ sign.replicate(config.value_bits)),  # -x is ~x + 1
                carry.eq(sign),
            ]
            terms.append((term, carry))
        return terms

    def _products(self, m: Module, slot, frame: Signal) -> list[tuple[Signal, Value]]:
        """LOADED: each sample times its coefficients."""
        config = self._config
        width = config.coefficient_bits
        m.submodules.coefficients = coefficients = memory.Memory(
            shape=width * config.measurements,
            depth=config.window,
            init=[],
            attrs=layout.NO_COLLISION,
        )
        read, write = coefficients.read_port(), coefficients.write_port(granularity=width)
        row = Signal(width * config.measurements, reset_less=True)  # cycle 3
        m.d.comb += [
            read.addr.eq(frame),
            write.addr.eq(self.load.frame),
            write.data.eq(Cat([self.load.value] * config.measurements)),
            write.en.eq(self.load_valid << self.load.index),
        ]
        m.d.sync += row.eq(read.data)
        products = []
        for n in range(config.measurements):
            product = Signal(
                signed(width + config.value_bits), name=f"product_{n}", reset_less=True
            )
            m.d.sync += product.eq(row.word_select(n, width).as_signed() * slot[2].value)
            products.append((product, None))
        return products


def _sum(data: Signal, term: Signal, carry: Value | None) -> Value:
    if carry is None:
        return data + term
    # One adder: the carry comes out of a column of its own, below the others.
    return (Cat(1, data).as_signed() + Cat(carry, term).as_signed()) >> 1
