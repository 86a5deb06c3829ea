"""Emulator: a synthetic recording from a memory, at a probe's rate; see `golden.emulator`."""

from amaranth import Const, Module, Mux, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import Out

from ...golden import emulator
from ...golden.config import EncoderConfig
from ...golden.errors import require
from .. import layout


class Emulator(wiring.Component):
    """Plays `golden.emulator.recording` without end, so that a board alone shows what it does.

    Samples are spread evenly over the frame, as a probe gives them: in ``frame_cycles`` cycles one
    for every channel, each gap as long as the next or one cycle longer. Every
    reset begins at frame 0. One memory of ``length`` × ``sample_bits`` bits, no multiplier.

    Parameters
    ----------
    frame_cycles : int
        Clock cycles of a frame, at least one for each channel: clock rate / frame rate.
    length : int
        Values in the memory, a power of two from 512 to 65536.
    seed : int
        Of the recording, 1 to 2^32 - 1.

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

    def __new__(cls, config: EncoderConfig, *, frame_cycles: int, length: int = 2048, seed=1):
        require(
            isinstance(frame_cycles, int) and config.channels <= frame_cycles < 1 << 32,
            f"frame_cycles = {frame_cycles!r} is too short for {config.channels} channels, one a "
            f"cycle; use at least {config.channels}: a faster clock or a lower frame rate",
        )
        emulator.loop(config, length, seed)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig, *, frame_cycles: int, length: int = 2048, seed=1):
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
