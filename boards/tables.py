"""The tables of docs/boards.md: what the boards have, and what the links carry."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.lib import wiring

from ..golden.config import PRESETS, EncoderConfig
from ..golden.udp import UdpConfig
from ..hdl.links.fifo import FtFifo
from ..hdl.links.rgmii import RgmiiLink
from ..hdl.links.rmii import RmiiLink
from ..hdl.links.spi import Spi
from ..hdl.links.uart import Uart
from ..hdl.links.usb import Usb
from .parts import quiet
from .rates import typical_bits
from .targets import BOARDS

_UDP = UdpConfig(source_mac="02:00:00:00:00:01")
_RATE_HZ = 30_000
MOST_CHANNELS = 4096  # of one core

# What a link is, how it is made, and its clock.
_LINKS: tuple[tuple[str, Callable[[], wiring.Component], float], ...] = (
    ("`uart`, 3 Mbaud", lambda: Uart(divisor=25), 75e6),
    ("`uart`, 12 Mbaud", lambda: Uart(divisor=3), 36e6),
    ("`spi`, 24 MHz", Spi, 24e6),
    ("`spi`, 50 MHz", Spi, 50e6),
    ("`mii`, `rmii`: 100 Mbit/s Ethernet", lambda: RmiiLink(config=_UDP), 50e6),
    ("`ft245`: FT232H, FT2232H", FtFifo, 60e6),
    ("`usb`: USB 2.0 high speed", Usb, 60e6),
    ("`rgmii`: gigabit Ethernet", lambda: RgmiiLink(config=_UDP), 125e6),
)
_CASES = (
    ("adaptive", 10),
    ("adaptive", 14),
    ("adaptive", 16),
    ("tiny", 10),
    ("projection", 10),
)


def board_table() -> str:
    """Return boards with their front ends and links, as Markdown."""
    lines = [
        "| `--board` | board | core's clock | front ends | links |",
        "|---|---|---|---|---|",
    ]
    for board in BOARDS.values():
        inputs = ", ".join(f"`{name}`" for name in board.inputs)
        links = ", ".join(f"`{name}`" for name in board.links)
        clock = f"{board.clock_hz / 1e6:g} MHz"
        lines.append(f"| `{board.name}` | {board.title} | {clock} | {inputs} | {links} |")
    return "\n".join(lines) + "\n"


def link_table() -> str:
    """Return how many channels of 30 kHz each link carries, as Markdown."""
    heads = " | ".join(f"`{preset}`, {bits} bit" for preset, bits in _CASES)
    lines = [f"| link | Mbit/s | as int16 | {heads} |", "|---|---|---|" + "---|" * len(_CASES)]
    for name, make, clock_hz in _LINKS:
        link = make()
        quiet(link)
        capacity = link.capacity(clock_hz)
        widths = [16.0] + [
            typical_bits(EncoderConfig(sample_bits=bits, modes=PRESETS[preset].modes[-1:]))
            for preset, bits in _CASES
        ]
        counts = " | ".join(
            f"{min(MOST_CHANNELS, int(capacity / _RATE_HZ / width)):,}" for width in widths
        )
        lines.append(f"| {name} | {capacity / 1e6:.1f} | {counts} |")
    return "\n".join(lines) + "\n"
