"""RMII: the link over an Ethernet PHY of 100 Mbit/s with few pins; RMII Specification 1.2."""

from amaranth import Module, Signal
from amaranth.lib.wiring import Out

from ...golden.udp import UdpConfig
from .phy import PhyLink


class RmiiLink(PhyLink):
    """UDP datagrams to a PHY, two bits in a cycle, the lowest of a byte first; 100 Mbit/s only.

    The clock of domain ``link`` is REF_CLK, 50 MHz, which the PHY shares.

    Parameters
    ----------
    config : UdpConfig
    flush_cycles : int
        Cycles of ``link`` without a word after which a shorter datagram goes out: by default 1 ms
        at 50 MHz.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    txd : Out(2)
        Pins TXD.
    tx_en : Out(1)
        Pin TX_EN.
    """

    BITS = 2

    def __init__(self, *, config: UdpConfig, flush_cycles: int = 50_000) -> None:
        pins = {"txd": Out(self.BITS), "tx_en": Out(1)}
        super().__init__(config=config, flush_cycles=flush_cycles, pins=pins)

    def elaborate(self, platform) -> Module:
        m = Module()
        line = self.line(m)
        steps = 8 // self.BITS
        place, is_last = Signal(range(steps)), Signal()
        m.d.comb += line.ready.eq(is_last)
        m.d.link += [
            place.eq(place + 1),
            is_last.eq(place == steps - 2),
            self.txd.eq(line.payload.data.word_select(place, self.BITS)),
            self.tx_en.eq(line.payload.enable),
        ]
        return m
