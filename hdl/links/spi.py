"""SPI: a slave that a microcontroller or single-board computer reads, clocked by SCK itself."""

from amaranth import Cat, ClockDomain, ClockSignal, Module, Mux, ResetSignal, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from ...golden.errors import require
from ...golden.format import WORD_BITS
from .. import layout
from .limits import LONGEST_WAIT, check_whole, is_whole, shown

MARKER = 0x5043  # "PC"; neither a line that stands still nor a shifted count looks like it
MARKER_BITS = 16
COUNT_BITS = 16
SPARE_WORDS = 2


class Spi(wiring.Component):
    """Slave, mode 0, most significant bit first; the host's reads are the only transfers.

    A transaction is what happens while CS# is low. The slave sends the marker 0x5043, a count
    (16 bits), and that many words of 4 bytes: the stream. It sends zeros behind them, which mean
    nothing, so that a transaction may have any length, or always the same. In Python, with
    ``ready`` high (or polled without it: a count of 0 costs 4 bytes)::

        cs.low()
        marker, count = struct.unpack(">HH", spi.read(4))
        assert marker == 0x5043
        stream += spi.read(4 * count)  # or fewer words: the rest comes next time
        cs.high()

    No word is lost or doubled where a transaction ends early. A word is taken at the falling edge
    of SCK behind its last bit; a word begun and not taken is the first of the next transaction. So
    a host keeps the whole words that it has read, and forgets the rest of its last one.

    CS# must stay low for half an SCK period behind the last falling edge of SCK, and be low as long
    before the first edge: it resets the transaction without a clock, and that edge takes the word.
    A host that raises CS# together with that edge may lose words or read some again.

    SCK clocks half of this: words are taken from a memory with gray-coded pointers. It may stand
    still for any time, and be as fast as the FPGA and the wires allow: MISO changes behind the
    falling edge, and the host reads it at the rising edge, half a period later. The words in
    here outlive a reset of the core: pointers that begin anew on one side only would offer
    rubbish. A packet that a reset cuts off fails its CRC.

    The clock of domain ``link`` is SCK as it comes from the pin; its reset is not used. MISO is
    always driven: no other slave may share it.

    Parameters
    ----------
    depth : int
        Words that wait at most, a power of two from 4 to 32768.
    chunk : int
        Words that make it worth a transaction. 0 (default) takes half of ``depth``;
        the most is ``depth`` - 2.
    timeout : int
        Cycles of ``sync`` after which fewer words are worth one, so that the stream's end does not
        wait for ever; 1 … 2^24. The default is 0.9 ms at 36 MHz.

    Raises
    ------
    ConfigError
        Where a parameter is out of range.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    cs_n : In(1)
        Pin: chip select. High, it resets the transaction, without a clock.
    miso : Out(1)
        Pin.
    ready : Out(1)
        Pin, in domain ``sync``: ``chunk`` words wait, or some have waited for ``timeout`` cycles
        in which the host took none. It falls when neither holds any more.
    """

    def __init__(self, *, depth: int = 256, chunk: int = 0, timeout: int = 1 << 15) -> None:
        require(
            is_whole(depth) and depth in [1 << n for n in range(2, COUNT_BITS)],
            f"depth must be a power of two from 4 to 32768, not {shown(depth)}",
        )
        most = depth - SPARE_WORDS
        require(
            is_whole(chunk) and 0 <= chunk <= most,
            f"chunk must be a whole number from 0 to depth - 2 ({most}), not {shown(chunk)}",
        )
        check_whole("timeout", timeout, 1, LONGEST_WAIT)
        self._depth = depth
        self._chunk = chunk or depth // 2
        self._timeout = timeout
        super().__init__(
            {
                "words": In(stream.Signature(layout.link_layout())),
                "cs_n": In(1, init=1),
                "miso": Out(1),
                "ready": Out(1),
            }
        )

    def capacity(self, clock_hz: float) -> float:
        """Return the stream bits a second at an SCK of clock_hz that never pauses.

        A chunk a transaction; what the host pauses between transactions comes off.
        """
        return clock_hz * self._chunk / (self._chunk + 1)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.domains.sck = ClockDomain(clk_edge="neg", reset_less=True, local=True)
        m.domains.transaction = ClockDomain(clk_edge="neg", async_reset=True, local=True)
        m.d.comb += [
            ClockSignal("sck").eq(ClockSignal("link")),
            ClockSignal("transaction").eq(ClockSignal("link")),
            ResetSignal("transaction").eq(self.cs_n),
        ]
        m.submodules.memory = words = memory.Memory(
            shape=WORD_BITS, depth=self._depth, init=[], attrs=layout.NO_COLLISION
        )
        write, read = words.write_port(), words.read_port(domain="sck")

        # Pointers count twice around the memory; no reset touches them.
        bits = self._depth.bit_length()
        written, taken = Signal(bits, reset_less=True), Signal(bits, reset_less=True)
        next_written, next_taken = Signal(bits), Signal(bits)
        m.d.sync += written.eq(next_written)
        m.d.sck += taken.eq(next_taken)
        written_there = _cross(m, next_written, "sync", "sck", "written")
        taken_there = _cross(m, next_taken, "sck", "sync", "taken")

        # Side of the core.
        stored = Signal(bits, reset_less=True)  # as it was a cycle ago
        is_full = Signal(reset_less=True)  # as it was two cycles ago: there is room for two more
        m.d.sync += [
            stored.eq(written - taken_there),
            is_full.eq(stored >= self._depth - SPARE_WORDS),
        ]
        m.d.comb += [
            self.words.ready.eq(~is_full),
            write.addr.eq(written),
            write.data.eq(self.words.payload.data),
            write.en.eq(self.words.valid & self.words.ready),
            next_written.eq(written + write.en),
        ]

        taken_before = Signal(bits)
        waited = Signal(range(self._timeout + 1))
        is_late = waited == self._timeout
        m.d.sync += [
            taken_before.eq(taken_there),
            self.ready.eq((stored >= self._chunk) | is_late),
        ]
        with m.If((stored == 0) | (taken_there != taken_before)):
            m.d.sync += waited.eq(0)
        with m.Elif(~is_late):
            m.d.sync += waited.eq(waited + 1)

        # Side of the host: what begins anew with each transaction, and what goes on.
        shift = Signal(WORD_BITS, init=MARKER << COUNT_BITS)
        bit = Signal(range(WORD_BITS))
        is_header = Signal(init=1)
        waiting = Signal(bits)  # words in the memory
        left = Signal(bits)  # words still to take in this transaction
        counts, goes_on = Signal(), Signal()  # the word counts; there is one behind it
        is_taken = Signal()
        word_ends = bit == WORD_BITS - 1
        m.d.comb += [
            self.miso.eq(shift[-1]),
            is_taken.eq(word_ends & ~is_header & counts),
            next_taken.eq(taken + is_taken),
            read.addr.eq(taken + ~is_header),
        ]
        m.d.transaction += [
            bit.eq(bit + 1),
            shift.eq(Mux(word_ends, Mux(goes_on, read.data, 0), shift << 1)),
        ]
        m.d.sck += [
            waiting.eq(written_there - taken),
            left.eq(left - is_taken),
            counts.eq(left != 0),  # long before the word ends
            goes_on.eq(left > ~is_header),
        ]
        with m.If(word_ends):
            m.d.transaction += is_header.eq(0)
        # The count follows the marker; until then SCK has brought `waiting` up to date.
        with m.If(is_header & (bit == MARKER_BITS - 1)):
            m.d.transaction += shift.eq(waiting << MARKER_BITS)
            m.d.sck += left.eq(waiting)
        return m


def _cross(m: Module, pointer: Signal, source: str, target: str, name: str) -> Signal:
    """Return a pointer, given one cycle of ``source`` early, 3 cycles of ``target`` later.

    Gray-coded on its way. Early, as SCK may stop with the edge at which the pointer moves.
    """
    bits = len(pointer)
    gray = Signal(bits, reset_less=True)
    gray_there, there = Signal(bits), Signal(bits, reset_less=True)
    m.d[source] += gray.eq(pointer ^ (pointer >> 1))
    m.submodules[f"{name}_cdc"] = FFSynchronizer(gray, gray_there, o_domain=target)
    m.d[target] += there.eq(Cat((gray_there >> n).xor() for n in range(bits)))
    return there
