"""Delta predictor; see `probecodec.golden.delta`."""

from amaranth import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Delta(wiring.Component):
    """Subtracts the previous sample of the channel, kept in a memory of channels × W bits.

    ::

        i ──┬────────────────► reg ► reg ──┐
            ├─► memory write               (−) ► reg ► o
            └─► memory read ─► reg ────────┘

    Latency 3 cycles, one slot per cycle. Needs at least `MIN_CHANNELS`, so that a sample is
    written before it is read a frame later.

    Members
    -------
    i : In(layout.sample)
        Samples.
    o : Out(layout.residual)
        Residuals.
    """

    LATENCY = 3
    MIN_CHANNELS = 3

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({"i": In(layout.sample(config)), "o": Out(layout.residual(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        m.submodules.previous = previous = memory.Memory(
            shape=config.sample_bits, depth=config.channels, init=[], attrs=layout.NO_COLLISION
        )
        read, write = previous.read_port(), previous.write_port()
        valid, slot = layout.delay(m, self.i, self.LATENCY - 1)
        m.d.comb += [
            read.addr.eq(self.i.payload.channel),
            read.en.eq(self.i.valid),
            # One cycle later than the read, which is then at another channel: no collision.
            write.addr.eq(slot[0].channel),
            write.data.eq(slot[0].value),
            write.en.eq(valid[0] & slot[0].tag.present),
        ]
        stored = Signal(
            config.sample_bits, reset_less=True
        )  # a plain register behind the memory, for speed
        o = layout.register(m, self.o)
        m.d.sync += [
            stored.eq(read.data),
            self.o.valid.eq(valid[1]),
            o.value.eq(slot[1].value - Mux(slot[1].tag.raw, 0, stored)),
            o.channel.eq(slot[1].channel),
            o.tag.eq(slot[1].tag),
        ]
        return m
