"""High-pass; see `probecodec.golden.highpass`."""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import ConfigError, EncoderConfig
from . import layout


class Highpass(wiring.Component):
    """Subtracts the channel's running mean, kept in a memory of channels × (W + k) bits.

    ::

        cycle  1        2                3
        i ─┬► reg ───► reg ──────────┐
           └► read ──► mean, or ─────(−)─► value ─► o
                       sample 2^k      │     │
                                       └────(+)─► write mean

    Latency 3 cycles, one slot per cycle. Needs at least `MIN_CHANNELS`, so that a mean is written
    before it is read a frame later.

    Members
    -------
    i : In(layout.sample)
        Samples; where ``fresh``, the mean begins anew.
    o : Out(layout.filtered)
        The same without their mean, W + 1 bits.

    Raises
    ------
    ConfigError
        Where the channels are too few, or there is to be no high-pass.
    """

    LATENCY = 3
    MIN_CHANNELS = 4

    def __new__(cls, config: EncoderConfig):  # before Amaranth expects it to be used
        layout.check_channels(config.channels, cls.MIN_CHANNELS, "the high-pass")
        if config.projection.highpass_shift == 0:
            raise ConfigError("highpass_shift = 0 is no high-pass; leave the stage out")
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__(
            {
                "i": In(layout.sample(config)),
                "o": Out(layout.filtered(config)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        width, shift = self._config.sample_bits, self._config.projection.highpass_shift
        m.submodules.means = means = memory.Memory(
            shape=width + shift, depth=self._config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = means.read_port(), means.write_port()
        valid, slot = layout.delay(m, self.i, self.LATENCY)
        mean = Signal(signed(width + shift), reset_less=True)  # cycle 2
        before = Signal.like(mean)  # cycle 3
        initial = Cat(Const(0, shift), slot[0].value).as_signed()
        o = layout.register(m, self.o)
        m.d.sync += [
            mean.eq(Mux(slot[0].tag.fresh, initial, read.data.as_signed())),
            before.eq(mean),
            self.o.valid.eq(valid[1]),
            o.value.eq(slot[1].value - (mean >> shift)),
            o.channel.eq(slot[1].channel),
            o.tag.eq(slot[1].tag),
        ]
        m.d.comb += [
            read.addr.eq(self.i.payload.channel),
            read.en.eq(self.i.valid),
            write.addr.eq(self.o.payload.channel),
            write.data.eq(before + self.o.payload.value),
            write.en.eq(self.o.valid & self.o.payload.tag.present),
        ]
        return m
