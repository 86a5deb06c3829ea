"""The top of a board without its clocks and I/O cells: front end, encoder, link."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import WORD_BITS
from ..golden.registers import ADDRESS_BITS, register_map
from ..hdl.encoder import Encoder
from .design import Design

_STREAMS = ("sample", "words")
DEBOUNCE_BITS = 19  # cycles that a button must rest: 7 to 15 ms


def pin_members(component: wiring.Component) -> dict[str, Any]:
    """Return the members of a front end or link that are pins."""
    return {n: m for n, m in component.signature.members.items() if n not in _STREAMS}


def signature(design: Design) -> wiring.Signature:
    """Return the ports of a design's top."""
    members = {
        f"{kind}_{name}": member
        for kind in ("input", "link")
        for name, member in pin_members(getattr(design, f"{kind}_component")).items()
    }
    members |= {"led_running": Out(1), "led_fault": Out(1)}
    if len(design.config.modes) > 1:
        members["button"] = In(1)
    return wiring.Signature(members)


class ModeButton(wiring.Component):
    """Moves on to the next mode with each press.

    Members
    -------
    button : In(1)
        Pressed; asynchronous, bouncing.
    address, write, wdata : Out
        The core's register port: it rests at ``status``.
    """

    def __init__(self, config: EncoderConfig, *, debounce_bits: int = DEBOUNCE_BITS) -> None:
        self._config, self._debounce_bits = config, debounce_bits
        members = {"address": Out(ADDRESS_BITS), "write": Out(1), "wdata": Out(WORD_BITS)}
        super().__init__({"button": In(1)} | members)

    def elaborate(self, platform) -> Module:
        m = Module()
        registers = register_map(self._config)
        pressed, held = Signal(), Signal()
        rest = Signal(self._debounce_bits)
        index = Signal(range(len(self._config.modes)))
        m.submodules.button = FFSynchronizer(self.button, pressed)
        m.d.sync += [self.write.eq(0), self.address.eq(registers["status"].address)]
        with m.If(pressed == held):
            m.d.sync += rest.eq(0)
        with m.Else():
            m.d.sync += rest.eq(rest + 1)
            with m.If(rest.all()):
                m.d.sync += held.eq(pressed)
                with m.If(pressed):
                    last = index == len(self._config.modes) - 1
                    m.d.sync += [
                        index.eq(0),
                        self.write.eq(1),
                        self.address.eq(registers["mode"].address),
                    ]
                    with m.If(~last):
                        m.d.sync += index.eq(index + 1)
        with m.Switch(index):
            for n, mode in enumerate(self._config.modes):
                with m.Case(n):
                    m.d.comb += self.wdata.eq(mode)
        return m


class Top(wiring.Component):
    """Front end ► encoder ► link; the ports are the pins.

    Domain ``sync`` is the core's; ``input`` and ``link`` are there where a front end or a link has
    a clock of its own. The makers of clocks and resets are outside (`board_top`, or a test bench).

    Members
    -------
    input_…, link_…
        The pins of the front end and of the link, as their components describe them.
    led_running : Out(1)
        Samples are taken, or packets sent.
    led_fault : Out(1)
        Frames were dropped or broken off since the last reset; or an amplifier chip does not
        answer (with a wrong ``miso_delay`` none does).
    button : In(1)
        Where several modes are built: moves on to the next.
    """

    def __init__(self, design: Design) -> None:
        self._design = design
        super().__init__(signature(design))

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._design.config
        m.submodules.encoder = encoder = Encoder(config)
        parts = {"input": self._design.input_component, "link": self._design.link_component}
        for kind, part in parts.items():
            m.submodules[kind] = part
            for name, member in pin_members(part).items():
                inside, outside = getattr(part, name), getattr(self, f"{kind}_{name}")
                out = member.flow == Out
                m.d.comb += outside.eq(inside) if out else inside.eq(outside)

        sample, words = parts["input"].sample, parts["link"].words
        m.d.comb += [
            encoder.sample_valid.eq(sample.valid),
            encoder.sample_first.eq(sample.first),
            encoder.sample_value.eq(sample.value),
            words.valid.eq(encoder.link_valid),
            words.payload.data.eq(encoder.link_data),
            words.payload.last.eq(encoder.link_last),
            encoder.link_ready.eq(words.ready),
        ]
        if config.aux_bits:
            m.d.comb += encoder.sample_aux.eq(sample.aux)

        registers = register_map(config)
        status = registers["status"]
        if len(config.modes) > 1:
            m.submodules.mode = mode = ModeButton(config)
            m.d.comb += [
                mode.button.eq(self.button),
                encoder.reg_address.eq(mode.address),
                encoder.reg_write.eq(mode.write),
                encoder.reg_wdata.eq(mode.wdata),
            ]
        else:
            m.d.comb += encoder.reg_address.eq(status.address)
        flags = {name: encoder.reg_rdata[field.low] for name, field in status.fields.items()}
        shown = Signal()  # the status register is
        m.d.sync += shown.eq(encoder.reg_address == status.address)
        broken = Signal()
        with m.If(shown):
            m.d.sync += [
                self.led_running.eq(~flags["idle"]),
                broken.eq(broken | flags["overrun"] | flags["misframe"]),
            ]
        present = getattr(parts["input"], "present", Const(1))
        m.d.sync += self.led_fault.eq(broken | ~present.all())
        return m
