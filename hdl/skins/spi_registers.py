"""SPI slave for the core's registers."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import cdc, wiring
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.format import WORD_BITS
from ...golden.registers import ADDRESS_BITS
from .registers import register_bus

_COMMAND_BITS = 8
_BITS = _COMMAND_BITS + WORD_BITS


class SpiRegisters(wiring.Component):
    """SPI, modes 0 and 3, most significant bit first, to the native register bus.

    One access is 40 bits while ``spi_cs_n`` is low, whether it reads or writes::

        bit    39     38 … 32    31 … 0
        MOSI   write  register   word, if it is written
        MISO   0      0          the register, as it was when asked for

    A write takes effect when ``spi_cs_n`` rises after exactly 40 bits; broken off, or longer, it
    changes nothing. A register that is not there, or cannot be read, reads as 0; a write to one
    that is not there changes nothing.

    The pins are oversampled in ``sync``: SCK at most an eighth of that clock, its halves of equal
    length; ``spi_cs_n`` high for 4 cycles at least between two accesses, low for 4 before the
    first edge, and low for 2 behind the last rising edge: in mode 3 that is the last edge, and a
    ``spi_cs_n`` that rises together with it loses the write. MISO changes within 3 cycles of SCK's
    falling edge.

    Members
    -------
    spi_sck, spi_cs_n, spi_mosi : In(1)
        Pins; synchronised here.
    spi_miso, spi_miso_oe : Out(1)
        Pin and its output enable; registers.
    registers : Out(register_bus)
        To the core.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__({**self.ports().members, "registers": Out(register_bus())})

    @staticmethod
    def ports() -> wiring.Signature:
        """The pins."""
        return wiring.Signature(
            {
                "spi_sck": In(1),
                "spi_cs_n": In(1, init=1),
                "spi_mosi": In(1),
                "spi_miso": Out(1),
                "spi_miso_oe": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bus = self.registers
        sck, idle, mosi, sck_before = (Signal() for _ in range(4))
        for name, pin, inner in (
            ("sck", self.spi_sck, sck),
            ("cs_n", self.spi_cs_n, idle),
            ("mosi", self.spi_mosi, mosi),
        ):
            m.submodules[name] = cdc.FFSynchronizer(pin, inner, reset_less=False)
        m.d.sync += sck_before.eq(sck)

        heard = Signal(_BITS)  # bits so far, the latest lowest
        count = Signal(range(_BITS + 2))  # of them; stays at one too many
        awake = Signal()  # not selected once since reset: what that cut is no access
        answer = Signal(WORD_BITS)
        commanded = Signal()
        number = Signal(_COMMAND_BITS - 1)
        is_there = number[ADDRESS_BITS:] == 0
        m.d.comb += [
            commanded.eq(count == _COMMAND_BITS),
            number.eq(Mux(commanded, heard, heard[WORD_BITS:])),
            bus.address.eq(number),
            bus.wdata.eq(heard),
            bus.write.eq(idle & (count == _BITS) & heard[-1] & is_there),
            self.spi_miso.eq(answer[-1]),
        ]
        m.d.sync += self.spi_miso_oe.eq(~idle & awake)
        with m.If(idle):
            m.d.sync += [count.eq(0), answer.eq(0), awake.eq(1)]
        with m.Elif(awake & sck & ~sck_before):
            m.d.sync += heard.eq(Cat(mosi, heard))
            with m.If(count <= _BITS):
                m.d.sync += count.eq(count + 1)
        with m.Elif(~sck & sck_before):
            m.d.sync += answer.eq(Mux(commanded, Mux(is_there, bus.rdata, 0), answer << 1))
        return m
