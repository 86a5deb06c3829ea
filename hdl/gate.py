"""Entry gate: frames in, or whole frames dropped and counted; see `probecodec.golden.gate`."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import HEADER
from . import layout
from .layout import Unreset

DROP_BITS = HEADER.fields["drop_count"] + 1  # so that the framer sees that a header's begins anew


class Gate(wiring.Component):
    """Numbers channels, cuts packets, and keeps out what the link cannot carry.

    The source never waits. At a frame's first sample the gate lets the whole frame in, if the
    output FIFO has room for a frame of the longest codes, or drops the whole frame. A packet ends
    early, and the gate closes, when a frame is dropped, when the source breaks off or overruns a
    frame, or when the core is disabled. A closed gate drops (and counts) every frame until all
    packets are sent; so it need not remember more than one gap.

    Latency 2 cycles, one slot per cycle.

    Members
    -------
    valid, first, value, aux : In
        The source: a sample, whether it is its frame's first, and the frame's auxiliary word,
        read with the first sample.
    enable, mode, restart_interval : In
        Registers; ``mode`` is an index into ``config.modes``.
    room : In(1)
        The FIFO takes a frame of the longest codes.
    busy : Out(1)
        A packet has begun and not ended, or its last slot is just leaving.
    drained : In(1)
        All packets are sent.
    o : Out(layout.sample)
        Samples.
    word : Out(aux_bits)
        The auxiliary word of the latest frame; stable until the next.
    short_frames : Out(16)
        Whole frames in the packet that ended early; stable from its last slot until the
        gate opens again.
    resume : Out(1)
        The gate opens again; it was closed for the reasons ``overrun`` and ``misframe``, which are
        stable in this cycle and change with the next.
    dropped : Out(DROP_BITS)
        Frames dropped since reset; stable at ``resume`` and in the next cycle.
    """

    LATENCY = 2

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "value": In(config.sample_bits),
                "enable": In(1),
                "mode": In(layout.mode_shape(config)),
                "restart_interval": In(16),
                "room": In(1),
                "drained": In(1),
                "o": Out(layout.sample(config)),
                "short_frames": Out(16),
                "busy": Out(1),
                "resume": Out(1),
                "dropped": Out(DROP_BITS),
                "overrun": Out(1),
                "misframe": Out(1),
            }
            | (
                {"aux": In(config.aux_bits), "word": Out(config.aux_bits)}
                if config.aux_bits
                else {}
            )
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config

        # Cycle 1: where in a frame is this sample? That does not depend on what goes in.
        channel = Signal(range(config.channels))
        in_frame, aligned = Signal(), Signal()  # within a frame; one has begun since reset
        begins, goes_on, ends, broken = (Signal() for _ in range(4))
        value = Signal(signed(config.sample_bits), reset_less=True)
        m.d.sync += [
            begins.eq(self.valid & self.first),
            goes_on.eq(self.valid & ~self.first & in_frame),
            # A frame too short, or a sample beyond its last.
            broken.eq(self.valid & Mux(self.first, in_frame, ~in_frame & aligned)),
            ends.eq(channel == config.channels - 2),
            value.eq(self.value),
        ]
        with m.If(self.valid):
            m.d.sync += channel.eq(Mux(self.first, 0, channel + 1))
            with m.If(self.first):
                m.d.sync += [in_frame.eq(1), aligned.eq(1)]
            with m.Elif(channel == config.channels - 2):
                m.d.sync += in_frame.eq(0)

        # Cycle 2: what goes in.
        closed, closing = Signal(), Signal()  # closing: ``drained`` does not know of the end yet
        admitted = Signal()  # the frame in progress goes in
        mid_frame = Signal()
        under_way = Signal()  # a packet has begun and not ended
        go, stopped = Signal(init=1), Signal()
        m.d.sync += [go.eq(self.enable & self.room), stopped.eq(~self.enable)]
        admit, drop, close = Signal(), Signal(), Signal()
        m.d.comb += [
            admit.eq(begins & go & Mux(closed, self.drained & ~closing, ~broken)),
            drop.eq(begins & ~admit),
            close.eq(~closed & (broken | (begins & ~go) | (stopped & ~mid_frame))),
        ]

        # The packet that a frame may begin, decided a cycle ahead.
        must_restart = Signal(init=1)
        packets = Unreset(16)  # since the restart, that one included
        open_tag = Signal(layout.tag(config))  # what holds for the whole packet
        mode, restart, fresh = Signal.like(self.mode), Signal(init=1), Signal(init=1)
        m.d.sync += [
            mode.eq(self.mode),
            restart.eq(
                must_restart | (self.mode != open_tag.mode) | (packets >= self.restart_interval)
            ),
            fresh.eq(must_restart | (self.mode != open_tag.mode)),
        ]
        frames = Signal(range(config.packet_frames))  # whole frames in the packet so far
        is_last_frame = Signal()
        m.d.sync += is_last_frame.eq(frames == config.packet_frames - 1)

        o = layout.register(m, self.o)
        m.d.sync += [
            self.o.valid.eq(goes_on & admitted),
            o.value.eq(value),
            o.channel.eq(channel),
            o.tag.eq(open_tag),
            o.tag.present.eq(1),
            o.tag.end.eq(0),
        ]
        if config.projection:
            m.d.sync += o.tag.sample.eq(1)
        with m.If(begins):
            m.d.sync += [admitted.eq(admit), mid_frame.eq(1)]
        with m.If(admit):
            m.d.sync += [self.o.valid.eq(1), closed.eq(0), open_tag.raw.eq(0), o.tag.raw.eq(0)]
            if config.projection:
                for tag in (open_tag, o.tag):
                    m.d.sync += [tag.first.eq(0), tag.fresh.eq(0)]
            with m.If(~under_way):
                m.d.sync += [
                    under_way.eq(1),
                    frames.eq(0),
                    must_restart.eq(0),
                    packets.eq(Mux(restart, 1, packets + 1)),
                    open_tag.mode.eq(mode),
                    open_tag.raw.eq(restart),
                    o.tag.mode.eq(mode),
                    o.tag.raw.eq(restart),
                ]
                if config.projection:
                    for tag in (open_tag, o.tag):
                        m.d.sync += [tag.first.eq(restart), tag.fresh.eq(fresh)]
        with m.If(goes_on & ends):
            m.d.sync += [admitted.eq(0), mid_frame.eq(0)]
            with m.If(admitted):
                m.d.sync += [frames.eq(frames + 1), o.tag.end.eq(is_last_frame)]
                with m.If(is_last_frame):
                    m.d.sync += [under_way.eq(0), frames.eq(0)]

        # A packet under way ends with a slot that holds no sample.
        m.d.sync += closing.eq(close)
        with m.If(close):
            m.d.sync += [
                closed.eq(1),
                under_way.eq(0),
                self.o.valid.eq(under_way),
                o.tag.present.eq(0),
                o.tag.end.eq(1),
            ]
            if config.projection:
                m.d.sync += o.tag.sample.eq(0)

        m.d.comb += [
            self.busy.eq(under_way | closing | self.o.valid),
            self.short_frames.eq(frames),  # counts on only when a packet begins
        ]

        # What the next packet's header reports.
        lost = Signal(range(3))  # the frame that begins, and the one it broke off
        m.d.sync += [
            self.resume.eq(admit & closed),
            lost.eq(drop + (close & admitted)),
        ]
        with m.If(lost != 0):  # seldom, so that its clock can rest
            m.d.sync += self.dropped.eq(self.dropped + lost)
        with m.If(self.resume):
            m.d.sync += [self.overrun.eq(0), self.misframe.eq(0)]
        with m.If(broken):
            m.d.sync += self.misframe.eq(1)
        with m.If(~admit & (broken | stopped)):
            m.d.sync += must_restart.eq(1)
        with m.If(close & ~broken & ~stopped):
            m.d.sync += self.overrun.eq(1)

        if config.aux_bits:
            aux = Signal(config.aux_bits)
            m.d.sync += aux.eq(self.aux)
            with m.If(begins):
                m.d.sync += self.word.eq(aux)
        return m
