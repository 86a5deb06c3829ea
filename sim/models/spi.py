"""The other end of SPI: the program of a microcontroller that reads the stream."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge, Timer

_MARKER = 0x5043


class SpiHost:
    """A host in mode 0: SCK idles low, and MISO is read as it rises.

    Parameters
    ----------
    sck, cs_n, miso, ready : handle
        The slave's pins; ``ready`` may be None: then the host polls.
    period_ns : float
        Of SCK.
    pause_ns : float
        With CS# high, between transactions.

    Attributes
    ----------
    data : bytearray
        The stream.
    counts : list of int
        Words in each transaction.
    """

    def __init__(
        self,
        sck: Any,
        cs_n: Any,
        miso: Any,
        ready: Any = None,
        period_ns: float = 40.0,
        *,
        pause_ns: float = 500.0,
    ) -> None:
        self.data = bytearray()
        self.counts: list[int] = []
        self._sck, self._cs_n, self._miso, self._ready = sck, cs_n, miso, ready
        self._half = Timer(round(period_ns * 500), "ps")
        self._pause = Timer(round(pause_ns * 1000), "ps")
        sck.value, cs_n.value = 0, 1

    def start(self) -> None:
        """Read all that comes, from now on."""
        cocotb.start_soon(self.read_all())

    async def read_all(self) -> None:
        """Read transaction by transaction, for ever."""
        while True:
            if self._ready is not None and not int(self._ready.value):
                await RisingEdge(self._ready)
            await self.transaction()

    async def transaction(self) -> int:
        """Read the words of one transaction; return how many."""
        await self._select()
        marker, count = await self._bits(16), await self._bits(16)
        assert marker == _MARKER, f"marker {marker:#06x} at the begin of a transaction"
        for _ in range(count):
            self.data += (await self._bits(32)).to_bytes(4, "big")
        await self._deselect()
        self.counts.append(count)
        return count

    async def broken(self, bits: int) -> None:
        """Begin a transaction, read some bits, keep the whole words among them."""
        await self._select()
        header = await self._bits(min(bits, 32))
        words = max(0, bits - 32) // 32
        for n in range(words):
            word = await self._bits(32)
            if n < header & 0xFFFF:
                self.data += word.to_bytes(4, "big")
        await self._bits(max(0, bits - 32) % 32)
        await self._deselect()

    async def _select(self) -> None:
        self._cs_n.value = 0
        await self._half

    async def _deselect(self) -> None:
        self._cs_n.value = 1
        await self._pause

    async def _bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            bit = int(self._miso.value)
            self._sck.value = 1
            await self._half
            assert bit == int(self._miso.value), "MISO changed while SCK was high"
            self._sck.value = 0
            await self._half
            value = value << 1 | bit
        return value
