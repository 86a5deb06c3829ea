"""A cocotb bench of a board: clocks, what is at the front end's pins, a host at the link's.

`board_runner` starts it. Its own test plays a recording and keeps what the host received; further
ones build on it::

    @cocotb.test()
    async def pulled(dut):
        bench = await BoardBench.start(dut)
        await bench.run(50)
        bench.host.listening = False
        ...
        bench.keep()
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.handle import HierarchyObject
from cocotb.triggers import Timer
from cocotb.utils import get_sim_time

from ..boards import targets
from ..boards.design import Design
from ..golden import emulator
from ..golden.config import EncoderConfig
from . import board_inputs, board_links
from .cocotb_bench import VARIABLE, fill

RESET_NS = 1000


def _pins(dut: Any, kind: str) -> SimpleNamespace:
    """The handles of a front end's or a link's pins by their own names."""
    prefix = f"{kind}_"
    names = [handle._name for handle in dut]
    own = {n.removeprefix(prefix): getattr(dut, n) for n in names if n.startswith(prefix)}
    return SimpleNamespace(**own)


def _design(told: dict[str, Any]) -> Design:
    """Return the design that the runner told; takes what it used out of ``told``."""
    return Design(
        board=targets.board(told.pop("board")),
        config=EncoderConfig.from_json(told.pop("config")),
        input=told.pop("input"),
        link=told.pop("link"),
        settings=told.pop("settings"),
    )


class BoardBench:
    """A board's top with everything outside; `start` makes one.

    Attributes
    ----------
    design : Design
    host : any of `board_links`
    dut : handle
        The top, for what is neither front end nor link.
    folder : Path
    options : dict
        Whatever else the runner was told: for `board_links.attach` and `board_inputs.attach`;
        ``clock_ppm``, by how much the core's clock is off.
    """

    def __init__(self, dut: Any) -> None:
        self.options = json.loads(os.environ[VARIABLE])
        self.folder = Path(self.options.pop("folder"))
        self.design = _design(self.options)
        self.dut = dut
        self.host: Any = None

    @classmethod
    async def start(cls, dut: Any) -> BoardBench:
        """Fill memories with garbage, start clocks, attach what is outside, reset."""
        bench = cls(dut)
        for name in ("rst", "link_rst", "input_rst"):
            if hasattr(dut, name):
                getattr(dut, name).value = 1
        dut.clk.value = 0
        if hasattr(dut, "button"):
            dut.button.value = 0
        await Timer(1, "ns")
        for child in dut:
            if isinstance(child, HierarchyObject):
                fill(child)
        # A USB host takes its time to find a board; the core's clock stands still meanwhile.
        bench.host = await board_links.attach(bench.design, _pins(dut, "link"), bench.options)
        exact = 1 + bench.options.get("clock_ppm", 0.0) / 1e6
        board_links.run_clock(dut.clk, bench.design.board.clock_hz * exact)
        samples, aux = (np.load(bench.folder / f"{name}.npy") for name in ("samples", "aux"))
        bench._source = board_inputs.attach(
            bench.design, _pins(dut, "input"), samples, aux, bench.options
        )
        await bench.reset()
        bench._source.start()
        return bench

    async def reset(self) -> None:
        """Reset the FPGA for a microsecond, but not a USB link: the host would find it anew."""
        names = ["rst", "input_rst"] + ["link_rst"] * (self.design.link != "usb")
        resets = [getattr(self.dut, name) for name in names if hasattr(self.dut, name)]
        self._source.power(False)
        for reset in resets:
            reset.value = 1
        await Timer(RESET_NS, "ns")
        self._source.power(True)
        for reset in resets:
            reset.value = 0

    async def run(self, frames: float) -> None:
        """Let the time of so many frames pass."""
        await Timer(round(frames * 1e9 / self.design.config.rate_hz), "ns")

    def keep(self) -> None:
        """Write what was received; and what the emulator played, at the most."""
        (self.folder / "capture.pcs").write_bytes(self.host.capture)
        if self.design.input == "emulator":
            config = self.design.config
            frames = int(get_sim_time("sec") * config.rate_hz) + 2 * config.packet_frames
            usual = {"length": emulator.LENGTH, "seed": emulator.SEED}
            settings = usual | self.design.settings_of("input")
            played = emulator.recording(config, frames=frames, **settings)
            np.save(self.folder / "samples.npy", played)
            np.save(self.folder / "aux.npy", emulator.auxiliary(config, frames))


@cocotb.test()
async def recording(dut: Any) -> None:
    """Let ``frames`` pass, and keep what the host receives."""
    bench = await BoardBench.start(dut)
    await bench.run(bench.options["frames"])
    bench.keep()
