"""Pseudo-random generator of the projection; see `probecodec.golden.generator`."""

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.format import GENERATOR_BITS, GENERATOR_SHIFTS
from ..golden.projection_config import ProjectionConfig


class Generator(wiring.Component):
    """Gives each slot its state, one cycle later.

    No memory; what a window's first slot gets is a constant. Only where states are held is there a
    second register, with the state that the frames of a group begin with.

    Members
    -------
    take : In(1)
        A sample is here.
    begin, renew, again : In(1)
        It is the first of its window (the other two do not matter then); of a frame with states of
        its own; of a frame with those of the frame before.
    state : Out(32)
        The state of the last sample taken.
    """

    def __init__(self, config: ProjectionConfig) -> None:
        self._config = config
        super().__init__(
            {
                "take": In(1),
                "begin": In(1),
                "renew": In(1),
                "again": In(1),
                "state": Out(GENERATOR_BITS),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        following = step(self.state)
        with m.If(self.take):
            m.d.sync += self.state.eq(following)
            if self._config.hold > 1:
                first = Signal(GENERATOR_BITS)
                with m.If(self.renew):
                    m.d.sync += first.eq(following)
                with m.If(self.begin):
                    m.d.sync += first.eq(self._config.start)
                with m.If(self.again):
                    m.d.sync += self.state.eq(first)
            with m.If(self.begin):
                m.d.sync += self.state.eq(self._config.start)
        return m


def step(state: Value) -> Value:
    """Return the state after ``state``, as logic."""
    left, right, again = GENERATOR_SHIFTS
    state = (state ^ state << left)[:GENERATOR_BITS]
    state = state ^ state >> right
    return (state ^ state << again)[:GENERATOR_BITS]
