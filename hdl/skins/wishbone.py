"""Wishbone slave for the core's registers."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.format import WORD_BITS
from ...golden.registers import ADDRESS_BITS
from .registers import is_readable, is_writable, register_bus


class WishboneRegisters(wiring.Component):
    """Wishbone B4, classic standard cycles, to the native register bus.

    Port size 32 bits, granularity 8, no bursts: the address is the register's number, that is a
    byte address without its two lowest bits. A write counts only as a whole word. It ends with ERR
    instead of ACK, and changes nothing, where SEL is not all ones, or no such register can be
    written; a read where none can be read. A transfer takes 2 cycles: ACK and ERR are registers.

    Members
    -------
    wb_cyc_i, wb_stb_i, wb_we_i, wb_adr_i, wb_sel_i, wb_dat_i : In
    wb_dat_o, wb_ack_o, wb_err_o : Out
        Named as in the specification. ``wb_dat_o`` counts with ``wb_ack_o``.
    registers : Out(register_bus)
        To the core.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__({**self.ports().members, "registers": Out(register_bus())})

    @staticmethod
    def ports() -> wiring.Signature:
        """The bus."""
        return wiring.Signature(
            {
                "wb_cyc_i": In(1),
                "wb_stb_i": In(1),
                "wb_we_i": In(1),
                "wb_adr_i": In(ADDRESS_BITS),
                "wb_sel_i": In(WORD_BITS // 8),
                "wb_dat_i": In(WORD_BITS),
                "wb_dat_o": Out(WORD_BITS),
                "wb_ack_o": Out(1),
                "wb_err_o": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bus, config = self.registers, self._config
        asked, good = Signal(), Signal()
        can_write = self.wb_sel_i.all() & is_writable(config, self.wb_adr_i)
        m.d.comb += [
            # The cycle that ends a transfer begins none.
            asked.eq(self.wb_cyc_i & self.wb_stb_i & ~self.wb_ack_o & ~self.wb_err_o),
            good.eq(Mux(self.wb_we_i, can_write, is_readable(config, self.wb_adr_i))),
            bus.address.eq(self.wb_adr_i),
            bus.wdata.eq(self.wb_dat_i),
            bus.write.eq(asked & self.wb_we_i & good),
            self.wb_dat_o.eq(bus.rdata),
        ]
        m.d.sync += [self.wb_ack_o.eq(asked & good), self.wb_err_o.eq(asked & ~good)]
        return m
