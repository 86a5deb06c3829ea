"""UDP: link words into Ethernet frames; see `probecodec.golden.udp`."""

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ...golden import udp
from ...golden.errors import require
from ...golden.format import WORD_BITS, WORD_BYTES
from ...golden.udp import UdpConfig
from .. import layout
from .crossing import Crossing

_LONGEST_FLUSH = 1 << 24
_NUMBER_BITS = 16  # of lengths and sums in the headers


def frame_bytes() -> stream.Signature:
    """Return a stream of frames' bytes, ``last`` at the end of each frame."""
    return stream.Signature(data.StructLayout({"data": 8, "last": 1}))


def check_flush(cycles: int) -> None:
    """Raise ``ConfigError`` unless ``cycles`` may be the ``flush_cycles`` of `Udp`."""
    require(
        isinstance(cycles, int) and 1 <= cycles <= _LONGEST_FLUSH,
        f"flush_cycles must be a whole number from 1 to {_LONGEST_FLUSH}, not {cycles!r}",
    )


class Header(wiring.Component):
    """The bytes before a payload.

    A number that depends on the inputs is right 4 cycles of ``link`` after they have changed.

    Members
    -------
    words : In
        Words of payload.
    identification : In(16)
        Number of the datagram.
    step : In
        Place of a byte.
    byte : Out(8)
        That byte, in the same cycle.
    """

    LATENCY = 4

    def __init__(self, config: UdpConfig) -> None:
        self._config = config
        super().__init__(
            {
                "words": In(range(config.payload_words + 1)),
                "identification": In(_NUMBER_BITS),
                "step": In(range(udp.HEADER_BYTES)),
                "byte": Out(8),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        constant = udp.header(self._config, 0, 0)
        ip_length, checksum, udp_length = (Signal(_NUMBER_BITS) for _ in range(3))
        payload_bytes = Cat(Const(0, 2), self.words)
        # The checksum is the complement of a sum whose carries are added to it (RFC 1071).
        without = 0xFFFF - int.from_bytes(constant[udp.CHECKSUM : udp.CHECKSUM + 2], "big")
        partial, whole = Signal(_NUMBER_BITS + 1), Signal(_NUMBER_BITS + 2)
        folded = Signal(_NUMBER_BITS + 1)
        m.d.link += [
            ip_length.eq(payload_bytes + udp.IP_BYTES + udp.UDP_BYTES),
            udp_length.eq(payload_bytes + udp.UDP_BYTES),
            partial.eq(payload_bytes + without),
            whole.eq(partial + self.identification),
            folded.eq(whole[:_NUMBER_BITS] + whole[_NUMBER_BITS:]),
            checksum.eq(~(folded[:_NUMBER_BITS] + folded[_NUMBER_BITS:])),
        ]
        header = [Const(byte, 8) for byte in constant]
        for place, number in (
            (udp.IP_LENGTH, ip_length),
            (udp.IDENTIFICATION, self.identification),
            (udp.CHECKSUM, checksum),
            (udp.UDP_LENGTH, udp_length),
        ):
            header[place : place + 2] = [number[8:], number[:8]]
        m.d.comb += self.byte.eq(Array(header)[self.step])
        return m


class Udp(wiring.Component):
    """Collects words, and sends them as UDP datagrams in Ethernet frames.

    A datagram goes out when ``payload_words`` words are there, or when there are fewer and none has
    come for ``flush_cycles``: so the end of a recording is not held back. All its words are there
    before the frame begins, because the header has its length and a PHY cannot wait.

    Where a datagram is lost on the way, the packets that it touched fail their CRC and are
    reported, and everything else decodes.

    ::

        words ─► Crossing ─► memory ─► reg ─► bytes ─┬─► reg ─► frames
        sync   │ link                      header ───┘

    The frames have neither preamble, padding nor FCS: an existing MAC adds them, and so does
    `probecodec.hdl.links.mac.Mac`. Within a frame there is a byte in every cycle; the next frame
    begins 2 cycles behind the last byte, where its words are there. A reset of domain ``link`` cuts
    the frame off, and loses the words that wait and those that come meanwhile.

    Parameters
    ----------
    config : UdpConfig
    flush_cycles : int
        Cycles of ``link`` without a word, 1 … 2^24.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``; ``last`` does not count.
    frames : Out(frame_bytes)
        Frames, in domain ``link``.

    Raises
    ------
    ConfigError
        Where ``flush_cycles`` is out of range.
    """

    def __new__(cls, *, config: UdpConfig, flush_cycles: int):
        check_flush(flush_cycles)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, *, config: UdpConfig, flush_cycles: int) -> None:
        self._config = config
        self._flush_cycles = flush_cycles
        super().__init__(
            {"words": In(stream.Signature(layout.link_layout())), "frames": Out(frame_bytes())}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        full_words = self._config.payload_words

        # The words that wait, in a memory as deep as the next power of two.
        m.submodules.crossing = crossing = Crossing()
        wiring.connect(m, wiring.flipped(self.words), crossing.i)
        depth = max(2, 1 << (full_words - 1).bit_length())
        m.submodules.memory = waiting = memory.Memory(
            shape=WORD_BITS, depth=depth, init=[], attrs=layout.NO_COLLISION
        )
        read, write = waiting.read_port(domain="link"), waiting.write_port(domain="link")
        stored = Signal(range(depth + 1))
        take, taken = Signal(), Signal()  # the oldest goes out, went out a cycle ago
        m.d.comb += [
            crossing.o.ready.eq(stored != depth),
            write.en.eq(crossing.o.valid & crossing.o.ready),
            write.data.eq(crossing.o.payload.data),
        ]
        m.d.link += [
            taken.eq(take),
            stored.eq(stored + write.en - taken),
            write.addr.eq(write.addr + write.en),
            read.addr.eq(read.addr + taken),
        ]
        # It is read in every cycle. What it reads while that address is written does not count:
        # from one word taken to the next there are four cycles, and a header before the first.
        head = Signal(WORD_BITS, reset_less=True)
        m.d.link += head.eq(read.data)

        quiet = Signal(range(self._flush_cycles))  # cycles without a word
        is_quiet, is_full = Signal(), Signal()
        m.d.link += is_full.eq(stored >= full_words)
        with m.If(write.en):
            m.d.link += [quiet.eq(0), is_quiet.eq(0)]
        with m.Elif(~is_quiet):
            m.d.link += [quiet.eq(quiet + 1), is_quiet.eq(quiet == self._flush_cycles - 1)]

        length, left = Signal(range(full_words + 1)), Signal(range(full_words + 1))  # words
        identification = Signal(_NUMBER_BITS)
        m.submodules.header = header = Header(self._config)
        step, is_last_step = Signal(range(udp.HEADER_BYTES)), Signal()
        is_last_word = Signal()
        place = Signal(range(WORD_BYTES))  # of a byte in its word
        word = Signal(WORD_BITS)
        out, advance = self.frames.payload, Signal()
        m.d.comb += [
            header.words.eq(length),
            header.identification.eq(identification),
            header.step.eq(step),
            advance.eq(~self.frames.valid | self.frames.ready),
        ]
        m.d.link += is_last_word.eq(left == 0)
        with m.FSM(domain="link"):
            with m.State("WAIT"):
                m.d.link += [
                    length.eq(Mux(is_full, full_words, stored)),
                    left.eq(Mux(is_full, full_words, stored)),
                ]
                with m.If(advance):
                    m.d.link += self.frames.valid.eq(0)
                with m.If(is_full | (is_quiet & (stored != 0))):
                    m.next = "HEADER"
            with m.State("HEADER"), m.If(advance):
                m.d.link += [
                    self.frames.valid.eq(1),
                    out.data.eq(header.byte),
                    out.last.eq(0),
                    step.eq(step + 1),
                    is_last_step.eq(step == udp.HEADER_BYTES - 2),
                ]
                with m.If(is_last_step):
                    m.d.comb += take.eq(1)
                    m.d.link += step.eq(0)
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"), m.If(advance):
                m.d.link += [
                    out.data.eq(word[-8:]),
                    word.eq(word << 8),
                    place.eq(place + 1),
                ]
                with m.If(place == WORD_BYTES - 1):
                    with m.If(is_last_word):
                        m.d.link += [out.last.eq(1), identification.eq(identification + 1)]
                        m.next = "WAIT"
                    with m.Else():
                        m.d.comb += take.eq(1)
        with m.If(take):
            m.d.link += [word.eq(head), left.eq(left - 1)]
        return m
