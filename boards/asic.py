"""The core as Verilog for a chip of one's own: the `asic` target.

What differs from the `generic` target:

- No register has an initial value, and there is no ``initial`` block: what matters has a reset.
- Each memory is an instance of a module ``probecodec_sram_<depth>x<width>``, to be filled with a
  macro of the process; here they come as behavioural models, and listed in a map.
- The reset is active low; it may begin at any time, and its end is put in step with the clock.
  Pin ``scan_mode`` bypasses the two flip-flops that do so. One clock, neither gated nor divided;
  only these two flip-flops have an asynchronous reset, straight from the pin.
"""

from __future__ import annotations

import re

from amaranth import ClockDomain, ClockSignal, Instance, Module, Mux, ResetSignal, Signal
from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.lib import cdc, memory, wiring
from amaranth.lib.wiring import In

from ..golden.config import EncoderConfig
from ..hdl import encoder
from . import register_map
from .srams import Sram, find_srams, sram_map, sram_models, sram_table
from .verilog import Port, about, bus_of, example, port_table, ports
from .yosys import to_verilog

TOP = "probecodec_encoder_asic"  # with the native bus


class _Platform:
    """Makes every memory of ``amaranth.lib`` instances of SRAM wrappers."""

    def get_memory(self, words: memory.Memory) -> Module:
        (read,), (write,) = words.read_ports, words.write_ports
        if any(words.init):
            raise ValueError("an SRAM holds nothing at first; make this memory logic")
        assert read.domain == write.domain == "sync" and not read.transparent_for
        m = Module()
        lanes = len(write.en)  # each with its own write enable
        width = Shape.cast(words.shape).width // lanes
        for n in range(lanes):
            m.submodules[f"sram_{n}"] = Instance(
                Sram(words.depth, width, []).name,
                i_clk=ClockSignal(),
                i_r_en=read.en,
                i_r_addr=read.addr,
                o_r_data=read.data.word_select(n, width),
                i_w_en=write.en[n],
                i_w_addr=write.addr,
                i_w_data=write.data.word_select(n, width),
            )
        return m


class AsicTop(wiring.Component):
    """The core behind its reset synchroniser.

    Members
    -------
    clk, rst_n (of bus ``axi``: aclk, aresetn) : In(1)
    scan_mode : In(1)
        The reset pin resets directly.
    others
        As those of the core.
    """

    def __new__(cls, config: EncoderConfig, bus: str):
        encoder.check(config)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig, bus: str) -> None:
        chosen = bus_of(bus)
        self._core = chosen.component(config)
        self._own = _clock_and_reset(bus)
        self._members = dict(chosen.signature(config).members)
        super().__init__(dict.fromkeys((*self._own, "scan_mode"), In(1)) | self._members)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.sync = ClockDomain(local=True)
        clock, reset_n = (getattr(self, name) for name in self._own)
        reset, synchronised = Signal(), Signal()
        m.submodules.reset = cdc.AsyncFFSynchronizer(reset, synchronised)
        m.submodules.core = core = self._core
        m.d.comb += [
            ClockSignal().eq(clock),
            reset.eq(~reset_n),
            ResetSignal().eq(Mux(self.scan_mode, reset, synchronised)),
        ]
        for name, member in self._members.items():
            inner, outer = getattr(core, name), getattr(self, name)
            if name in self._own:
                m.d.comb += inner.eq(clock if name == self._own[0] else ~ResetSignal())
            else:
                m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        return m


def _clock_and_reset(bus: str) -> tuple[str, str]:
    return ("aclk", "aresetn") if bus == "axi" else ("clk", "rst_n")


def top_of(bus: str = "native") -> str:
    """Return the module's name."""
    return f"{bus_of(bus).top}_asic"


def asic_ports(config: EncoderConfig, bus: str = "native") -> list[Port]:
    """Return every port, in order."""
    own = [Port(name, "input", 1, False) for name in (*_clock_and_reset(bus), "scan_mode")]
    names = {"clk", "rst", *(port.name for port in own)}
    return own + [port for port in ports(config, bus) if port.name not in names]


def generate(config: EncoderConfig, bus: str = "native") -> tuple[str, list[Sram]]:
    """Return the Verilog without its SRAM wrappers, and what these are.

    Raises
    ------
    ConfigError
        Where the core cannot be built so, or there is no such bus.
    """
    top = AsicTop(config, bus)
    text = rtlil.convert(
        top,
        name=top_of(bus),
        platform=_Platform(),
        ports={name: (getattr(top, name), None) for name in top.signature.members},
        emit_src=False,
    )
    text = re.sub(r"(?m)^ *attribute \\init .*\n", "", text)
    return about(config) + to_verilog(text), find_srams(text)


def files(config: EncoderConfig, bus: str = "native") -> dict[str, str]:
    """Return what an engineer needs to build a chip with the core: file name to text.

    Parameters
    ----------
    bus : str
        One of `probecodec.boards.verilog.BUSES`.

    Raises
    ------
    ConfigError
        As `generate`.
    """
    top, rows = top_of(bus), asic_ports(config, bus)
    text, srams = generate(config, bus)
    return {
        f"{top}.v": text,
        "probecodec_sram.v": sram_models(srams),
        "srams.json": sram_map(srams),
        "srams.md": f"# Memories of {top}\n\n" + sram_table(srams),
        "probecodec_example.v": example(config, top, rows),
        "ports.md": f"# Ports of {top}\n\n" + port_table(rows),
        **register_map.files(config),
    }
