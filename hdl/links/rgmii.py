"""RGMII: the link over a gigabit Ethernet PHY; Reduced Gigabit MII, version 2.0."""

from amaranth import Module
from amaranth.lib.wiring import Out

from ...golden.udp import UdpConfig
from .phy import PhyLink


class RgmiiLink(PhyLink):
    """UDP datagrams to a PHY, a byte in a cycle, its low half at the rising edge; 1 Gbit/s only.

    The clock of domain ``link`` has 125 MHz. TXC changes together with the data: the PHY must
    delay it by 1.5 to 2 ns (RGMII-ID: a strap or a register of most PHYs), or the board.

    Parameters
    ----------
    config : UdpConfig
    flush_cycles : int
        Cycles of ``link`` without a word after which a shorter datagram goes out: by default 1 ms
        at 125 MHz.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    txd : Out(8)
        Pins TXD, double data rate: the low half of a byte, then the high one.
    tx_ctl : Out(2)
        Pin TX_CTL, double data rate: enable, then enable and no error, which is the same.
    txc : Out(2)
        Pin TXC, double data rate: high, then low.
    """

    BITS = 8
    DDR = ("txd", "tx_ctl", "txc")

    def __init__(self, *, config: UdpConfig, flush_cycles: int = 125_000) -> None:
        pins = {"txd": Out(self.BITS), "tx_ctl": Out(2), "txc": Out(2)}
        super().__init__(config=config, flush_cycles=flush_cycles, pins=pins)

    def elaborate(self, platform) -> Module:
        m = Module()
        line = self.line(m)
        m.d.comb += [
            line.ready.eq(1),
            self.txd.eq(line.payload.data),
            self.tx_ctl.eq(line.payload.enable.replicate(2)),
            self.txc.eq(0b01),
        ]
        return m
