"""Tier 2: cocotb drivers of the core's three sides: samples, link, registers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any, NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.format import HEADER, SYNC, TRAILER
from ..golden.registers import register_map


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
        self._channels = order.channels(config)
        dut.sample_valid.value = 0

    async def send(self, rows: Iterable[Iterable[int]], aux: Iterable[int] | None = None) -> None:
        """Send frames, given in channel order, as the source would, in the configured order.

        A row shorter or longer than a frame breaks the framing: the one is sent as it is, the rest
        of the other behind the frame.
        """
        dut, edge, pause = self._dut, RisingEdge(self._dut.clk), self.pause
        valid, first, value = dut.sample_valid, dut.sample_first, dut.sample_value
        words = itertools.repeat(0) if aux is None else np.asarray(aux).tolist()
        for row, word in zip(rows, words, strict=aux is not None):
            values = np.asarray(row)
            if len(values) >= self._config.channels:
                values = np.append(values[self._channels], values[self._config.channels :])
            for n, sample in enumerate(values.tolist()):
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


def _to_bytes(words: list[int]) -> bytes:
    return np.array(words, ">u4").tobytes()


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
            length = len(words) - HEADER.words - header["extension"] - TRAILER.words
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
        register = self._map[name]
        word = sum(v << register.fields[f].low for f, v in fields.items())
        await self.write_word(register.address, word)

    async def write_word(self, address: int, word: int) -> None:
        """Write the register at an address."""
        dut = self._dut
        dut.reg_address.value = address
        dut.reg_wdata.value = word
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
