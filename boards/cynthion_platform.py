"""Cynthion r1.4 for Amaranth: amaranth-boards has none, its maker's package brings much else."""

from typing import Any

from amaranth.build import Attrs, Clock, Connector, Pins, Resource
from amaranth.vendor import LatticeECP5Platform


class Cynthion(LatticeECP5Platform):
    """Device, clock and connectors, as Great Scott Gadgets' ``cynthion_r1_4.py`` names them."""

    device = "LFE5U-12F"
    package = "BG256"
    speed = "8"
    default_clk = "clk_60MHz"
    resources = (
        Resource("clk_60MHz", 0, Pins("A8", dir="i"), Clock(60e6), Attrs(IO_TYPE="LVCMOS33")),
    )
    connectors = (
        Connector("pmod", 0, "C9 B9 D11 C12 - - C8 D8 D9 C10 - -"),
        Connector("pmod", 1, "B4 B5 B6 B7 - - C5 A5 A6 A7 - -"),
    )

    def toolchain_prepare(self, fragment: Any, name: str, **options: Any) -> Any:
        """Pack as the board's controller wants it."""
        return super().toolchain_prepare(
            fragment, name, ecppack_opts="--compress --freq 38.8", **options
        )
