"""Framer: words into packets on the link; see `probecodec.golden.framer`."""

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import (
    CRC_BITS,
    HEADER,
    MATRIX,
    METADATA,
    SYNC,
    TRAILER,
    VERSION,
    WORD_BITS,
    Family,
    Flag,
    Kind,
    Layout,
    Mode,
)
from . import crc, layout
from .gate import DROP_BITS

_STEP = 16  # bits of the frame index that are added at once; a packet's frames fit
_STEPS = 3  # the index grows to 48 bits: 297 years at 30 kHz


class Framer(wiring.Component):
    """Puts a header before and a trailer behind each packet's words, a metadata packet before
    each restart, and counts packets, frames and drops.

    It reads the output FIFO, where the payload waits while header words go out; so no packet is
    ever buffered whole: what is known only at its end stands in the trailer.

    ::

        FIFO ─► choose word ─► reg ─► check? CRC-32 : word ─► link
                                └───► CRC-32

    One word per cycle while the link is ready. To the frame index 16 bits are added at a time, in
    three cycles; no header has come to its index by then.

    Members
    -------
    i : In(stream of layout.word_layout)
        The FIFO's output.
    resume : In(1)
        The gate opens again: take over ``dropped``, ``overrun`` and ``misframe``. A word follows
        `SETTLING` cycles later at the earliest, the first frame's, which is in the pipeline.
    dropped : In(DROP_BITS)
        Frames dropped since reset, of which a header tells the lowest 32 bits; stable at ``resume``
        and in the next cycle.
    short_frames : In(16)
        Whole frames in the packet that ended early, from its last word until it is sent.
    stream_id, matrix : In
        Registers; the second only where coefficients are loaded.
    drop_count : Out(32)
        Frames dropped since reset, as far as headers tell.
    link : Out(stream of layout.link_layout)
        Words for the link, most significant byte first.
    idle : Out(1)
        Nothing is under way.
    """

    SETTLING = 2 * _STEPS

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(layout.word_layout(config))),
                "resume": In(1),
                "short_frames": In(16),
                "dropped": In(DROP_BITS),
                "overrun": In(1),
                "misframe": In(1),
                "stream_id": In(8),
                "drop_count": Out(32),
                "link": Out(stream.Signature(layout.link_layout())),
                "idle": Out(1),
            }
            | ({"matrix": In(WORD_BITS)} if layout.is_loaded(config) else {})
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        config, head = self._config, self.i.payload

        # Second stage: the check replaces its word.
        word = Signal(WORD_BITS, reset_less=True)
        full, is_first, is_check, is_last = (Signal() for _ in range(4))
        check = Signal(CRC_BITS, reset_less=True)  # as zlib keeps it: inverted
        summed = Signal(CRC_BITS)
        advance = Signal()
        first_byte_lowest = Cat(word.word_select(n, 8) for n in reversed(range(WORD_BITS // 8)))
        m.d.comb += [
            advance.eq(~full | self.link.ready),
            summed.eq(first_byte_lowest ^ (check | is_first.replicate(CRC_BITS))),
            self.link.valid.eq(full),
            self.link.payload.data.eq(Mux(is_check, ~check, word)),
            self.link.payload.last.eq(is_last),
        ]
        with m.If(full & self.link.ready & ~is_check):
            m.d.sync += check.eq(crc.advance(summed))

        # What headers and trailers tell.
        sequence = Signal(HEADER.fields["sequence"])
        index = Signal(_STEP * _STEPS)
        frames, is_short = Signal(TRAILER.fields["frames"]), Signal(reset_less=True)
        payload_words = Signal(TRAILER.fields["payload_words"], reset_less=True)
        overrun, misframe = Signal(), Signal()
        metadata_sent = Signal()  # in a trailer: it is the metadata packet's
        is_metadata = head.restart & ~metadata_sent  # the head waits in the FIFO all the while

        flags = Signal(HEADER.fields["flags"])
        parameters = Array(config.parameter(mode) for mode in config.modes)
        modes = Array(mode.value for mode in config.modes)
        extension = self._extension()
        is_extended = Signal()
        if extension:
            m.d.comb += is_extended.eq(head.mode == config.modes.index(Mode.PROJECTION))
        whole = Mux(is_short, self.short_frames, config.packet_frames)
        m.d.comb += [
            frames.eq(Mux(metadata_sent, 0, whole)),
            flags.eq(
                Mux(head.restart, Flag.RESTART.value, 0)
                | Mux(overrun, Flag.OVERRUN.value, 0)
                | Mux(misframe, Flag.MISFRAME.value, 0)
            ),
        ]
        header = _words(
            HEADER,
            sync=SYNC,
            version=VERSION,
            kind=Mux(is_metadata, Kind.METADATA.value, Kind.DATA.value),
            mode=modes[head.mode],
            flags=flags,
            stream_id=self.stream_id,
            extension=Mux(is_extended, MATRIX.words, 0),
            order=config.order,
            sequence=sequence,
            frame_index=index,
            drop_count=self.drop_count,
            channels_minus_1=config.channels - 1,
            sample_bits_minus_1=config.sample_bits - 1,
            aux_bits=config.aux_bits,
            parameter=parameters[head.mode],
        )
        metadata = config.metadata
        metadata = [
            Const(int.from_bytes(metadata[n : n + 4], "big"), WORD_BITS)
            for n in range(0, len(metadata), 4)
        ]
        trailer = _words(TRAILER, frames=frames, payload_words=payload_words)

        # First stage: choose the word.
        step = Signal(range(max(HEADER.words, METADATA.words)))
        produce, sent = Signal(), Signal()
        adding = Signal()
        with m.If(advance):
            m.d.sync += [full.eq(produce), is_first.eq(0), is_check.eq(0), is_last.eq(0)]
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += [produce.eq(self.i.valid), self.idle.eq(~full & ~adding)]
                with m.If(advance & self.i.valid):
                    m.d.sync += [
                        word.eq(Array(header)[step]),
                        is_first.eq(step == 0),
                        is_check.eq(step == HEADER.words - 1),
                        step.eq(step + 1),
                        payload_words.eq(0),
                    ]
                    with m.If(step == HEADER.words - 1):
                        m.d.sync += step.eq(0)
                        with m.If(is_extended):
                            m.next = "EXTENSION"
                        with m.Elif(is_metadata):
                            m.next = "METADATA"
                        with m.Else():
                            m.next = "PAYLOAD"
            with m.State("EXTENSION"):
                m.d.comb += produce.eq(1)
                with m.If(advance):
                    m.d.sync += [word.eq(Array(extension or [0])[step]), step.eq(step + 1)]
                    with m.If(step == MATRIX.words - 1):
                        m.d.sync += step.eq(0)
                        with m.If(is_metadata):
                            m.next = "METADATA"
                        with m.Else():
                            m.next = "PAYLOAD"
            with m.State("METADATA"):
                m.d.comb += produce.eq(1)
                with m.If(advance):
                    m.d.sync += [
                        word.eq(Array(metadata)[step]),
                        payload_words.eq(payload_words + 1),
                        metadata_sent.eq(1),
                        step.eq(step + 1),
                    ]
                    with m.If(step == METADATA.words - 1):
                        m.d.sync += step.eq(0)
                        m.next = "TRAILER"
            with m.State("PAYLOAD"):
                m.d.comb += [produce.eq(self.i.valid), self.i.ready.eq(advance)]
                with m.If(advance & self.i.valid):
                    m.d.sync += [word.eq(head.bits), payload_words.eq(payload_words + 1)]
                    with m.If(head.last):
                        m.d.sync += [
                            is_short.eq(head.short),
                            metadata_sent.eq(0),
                            overrun.eq(0),
                            misframe.eq(0),
                        ]
                        m.next = "TRAILER"
            with m.State("TRAILER"):
                m.d.comb += produce.eq(1)
                with m.If(advance):
                    m.d.sync += [
                        word.eq(Array(trailer)[step[0]]),
                        is_check.eq(step[0]),
                        is_last.eq(step[0]),
                        step.eq(step + 1),
                    ]
                    with m.If(step[0]):
                        m.d.comb += sent.eq(1)
                        m.d.sync += [step.eq(0), sequence.eq(sequence + 1)]
                        m.next = "HEADER"

        m.d.comb += adding.eq(self._count(m, index, frames, sent))
        with m.If(self.resume):
            m.d.sync += [overrun.eq(self.overrun), misframe.eq(self.misframe)]
        return m

    def _count(self, m: Module, index, frames, sent) -> Value:
        """Add the frames of a packet just sent, or those dropped, to the frame index.

        The lowest bits are added, and the register turns, until it is as it was. Drops are known as
        a sum since reset: the old sum is taken off, and the new one added, with what it has lost
        where it began anew.

        Returns
        -------
        adding : Value
            Something is being added.
        """
        turn, carry = Signal(range(_STEPS)), Signal()
        of_sent, of_old, of_new = Signal(), Signal(), Signal()  # what is added
        adding, takes_off = Signal(), Signal()
        lap, lapped = Signal(), Signal(reset_less=True)  # top bit of the sum; it has changed
        added, total = Signal(_STEP), Signal(_STEP + 1)
        m.d.comb += [
            takes_off.eq(self.resume | of_old),
            adding.eq(of_sent | takes_off | of_new),
            total.eq(index[:_STEP] + (added ^ takes_off.replicate(_STEP)) + (carry | self.resume)),
        ]
        with m.Switch(turn):
            with m.Case(0):
                m.d.comb += added.eq(Mux(of_sent, frames, self.drop_count[:_STEP]))
            with m.Case(1):
                m.d.comb += added.eq(Mux(of_sent, 0, self.drop_count[_STEP:]))
            with m.Case(2):
                m.d.comb += added.eq(of_new & lapped)
        with m.If(adding):
            m.d.sync += [
                index.eq(Cat(index[_STEP:], total[:_STEP])),
                carry.eq(total[-1]),
                turn.eq(turn + 1),
                of_old.eq(takes_off),
            ]
            with m.If(takes_off & turn[0]):  # ``dropped`` is still as it was at ``resume``
                top = self.dropped[-1]
                m.d.sync += [self.drop_count.eq(self.dropped), lapped.eq(lap ^ top), lap.eq(top)]
            with m.If(turn == _STEPS - 1):
                m.d.sync += [Cat(turn, carry, of_sent, of_old).eq(0), of_new.eq(takes_off)]
        with m.If(sent):
            m.d.sync += of_sent.eq(1)
        return of_sent | of_old | of_new

    def _extension(self) -> list:
        """The extension words of mode PROJECTION; none where it is not built."""
        matrix = self._config.projection
        if matrix is None:
            return []
        words = [Const(int.from_bytes(matrix.extension[n : n + 4], "big"), 32) for n in (0, 4)]
        if matrix.family == Family.LOADED:
            words[1] = self.matrix  # only the host knows what it has loaded
        return words


def _words(fields: Layout, **values) -> list:
    """The layout's words, from values; a field left out is zero."""
    packed = Cat(
        (Const(0, bits) | values.get(name, 0))[:bits]
        for name, bits in reversed(fields.fields.items())
    )
    return [packed.word_select(n, WORD_BITS) for n in reversed(range(fields.words))]
