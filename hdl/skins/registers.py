"""What the register bridges of all buses share: the native bus, and which accesses are good."""

from __future__ import annotations

from amaranth import Cat, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from ...golden.format import WORD_BITS
from ...golden.registers import ADDRESS_BITS, register_map


def register_bus() -> wiring.Signature:
    """The core's native register bus, seen from who drives it; see `probecodec.hdl.registers`.

    ``rdata`` is the register that ``address`` named one cycle ago; a write takes one cycle.
    """
    return wiring.Signature(
        {
            "address": Out(ADDRESS_BITS),
            "write": Out(1),
            "wdata": Out(WORD_BITS),
            "rdata": In(WORD_BITS),
        }
    )


def is_readable(config: EncoderConfig, address: Value) -> Value:
    """Is there a register at ``address`` that can be read?"""
    return _is_one_of(config, address, ("ro", "rw", "rc"))


def is_writable(config: EncoderConfig, address: Value) -> Value:
    """Is there a register at ``address`` that can be written?"""
    return _is_one_of(config, address, ("wo", "rw", "rc"))


def connect(m, core, bus) -> None:
    """Let ``bus`` (a `register_bus`) drive the register ports of ``core`` (an `Encoder`)."""
    m.d.comb += [
        core.reg_address.eq(bus.address),
        core.reg_write.eq(bus.write),
        core.reg_wdata.eq(bus.wdata),
        bus.rdata.eq(core.reg_rdata),
    ]


def _is_one_of(config: EncoderConfig, address: Signal, accesses: tuple[str, ...]) -> Value:
    registers = register_map(config).values()
    return Cat(address == r.address for r in registers if r.access in accesses).any()
