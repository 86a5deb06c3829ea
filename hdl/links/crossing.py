"""Crossing: link words from the core's clock to that of a link."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import AsyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from .. import layout
from .limits import check_depth


class Crossing(wiring.Component):
    """An asynchronous FIFO of words; gray-coded pointers cross, as amaranth.lib.fifo does it.

    A reset of either side loses what is inside; packets cut off so fail their CRC. It must last
    four cycles of the slower clock: a shorter one may repeat old words.

    Parameters
    ----------
    depth : int
        Words, 8 … 4096; raised to a power of two and one more.

    Raises
    ------
    ConfigError
        For another ``depth``.

    Members
    -------
    i : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    o : Out(stream of layout.link_layout)
        The same words, in domain ``link``.
    """

    def __new__(cls, *, depth: int = 16):
        check_depth(depth)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, *, depth: int = 16) -> None:
        self._depth = depth
        words = stream.Signature(layout.link_layout())
        super().__init__({"i": In(words), "o": Out(words)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fifo = fifo = AsyncFIFOBuffered(
            width=self.i.payload.shape().size, depth=self._depth, w_domain="sync", r_domain="link"
        )
        m.d.comb += [
            fifo.w_data.eq(self.i.payload),
            fifo.w_en.eq(self.i.valid),
            self.i.ready.eq(fifo.w_rdy),
            self.o.payload.eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
        ]
        return m
