"""Tier 2: cocotb drivers for the generated Verilog, and a test that plays a recording.

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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import ArrayObject, HierarchyObject
from cocotb.triggers import FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time

from ..golden.config import EncoderConfig
from ..golden.encoder import encode
from ..golden.format import HEADER, SYNC, TRAILER, WORD_BYTES, Mode
from ..golden.registers import register_map

VARIABLE = "PROBECODEC_BENCH"  # environment variable with what the runner tells, as JSON
PERIOD_NS = 10


def random_pauses(share: float) -> Iterator[bool]:
    """Pause in ``share`` of the cycles, at random."""
    return (random.random() < share for _ in itertools.repeat(None))


class Source:
    """Sends samples; like a probe it never waits for the core.

    Attributes
    ----------
    pause : iterator of bool
        Cycles without a sample; none by default. The other inputs are garbage then.
    frames : int
        Frames begun.
    """

    def __init__(self, dut: Any, config: EncoderConfig) -> None:
        self.pause = itertools.repeat(False)
        self.frames = 0
        self._dut = dut
        self._config = config
        dut.sample_valid.value = 0

    async def send(self, rows: Iterable[Iterable[int]], aux: Iterable[int] | None = None) -> None:
        """Send frames; a row shorter or longer than a frame breaks the framing."""
        dut, edge, pause = self._dut, RisingEdge(self._dut.clk), self.pause
        valid, first, value = dut.sample_valid, dut.sample_first, dut.sample_value
        words = itertools.repeat(0) if aux is None else np.asarray(aux).tolist()
        for row, word in zip(rows, words, strict=aux is not None):
            for n, sample in enumerate(np.asarray(row).tolist()):
                changes = n < 2
                while next(pause):
                    changes, valid.value = True, 0
                    first.value = random.getrandbits(1)
                    value.value = random.getrandbits(self._config.sample_bits)
                    await edge
                if changes:
                    valid.value, first.value = 1, n == 0
                    self._set_aux(word if n == 0 else ~word)  # read with the first sample only
                value.value = sample
                self.frames += n == 0
                await edge
        valid.value = 0

    def _set_aux(self, word: int) -> None:
        if self._config.aux_bits:
            self._dut.sample_aux.value = word & (1 << self._config.aux_bits) - 1


class Packet(NamedTuple):
    """A packet off the link: header fields, frames as the trailer tells, all its words."""

    header: dict[str, int]
    frames: int
    words: list[int]


class Link:
    """Takes words, and checks that each stays until taken and that packets end where they say.

    Attributes
    ----------
    pause : iterator of bool
        Cycles in which the link is not ready; none by default.
    in_reset : bool
        Words do not count, and a packet under way is cut off.
    words : list of int
        All words taken.
    packets : list of Packet
        The packets that they make; one cut off is none.
    """

    def __init__(self, dut: Any) -> None:
        self.pause = itertools.repeat(False)
        self.in_reset = False
        self.words: list[int] = []
        self.packets: list[Packet] = []
        self._begin = 0
        cocotb.start_soon(self._run(dut))

    @property
    def capture(self) -> bytes:
        """The words as link bytes."""
        return _to_bytes(self.words)

    async def _run(self, dut: Any) -> None:
        edge, valid, data, last = RisingEdge(dut.clk), dut.link_valid, dut.link_data, dut.link_last
        ready, held = None, None
        while True:
            paused = next(self.pause)
            if ready is paused or ready is None:
                ready = not paused
                dut.link_ready.value = ready
            await edge
            word = (data.value.to_unsigned(), bool(last.value)) if valid.value else None
            if self.in_reset:
                self._begin, held = len(self.words), None
                continue
            assert held in (None, word), "link: a word changed before it was taken"
            held = None if ready else word
            if ready and word:
                self._take(*word)

    def _take(self, data: int, last: bool) -> None:
        self.words.append(data)
        if last:
            words, self._begin = self.words[self._begin :], len(self.words)
            header = HEADER.unpack(_to_bytes(words[: HEADER.words]))
            tail = TRAILER.unpack(_to_bytes(words[-TRAILER.words :]))
            assert header["sync"] == SYNC, f"link: a packet begins with {header['sync']:#x}"
            length = len(words) - HEADER.words - TRAILER.words
            assert tail["payload_words"] == length, f"link: last with {length} payload words"
            self.packets.append(Packet(header, tail["frames"], words))


class Registers:
    """The register bus."""

    def __init__(self, dut: Any, config: EncoderConfig) -> None:
        self._dut = dut
        self._map = register_map(config)
        dut.reg_write.value = 0

    async def write(self, name: str, **fields: int) -> None:
        """Write a register; a field left out is zero."""
        dut, register = self._dut, self._map[name]
        dut.reg_address.value = register.address
        dut.reg_wdata.value = sum(v << register.fields[f].low for f, v in fields.items())
        dut.reg_write.value = 1
        await RisingEdge(dut.clk)
        dut.reg_write.value = 0
        dut.reg_wdata.value = random.getrandbits(32)

    async def read(self, name: str) -> dict[str, int]:
        """Return a register's fields."""
        self._dut.reg_address.value = self._map[name].address
        for _ in range(2):  # the core sees the address, then shows the register
            await RisingEdge(self._dut.clk)
        value = self._dut.reg_rdata.value.to_unsigned()
        fields = self._map[name].fields.items()
        return {field: value >> f.low & (1 << f.bits) - 1 for field, f in fields}


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
        fields = self.options.pop("config")
        fields["modes"] = tuple(Mode(mode) for mode in fields["modes"])
        self.config = EncoderConfig(**fields)
        self.folder = Path(self.options.pop("folder"))
        self.source = Source(dut, self.config)
        self.link = Link(dut)
        self.registers = Registers(dut, self.config)
        self._dut = dut

    @classmethod
    async def start(cls, dut: Any) -> Bench:
        """Fill the core's memories with garbage, start its clock, reset it."""
        dut.clk.value = 0
        await Timer(1, "ns")
        for child in dut:
            if isinstance(child, HierarchyObject):
                for memory in child:
                    assert isinstance(memory, ArrayObject)  # the runner shows nothing else
                    for word in memory:
                        word.value = random.getrandbits(len(word))
        await Timer(1, "ns")
        Clock(dut.clk, PERIOD_NS, "ns").start(start_high=False)
        bench = cls(dut)
        await bench.reset()
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


def _to_bytes(words: list[int]) -> bytes:
    return np.array(words, ">u4").tobytes()


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
    begin = get_sim_time("ns")
    await bench.source.send(samples, aux)
    cycles = round((get_sim_time("ns") - begin) / PERIOD_NS)
    await bench.finish()
    (bench.folder / "capture.pcs").write_bytes(bench.link.capture)
    result = {"cycles": cycles, "dropped": np.flatnonzero(bench.dropped()).tolist()}
    (bench.folder / "result.json").write_text(json.dumps(result))
    bench.check(samples, aux)
