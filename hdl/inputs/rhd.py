"""Rhd: Intan RHD2132 or RHD2164 chips on one SPI bus; see `probecodec.golden.rhd`."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...golden import rhd
from ...golden.config import EncoderConfig
from ...golden.rhd import AMPLIFIERS, PIPELINE, SLOTS, WORD_BITS, RhdSettings
from .. import layout
from .rhd_limits import MAX_DELAY, check
from .rhd_sequencer import Sequencer

_OUTPUTS = ("sclk", "cs_n", "mosi")


class Rhd(wiring.Component):
    """Sets up the chips, then converts all their amplifiers once a frame, for ever.

    ::

        Sequencer ─► sclk, cs_n, mosi
        miso ─► registers ─► a word of every chip ─┬─► memory of two frames ─► sample
                                                   └─► present

    A frame is 32 conversions, and 3 reads of registers that tell which chip it is. Its samples are
    given out when all are there, one a cycle: chip 0's 32 (or 64) channels first. So recording
    channel n is amplifier n mod 32 of chip n // 32 (64 for the RHD2164: its MISO A are the first
    32). Frames come exactly every ``frame_cycles`` cycles; the first one 100 microseconds and about
    three frames after reset. A chip that is missing gives samples all the same: see ``present``.

    MISO comes back later than SCLK went out, by the chip (about 12 ns), the cable (about 10 ns a
    metre, there and back) and the pins: r clock cycles in all. A bit is read right if r is from
    ``miso_delay`` - h to ``miso_delay`` + h, with h = ``half_period``; of an RHD2164, whose bits
    last half as long, from ``miso_delay`` to ``miso_delay`` + h. Otherwise ``present`` shows it.

    Parameters
    ----------
    chips : int
        Chips, each with a MISO of its own; 32 or 64 channels each.
    frame_cycles : int
        Clock cycles of a frame: clock rate / frame rate.
    clock_hz : float
        Clock rate, by which the chip's limits are checked and its biases set.
    half_period : int
        Clock cycles of half a period of SCLK.
    double_rate : bool
        RHD2164: two bits a period, MISO A while SCLK is low and MISO B while it is high.
    miso_delay : int or None
        0 … 7 clock cycles; None makes it a member, for a register or pins to set.
    settings : RhdSettings
        Amplifier bandwidth.

    Members
    -------
    sclk, cs_n, mosi : Out(1)
        Pins, to all chips, straight from flip-flops.
    miso : In(chips)
        Pins.
    miso_delay : In(3)
        Where it is None above; at rest.
    aux : In(aux_bits)
        Pins, where there are auxiliary bits: read as the frame's first conversion begins, each for
        itself.
    sample : Out(layout.source)
        The samples, two's complement.

    Attributes
    ----------
    present : Signal(chips)
        In each of the last frame's reads the chip answered as its kind does. Not a pin; the top
        level may read it.

    Raises
    ------
    ConfigError
        Where the chips cannot do what is asked; the message says what would do.
    """

    def __new__(cls, config: EncoderConfig, **parameters):
        check(config, **parameters)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(
        self,
        config: EncoderConfig,
        *,
        chips: int,
        frame_cycles: int,
        clock_hz: float,
        half_period: int = 1,
        double_rate: bool = False,
        miso_delay: int | None = 1,
        settings: RhdSettings | None = None,
    ) -> None:
        rate = clock_hz / frame_cycles
        self._config = config
        self._chips = chips
        self._double = double_rate
        self._delay = miso_delay
        self._commands = {
            "rounds": rhd.rounds(rate, settings or RhdSettings(), double_rate=double_rate),
            "repeats": rhd.setup_rounds(rate),
            "frame_cycles": frame_cycles,
            "half_period": half_period,
        }
        self.present = Signal(chips)
        super().__init__(
            {
                "sclk": Out(1),
                "cs_n": Out(1),
                "mosi": Out(1),
                "miso": In(chips),
                "sample": Out(layout.source(config)),
            }
            | ({"aux": In(config.aux_bits)} if config.aux_bits else {})
            | ({"miso_delay": In(range(MAX_DELAY + 1))} if miso_delay is None else {})
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.sequencer = sequencer = Sequencer(**self._commands)
        m.d.comb += [getattr(self, name).eq(getattr(sequencer, name)) for name in _OUTPUTS]
        words, arrived = self._receive(m, sequencer)

        # The words of all chips, one a cycle: chip 0's A, its B, chip 1's A …
        count = len(words)
        held = [Signal(WORD_BITS, name=f"held_{n}", reset_less=True) for n in range(count)]
        for n, word in enumerate(words):
            following = held[n + 1] if n + 1 < count else held[n]
            m.d.sync += held[n].eq(Mux(arrived, word, following))
        number, busy = Signal(range(max(2, count))), Signal()
        slot, converting = Signal.like(sequencer.slot), Signal()
        with m.If(arrived):
            m.d.sync += [number.eq(0), busy.eq(1)]
            m.d.sync += [slot.eq(sequencer.slot), converting.eq(sequencer.converting)]
        with m.Elif(busy):
            m.d.sync += [number.eq(number + 1), busy.eq(number != count - 1)]
        self._know(m, busy & converting, slot, number, held[0])
        full = self._reorder(m, busy & converting, slot, number, held[0])
        if self._config.aux_bits:
            aux, latest = Signal.like(self.aux), Signal.like(self.aux)
            m.submodules.aux = FFSynchronizer(self.aux, aux)
            with m.If(sequencer.begins):
                m.d.sync += latest.eq(aux)
            with m.If(full):
                m.d.sync += self.sample.aux.eq(latest)
        return m

    def _receive(self, m: Module, sequencer: Sequencer):
        """Return every chip's word (with a double rate, words A and B), and when they are there."""
        miso = Signal(self._chips)
        m.submodules.miso = FFSynchronizer(self.miso, miso)
        # ``miso`` is two cycles old: a strobe waits as long, and as the cable takes.
        events = Cat(sequencer.rise, sequencer.fall, sequencer.last)
        late = []
        for n in range(MAX_DELAY + 2 if self._delay is None else self._delay + 2):
            late.append(Signal(3, name=f"late_{n}"))
            m.d.sync += late[n].eq(late[n - 1] if n else events)
        chosen = Array(late[1:])[self.miso_delay] if self._delay is None else late[-1]
        arrived = Signal()
        m.d.sync += arrived.eq(chosen[2])
        words = []
        for chip in range(self._chips):
            for half in range(1 + self._double):
                word = Signal(WORD_BITS, name=f"word_{chip}{'ab'[half]}", reset_less=True)
                with m.If(chosen[half]):
                    m.d.sync += word.eq(Cat(miso[chip], word))
                words.append(word)
        return words, arrived

    def _know(self, m: Module, valid, slot, number, word) -> None:
        """Compare what the reads answer with what they must."""
        count = self._chips * (1 + self._double)
        wanted, checks = Signal(8), Signal()
        first = (AMPLIFIERS + PIPELINE) % SLOTS  # the slot of the first read's answer
        with m.Switch(slot):
            for n, check in enumerate(rhd.CHECKS[self._double]):
                with m.Case((first + n) % SLOTS):
                    m.d.comb += checks.eq(1)
                    m.d.comb += wanted.eq(check.answer)
                    if self._double:
                        m.d.comb += wanted.eq(Mux(number[0], check.answer_b, check.answer))
        matches, ready = Signal(), Signal()
        answers = Signal(count)  # of the chips so far, the one in turn lowest
        m.d.comb += matches.eq(word == wanted)
        m.d.sync += ready.eq(valid & (number == count - 1) & (slot == (first + 2) % SLOTS))
        with m.If(valid & checks):
            fine = matches & (answers[0] | (slot == first))
            m.d.sync += answers.eq(Cat(answers[1:], fine))
        with m.If(ready):
            per = 1 + self._double
            good = [answers[per * n : per * n + per].all() for n in range(self._chips)]
            m.d.sync += self.present.eq(Cat(good))

    def _reorder(self, m: Module, valid, slot, number, word):
        """Keep a frame while the next comes in: amplifiers of all chips in, chip after chip out.

        Returns when a frame is complete.
        """
        config = self._config
        per_chip = AMPLIFIERS * (1 + self._double)
        low = (per_chip - 1).bit_length()
        m.submodules.frames = frames = memory.Memory(
            shape=WORD_BITS, depth=2 * config.channels, init=[], attrs=layout.NO_COLLISION
        )
        write, read = frames.write_port(), frames.read_port()
        bank = Signal()
        amplifier = Signal(range(AMPLIFIERS))
        is_sample = (slot >= PIPELINE) & (slot < PIPELINE + AMPLIFIERS)
        m.d.comb += [
            amplifier.eq(slot - PIPELINE),
            write.en.eq(valid & is_sample),
            write.data.eq(word),
        ]
        half, chip = number[: int(self._double)], number[int(self._double) :]
        m.d.comb += write.addr.eq(Cat(amplifier, half, bank, chip))

        full = Signal()
        last = self._chips * (1 + self._double) - 1
        m.d.comb += full.eq(write.en & (number == last) & (amplifier == AMPLIFIERS - 1))
        channel, reading, fetched = Signal(range(config.channels)), Signal(), Signal()
        m.d.comb += [
            read.addr.eq(Cat(channel[:low], ~bank, channel[low:])),
            self.sample.valid.eq(fetched),
            self.sample.value.eq(read.data),
        ]
        m.d.sync += [fetched.eq(reading), self.sample.first.eq(reading & (channel == 0))]
        with m.If(reading):
            m.d.sync += [channel.eq(channel + 1), reading.eq(channel != config.channels - 1)]
        with m.If(full):
            m.d.sync += [bank.eq(~bank), reading.eq(1), channel.eq(0)]
        return full
