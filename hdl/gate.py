"""Entry gate: frames in, or whole frames dropped and counted; see `probecodec.golden.gate`."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from . import layout


class Gate(wiring.Component):
    """Numbers channels, cuts packets, and keeps out what the link cannot carry.

    The source never waits. At a frame's first sample the gate lets the whole frame in, if the
    output FIFO has room for a frame of the longest codes, or drops the whole frame. A packet ends
    early, and the gate closes, when a frame is dropped, when the source breaks off or overruns a
    frame, or when the core is disabled. A closed gate drops (and counts) every frame until all
    packets are sent; so it need not remember more than one gap.

    Latency 1 cycle, one slot per cycle.

    Members
    -------
    valid, first, value, aux : In
        The source: a sample, whether it is its frame's first, and the frame's auxiliary word,
        read with the first sample.
    enable, mode, restart_interval : In
        Registers; ``mode`` is an index into ``config.modes``.
    room : In(1)
        The FIFO takes a frame of the longest codes.
    drained : In(1)
        All packets are sent.
    o : Out(layout.sample)
        Samples.
    word : Out(aux_bits)
        The auxiliary word of the latest frame; stable until the next.
    short_frames : Out(16)
        Whole frames in the packet that ended early; stable until ``resume``.
    resume : Out(1)
        The gate opens again; ``dropped`` frames lie behind, for the reasons ``overrun`` and
        ``misframe``. All are stable in this cycle and change with the next.
    """

    LATENCY = 1

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
                "resume": Out(1),
                "dropped": Out(32),
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
        last_channel, last_frame = config.channels - 1, config.packet_frames - 1

        channel = Signal(range(config.channels))  # of the next sample
        in_frame = Signal()  # between a frame's first sample and its last
        admitted = Signal()  # that frame goes in
        frames = Signal(16)  # whole frames in the packet so far
        closed = Signal()
        must_restart = Signal(init=1)
        packets = Signal(16)  # since the restart, that one included
        open_tag = Signal(layout.tag(config))  # what holds for the whole packet

        # What this cycle brings.
        may_open = Signal()
        begins = self.valid & self.first
        aligned = Signal()  # a frame has begun since reset: before, samples are ignored
        broken = Signal()  # a frame too short, or a sample beyond its last
        m.d.comb += broken.eq(self.valid & Mux(self.first, in_frame, ~in_frame & aligned))
        opens = Signal()  # the gate opens, or already is
        closing = Signal()  # a packet's end is on its way; ``drained`` does not know of it yet
        m.d.comb += [
            may_open.eq(Mux(closed, self.drained & ~closing, ~broken)),
            opens.eq(may_open & self.enable & self.room),
        ]
        admit, drop = Signal(), Signal()
        m.d.comb += [
            admit.eq(begins & opens),
            drop.eq(begins & ~opens),
            self.resume.eq(begins & opens & closed),
        ]
        disabled = ~self.enable & ~in_frame
        close = Signal()
        m.d.comb += close.eq(~closed & (broken | drop | disabled))

        # The packet that a frame begins.
        packet_begins = frames == 0
        mode_changes = self.mode != open_tag.mode
        restart = Signal()
        m.d.comb += restart.eq(must_restart | mode_changes | (packets >= self.restart_interval))

        o = self.o.payload
        m.d.sync += [
            self.o.valid.eq(0),
            o.value.eq(self.value),
            o.channel.eq(Mux(begins, 0, channel)),
            o.tag.eq(open_tag),
            o.tag.present.eq(1),
            o.tag.end.eq(0),
            o.tag.short.eq(0),
        ]

        with m.If(begins):
            m.d.sync += [
                aligned.eq(1),
                in_frame.eq(1),
                admitted.eq(opens),
                channel.eq(1),
            ]
            if config.aux_bits:
                m.d.sync += self.word.eq(self.aux)
        with m.If(admit):
            m.d.sync += [self.o.valid.eq(1), closed.eq(0), open_tag.raw.eq(0), o.tag.raw.eq(0)]
            with m.If(packet_begins | closed):
                m.d.sync += [
                    frames.eq(0),
                    must_restart.eq(0),
                    packets.eq(Mux(restart, 1, packets + 1)),
                    open_tag.mode.eq(self.mode),
                    open_tag.restart.eq(restart),
                    open_tag.raw.eq(restart),
                    o.tag.mode.eq(self.mode),
                    o.tag.restart.eq(restart),
                    o.tag.raw.eq(restart),
                ]
        with m.Elif(self.valid & in_frame & ~self.first):
            m.d.sync += [self.o.valid.eq(admitted), channel.eq(channel + 1)]
            with m.If(channel == last_channel):
                m.d.sync += in_frame.eq(0)
                with m.If(admitted):
                    m.d.sync += [
                        frames.eq(Mux(frames == last_frame, 0, frames + 1)),
                        o.tag.end.eq(frames == last_frame),
                    ]

        # A packet under way ends with a slot that holds no sample.
        m.d.sync += closing.eq(close)
        with m.If(close):
            m.d.sync += [
                closed.eq(1),
                self.short_frames.eq(frames),
                self.o.valid.eq((frames != 0) | (in_frame & admitted)),
                o.tag.present.eq(0),
                o.tag.end.eq(1),
                o.tag.short.eq(1),
            ]

        # What the next packet's header reports.
        lost = Signal(range(3))  # the frame that begins, and the one it broke off
        m.d.comb += lost.eq(drop + (close & in_frame & admitted))
        was_broken = Signal()
        m.d.comb += self.misframe.eq(was_broken | broken)
        with m.If(self.resume):
            m.d.sync += [self.dropped.eq(0), self.overrun.eq(0), was_broken.eq(0)]
        with m.Else():
            m.d.sync += self.dropped.eq(self.dropped + lost)
            with m.If(broken):
                m.d.sync += [was_broken.eq(1), must_restart.eq(1)]
            with m.If(close & disabled):
                m.d.sync += must_restart.eq(1)
            with m.If(drop & self.enable & ~closed & ~broken):
                m.d.sync += self.overrun.eq(1)
        return m
