"""AXI4-Lite slave for the core's registers."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.format import WORD_BITS
from ...golden.registers import ADDRESS_BITS
from .registers import is_readable, is_writable, register_bus

_OKAY, _SLVERR = 0b00, 0b10
_BYTES = WORD_BITS // 8
_BYTE_BITS = (_BYTES - 1).bit_length()  # of an address, within a word


class AxiLiteRegisters(wiring.Component):
    """AXI4-Lite (Arm IHI 0022, issue E, part B) to the native register bus.

    A register's byte address is four times its number; the two lowest address bits and AxPROT are
    not looked at. A write counts only as a whole word: with other strobes than all four it changes
    nothing and answers SLVERR (section B1.1.1 lets a slave do so). SLVERR also answers where there
    is no such register, where a written one can only be read, or the other way round; what is read
    is 0 then. All outputs are registers. One access at a time: a write takes 3 cycles, a read 4,
    if the master does not wait; where both wait, they take turns.

    Members
    -------
    s_axil_aw…, s_axil_w…, s_axil_b…, s_axil_ar…, s_axil_r…
        The channels, named as in the specification.
    registers : Out(register_bus)
        To the core.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({**self.ports().members, "registers": Out(register_bus())})

    @staticmethod
    def ports() -> wiring.Signature:
        """The five channels, 32 bits of data, byte addresses."""
        address = ADDRESS_BITS + _BYTE_BITS
        return wiring.Signature(
            {
                "s_axil_awaddr": In(address),
                "s_axil_awprot": In(3),
                "s_axil_awvalid": In(1),
                "s_axil_awready": Out(1),
                "s_axil_wdata": In(WORD_BITS),
                "s_axil_wstrb": In(_BYTES),
                "s_axil_wvalid": In(1),
                "s_axil_wready": Out(1),
                "s_axil_bresp": Out(2),
                "s_axil_bvalid": Out(1),
                "s_axil_bready": In(1),
                "s_axil_araddr": In(address),
                "s_axil_arprot": In(3),
                "s_axil_arvalid": In(1),
                "s_axil_arready": Out(1),
                "s_axil_rdata": Out(WORD_BITS),
                "s_axil_rresp": Out(2),
                "s_axil_rvalid": Out(1),
                "s_axil_rready": In(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bus = self.registers
        good = Signal()
        wrote = Signal()  # the latest access was a write
        m.d.comb += [
            bus.address.eq(self.s_axil_awaddr[_BYTE_BITS:]),
            bus.wdata.eq(self.s_axil_wdata),
        ]
        with m.FSM():
            with m.State("IDLE"):
                reads, writes = self.s_axil_arvalid, self.s_axil_awvalid & self.s_axil_wvalid
                with m.If(writes & ~(reads & wrote)):
                    m.d.sync += [self.s_axil_awready.eq(1), self.s_axil_wready.eq(1)]
                    m.next = "WRITE"
                with m.Elif(reads):
                    m.d.sync += self.s_axil_arready.eq(1)
                    m.next = "READ"
            with m.State("WRITE"):
                m.d.comb += [
                    good.eq(self.s_axil_wstrb.all() & is_writable(self._config, bus.address)),
                    bus.write.eq(good),
                ]
                m.d.sync += [
                    self.s_axil_awready.eq(0),
                    self.s_axil_wready.eq(0),
                    self.s_axil_bvalid.eq(1),
                    self.s_axil_bresp.eq(Mux(good, _OKAY, _SLVERR)),
                    wrote.eq(1),
                ]
                m.next = "WRITTEN"
            with m.State("WRITTEN"), m.If(self.s_axil_bready):
                m.d.sync += self.s_axil_bvalid.eq(0)
                m.next = "IDLE"
            with m.State("READ"):
                m.d.comb += [
                    bus.address.eq(self.s_axil_araddr[_BYTE_BITS:]),
                    good.eq(is_readable(self._config, bus.address)),
                ]
                m.d.sync += [
                    self.s_axil_arready.eq(0),
                    self.s_axil_rresp.eq(Mux(good, _OKAY, _SLVERR)),
                    wrote.eq(0),
                ]
                m.next = "FETCH"
            with m.State("FETCH"):
                # A copy: the register may change while the answer waits.
                m.d.sync += [self.s_axil_rdata.eq(bus.rdata), self.s_axil_rvalid.eq(1)]
                m.next = "FETCHED"
            with m.State("FETCHED"), m.If(self.s_axil_rready):
                m.d.sync += self.s_axil_rvalid.eq(0)
                m.next = "IDLE"
        return m
