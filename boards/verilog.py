"""The core as plain Verilog, with its tables: the `generic` target."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from amaranth.back import verilog
from amaranth.hdl import Shape
from amaranth.lib.wiring import Component, In, Signature

from ..golden.config import EncoderConfig
from ..golden.errors import ConfigError
from ..hdl import encoder
from ..hdl.skins import axi, bridged
from ..hdl.skins.spi_registers import SpiRegisters
from ..hdl.skins.wishbone import WishboneRegisters
from . import register_map
from .port_notes import PORT_NOTES

TOP = "probecodec_encoder"  # with the native bus


class Bus(NamedTuple):
    """A way into the registers: the module's name, its component, its ports."""

    top: str
    component: Callable[[EncoderConfig], Component]
    signature: Callable[[EncoderConfig], Signature]


def _bridged(name: str, bridge: type) -> Bus:
    return Bus(
        f"probecodec_{name}",
        partial(bridged.BridgedEncoder, bridge=bridge),
        partial(bridged.signature, bridge=bridge),
    )


BUSES = {
    "native": Bus(TOP, encoder.Encoder, encoder.signature),
    "axi": Bus("probecodec_axi", axi.AxiEncoder, axi.signature),
    "wishbone": _bridged("wishbone", WishboneRegisters),
    "spi": _bridged("spi", SpiRegisters),
}


def bus_of(name: str) -> Bus:
    """Return the bus ``name``; raises ``ConfigError`` where there is none."""
    if name not in BUSES:
        raise ConfigError(f"no bus is named {name!r}; there are {', '.join(BUSES)}")
    return BUSES[name]


def about(config: EncoderConfig) -> str:
    """Return the comment that begins every generated Verilog file."""
    return f"// probecodec {version('probecodec')} (Apache-2.0), {config}\n"


def generate(config: EncoderConfig, bus: str = "native") -> str:
    """Return the Verilog of the encoder; the same bytes for the same arguments.

    Parameters
    ----------
    bus : str
        One of `BUSES`, which also names the module.

    Raises
    ------
    ConfigError
        Where the core cannot be built so, or there is no such bus.
    """
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"  # the one that pip installed, not the system's
    chosen = bus_of(bus)
    core = chosen.component(config)
    return about(config) + verilog.convert(
        core,
        name=chosen.top,
        ports={name: (getattr(core, name), None) for name in chosen.signature(config).members},
        emit_src=False,
        strip_internal_attrs=True,
    )


class Port(NamedTuple):
    """A port of a module."""

    name: str
    direction: str
    bits: int
    signed: bool

    @property
    def span(self) -> str:
        """Sign and width in Verilog, with a space behind."""
        sign = "signed " if self.signed else ""
        return sign + (f"[{self.bits - 1}:0] " if self.bits > 1 else "")

    @property
    def declaration(self) -> str:
        """The port in Verilog."""
        return f"{self.direction:6} wire {self.span}{self.name}"


def ports(config: EncoderConfig, bus: str = "native") -> list[Port]:
    """Return every port, in order."""
    rows = []
    for name, member in bus_of(bus).signature(config).members.items():
        shape = Shape.cast(member.shape)
        direction = "input" if member.flow == In else "output"
        rows.append(Port(name, direction, shape.width, shape.signed))
    if bus != "axi":  # which has a clock and a reset among them
        rows[:0] = [Port("clk", "input", 1, False), Port("rst", "input", 1, False)]
    return rows


def port_table(rows: list[Port]) -> str:
    """Return ports as a Markdown table."""
    lines = ["| port | direction | bits | meaning |", "|---|---|---|---|"]
    for port in rows:
        bits = f"{port.bits}, signed" if port.signed else str(port.bits)
        lines.append(f"| `{port.name}` | {port.direction} | {bits} | {PORT_NOTES[port.name]} |")
    return "\n".join(lines) + "\n"


def instance(config: EncoderConfig, bus: str = "native") -> str:
    """Return a minimal Verilog module that instantiates the core, registers tied off."""
    return example(config, bus_of(bus).top, ports(config, bus))


def example(config: EncoderConfig, top: str, rows: list[Port]) -> str:
    """Return a module that instantiates ``top``, its register bus tied off."""
    bus = [port for port in rows if port.name.startswith(("reg_", "s_axil_", "wb_", "spi_"))]
    fixed = {"spi_cs_n": "1'b1", "scan_mode": "1'b0"}
    tied = {port.name: f"{port.bits}'d0" for port in bus if port.direction == "input"} | fixed
    inner = "".join(
        f"    wire {port.span}{port.name};\n" for port in bus if port.direction == "output"
    )
    outer = [port for port in rows if port not in bus and port.name not in tied]
    connections = [f".{port.name}({tied.get(port.name, port.name)})" for port in rows]
    return (
        f"// Minimal use of {top} ({config.channels} channels of {config.sample_bits} bits):\n"
        "// registers tied off, so it runs from reset on with the settings it was generated with.\n"
        "module probecodec_example (\n    "
        + ",\n    ".join(port.declaration for port in outer)
        + f"\n);\n{inner}    {top} encoder (\n        "
        + ",\n        ".join(connections)
        + "\n    );\nendmodule\n"
    )


def files(config: EncoderConfig, bus: str = "native") -> dict[str, str]:
    """Return what an engineer needs to use the core: file name to text.

    Parameters
    ----------
    bus : str
        One of `BUSES`.

    Raises
    ------
    ConfigError
        As `generate`.
    """
    top = bus_of(bus).top
    return {
        f"{top}.v": generate(config, bus),
        "probecodec_example.v": instance(config, bus),
        "ports.md": f"# Ports of {top}\n\n" + port_table(ports(config, bus)),
        **register_map.files(config),
    }
