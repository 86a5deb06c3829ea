"""MII: the link over an Ethernet PHY of 100 Mbit/s; IEEE 802.3, clause 22."""

from amaranth import Module, Mux, Signal
from amaranth.lib.wiring import Out

from ...golden.udp import UdpConfig
from .phy import PhyLink


class MiiLink(PhyLink):
    """UDP datagrams to a PHY, four bits in a cycle, the low half of a byte first.

    The clock of domain ``link`` is the PHY's TX_CLK: 25 MHz, or 2.5 MHz where it has agreed on
    10 Mbit/s. Tie the PHY's TX_ER low, if it has one.

    Parameters
    ----------
    config : UdpConfig
    flush_cycles : int
        Cycles of ``link`` without a word after which a shorter datagram goes out: by default 1 ms
        at 25 MHz.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    txd : Out(4)
        Pins TXD.
    tx_en : Out(1)
        Pin TX_EN.
    """

    BITS = 4

    def __init__(self, *, config: UdpConfig, flush_cycles: int = 25_000) -> None:
        pins = {"txd": Out(self.BITS), "tx_en": Out(1)}
        super().__init__(config=config, flush_cycles=flush_cycles, pins=pins)

    def elaborate(self, platform) -> Module:
        m = Module()
        line = self.line(m)
        byte, is_high = line.payload.data, Signal()
        m.d.comb += line.ready.eq(is_high)
        m.d.link += [
            is_high.eq(~is_high),
            self.txd.eq(Mux(is_high, byte[self.BITS :], byte[: self.BITS])),
            self.tx_en.eq(line.payload.enable),
        ]
        return m
