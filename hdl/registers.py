"""Control and status registers; their map is `probecodec.golden.registers`."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import WORD_BITS
from ..golden.registers import ADDRESS_BITS, Register, register_map
from . import layout
from .layout import Unreset


class Registers(wiring.Component):
    """A word-wide register file behind a native bus; read latency 1 cycle.

    Members
    -------
    address, write, wdata : In
        The bus; a write takes one cycle.
    rdata : Out(32)
        The register at which ``address`` pointed one cycle ago.
    enable, mode, restart_interval, stream_id : Out
        Controls; ``mode`` is an index into ``config.modes``.
    overrun, misframe : In(1)
        Set the sticky status bits.
    idle, drop_count : In
        Status.
    load, load_valid, matrix : Out
        Only where coefficients are loaded: one of them, and the word that names them all.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        load = {}
        if layout.is_loaded(config):
            load = {"load": Out(layout.load_layout(config)), "load_valid": Out(1)}
            load |= {"matrix": Out(WORD_BITS)}
        super().__init__(
            {
                "address": In(ADDRESS_BITS),
                "write": In(1),
                "wdata": In(WORD_BITS),
                "rdata": Out(WORD_BITS),
                "enable": Out(1),
                "mode": Out(layout.mode_shape(config)),
                "restart_interval": Out(16),
                "stream_id": Out(8),
                "overrun": In(1),
                "misframe": In(1),
                "idle": In(1),
                "drop_count": In(32),
            }
            | load
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        registers = register_map(self._config)
        stored = {
            (name, field_name): Signal(field.bits, init=field.reset, name=f"{name}_{field_name}")
            for name, register in registers.items()
            for field_name, field in register.fields.items()
            if register.access != "wo"
        }

        shown = Unreset(len(self.address))
        m.d.sync += shown.eq(self.address)
        with m.Switch(shown):
            for name, register in registers.items():
                if register.access != "wo":
                    with m.Case(register.address):
                        m.d.comb += self.rdata.eq(_read(name, register, stored))

        for name, register in registers.items():
            if register.access == "wo":
                continue
            with m.If(self.write & (self.address == register.address)):
                for field_name, field in register.fields.items():
                    signal = stored[name, field_name]
                    written = self.wdata[field.low : field.low + field.bits]
                    if register.access == "rc":
                        m.d.sync += signal.eq(signal & ~written)
                    elif register.access == "rw" and name == "mode":
                        with m.If(Cat(written == mode for mode in self._config.modes).any()):
                            m.d.sync += signal.eq(written)
                    elif register.access == "rw":
                        m.d.sync += signal.eq(written)

        if layout.is_loaded(self._config):
            coefficient = registers["coefficient"]
            m.d.sync += self.load_valid.eq(self.write & (self.address == coefficient.address))
            for name, field in coefficient.fields.items():
                m.d.sync += self.load[name].eq(self.wdata[field.low : field.low + field.bits])
            m.d.comb += self.matrix.eq(stored["matrix", "digest"])

        index = Const(0)
        for n, mode in enumerate(self._config.modes):
            index = Mux(stored["mode", "mode"] == mode, n, index)
        m.d.comb += [
            self.enable.eq(stored["control", "enable"]),
            self.mode.eq(index),
            self.restart_interval.eq(stored["restart_interval", "packets"]),
            self.stream_id.eq(stored["stream_id", "stream_id"]),
            stored["dropped", "frames"].eq(self.drop_count),
        ]
        # An event outlasts a clear in the same cycle.
        for event in ("overrun", "misframe"):
            with m.If(getattr(self, event)):
                m.d.sync += stored["status", event].eq(1)
        m.d.sync += stored["status", "idle"].eq(self.idle)
        return m


def _read(name: str, register: Register, stored: dict) -> Cat:
    bits, position = [], 0
    for field_name, field in register.fields.items():
        bits += [Const(0, field.low - position), stored[name, field_name]]
        position = field.low + field.bits
    return Cat(bits)
