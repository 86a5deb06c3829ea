"""What the neighbours of each slot hold; see `probecodec.golden.order`."""

import numpy as np
from amaranth import Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.format import LMS_NEIGHBOUR_LAGS, LMS_NEIGHBOURS, Order
from . import layout


class Neighbours(wiring.Component):
    """Gives each slot the latest differences of its neighbours, and the ones before.

    In sequential order the neighbours are the slots just before: a chain of registers, no latency.
    In a probe's own order there is a memory of channels × 2 W bits for each neighbour, read at the
    address that a table gives, with a latency of `latency` cycles.

    Members
    -------
    valid, channel, latest, before : In
        A slot, its difference, and that of its channel in the frame before.
    next_channel : In
        The channel that comes a cycle later.
    nearest_0 …, before_0 … : Out
        The neighbours' latest differences, nearest first, and the differences before those.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        value = signed(config.sample_bits)
        super().__init__(
            {
                "valid": In(1),
                "channel": In(range(config.channels)),
                "next_channel": In(range(config.channels)),
                "latest": In(value),
                "before": In(value),
            }
            | {f"nearest_{n}": Out(value) for n in range(LMS_NEIGHBOURS)}
            | {f"before_{n}": Out(value) for n in range(LMS_NEIGHBOUR_LAGS)}
        )
        self.nearest = [getattr(self, f"nearest_{n}") for n in range(LMS_NEIGHBOURS)]
        self.nearest_before = [getattr(self, f"before_{n}") for n in range(LMS_NEIGHBOUR_LAGS)]

    @staticmethod
    def latency(config: EncoderConfig) -> int:
        """Cycles from a slot to its neighbours' differences."""
        return 0 if config.order == Order.SEQUENTIAL else 2

    def elaborate(self, platform) -> Module:
        m = Module()
        if self._config.order == Order.SEQUENTIAL:
            self._chain(m, self.latest, self.nearest)
            self._chain(m, self.before, self.nearest_before)
        else:
            for n in range(LMS_NEIGHBOURS):
                self._fetch(m, n)
        return m

    def _chain(self, m: Module, value, outputs) -> None:
        """The last slots' values; zero where there is no such slot in the frame."""
        for n, output in enumerate(outputs):
            held = Signal.like(output, name=f"held_{n}", reset_less=True)
            inside = Signal(name=f"inside_{n}")
            m.d.sync += inside.eq(self.next_channel > n)
            with m.If(self.valid):
                m.d.sync += held.eq(value)
            m.d.comb += output.eq(Mux(inside, held, 0))
            value = held

    def _fetch(self, m: Module, n: int) -> None:
        """The n-th neighbour, from a memory of what its slot held last."""
        parts = [(self.latest, self.nearest[n])]
        if n < LMS_NEIGHBOUR_LAGS:
            parts.append((self.before, self.nearest_before[n]))
        width = self._config.sample_bits
        m.submodules[f"slots_{n}"] = slots = memory.Memory(
            shape=width * len(parts),
            depth=self._config.channels,
            init=[],
            attrs=layout.NO_COLLISION,  # no slot is its own neighbour
        )
        read, write = slots.read_port(), slots.write_port()
        near = order.neighbours(self._config)[:, n]
        step = near - np.arange(self._config.channels)
        address = Signal.like(self.channel, name=f"address_{n}")
        with m.Switch(self.next_channel):
            for value in np.unique(step).tolist():  # few: the probe's pattern repeats
                with m.Case(*np.flatnonzero(step == value).tolist()):
                    m.d.sync += address.eq(self.next_channel + value)
        stored = Signal(width * len(parts), name=f"stored_{n}", reset_less=True)
        m.d.comb += [
            write.addr.eq(self.channel),
            write.en.eq(self.valid),
            read.addr.eq(address),
        ]
        m.d.sync += stored.eq(read.data)
        for k, (given, output) in enumerate(parts):
            m.d.comb += [
                write.data.word_select(k, width).eq(given),
                output.eq(stored.word_select(k, width)),
            ]
