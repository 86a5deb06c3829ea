"""The core with its registers behind a bridge; its sample and link ports stay as they are."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from ...golden.config import EncoderConfig
from .. import encoder
from .registers import connect


def signature(config: EncoderConfig, bridge: type) -> wiring.Signature:
    """The core's ports but those of the native register bus, and those of ``bridge``."""
    core = encoder.signature(config).members
    native = {name: member for name, member in core.items() if not name.startswith("reg_")}
    return wiring.Signature(native | dict(bridge.ports().members))


class BridgedEncoder(wiring.Component):
    """`Encoder` whose registers are reached through `WishboneRegisters` or `SpiRegisters`.

    Parameters
    ----------
    config : EncoderConfig
    bridge : type
        The bridge's class: made with the configuration; its static method ``ports()`` tells the
        members besides ``registers``.

    Members
    -------
    sample_…, link_…
        As `Encoder`.
    others
        As the bridge.

    Raises
    ------
    ConfigError
        As `Encoder`.
    """

    def __new__(cls, config: EncoderConfig, bridge: type):
        encoder.check(config)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig, bridge: type) -> None:
        self._encoder = encoder.Encoder(config)
        self._bridge = bridge(config)
        super().__init__(signature(config, bridge))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.encoder = core = self._encoder
        m.submodules.registers = bridge = self._bridge
        connect(m, core, bridge.registers)
        for name, member in self.signature.members.items():
            outer, inner = getattr(self, name), getattr(core, name, None)
            if inner is None:
                inner = getattr(bridge, name)
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        return m
