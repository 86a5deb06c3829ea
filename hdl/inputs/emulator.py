"""Emulator: a synthetic recording from a memory, at a probe's rate; see `golden.emulator`."""

from math import ceil

from amaranth import Const, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import Out

from ...golden import emulator
from ...golden.config import EncoderConfig
from ...golden.errors import require
from .. import layout
from ..links.limits import is_whole, shown

MOST_CYCLES = (1 << 32) - 1  # of a frame


class Emulator(wiring.Component):
    """Plays `golden.emulator.recording` without end, so that a board alone shows what it does.

    Samples are spread evenly over the frame, as a probe gives them: in ``frame_cycles`` cycles one
    for every channel, each gap as long as the next or one cycle longer. Every
    reset begins at frame 0. One memory of ``length`` × ``sample_bits`` bits, no multiplier.

    Parameters
    ----------
    frame_cycles : int
        Clock cycles of a frame, at least one for each channel: clock rate / frame rate; below 2^32.
    length : int
        Values in the memory, a power of two from 512 to 65536.
    seed : int
        Of the recording, 1 to 2^32 - 1.
    clock_hz : float, optional
        Clock rate, so that errors can tell the frame rate that would do.

    Members
    -------
    sample : Out(layout.source)
        The samples, in the order of ``config.order``; with auxiliary bits the word
        `golden.emulator.auxiliary`.

    Raises
    ------
    ConfigError
        Where a parameter is out of range.
    """

    def __new__(
        cls,
        config: EncoderConfig,
        *,
        frame_cycles: int,
        length: int = emulator.LENGTH,
        seed: int = emulator.SEED,
        clock_hz: float | None = None,
    ):
        _check_cycles(config.channels, frame_cycles, clock_hz)
        emulator.loop(config, length, seed)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(
        self,
        config: EncoderConfig,
        *,
        frame_cycles: int,
        length: int = emulator.LENGTH,
        seed: int = emulator.SEED,
        clock_hz: float | None = None,
    ) -> None:
        self._config = config
        self._frame_cycles = frame_cycles
        self._length = length
        self._values = emulator.loop(config, length, seed).tolist()
        super().__init__({"sample": Out(layout.source(config))})

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        m.submodules.values = values = memory.Memory(
            shape=signed(config.sample_bits), depth=self._length, init=self._values
        )
        read = values.read_port()

        # The remainder of cycles × channels by frame_cycles: a sample is due where it wraps.
        idle = self._frame_cycles - config.channels
        phase = Signal(range(self._frame_cycles), init=idle)
        wraps, due = Signal(), Signal()
        m.d.comb += wraps.eq(phase >= idle)
        m.d.sync += [
            phase.eq(Mux(wraps, phase - idle, phase + config.channels)),
            due.eq(wraps),
        ]

        slot = Signal(range(config.channels))
        first, last = Signal(init=1), Signal()
        bits = max(len(read.addr), emulator.AUX_SHIFT + config.aux_bits)
        frame = Signal(bits)
        address, begins, fetch = Signal.like(read.addr), Signal(), Signal()
        m.d.comb += last.eq(slot == config.channels - 1)
        m.d.sync += fetch.eq(due)
        with m.If(due):
            m.d.sync += [
                address.eq(Mux(first, frame, address + Const(emulator.STEP))),
                begins.eq(first),
                first.eq(last),
                slot.eq(Mux(last, 0, slot + 1)),
            ]
            with m.If(last):
                m.d.sync += frame.eq(frame + 1)

        m.d.comb += [
            read.addr.eq(address),
            read.en.eq(fetch),
            self.sample.value.eq(read.data),
        ]
        m.d.sync += [self.sample.valid.eq(fetch), self.sample.first.eq(begins)]
        if config.aux_bits:
            word = Signal(config.aux_bits)
            with m.If(due & first):
                m.d.sync += word.eq(frame >> emulator.AUX_SHIFT)
            m.d.sync += self.sample.aux.eq(word)
        return m


def _check_cycles(channels: int, cycles: int, clock_hz: float | None) -> None:
    require(is_whole(cycles), f"frame_cycles must be a whole number, not {shown(cycles)}")
    highest = lowest = ""
    if clock_hz:
        highest = f" or a frame rate of {int(clock_hz / channels):,} Hz or less"
        lowest = f" or a frame rate of {ceil(1000 * clock_hz / MOST_CYCLES) / 1000:g} Hz or more"
    require(
        cycles >= channels,
        f"a frame of {shown(cycles)} clock cycles (frame_cycles) is too short for {channels} "
        f"channels, one a cycle; use at least {channels} cycles{highest}",
    )
    require(
        cycles <= MOST_CYCLES,
        f"a frame of {shown(cycles)} clock cycles (frame_cycles) is too long; use at most "
        f"{MOST_CYCLES} cycles{lowest}",
    )
