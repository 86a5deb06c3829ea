"""Framer: words into packets on the link; see `probecodec.golden.framer`."""

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import crc, stream, wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import (
    CRC_BITS,
    CRC_POLYNOMIAL,
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
from . import layout

# One word through the CRC register is linear, and with a word as wide as the register the word
# only adds to it: new = columns × (old ^ word). amaranth.lib.crc gives the columns in software;
# its own hardware keeps two matrices, which costs twice the XORs.
_CRC_WORD = crc.Algorithm(
    crc_width=CRC_BITS,
    polynomial=CRC_POLYNOMIAL,
    initial_crc=0,
    reflect_input=True,
    reflect_output=True,
    xor_output=0,
)(data_width=WORD_BITS)
_CRC_COLUMNS = [_CRC_WORD.compute([1 << n]) for n in range(WORD_BITS)]


class Framer(wiring.Component):
    """Puts a header before and a trailer behind each packet's words, a metadata packet before
    each restart, and counts packets, frames and drops.

    It reads the output FIFO, where the payload waits while header words go out; so no packet is
    ever buffered whole: what is known only at its end stands in the trailer.

    ::

        FIFO ─► choose word ─► reg ─► check? CRC-32 : word ─► reg ─► link
                                └───► CRC-32

    One word per cycle while the link is ready.

    Members
    -------
    i : In(stream of layout.word_layout)
        The FIFO's output.
    resume : In(1)
        The gate opens again: take over ``dropped``, ``overrun`` and ``misframe``.
    short_frames : In(16)
        Whole frames in the packet that ended early.
    stream_id, matrix : In
        Registers; the second only where coefficients are loaded.
    drop_count : Out(32)
        Frames dropped since reset.
    link : Out(stream of layout.link_layout)
        Words for the link, most significant byte first.
    idle : Out(1)
        Nothing is under way.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(layout.word_layout(config))),
                "resume": In(1),
                "short_frames": In(16),
                "dropped": In(32),
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
        word = Signal(WORD_BITS)
        full, is_first, is_check, is_last = (Signal() for _ in range(4))
        check = Signal(CRC_BITS)  # as zlib keeps it: inverted
        summed = Signal(CRC_BITS)
        advance = Signal()
        first_byte_lowest = Cat(word.word_select(n, 8) for n in reversed(range(WORD_BITS // 8)))
        m.d.comb += [
            advance.eq(~self.link.valid | self.link.ready),
            summed.eq(first_byte_lowest ^ (check | is_first.replicate(CRC_BITS))),
        ]
        with m.If(advance):
            m.d.sync += [
                self.link.valid.eq(full),
                self.link.payload.data.eq(Mux(is_check, ~check, word)),
                self.link.payload.last.eq(is_last),
            ]
            with m.If(full & ~is_check):
                m.d.sync += check.eq(Cat(_crc_bit(summed, n) for n in range(CRC_BITS)))

        # What headers and trailers tell.
        sequence = Signal(HEADER.fields["sequence"])
        index_low, index_high, carry = Signal(32), Signal(32), Signal()
        frames = Signal(TRAILER.fields["frames"])
        payload_words = Signal(TRAILER.fields["payload_words"])
        overrun, misframe = Signal(), Signal()
        metadata_sent = Signal()
        is_metadata = head.restart & ~metadata_sent  # the head waits in the FIFO all the while

        flags = Signal(HEADER.fields["flags"])
        parameters = Array(config.parameter(mode) for mode in config.modes)
        modes = Array(mode.value for mode in config.modes)
        extension = self._extension()
        is_extended = Signal()
        if extension:
            m.d.comb += is_extended.eq(head.mode == config.modes.index(Mode.PROJECTION))
        m.d.comb += [
            flags.eq(
                Mux(head.restart, Flag.RESTART.value, 0)
                | Mux(overrun, Flag.OVERRUN.value, 0)
                | Mux(misframe, Flag.MISFRAME.value, 0)
            )
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
            frame_index=Cat(index_low, index_high),
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
        with m.If(advance):
            m.d.sync += [full.eq(produce), is_first.eq(0), is_check.eq(0), is_last.eq(0)]
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += [produce.eq(self.i.valid), self.idle.eq(~full & ~self.link.valid)]
                with m.If(advance & self.i.valid):
                    m.d.sync += [
                        word.eq(Array(header)[step]),
                        is_first.eq(step == 0),
                        is_check.eq(step == HEADER.words - 1),
                        step.eq(step + 1),
                        payload_words.eq(0),
                        frames.eq(0),
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
                            frames.eq(Mux(head.short, self.short_frames, config.packet_frames)),
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

        # The frame index: what is new, then its low half, then the carry into its high half.
        added, is_drop = Signal(32), Signal()
        m.d.sync += [
            added.eq(Mux(self.resume, self.dropped, Mux(sent, frames, 0))),
            is_drop.eq(self.resume),
            Cat(index_low, carry).eq(index_low + added),
            index_high.eq(index_high + carry),
        ]
        with m.If(is_drop):
            m.d.sync += self.drop_count.eq(self.drop_count + added)
        with m.If(self.resume):
            m.d.sync += [overrun.eq(self.overrun), misframe.eq(self.misframe)]
        return m

    def _extension(self) -> list:
        """The extension words of mode PROJECTION; none where it is not built."""
        matrix = self._config.projection
        if matrix is None:
            return []
        words = [Const(int.from_bytes(matrix.extension[n : n + 4], "big"), 32) for n in (0, 4)]
        if matrix.family == Family.LOADED:
            words[1] = self.matrix  # only the host knows what it has loaded
        return words


def _crc_bit(summed: Signal, bit: int):
    """Bit ``bit`` of the CRC register after a word; ``summed`` is the word plus the register."""
    terms = [summed[n] for n, column in enumerate(_CRC_COLUMNS) if column >> bit & 1]
    return Cat(terms).xor()


def _words(fields: Layout, **values) -> list:
    """The layout's words, from values; a field left out is zero."""
    packed = Cat(
        (Const(0, bits) | values.get(name, 0))[:bits]
        for name, bits in reversed(fields.fields.items())
    )
    return [packed.word_select(n, WORD_BITS) for n in reversed(range(fields.words))]
