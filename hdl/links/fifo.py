"""FIFO: FTDI's USB chips in synchronous FIFO mode, up to one transfer per clock."""

from amaranth import DomainRenamer, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...golden.errors import require
from .. import layout
from .bytes import Bytes
from .crossing import Crossing
from .limits import check_depth, shown

SEND_CYCLES = 16  # that SIWU# is low: 267 ns

USB_2_BITS = 320e6  # a second


class FtFifo(wiring.Component):
    """Master that only writes, in domain ``link``: the chip's own clock.

    ::

        words ─► Crossing ─► Bytes ─► reg ─► data, wr_n

    ======  ============================  ======  =======  ==================
    width   chip                          clock   bytes    mode
    ======  ============================  ======  =======  ==================
    8       FT232H, FT2232H               60 MHz  D7…D0    FT245 synchronous
    16      FT600                         66 or   lowest   245 synchronous
    32      FT601                         100 MHz first    FIFO
    ======  ============================  ======  =======  ==================

    The chip takes what is on the data pins at a rising clock edge at which both WR# and TXE# are
    low (DS_FT2232H, section FT245 synchronous; DS_FT600Q-FT601Q, section 245 synchronous FIFO). At
    an edge with TXE# high it takes nothing, and the pins stay as they are: ``txe_n`` enables the
    output registers directly, since to know it a cycle later would be too late to keep the order.
    That path begins outside: the chip gives TXE# up to 7.15 ns after the clock (FT2232H), which
    leaves 9.5 ns at 60 MHz, and 7.0 ns (FT60x), which leaves 3 ns at 100 MHz and 8 ns at 66 MHz:
    take 66 MHz, unless the tools prove 100. There is one transfer per clock while TXE# stays low.

    An FT60x may send a short USB packet wherever WR# rises; no byte is lost by that.

    Parameters
    ----------
    width : int
        Data pins: 8, 16 or 32.
    depth : int
        Words in the crossing, 8 … 4096.

    Raises
    ------
    ConfigError
        For other widths or depths.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    txe_n : In(1)
        Pin: the chip has room. Synchronous to its clock.
    wr_n : Out(1)
        Pin: write.
    data : Out(width)
        Pins; the byte that comes first lies on ``data[7:0]``.
    oe_n, rd_n : Out(1)
        Pins that stay high: we never read.
    be : Out(width // 8)
        Pins, only from width 16 on: byte enables, all high: every byte counts.
    siwu_n : Out(1)
        Pin, only with width 8: low for 16 clocks once a packet's last byte is taken, so that the
        chip sends it at once, however short ("send immediate"). Without, it waits for 510 bytes
        or for the latency timer.
    """

    def __init__(self, *, width: int = 8, depth: int = 16) -> None:
        require(
            isinstance(width, int) and width in (8, 16, 32),
            f"width must be 8, 16 or 32, not {shown(width)}",
        )
        check_depth(depth)
        self._depth = depth
        self._width = width
        own = {"siwu_n": Out(1, init=1)} if width == 8 else {"be": Out(width // 8)}
        super().__init__(
            {
                "words": In(stream.Signature(layout.link_layout())),
                "txe_n": In(1, init=1),
                "wr_n": Out(1, init=1),
                "data": Out(width),
                "oe_n": Out(1, init=1),
                "rd_n": Out(1, init=1),
            }
            | own
        )

    def capacity(self, clock_hz: float) -> float:
        """Return the stream bits a second at best, where ``link`` has clock_hz.

        Behind 8 bits USB 2.0 is what limits, 40 Mbyte/s by FTDI's word (DS_FT232H).
        """
        pins = clock_hz * self._width
        return min(pins, USB_2_BITS) if self._width == 8 else pins

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.crossing = crossing = Crossing(depth=self._depth)
        source = Bytes(lanes=self._width // 8)
        m.submodules.bytes = DomainRenamer("link")(source)
        wiring.connect(m, wiring.flipped(self.words), crossing.i)
        wiring.connect(m, crossing.o, source.words)

        ends = Signal()  # what is on the pins ends a packet
        advance = self.wr_n | ~self.txe_n
        m.d.comb += [source.bytes.ready.eq(advance), self.oe_n.eq(1), self.rd_n.eq(1)]
        with m.If(advance):
            m.d.link += [
                self.wr_n.eq(~source.bytes.valid),
                self.data.eq(source.bytes.payload.data),
                ends.eq(source.bytes.payload.last),
            ]

        if self._width > 8:
            m.d.comb += self.be.eq(~0)
            return m
        cycles = Signal(range(SEND_CYCLES + 1))  # that SIWU# is still low
        m.d.link += self.siwu_n.eq(cycles == 0)
        with m.If(~self.wr_n & ~self.txe_n & ends):
            m.d.link += cycles.eq(SEND_CYCLES)
        with m.Elif(cycles != 0):
            m.d.link += cycles.eq(cycles - 1)
        return m
