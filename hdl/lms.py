"""Adaptive predictor; see `probecodec.golden.lms`."""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import (
    LMS_FEATURES,
    LMS_FRACTION_BITS,
    LMS_GEARS,
    LMS_INITIAL,
    LMS_LAGS,
    LMS_WEIGHT_BITS,
    Mode,
)
from . import layout
from .layout import Unreset
from .order import Neighbours

_LEVEL_BITS = 3  # signed: a feature's sign and the two bits that tell its magnitude
_LEAST, _MOST = -(1 << LMS_WEIGHT_BITS - 1), (1 << LMS_WEIGHT_BITS - 1) - 1


class Lms(wiring.Component):
    """Replaces each difference by what an adaptive predictor leaves of it.

    In other modes than ADAPTIVE, and in the first frame of a restart, values pass as they are. ::

        stage  0–1       known      + 1      + 2            + 3           + 4
        i ─► past,    ┬► features ─► × ──────► + ──────► prediction ─► difference − it ─► o
             weights, └► largest ──► top bit ► levels ─────────────┐      │ sign
             neighbours                                            ▼      ▼
                                             + 6                 + 5
                                             limit ─► write ◄─── weight + step ◄─ step

    One multiplier for each of the `LMS_FEATURES`, and nothing fed back but the weights. Sums are
    modulo 2^(W + LMS_FRACTION_BITS), for the residual is modulo 2^W. Latency 7 cycles and that of
    the neighbours; one slot per cycle. Memory: channels × (3 W + 96) bits, besides the neighbours'.
    Needs at least `MIN_CHANNELS`, so that weights are written before they are read a frame later.

    Members
    -------
    i : In(layout.residual)
        Differences.
    o : Out(layout.residual)
        Residuals.
    """

    MIN_CHANNELS = 9

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        self.LATENCY = self.latency(config)
        self._known = 2 + Neighbours.latency(config)  # stage n: n + 1 cycles after i
        super().__init__({"i": In(layout.residual(config)), "o": Out(layout.residual(config))})

    @staticmethod
    def latency(config: EncoderConfig) -> int:
        """Cycles from a difference to its residual."""
        return 7 + Neighbours.latency(config)

    def elaborate(self, platform) -> Module:
        m = Module()
        known = self._known
        valid, slot = layout.delay(m, self.i, known + 7)
        values, features = self._features(m, valid, slot)
        weights, learnt, write = self._weights(m, valid, slot)
        prediction = self._prediction(m, features, weights)  # stage known + 3
        predicts = ~slot[known + 3].tag.raw
        if len(self._config.modes) > 1:
            adaptive = self._config.modes.index(Mode.ADAPTIVE)
            predicts &= slot[known + 3].tag.mode == adaptive
        o = layout.register(m, self.o)
        m.d.sync += [
            self.o.valid.eq(valid[known + 3]),
            o.eq(slot[known + 3]),
            o.value.eq(slot[known + 3].value - Mux(predicts, prediction, 0)),
        ]

        levels = self._levels(m, values, features)
        levels = [_later(m, level, 2) for level in levels]  # stage known + 4
        gear = self._gear(m, valid, slot)
        weights = [_later(m, weight, 5) for weight in weights]
        residual = self.o.payload.value
        for n, (level, weight) in enumerate(zip(levels, weights, strict=True)):
            odd = Signal(signed(_LEVEL_BITS + 1))  # 2 level + 1: inverting the level negates it
            step = Unreset(signed(_LEVEL_BITS + 1 + len(LMS_GEARS)))
            moved = Unreset(signed(LMS_WEIGHT_BITS + 1))
            m.d.comb += odd.eq(Cat(1, level ^ residual[-1].replicate(_LEVEL_BITS)))
            m.d.sync += [
                step.eq(Mux(residual == 0, 0, odd << gear)),
                moved.eq(weight + step),
            ]
            kept = Mux(moved > _MOST, _MOST, Mux(moved < _LEAST, _LEAST, moved))
            initial = LMS_INITIAL[n]
            m.d.comb += learnt[n].eq(Mux(slot[known + 6].tag.raw, initial, kept))
        m.d.comb += [
            write.addr.eq(slot[known + 6].channel),
            write.en.eq(valid[known + 6] & slot[known + 6].tag.present),
        ]
        return m

    def _features(self, m: Module, valid, slot) -> tuple[list, list[Signal]]:
        """The channel's own past differences and its neighbours', before and at ``known``."""
        config, width = self._config, self._config.sample_bits
        m.submodules.past = stored = memory.Memory(
            shape=LMS_LAGS * width, depth=config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = stored.read_port(), stored.write_port()
        past = Unreset(LMS_LAGS * width, name="row")  # stage 1, newest lowest
        m.d.sync += past.eq(read.data)
        zero = slot[1].tag.raw  # the first frame has no difference to learn from
        latest = Signal(signed(width))
        before = Signal(signed(width))
        m.d.comb += [
            read.addr.eq(self.i.payload.channel),
            read.en.eq(self.i.valid),
            latest.eq(Mux(zero, 0, slot[1].value)),
            before.eq(Mux(zero, 0, past[:width])),
            write.addr.eq(slot[1].channel),
            write.data.eq(Cat(latest, Mux(zero, 0, past[:-width]))),
            write.en.eq(valid[1] & slot[1].tag.present),
        ]
        m.submodules.neighbours = neighbours = Neighbours(config)
        m.d.comb += [
            neighbours.valid.eq(write.en),
            neighbours.channel.eq(slot[1].channel),
            neighbours.next_channel.eq(slot[0].channel),
            neighbours.latest.eq(latest),
            neighbours.before.eq(before),
        ]
        past = _later(m, past, Neighbours.latency(config))
        own = [past.word_select(n, width).as_signed() for n in range(LMS_LAGS)]
        values = [*own, *neighbours.nearest, *neighbours.nearest_before]
        features = [Unreset(signed(width), name=f"feature_{n}") for n in range(LMS_FEATURES)]
        m.d.sync += [feature.eq(value) for feature, value in zip(features, values, strict=True)]
        return values, features

    def _weights(self, m: Module, valid, slot):
        """Return the weights at stage ``known``, and what is to be written, and its port."""
        m.submodules.weights = stored = memory.Memory(
            shape=LMS_FEATURES * LMS_WEIGHT_BITS,
            depth=self._config.channels,
            init=[],
            attrs=layout.NO_COLLISION,
        )
        read, write = stored.read_port(), stored.write_port()
        row = Unreset(LMS_FEATURES * LMS_WEIGHT_BITS)
        at = self._known - 2
        m.d.comb += [read.addr.eq(slot[at].channel), read.en.eq(valid[at])]
        m.d.sync += row.eq(read.data)
        weights, learnt = [], []
        for n in range(LMS_FEATURES):
            weights.append(row.word_select(n, LMS_WEIGHT_BITS).as_signed())
            learnt.append(Signal(signed(LMS_WEIGHT_BITS), name=f"learnt_{n}"))
        m.d.comb += write.data.eq(Cat(learnt))
        return weights, learnt, write

    def _prediction(self, m: Module, features, weights) -> Signal:
        """Weighted sum, rounded, at stage ``known`` + 3: products, pairs, and all of them."""
        bits = self._config.sample_bits + LMS_FRACTION_BITS

        def registered(terms):
            sums = [Unreset(signed(bits)) for _ in terms]
            m.d.sync += [held.eq(term) for held, term in zip(sums, terms, strict=True)]
            return sums

        products = registered([f * w for f, w in zip(features, weights, strict=True)])
        # a - ~b is a + b + 1. Yosys (0.70) would put an addition into the iCE40's multiplier, with
        # one product's register in two places, and lose that product.
        pairs = registered([a - ~b for a, b in zip(products[::2], products[1::2], strict=True)])
        while len(pairs) > 2:
            pairs = [a + b for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        rounding = (1 << LMS_FRACTION_BITS - 1) - len(products) // 2
        (total,) = registered([sum(pairs, Const(rounding))])
        return total[LMS_FRACTION_BITS:]

    def _levels(self, m: Module, values, features) -> list[Signal]:
        """Each feature's sign and two bits of magnitude, from the largest one's top bit down.

        ``values`` are the features a cycle before.
        """
        width = self._config.sample_bits
        union, shift = Unreset(width - 1), Unreset(range(width - 2))
        together = Const(0, width - 1)
        for value in values:
            together |= value[:-1] ^ value[-1].replicate(width - 1)
        m.d.sync += [union.eq(together), shift.eq(0)]  # stages known, known + 1
        for bit in range(2, width - 1):
            with m.If(union[bit]):
                m.d.sync += shift.eq(bit - 1)
        levels = [Unreset(_LEVEL_BITS, name=f"level_{n}") for n in range(len(features))]
        for feature, level in zip(features, levels, strict=True):  # stage known + 2
            f = _later(m, feature, 1)
            m.d.sync += level.eq(Cat(f.bit_select(shift, _LEVEL_BITS - 1), f[-1]))
        return levels

    def _gear(self, m: Module, valid, slot) -> Signal:
        """How often the step is doubled, at stage ``known`` + 4: by frames since the restart."""
        at = self._known + 2
        age, gear = Signal(range(max(LMS_GEARS) + 1)), Unreset(range(len(LMS_GEARS) + 1))
        with m.If(valid[at] & slot[at].tag.present & (slot[at].channel == 0)):
            m.d.sync += age.eq(age + (age != max(LMS_GEARS)))
            with m.If(slot[at].tag.raw):
                m.d.sync += age.eq(0)
        m.d.sync += gear.eq(sum(age < limit for limit in LMS_GEARS))
        return gear


def _later(m: Module, value, cycles: int):
    """``value``, ``cycles`` cycles later."""
    for _ in range(cycles):
        held = Unreset(value.shape())
        m.d.sync += held.eq(value)
        value = held
    return value
