"""The core with AXI: samples and packets as AXI4-Streams, registers as an AXI4-Lite slave."""

from __future__ import annotations

from amaranth import Cat, ClockDomain, DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.format import WORD_BITS
from .. import encoder as core
from .axi_lite import AxiLiteRegisters
from .registers import connect

_BYTES = WORD_BITS // 8


def signature(config: EncoderConfig) -> wiring.Signature:
    """The ports, with clock and reset; TUSER only where there is an auxiliary word."""
    return wiring.Signature(
        {
            "aclk": In(1),
            "aresetn": In(1),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "s_axis_tdata": In(8 * -(-config.sample_bits // 8)),
            "s_axis_tlast": In(1),
        }
        | ({"s_axis_tuser": In(config.aux_bits)} if config.aux_bits else {})
        | {
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
            "m_axis_tdata": Out(WORD_BITS),
            "m_axis_tkeep": Out(_BYTES),
            "m_axis_tlast": Out(1),
        }
        | dict(AxiLiteRegisters.ports().members)
    )


class AxiEncoder(wiring.Component):
    """`Encoder` between AXI4-Streams (Arm IHI 0051), with `AxiLiteRegisters`.

    It has its own clock domain: everything happens at the rising edge of ``aclk``; ``aresetn``
    (active low) is read there too, so it must last a cycle and end in step with the clock.

    A transfer in is one sample; TLAST marks a frame's last channel, and the transfer after it, or
    after reset, is a first one. Where TLAST comes early, or not at the last channel, the frame is
    broken: what is wrong is left out, counted, and told as a mis-frame in the next header. There
    is no other check: a stream that begins within a frame is found out at its first TLAST. The core
    never waits, so TREADY is always 1 but during reset. A packet out is a packet of the capture;
    its bytes in the order of the lanes, TDATA[7:0] first, are those of the file.

    Members
    -------
    aclk, aresetn : In(1)
    s_axis_tvalid, s_axis_tready, s_axis_tdata, s_axis_tlast, s_axis_tuser
        Samples: TDATA is ``sample_bits`` wide, filled up to whole bytes; the bits above, usually
        copies of the sign, are not looked at. TUSER is the frame's auxiliary word, read with the
        first sample, and there only where ``config.aux_bits`` > 0.
    m_axis_tvalid, m_axis_tready, m_axis_tdata, m_axis_tkeep, m_axis_tlast
        Packets: TKEEP is all ones, TLAST marks a packet's last word. All come from registers.
    s_axil_…
        Registers: `AxiLiteRegisters`.

    Raises
    ------
    ConfigError
        As `Encoder`.
    """

    def __new__(cls, config: EncoderConfig):
        core.check(config)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig) -> None:
        self._encoder = core.Encoder(config)
        self._registers = AxiLiteRegisters(config)
        self._config = config
        super().__init__(signature(config))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.axi = axi = ClockDomain(local=True)
        m.d.comb += [axi.clk.eq(self.aclk), axi.rst.eq(~self.aresetn)]
        encoder, registers = self._encoder, self._registers
        m.submodules.encoder = DomainRenamer("axi")(encoder)
        m.submodules.registers = DomainRenamer("axi")(registers)
        connect(m, encoder, registers.registers)
        for name in AxiLiteRegisters.ports().members:
            inner, outer = getattr(registers, name), getattr(self, name)
            is_in = registers.signature.members[name].flow == In
            m.d.comb += inner.eq(outer) if is_in else outer.eq(inner)

        first = Signal(init=1)
        taken = Signal()
        m.d.axi += self.s_axis_tready.eq(1)
        with m.If(taken):
            m.d.axi += first.eq(self.s_axis_tlast)
        m.d.comb += [
            taken.eq(self.s_axis_tvalid & self.s_axis_tready),
            encoder.sample_valid.eq(taken),
            encoder.sample_first.eq(first),
            encoder.sample_value.eq(self.s_axis_tdata[: self._config.sample_bits].as_signed()),
        ]
        if self._config.aux_bits:
            m.d.comb += encoder.sample_aux.eq(self.s_axis_tuser)

        word = encoder.link_data
        m.d.comb += [
            self.m_axis_tvalid.eq(encoder.link_valid),
            encoder.link_ready.eq(self.m_axis_tready),
            self.m_axis_tdata.eq(Cat(word.word_select(n, 8) for n in reversed(range(_BYTES)))),
            self.m_axis_tkeep.eq(~0),
            self.m_axis_tlast.eq(encoder.link_last),
        ]
        return m
