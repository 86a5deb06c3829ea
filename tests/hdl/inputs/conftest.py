"""What a front end gives, read cycle by cycle."""

from typing import NamedTuple

import numpy as np
import pytest
from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator


class Samples(NamedTuple):
    """The valid cycles: their number, whether first, values, and aux (None where there is none)."""

    cycle: np.ndarray
    first: np.ndarray
    value: np.ndarray
    aux: np.ndarray | None

    def frames(self, channels):
        """Return the values as whole frames; assert that ``first`` stands where it must."""
        whole = len(self.value) // channels * channels
        assert np.array_equal(self.first, np.arange(len(self.first)) % channels == 0)
        return self.value[:whole].reshape(-1, channels)


class Watch:
    """Runs a front end, and reads what it gives."""

    def __init__(self, dut):
        self.dut = dut
        names = ("valid", "first", "value", "aux")
        self._ports = [getattr(dut.sample, name) for name in names if hasattr(dut.sample, name)]
        self._seen = []
        self.count = 0  # samples so far

    async def cycle(self, ctx, *signals):
        """Let a clock edge pass; return the levels of ``signals`` after it."""
        _, _, *values = await ctx.tick().sample(*self._ports)
        self._seen.append(values)
        self.count += values[0]
        return [ctx.get(signal) for signal in signals]

    @property
    def samples(self):
        """The samples so far."""
        seen = np.array(self._seen, np.int64)
        at = np.flatnonzero(seen[:, 0])
        aux = seen[at, 3] if seen.shape[1] == 4 else None
        return Samples(at, seen[at, 1].astype(bool), seen[at, 2], aux)

    @classmethod
    def run(cls, dut, cycles, *, reset=(0, 0)):
        """Return the samples of a front end without pins; ``reset`` is a range of cycles."""
        watch, rst = cls(dut), Signal()

        async def bench(ctx):
            for n in range(cycles):
                ctx.set(rst, reset[0] <= n < reset[1])
                await watch.cycle(ctx)

        simulator = Simulator(ResetInserter(rst)(dut))
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        return watch.samples


@pytest.fixture
def watch():
    """The class ``Watch``."""
    return Watch
