"""SPI commands to Intan RHD chips, at an exact rate; see `probecodec.golden.rhd`."""

from amaranth import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import Out

from ...golden.rhd import SLOTS, WORD_BITS

HALVES = 2 * WORD_BITS  # of SCLK in a word


class Sequencer(wiring.Component):
    """Sends rounds of `SLOTS` commands: ``repeats`` times the first, the second, then the third.

    A command is ``cs_n`` low for 33 half periods of SCLK, most significant bit first; the chip
    takes MOSI at the rising edge. The command begins every ``frame_cycles`` / `SLOTS` cycles;
    where that is no whole number, the first of a round take a cycle more.

    Parameters
    ----------
    rounds : three lists of SLOTS words
    repeats : int
    frame_cycles : int
        Clock cycles of a round.
    half_period : int
        Clock cycles of half a period of SCLK.

    Members
    -------
    sclk, cs_n, mosi : Out(1)
        Pins, straight from flip-flops.
    rise, fall : Out(1)
        SCLK rises or falls with the next clock edge.
    last : Out(1)
        With ``fall``: for the last time in this word.
    begins : Out(1)
        The first command of a frame that converts begins with the next clock edge.
    slot, converting : Out
        The command's place in its round, and whether its round converts; both change in the middle
        of a word, when what is left of the word before has long arrived.
    """

    def __init__(self, rounds, *, repeats: int, frame_cycles: int, half_period: int) -> None:
        self._words = [word for words in rounds for word in words]
        self._repeats = repeats
        self._frame_cycles = frame_cycles
        self._half_period = half_period
        super().__init__(
            {
                "sclk": Out(1),
                "cs_n": Out(1, init=1),
                "mosi": Out(1),
                "rise": Out(1),
                "fall": Out(1),
                "last": Out(1),
                "begins": Out(1),
                "slot": Out(range(SLOTS)),
                "converting": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=WORD_BITS, depth=len(self._words), init=self._words
        )
        read = words.read_port()
        address, slot = Signal(range(len(self._words))), Signal(range(SLOTS))
        repeats = Signal(range(self._repeats), init=self._repeats - 1)
        converting = Signal()
        m.d.comb += [read.addr.eq(address), converting.eq(address >= 2 * SLOTS)]

        # When a command begins.
        cycles, longer = divmod(self._frame_cycles, SLOTS)
        wait = Signal(range(cycles + 1), init=cycles)
        start = Signal()
        m.d.comb += [start.eq(wait == 0), self.begins.eq(start & converting & (slot == 0))]
        m.d.sync += wait.eq(Mux(start, cycles - 1 + (slot < longer), wait - 1))
        with m.If(start):
            m.d.sync += [slot.eq(slot + 1), address.eq(address + 1)]
            with m.If(slot == SLOTS - 1):
                m.d.sync += slot.eq(0)
                with m.If(converting):
                    m.d.sync += address.eq(2 * SLOTS)
                with m.Elif(repeats != 0):
                    m.d.sync += [address.eq(0), repeats.eq(repeats - 1)]

        # A word: cs_n falls, 32 edges of SCLK, cs_n rises.
        half, cycle = Signal(range(HALVES + 1)), Signal(range(max(2, self._half_period)))
        turn = Signal()
        shift, sent, sent_converting = Signal(WORD_BITS), Signal.like(slot), Signal()
        m.d.comb += [
            turn.eq(~self.cs_n & (cycle == self._half_period - 1)),
            self.rise.eq(turn & ~half[0] & (half != HALVES)),
            self.fall.eq(turn & half[0]),
            self.last.eq(self.fall & (half == HALVES - 1)),
            self.mosi.eq(shift[-1]),
        ]
        m.d.sync += cycle.eq(Mux(turn | self.cs_n, 0, cycle + 1))
        with m.If(turn):
            m.d.sync += half.eq(half + 1)
            with m.If(half == HALVES):
                m.d.sync += self.cs_n.eq(1)
            with m.If(half == HALVES // 2):
                m.d.sync += [self.slot.eq(sent), self.converting.eq(sent_converting)]
        with m.If(self.rise):
            m.d.sync += self.sclk.eq(1)
        with m.If(self.fall):
            m.d.sync += [self.sclk.eq(0), shift.eq(shift << 1)]
        with m.If(start):
            m.d.sync += [
                self.cs_n.eq(0),
                half.eq(0),
                shift.eq(read.data),
                sent.eq(slot),
                sent_converting.eq(converting),
            ]
        return m
