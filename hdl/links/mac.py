"""MAC: frames into what a PHY wants, byte by byte; IEEE 802.3, clauses 3 and 4."""

from amaranth import Array, Const, Module, Mux, Signal
from amaranth.hdl import DomainRenamer
from amaranth.lib import crc, data, stream, wiring
from amaranth.lib.wiring import In, Out

from ...golden import udp
from .udp import frame_bytes


def line_bytes() -> stream.Signature:
    """Return a stream of bytes for a PHY; ``enable`` from a preamble's first to an FCS's last."""
    return stream.Signature(data.StructLayout({"data": 8, "enable": 1}), always_valid=True)


class Mac(wiring.Component):
    """Adds preamble, padding, frame check sequence and inter-frame gap; only sends.

    ::

        i ─► choose byte ─► reg ─► FCS? check : byte ─► reg ─► o
                             └──► CRC-32

    All in domain ``link``. Once a frame has begun, ``i`` must have its next byte whenever that is
    taken: a line has no way to wait.

    Members
    -------
    i : In(frame_bytes)
        Frames from the destination's address to the end of the payload.
    o : Out(line_bytes)
        ``ready`` where the PHY takes a byte; with ``enable`` low it is silence.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(frame_bytes()), "o": Out(line_bytes())})

    def elaborate(self, platform) -> Module:
        m = Module()
        advance = self.o.ready

        # First stage: choose the byte. `count` is its place in what the state sends, or the last
        # place of the shortest frame.
        count = Signal(range(udp.LEAST_FRAME))
        byte, enable, is_covered, is_check = Signal(8), Signal(), Signal(), Signal()
        preamble = Array(Const(value, 8) for value in udp.PREAMBLE)
        is_least = count == udp.LEAST_FRAME - 1
        with m.If(advance):
            m.d.link += [count.eq(count + 1), enable.eq(1), is_covered.eq(0), is_check.eq(0)]
        with m.FSM(domain="link"):
            with m.State("GAP"), m.If(advance):
                m.d.link += enable.eq(0)
                with m.If(count == udp.GAP - 1):
                    m.d.link += count.eq(count)
                    with m.If(self.i.valid):
                        m.d.link += count.eq(0)
                        m.next = "PREAMBLE"
            with m.State("PREAMBLE"), m.If(advance):
                m.d.link += byte.eq(preamble[count[:3]])
                with m.If(count == len(udp.PREAMBLE) - 1):
                    m.d.link += count.eq(0)
                    m.next = "FRAME"
            with m.State("FRAME"):
                m.d.comb += self.i.ready.eq(advance)
                with m.If(advance):
                    m.d.link += [byte.eq(self.i.payload.data), is_covered.eq(1)]
                    with m.If(is_least):
                        m.d.link += count.eq(count)
                    with m.If(self.i.payload.last):
                        m.next = "PADDING"
                        with m.If(is_least):
                            m.d.link += count.eq(0)
                            m.next = "CHECK"
            with m.State("PADDING"), m.If(advance):
                m.d.link += [byte.eq(0), is_covered.eq(1)]
                with m.If(is_least):
                    m.d.link += count.eq(0)
                    m.next = "CHECK"
            with m.State("CHECK"), m.If(advance):
                m.d.link += is_check.eq(1)
                with m.If(count == udp.FCS_BYTES - 1):
                    m.d.link += count.eq(0)
                    m.next = "GAP"

        # Second stage: the check replaces its byte.
        check = DomainRenamer("link")(crc.catalog.CRC32_ETHERNET().create())
        m.submodules.check = check
        place = Signal(range(udp.FCS_BYTES))  # least significant byte first
        m.d.comb += [
            check.data.eq(byte),
            check.valid.eq(advance & is_covered),
            check.start.eq(~enable),
        ]
        with m.If(advance):
            m.d.link += [
                place.eq(Mux(is_check, place + 1, 0)),
                self.o.payload.data.eq(Mux(is_check, check.crc.word_select(place, 8), byte)),
                self.o.payload.enable.eq(enable),
            ]
        return m
