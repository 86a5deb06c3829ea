"""Multiplexed: bit-serial lanes, one for each converter of a time-multiplexed probe."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.errors import require
from ...golden.format import ORDER_STEPS, Order
from .. import layout
from ..links.limits import is_whole, shown

OVERSAMPLING = 4  # clock cycles in a bit, at least


class Multiplexed(wiring.Component):
    """Takes the conversions of many converters at once, and gives them one by one.

    A probe of the Neuropixels class has a converter for every 12 or 16 channels. In each step of a
    frame all convert, and each sends its result on its own lane, most significant bit first.

    ::

                 ┌─ bits of this conversion ─┬─ idle bits, any number ─┬─ next conversion
        slot     ▔▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▔▔
        lanes     9 8 7 6 5 4 3 2 1 0         (not read)                 9

    Lanes and strobes are read on the rising edge of ``bit_clock``; the probe changes them on the
    falling edge. All are synchronised and oversampled: a bit takes 4 clock cycles or more. The
    results are given out, one a cycle, while the next come in: the first 6 cycles after the edge of
    their last bit, at the latest.

    A strobe that is missing, or comes before its time, loses a conversion; that frame is too short
    (or, with ``frame`` missing, too long), and the core's gate drops and counts it.

    Parameters
    ----------
    adcs : int
        Converters, and so lanes.

    Members
    -------
    bit_clock, slot, frame, lanes : In
        Pins: the bit clock; a strobe with the first bit of each conversion, and one with the first
        bit of a frame's first conversion; the lanes.
    aux : In(aux_bits)
        Pins, where there are auxiliary bits: read with the strobe ``frame``, each for itself.
    sample : Out(layout.source)
        Conversion after conversion, lane 0 first: that is ``config.order`` of such a probe.

    Raises
    ------
    ConfigError
        Where the lanes do not go with the channels and their order, or are too many for one value
        a cycle.
    """

    def __new__(cls, config: EncoderConfig, *, adcs: int = 32):
        require(is_whole(adcs), f"adcs must be a whole number, not {shown(adcs)}")
        fitting = config.channels // ORDER_STEPS[config.order]
        if config.order == Order.SEQUENTIAL:
            require(
                adcs > 0 and config.channels % adcs == 0,
                f"adcs = {shown(adcs)} does not divide {config.channels} channels; every "
                "converter must have as many as the next",
            )
        else:
            require(
                adcs == fitting,
                f"order {config.order.name.lower()} of {config.channels} channels has {fitting} "
                f"converters, not {shown(adcs)}",
            )
        longest = OVERSAMPLING * config.sample_bits
        require(
            adcs <= longest,
            f"adcs = {adcs} values cannot be given out in the {longest} cycles of a conversion; "
            f"use at most {longest} lanes",
        )
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig, *, adcs: int = 32) -> None:
        self._config = config
        self._adcs = adcs
        super().__init__(
            {
                "bit_clock": In(1),
                "slot": In(1),
                "frame": In(1),
                "lanes": In(adcs),
                "sample": Out(layout.source(config)),
            }
            | ({"aux": In(config.aux_bits)} if config.aux_bits else {})
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        config, adcs, bits = self._config, self._adcs, self._config.sample_bits
        names = ["bit_clock", "slot", "frame", "lanes", *(["aux"] if config.aux_bits else [])]
        pins = {name: Signal.like(getattr(self, name), name=f"{name}_sync") for name in names}
        for name, signal in pins.items():
            m.submodules[name] = FFSynchronizer(getattr(self, name), signal)

        # A bit of every lane.
        level, edge = Signal(init=1), Signal()
        m.d.sync += level.eq(pins["bit_clock"])
        m.d.comb += edge.eq(pins["bit_clock"] & ~level)
        got = Signal(range(bits + 1), init=bits)  # bits of the conversion; all: wait for the next
        opens = Signal()  # the conversion is its frame's first
        starts, complete = Signal(), Signal()
        m.d.comb += [
            starts.eq(pins["slot"] | pins["frame"]),
            complete.eq(edge & ~starts & (got == bits - 1)),
        ]
        rows = [Signal(bits - 1, name=f"lane_{n}", reset_less=True) for n in range(adcs)]
        with m.If(edge):
            for n, row in enumerate(rows):
                m.d.sync += row.eq(Cat(pins["lanes"][n], row))
            with m.If(starts):
                m.d.sync += [got.eq(1), opens.eq(pins["frame"])]
            with m.Elif(got != bits):
                m.d.sync += got.eq(got + 1)

        # The results move up, one value a cycle.
        held = [Signal(bits, name=f"held_{n}", reset_less=True) for n in range(adcs)]
        left = Signal(range(adcs + 1))
        m.d.sync += [self.sample.first.eq(0), left.eq(Mux(left == 0, 0, left - 1))]
        for n, value in enumerate(held):
            result = Cat(pins["lanes"][n], rows[n])
            m.d.sync += value.eq(Mux(complete, result, held[n + 1] if n + 1 < adcs else value))
        with m.If(complete):
            m.d.sync += [left.eq(adcs), self.sample.first.eq(opens)]
        m.d.comb += [self.sample.valid.eq(left != 0), self.sample.value.eq(held[0])]
        if config.aux_bits:
            with m.If(edge & pins["frame"]):
                m.d.sync += self.sample.aux.eq(pins["aux"])
        return m
