"""The core as plain Verilog, with its tables: the `generic` target."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import NamedTuple

from amaranth.back import verilog
from amaranth.hdl import Shape
from amaranth.lib.wiring import In

from ..golden.config import EncoderConfig
from ..golden.registers import ADDRESS_BITS, register_map
from ..hdl.encoder import Encoder, signature

TOP = "probecodec_encoder"

PORT_NOTES = {
    "clk": "Clock; everything happens on its rising edge.",
    "rst": "Synchronous reset, active high: empties the pipeline, frame index back to 0.",
    "sample_valid": "A sample is here in this cycle. There is no ready: the core always takes it.",
    "sample_first": "It is the first sample (channel 0) of its frame.",
    "sample_value": "The sample, two's complement.",
    "sample_aux": "Auxiliary word of the frame (sync, TTL), read with the frame's first sample.",
    "link_valid": "A word is here; it stays until taken.",
    "link_ready": "The link takes the word in this cycle.",
    "link_data": "The word; its most significant byte goes first into the capture.",
    "link_last": "The word ends a packet.",
    "reg_address": "Register number.",
    "reg_write": "Write reg_wdata in this cycle. Tie to 0 where registers are not used.",
    "reg_wdata": "Value to write.",
    "reg_rdata": "The register that reg_address named one cycle ago.",
}


def generate(config: EncoderConfig) -> str:
    """Return the Verilog of the encoder, module `TOP`; the same bytes for the same config."""
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"  # the one that pip installed, not the system's
    encoder = Encoder(config)
    names = signature(config).members
    about = f"// probecodec {version('probecodec')} (Apache-2.0), {config}\n"
    return about + verilog.convert(
        encoder,
        name=TOP,
        ports={name: (getattr(encoder, name), None) for name in names},
        emit_src=False,
        strip_internal_attrs=True,
    )


class Port(NamedTuple):
    """A port of the core."""

    name: str
    direction: str
    bits: int
    signed: bool

    @property
    def declaration(self) -> str:
        """The port in Verilog."""
        sign = "signed " if self.signed else ""
        span = f"[{self.bits - 1}:0] " if self.bits > 1 else ""
        return f"{self.direction:6} wire {sign}{span}{self.name}"


def ports(config: EncoderConfig) -> list[Port]:
    """Return every port, in order."""
    rows = [Port("clk", "input", 1, False), Port("rst", "input", 1, False)]
    for name, member in signature(config).members.items():
        shape = Shape.cast(member.shape)
        direction = "input" if member.flow == In else "output"
        rows.append(Port(name, direction, shape.width, shape.signed))
    return rows


def port_table(config: EncoderConfig) -> str:
    """Return the ports as a Markdown table."""
    lines = ["| port | direction | bits | meaning |", "|---|---|---|---|"]
    for port in ports(config):
        bits = f"{port.bits}, signed" if port.signed else str(port.bits)
        lines.append(f"| `{port.name}` | {port.direction} | {bits} | {PORT_NOTES[port.name]} |")
    return "\n".join(lines) + "\n"


def register_table(config: EncoderConfig) -> str:
    """Return the registers as a Markdown table."""
    lines = ["| address | register | access | bits | field | reset | meaning |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, register in register_map(config).items():
        lines.append(
            f"| {register.address} | `{name}` | {register.access} | | | | {register.doc} |"
        )
        for field_name, field in register.fields.items():
            high = field.low + field.bits - 1
            bits = str(high) if field.bits == 1 else f"{high}:{field.low}"
            lines.append(f"| | | | {bits} | `{field_name}` | {field.reset:#x} | {field.doc} |")
    return "\n".join(lines) + "\n"


def instance(config: EncoderConfig) -> str:
    """Return a minimal Verilog module that instantiates the core, registers tied off."""
    tied = {"reg_address": f"{ADDRESS_BITS}'d0", "reg_write": "1'b0", "reg_wdata": "32'd0"}
    unused = "reg_rdata"
    outer = [port for port in ports(config) if port.name not in {*tied, unused}]
    connections = [f".{port.name}({tied.get(port.name, port.name)})" for port in ports(config)]
    return (
        f"// Minimal use of {TOP} ({config.channels} channels of {config.sample_bits} bits):\n"
        "// registers tied off, so it runs from reset on with the settings it was generated with.\n"
        "module probecodec_example (\n    "
        + ",\n    ".join(port.declaration for port in outer)
        + f"\n);\n    wire [31:0] {unused};\n    {TOP} encoder (\n        "
        + ",\n        ".join(connections)
        + "\n    );\nendmodule\n"
    )


def files(config: EncoderConfig) -> dict[str, str]:
    """Return what an engineer needs to use the core: file name to text."""
    return {
        f"{TOP}.v": generate(config),
        "probecodec_example.v": instance(config),
        "ports.md": f"# Ports of {TOP}\n\n" + port_table(config),
        "registers.md": f"# Registers of {TOP}\n\n" + register_table(config),
    }
