"""A cocotb bench of a board: clocks, what is at the front end's pins, a host at the link's.

`board_runner` starts it. Its own test plays ``samples.npy`` and keeps what the host received;
further ones build on it::

    @cocotb.test()
    async def pulled(dut):
        bench = await BoardBench.start(dut)
        await bench.run(microseconds=500)
        ...
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import Timer
from numpy.typing import NDArray

from ..boards.design import Design
from ..golden import emulator, order
from .cocotb_bench import VARIABLE, fill
from .models import ethernet
from .models.fifo import FT600, FT2232H, FtChip
from .models.multiplexed import MultiplexedProbe
from .models.native import NativeSource
from .models.rhd import MisoLines, RhdChip
from .models.spi import SpiHost
from .models.uart import UartReceiver

RESET_NS = 1000


def _clock(handle: Any, hz: float, offset_ppm: float = 0.0) -> None:
    """Run a clock, its half period in whole picoseconds."""
    half = round(5e11 / (hz * (1 + offset_ppm / 1e6)))
    Clock(handle, 2 * half, "ps").start(start_high=False)


def _pins(dut: Any, kind: str) -> SimpleNamespace:
    """The handles of a front end's or a link's pins by their own names."""
    prefix = f"{kind}_"
    return SimpleNamespace(
        **{
            name.removeprefix(prefix): getattr(dut, name)
            for name in (handle._name for handle in dut)
            if name.startswith(prefix)
        }
    )


class BoardBench:
    """A board's top with everything outside; `start` makes one.

    Attributes
    ----------
    design : Design
    samples : int16 (frames, channels)
        What is at the inputs; the emulator's own where it plays.
    folder : Path
    options : dict
        Whatever else the runner was told: ``link_ppm``, by how much the link's clock is off;
        ``frames``, to wait for.
    """

    def __init__(self, dut: Any) -> None:
        from .board_runner import design_of

        self.options = json.loads(os.environ[VARIABLE])
        self.folder = Path(self.options.pop("folder"))
        self.design: Design = design_of(self.options)
        self._dut = dut
        self._chips: list[RhdChip] = []
        self._host: Any = None
        self._play: Any = None

    @classmethod
    async def start(cls, dut: Any) -> BoardBench:
        """Fill memories with garbage, start clocks, attach the models, reset."""
        bench = cls(dut)
        for reset in bench._resets():
            reset.value = 1
        dut.clk.value = 0
        await Timer(1, "ns")
        for child in dut:
            if isinstance(child, HierarchyObject):
                fill(child)
        _clock(dut.clk, bench.design.board.clock_hz)
        await bench._attach_link()
        bench._attach_input()
        await bench.reset()
        if bench._play is not None:  # a source that does not wait for the board
            cocotb.start_soon(bench._play)
        return bench

    def _resets(self) -> list[Any]:
        names = ("rst", "link_rst", "input_rst")
        return [getattr(self._dut, name) for name in names if hasattr(self._dut, name)]

    async def reset(self) -> None:
        """Reset everything in the FPGA for a microsecond."""
        for reset in self._resets():
            reset.value = 1
        await Timer(RESET_NS, "ns")
        for reset in self._resets():
            reset.value = 0

    @property
    def received(self) -> bytes:
        """What the host at the link got."""
        return bytes(self._host.capture if hasattr(self._host, "capture") else self._host.data)

    async def _attach_link(self) -> None:
        design, pins = self.design, _pins(self._dut, "link")
        wires, settings = design.link_wires, design.settings_of("link")
        clock_hz = wires.clock_hz or wires.clock_out_hz
        ppm = self.options.get("link_ppm", 0.0)
        if design.link == "uart":
            self._host = UartReceiver(pins.tx, settings["baud"], strict=False)
            self._host.start()
        elif design.link == "spi":
            period = 1e9 / clock_hz / (1 + ppm / 1e6)
            self._host = SpiHost(pins.clk, pins.cs_n, pins.miso, pins.ready, period)
            self._host.start()
        elif design.link.startswith("ft"):
            timing = FT2232H if design.link == "ft245" else FT600
            extra = {name: getattr(pins, name) for name in ("siwu_n", "be") if hasattr(pins, name)}
            self._host = FtChip(pins.clk, pins.txe_n, pins.wr_n, pins.data, timing=timing, **extra)
            self._host.start()
        elif design.link in ("mii", "rmii", "rgmii"):
            _clock(pins.clk, clock_hz, ppm)
            lanes = {"mii": 4, "rmii": 2, "rgmii": 8}[design.link]
            self._host = ethernet.Host(design.link_component.config, bit_ns=1e9 / clock_hz / lanes)
            if design.link == "rgmii":
                ethernet.rgmii(self._host, pins.txd, pins.tx_ctl, pins.clk)
            else:
                attach = ethernet.mii if design.link == "mii" else ethernet.rmii
                attach(self._host, pins.txd, pins.tx_en, pins.clk)
        else:
            await self._attach_usb(pins, clock_hz)

    async def _attach_usb(self, pins: SimpleNamespace, clock_hz: float) -> None:
        raise NotImplementedError

    def _attach_input(self) -> None:
        design, pins = self.design, _pins(self._dut, "input")
        config = design.config
        if design.input == "emulator":
            frames = self.options["frames"] + 4 * config.packet_frames
            settings = {"length": 2048, "seed": 1} | design.settings_of("input")
            self.samples = emulator.recording(config, frames=frames, **settings)
            return
        self.samples: NDArray[np.int16] = np.load(self.folder / "samples.npy")
        channels = order.channels(config)
        if design.input.startswith("rhd"):
            double = design.input == "rhd2164"
            per_chip, lines = 64 if double else 32, MisoLines(pins.miso)
            for n in range(config.channels // per_chip):
                own = self.samples[:, n * per_chip : (n + 1) * per_chip]
                self._chips.append(
                    RhdChip(
                        pins.sclk,
                        pins.cs_n,
                        pins.mosi,
                        lines.line(n),
                        own,
                        double_rate=double,
                        delay_ns=self.options.get("delay_ns", 12.0),
                    )
                )
        elif design.input == "native":
            period = 1e9 / design.input_wires.clock_hz
            pause = int(1e9 / period / config.rate_hz / config.channels) - 1
            source = NativeSource(
                pins.clk,
                pins.valid,
                pins.first,
                pins.value,
                channels,
                period_ns=period,
                pause=pause,
            )
            self._play = source.send(self.samples)
        else:
            slots = config.channels // 32
            bits = round(1e9 / config.rate_hz / slots / 120)
            probe = MultiplexedProbe(
                pins.bit_clock,
                pins.frame,
                pins.slot,
                pins.lanes,
                channels,
                sample_bits=config.sample_bits,
                idle_bits=bits - config.sample_bits,
                period_ns=120.0,
            )
            self._play = probe.send(self.samples)

    async def run(self, frames: float) -> None:
        """Let so many frames pass."""
        await Timer(round(frames * 1e9 / self.design.config.rate_hz), "ns")

    def keep(self) -> None:
        """Write what was received, and what was at the inputs."""
        (self.folder / "capture.pcs").write_bytes(self.received)
        np.save(self.folder / "played.npy", self.samples)


@cocotb.test()
async def recording(dut: Any) -> None:
    """Let frames pass, and keep what the host receives."""
    bench = await BoardBench.start(dut)
    await bench.run(bench.options["frames"])
    bench.keep()
