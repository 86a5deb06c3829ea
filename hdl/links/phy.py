"""What the links to an Ethernet PHY share: everything but the pins."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Member

from ...golden.udp import UdpConfig
from .. import layout
from .mac import Mac
from .udp import Udp, check_flush


class PhyLink(wiring.Component):
    """UDP datagrams to a PHY: `Udp` and `Mac`, and a subclass that moves bytes to its pins.

    Parameters
    ----------
    config : UdpConfig
    flush_cycles : int
        Cycles of ``link`` without a word after which a shorter datagram goes out.
    pins : dict
        The members besides ``words``.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    """

    BITS: int  # in a clock cycle

    def __new__(cls, *, config: UdpConfig, flush_cycles: int = 1):
        check_flush(flush_cycles)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, *, config: UdpConfig, flush_cycles: int, pins: dict[str, Member]) -> None:
        self.config = config
        self._flush_cycles = flush_cycles
        super().__init__({"words": In(stream.Signature(layout.link_layout()))} | pins)

    def capacity(self, clock_hz: float) -> float:
        """Return the stream bits a second at best, net of headers and gaps.

        ``clock_hz`` is the clock of ``link``.
        """
        return clock_hz * self.BITS * self.config.efficiency

    def line(self, m: Module) -> stream.Interface:
        """Add what gives the bytes to ``m``; return them, a stream as `line_bytes` has it."""
        m.submodules.udp = source = Udp(config=self.config, flush_cycles=self._flush_cycles)
        m.submodules.mac = mac = Mac()
        wiring.connect(m, wiring.flipped(self.words), source.words)
        wiring.connect(m, source.frames, mac.i)
        return mac.o
