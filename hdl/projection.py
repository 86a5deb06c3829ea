"""Projection; see `probecodec.golden.projection`."""

from itertools import pairwise

from amaranth import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.format import GENERATOR_BITS, HIT_BITS, Family
from ..golden.projection_config import ProjectionConfig
from . import layout
from .generator import Generator


class Projection(wiring.Component):
    """Adds each sample to its channel's accumulators, and gives what the last window came to.

    ::

        cycle 1             2           3          4                       5
        i ─► frame,      ─► address ─► read ─┬──► data, 0 where it begins ─┐
             generator                       └──► register ──► o          (+) ─► write
                         ─► coefficient ─────────► sign or product ────────┘

    In frame k of a window measurement k is given and begins anew in the same access, so there is
    one accumulator for each, in one memory: SPARSE has channels × M words and touches one of them a
    sample; the others have channels rows of M accumulators. (A second bank would double the memory,
    27 block RAMs of a UP5K's 30 for 384 channels × 8, and would have to be cleared.) Nothing
    depends on what the memory holds at first. No accumulator overflows:
    ``config.measurement_bits``.

    Latency 5 cycles, one slot per cycle. Needs at least `MIN_CHANNELS`, so that an accumulator is
    written before it is read a frame later. The first slot after reset must be ``raw``.

    Members
    -------
    i : In(layout.frame_slot)
        Samples of ``config.value_bits``.
    o : Out(layout.measurement)
        In the first M frames behind each complete window, a measurement for each slot.
    load_valid, load_index, load_frame, load_value : In
        LOADED only: writes the coefficient of a measurement and frame. While samples come, those
        of the frame in progress and the next must be left alone; those of frames before a
        measurement's first must be 0.

    Raises
    ------
    ConfigError
        Where the channels are too few.
    """

    LATENCY = 5
    MIN_CHANNELS = 4

    def __new__(cls, config: ProjectionConfig):  # before Amaranth expects it to be used
        layout.check_channels(config.channels, cls.MIN_CHANNELS, "the projection")
        return super().__new__(cls)

    def __init__(self, config: ProjectionConfig) -> None:
        self._config = config
        members = {
            "i": In(layout.frame_slot(config, config.value_bits)),
            "o": Out(layout.measurement(config)),
        }
        if config.family == Family.LOADED:
            members |= {
                "load_valid": In(1),
                "load_index": In(range(max(2, config.measurements))),
                "load_frame": In(range(config.window)),
                "load_value": In(signed(config.coefficient_bits)),
            }
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        count, bits = config.measurements, config.measurement_bits
        valid, slot = layout.delay(m, self.i, 5)  # valid[n]: n + 1 cycles after i
        frames, full = self._frames(m, slot)  # cycles 1 to 4
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

        held = Signal(bits * lanes, reset_less=True)  # cycle 4; block RAMs are slow on ECP5
        # In frames behind the M-th it is anything, and not given.
        chosen = 0 if sparse else frames[3][: (count - 1).bit_length()]
        m.d.sync += [
            held.eq(read.data),
            self.o.valid.eq(valid[3] & slot[3].tag.present & full[3] & (frames[3] < count)),
            self.o.payload.value.eq(held.word_select(chosen, bits).as_signed()),
            self.o.payload.channel.eq(slot[3].channel),
            self.o.payload.index.eq(frames[3]),
        ]

        terms = self._terms(m, slot, frames, states, lanes)  # cycle 4
        for n in range(lanes):
            data = Signal(signed(bits), name=f"data_{n}", reset_less=True)
            total = Signal(signed(bits), name=f"total_{n}", reset_less=True)  # cycle 5
            m.d.sync += data.eq(read.data.word_select(n, bits).as_signed())
            with m.If(frames[2] < count if sparse else frames[2] == n):
                m.d.sync += data.eq(0)
            m.d.sync += total.eq(_sum(data, *terms[n]))
            m.d.comb += write.data.word_select(n, bits).eq(total)
        return m

    def _frames(self, m: Module, slot) -> tuple[list[Signal], list[Signal]]:
        """The frame's place in its window, and whether one was complete, in cycles 1 to 4."""
        frames = [Signal(range(self._config.window), name=f"frame_{n}") for n in range(1, 5)]
        full = [Signal(name=f"full_{n}") for n in range(1, 5)]
        with m.If(self._first(self.i)):
            m.d.sync += [
                frames[0].eq(frames[0] + 1),
                full[0].eq(full[0] | (frames[0] == self._config.window - 1)),
            ]
            with m.If(self.i.payload.tag.raw):
                m.d.sync += [frames[0].eq(0), full[0].eq(0)]
        for chain in (frames, full):
            m.d.sync += [later.eq(now) for now, later in pairwise(chain)]
        return frames, full

    @staticmethod
    def _first(source) -> Value:
        slot = source.payload
        return source.valid & slot.tag.present & (slot.channel == 0)

    def _states(self, m: Module, frame: Signal) -> Value | None:
        """The generator's states, in cycle 1; ``frame`` is still that of the slot before."""
        config = self._config
        if config.family == Family.LOADED:
            return None
        m.submodules.generator = generator = Generator(config)
        first, raw = self._first(self.i), self.i.payload.tag.raw
        renew = frame & config.hold - 1 == config.hold - 1
        m.d.comb += [
            generator.take.eq(self.i.valid & self.i.payload.tag.present),
            generator.begin.eq(first & (raw | (frame == config.window - 1))),
            generator.renew.eq(first & renew),
            generator.again.eq(first & ~renew),
        ]
        return generator.state

    def _place(self, m: Module, slot, frame: Signal, state: Value) -> Value:
        """SPARSE: the address of the accumulator that the sample goes into, cycle 1."""
        count = self._config.measurements
        index = Signal(range(count))
        hit = state[GENERATOR_BITS - HIT_BITS :]
        # As sums: a product, even with a constant, would take one of the iCE40's multipliers.
        scaled = sum(hit << bit for bit in range(count.bit_length()) if count >> bit & 1)
        m.d.comb += index.eq(scaled >> HIT_BITS)
        with m.If(frame < count):
            m.d.comb += index.eq(frame)
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
            if config.family != Family.SPARSE and n > 0:
                with m.If(frames[2] < n):  # not begun: keeps what is still to be given
                    m.d.sync += [term.eq(0), carry.eq(0)]
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
            write.addr.eq(self.load_frame),
            write.data.eq(self.load_value.replicate(config.measurements)),
            write.en.eq(self.load_valid << self.load_index),
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
