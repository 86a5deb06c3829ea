"""Tier 2: a cocotb bench of the generated Verilog, and a test that plays a recording.

`cocotb_runner` starts it. Further cocotb tests build on it::

    @cocotb.test()
    async def narrow_link(dut):
        bench = await Bench.start(dut)
        bench.link.pause = itertools.cycle([True, True, False])
        await bench.source.send(samples)
        await bench.finish()
        bench.check(samples)

A *pause* gives one truth value per clock cycle: True is a cycle without a transfer.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import ArrayObject, HierarchyObject
from cocotb.triggers import FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time

from ..golden.config import EncoderConfig
from ..golden.encoder import encode
from ..golden.format import WORD_BYTES
from ..golden.registers import load
from .cocotb_drivers import Link, Registers, Source

VARIABLE = "PROBECODEC_BENCH"  # environment variable with what the runner tells, as JSON
PERIOD_NS = 10


def fill(module: HierarchyObject) -> None:
    """Fill the memories of a module, and of those in it, with garbage."""
    for child in module:
        if isinstance(child, HierarchyObject):
            fill(child)
            continue
        assert isinstance(child, ArrayObject)  # the runner shows nothing else
        for word in child:
            word.value = random.getrandbits(len(word))


def random_pauses(share: float) -> Iterator[bool]:
    """Pause in ``share`` of the cycles, at random."""
    return (random.random() < share for _ in itertools.repeat(None))


class Bench:
    """The core with its clock and drivers; `start` makes one.

    Attributes
    ----------
    config : EncoderConfig
    source, link, registers
    folder : Path
        Where results go.
    options : dict
        Whatever else the runner was told.
    """

    def __init__(self, dut: Any) -> None:
        self.options = json.loads(os.environ[VARIABLE])
        self.config = EncoderConfig.from_json(self.options.pop("config"))
        self.folder = Path(self.options.pop("folder"))
        self.source = Source(dut, self.config)
        self.link = Link(dut)
        self.registers = Registers(dut, self.config)
        self._dut = dut

    @classmethod
    async def start(cls, dut: Any) -> Bench:
        """Fill the core's memories with garbage, start its clock, reset it, load coefficients."""
        dut.clk.value = 0
        await Timer(1, "ns")
        for child in dut:
            if isinstance(child, HierarchyObject):
                fill(child)
        await Timer(1, "ns")
        Clock(dut.clk, PERIOD_NS, "ns").start(start_high=False)
        bench = cls(dut)
        await bench.reset()
        if bench.config.projection:
            for address, word in load(bench.config.projection):
                await bench.registers.write_word(address, word)
        return bench

    async def reset(self) -> int:
        """Reset the core for one cycle; return how many frames the source had begun before."""
        await FallingEdge(self._dut.clk)
        self._dut.rst.value = self.link.in_reset = True
        frames, self.source.frames = self.source.frames, 0
        await FallingEdge(self._dut.clk)
        self._dut.rst.value = self.link.in_reset = False
        return frames

    async def idle(self, cycles: int) -> None:
        """Let clock cycles pass."""
        for _ in range(cycles):
            await RisingEdge(self._dut.clk)

    async def finish(self) -> None:
        """Disable the core, so that the packet under way ends, and wait until all is sent."""
        await self.registers.write("control", enable=0)
        await self.idle(8)  # until the gate has seen it
        for _ in range(64 * self.config.fifo_words):
            if (await self.registers.read("status"))["idle"]:
                return
        raise AssertionError("the core does not become idle")

    def dropped(self) -> np.ndarray:
        """Return which of the frames begun no packet holds, as the packets tell."""
        missing = np.ones(self.source.frames, bool)
        for packet in self.link.packets:
            first = packet.header["frame_index"]
            missing[first : first + packet.frames] = False
        return missing

    def check(self, samples: np.ndarray, aux: np.ndarray | None = None) -> np.ndarray:
        """Check the capture against the golden model; return which frames were dropped."""
        dropped = self.dropped()
        compare(self.link.capture, b"".join(encode(self.config, samples, aux, dropped)))
        return dropped


def compare(capture: bytes, golden: bytes) -> None:
    """Check that two captures are equal; say where they are not."""
    if capture == golden:
        return
    pairs = enumerate(itertools.zip_longest(_to_words(capture), _to_words(golden)))
    word, (ours, theirs) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    shown = [f"{value:#010x}" if value is not None else "nothing" for value in (ours, theirs)]
    raise AssertionError(f"word {word} of the capture is {shown[0]}; the golden model's {shown[1]}")


def _to_words(data: bytes) -> list[int]:
    return np.frombuffer(data[: len(data) // WORD_BYTES * WORD_BYTES], ">u4").tolist()


@cocotb.test()
async def recording(dut: Any) -> None:
    """Play samples.npy and aux.npy; the capture must equal the golden model's."""
    bench = await Bench.start(dut)
    samples = np.load(bench.folder / "samples.npy")
    aux = np.load(bench.folder / "aux.npy")
    bench.source.pause = random_pauses(bench.options["idle"])
    bench.link.pause = random_pauses(bench.options["back_pressure"])
    await bench.idle(1)
    begin = get_sim_time("ns")
    await bench.source.send(samples, aux)
    cycles = round((get_sim_time("ns") - begin) / PERIOD_NS)
    await bench.finish()
    (bench.folder / "capture.pcs").write_bytes(bench.link.capture)
    result = {"cycles": cycles, "dropped": np.flatnonzero(bench.dropped()).tolist()}
    (bench.folder / "result.json").write_text(json.dumps(result))
    bench.check(samples, aux)
