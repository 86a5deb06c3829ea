"""What is at the other end of a board's link: `attach` finds it, by the link's name.

Every host has ``capture``, the bytes that it got, and ``listening``, True at first. False is a
pulled cable, or a program that reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

from ..boards.design import Design
from .models import ethernet
from .models.fifo import FT600, FT2232H, PACKETS, FtChip
from .models.spi import SpiHost
from .models.uart import UartReceiver
from .models.ulpi import CLOCK_PS, Ulpi
from .models.usb_host import Host

DEAF_CLOCKS = 200  # from one transfer to the next while the program of an FTDI chip reads nothing
USB_ADDRESS = 42


def run_clock(handle: Any, hz: float) -> None:
    """Run a clock, its half period in whole picoseconds."""
    Clock(handle, 2 * round(5e11 / hz), "ps").start(start_high=False)


class UartListener:
    """A UART; plugged in again it begins anew, wherever the line is in a byte."""

    def __init__(self, tx: Any, baud: float) -> None:
        self._tx, self._baud = tx, baud
        self._before = b""
        self._receiver: UartReceiver | None = None
        self.listening = True

    @property
    def listening(self) -> bool:
        """Is the cable plugged in?"""
        return self._receiver is not None

    @listening.setter
    def listening(self, value: bool) -> None:
        self._before = self.capture
        self._receiver = UartReceiver(self._tx, self._baud, strict=False) if value else None
        if self._receiver:
            self._receiver.start()

    @property
    def capture(self) -> bytes:
        """Bytes received."""
        return self._before + bytes(self._receiver.data if self._receiver else b"")


class EthernetListener(ethernet.Host):
    """A network card, which drops frames that are not right; ``wrong`` says why."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.listening = True
        self.wrong: list[str] = []

    def take(self, line: bytes, begin: float, end: float) -> None:
        if not self.listening:
            return
        try:
            super().take(line, begin, end)
        except AssertionError as error:
            self.wrong.append(str(error))


class FtListener:
    """An FTDI chip; its buffer is full while the program reads nothing."""

    def __init__(self, pins: SimpleNamespace, timing: Any) -> None:
        self.listening = True
        extra = {name: getattr(pins, name) for name in ("siwu_n", "be") if hasattr(pins, name)}
        self._chip = FtChip(
            pins.clk,
            pins.txe_n,
            pins.wr_n,
            pins.data,
            timing=timing,
            pauses=self._room(),
            **extra,
        )
        self._chip.start()

    def _room(self) -> Iterator[tuple[int, int]]:
        """Decide after each transfer."""
        ((packet, pause),) = PACKETS
        while True:
            for left in reversed(range(packet)):
                yield (1, 0 if left else pause) if self.listening else (1, DEAF_CLOCKS)

    @property
    def capture(self) -> bytes:
        """Bytes written."""
        return bytes(self._chip.data)


class SpiListener:
    """A microcontroller that reads when it is told to."""

    def __init__(self, pins: SimpleNamespace, hz: float) -> None:
        self.listening = True
        self._ready = pins.ready
        self._host = SpiHost(pins.clk, pins.cs_n, pins.miso, pins.ready, 1e9 / hz)
        cocotb.start_soon(self._read())

    async def _read(self) -> None:
        while True:
            if not self.listening:
                await Timer(1, "us")
                continue
            if not int(self._ready.value):
                await RisingEdge(self._ready)
            await self._host.transaction()

    @property
    def capture(self) -> bytes:
        """Words read."""
        return bytes(self._host.data)


class UsbListener:
    """A USB host, here after its enumeration of the board."""

    def __init__(self, host: Host) -> None:
        self.listening = True
        self.host = host
        self._data = bytearray()
        cocotb.start_soon(self._read())

    @classmethod
    async def plug_in(cls, pins: SimpleNamespace) -> UsbListener:
        """Start the PHY and its clock, end the link's reset, find the board."""
        names = ("data_i", "data_o", "data_oe", "dir", "nxt", "stp", "reset")
        phy = Ulpi(SimpleNamespace(link_clk=pins.clk, **{n: getattr(pins, n) for n in names}))
        Clock(pins.clk, CLOCK_PS, "ps").start(start_high=False)
        await Timer(10 * CLOCK_PS, "ps")
        pins.rst.value = 0
        await phy.start()
        host = Host(phy)
        await host.plug()
        await host.reset()
        await host.enumerate(USB_ADDRESS)
        return cls(host)

    async def _read(self) -> None:
        while True:
            if self.listening:
                self._data += await self.host.bulk_in() or b""
            else:
                await self.host.pause(1)

    @property
    def capture(self) -> bytes:
        """Bytes of the bulk endpoint."""
        return bytes(self._data)


async def attach(design: Design, pins: SimpleNamespace, options: dict[str, Any]) -> Any:
    """Return a host for the design's link.

    Parameters
    ----------
    pins : namespace of handles
        The link's, with ``clk`` and ``rst`` of its clock domain.
    options : dict
        ``link_hz``: another clock than the board's; ``link_ppm``, by how much it is off (UART: the
        receiver's). USB has its own.
    """
    wires, settings = design.link_wires, design.settings_of("link")
    exact = 1 + options.get("link_ppm", 0.0) / 1e6
    hz = options.get("link_hz", wires.clock_hz or wires.clock_out_hz) * exact
    if design.link == "uart":
        return UartListener(pins.tx, settings["baud"] * exact)
    if design.link == "usb":
        return await UsbListener.plug_in(pins)
    if design.link == "spi":
        return SpiListener(pins, hz)
    if design.link.startswith("ft"):
        timing = FT2232H if design.link == "ft245" else FT600
        return FtListener(pins, replace(timing, period=1e9 / hz))
    run_clock(pins.clk, hz)
    lanes = {"mii": 4, "rmii": 2, "rgmii": 8}[design.link]
    host = EthernetListener(design.link_component.config, bit_ns=1e9 / hz / lanes)
    if design.link == "rgmii":
        ethernet.rgmii(host, pins.txd, pins.tx_ctl, pins.clk)
    else:
        take = ethernet.mii if design.link == "mii" else ethernet.rmii
        take(host, pins.txd, pins.tx_en, pins.clk)
    return host
