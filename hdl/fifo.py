"""Output FIFO: payload words wait here while headers go out or the link pauses."""

from amaranth import Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Fifo(wiring.Component):
    """A memory of ``config.fifo_words`` words, read ahead into a register.

    The register stands directly behind the memory, whose own output is slow; amaranth.lib.fifo has
    none there, and takes twice the logic. The writer must know that there is room, see ``stored``,
    and leave a word of it free.

    ::

        i ─► memory ─► memory's output ─► reg ─► o

    Latency 3 cycles from a word in to a word out, one word per cycle.

    Members
    -------
    i : In(layout.word)
        Words.
    o : Out(stream of layout.word_layout)
        The same words.
    stored : Out
        Words in the memory, not counting two on their way out.
    empty : Out(1)
        No word is anywhere in here.
    """

    LATENCY = 3

    def __init__(self, config: EncoderConfig) -> None:
        self._depth = config.fifo_words
        super().__init__(
            {
                "i": In(layout.word(config)),
                "o": Out(stream.Signature(layout.word_layout(config))),
                "stored": Out(range(config.fifo_words)),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.memory = words = memory.Memory(
            shape=self.i.payload.shape().size, depth=self._depth, init=[], attrs=layout.NO_COLLISION
        )
        read, write = words.read_port(), words.write_port()
        ahead = layout.register(m, self.o)
        fetched = Signal()  # the memory's output is a word
        fetch, advance, holds = Signal(), Signal(), Signal()
        m.d.comb += [
            self.stored.eq(write.addr - read.addr),
            holds.eq(write.addr != read.addr),
            advance.eq(~self.o.valid | self.o.ready),
            fetch.eq(holds & (~fetched | advance)),
            read.en.eq(fetch),
            write.en.eq(self.i.valid),
            write.data.eq(self.i.payload),
            self.empty.eq(~holds & ~fetched & ~self.o.valid),
        ]
        with m.If(write.addr < read.addr):
            m.d.comb += self.stored.eq(write.addr - read.addr + self._depth)
        m.d.sync += fetched.eq(fetch | (fetched & ~advance))
        with m.If(advance):
            m.d.sync += self.o.valid.eq(fetched)
        with m.If(advance & fetched):
            m.d.sync += ahead.eq(read.data)
        for port, step in ((write, self.i.valid), (read, fetch)):
            with m.If(step):
                last = port.addr == self._depth - 1
                m.d.sync += port.addr.eq(Mux(last, 0, port.addr + 1))
        return m
