"""The whole encoder; see `probecodec.golden.encoder`."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import WORD_BITS
from ..golden.registers import ADDRESS_BITS
from . import layout
from .auxiliary import Auxiliary
from .fifo import Fifo
from .framer import Framer
from .gate import Gate
from .packer import Packer
from .pipeline import Pipeline
from .registers import Registers


def signature(config: EncoderConfig) -> wiring.Signature:
    """Return the ports of an encoder; those of an auxiliary word only where it has one."""
    return wiring.Signature(
        {
            "sample_valid": In(1),
            "sample_first": In(1),
            "sample_value": In(signed(config.sample_bits)),
        }
        | ({"sample_aux": In(config.aux_bits)} if config.aux_bits else {})
        | {
            "link_valid": Out(1),
            "link_ready": In(1),
            "link_data": Out(WORD_BITS),
            "link_last": Out(1),
            "reg_address": In(ADDRESS_BITS),
            "reg_write": In(1),
            "reg_wdata": In(WORD_BITS),
            "reg_rdata": Out(WORD_BITS),
        }
    )


def latency(config: EncoderConfig) -> int:
    """Cycles from a packet's last sample to its last word at the FIFO."""
    to_codes = Gate.LATENCY + Pipeline.latency(config)
    return to_codes + (Auxiliary.LATENCY if config.aux_bits else 0) + Packer.LATENCY


def reserved_words(config: EncoderConfig) -> int:
    """Words that must be free in the FIFO for a frame to enter.

    A frame of the longest codes, and what was under way when the gate looked at the FIFO's level.
    """
    return config.max_frame_words + latency(config) + 5


def least_channels(config: EncoderConfig) -> int:
    """The fewest channels for which a channel's state is back before its next sample comes."""
    least = Pipeline.least_channels(config)
    if config.aux_bits:
        # One bit rides on each code; and the word waits at the gate until the first code has gone.
        least = max(least, config.aux_bits + 1, Gate.LATENCY + Pipeline.latency(config) + 1)
    return least


def check(config: EncoderConfig) -> None:
    """Raise ConfigError where the core cannot be built so."""
    least = least_channels(config)
    if config.channels < least:
        raise ConfigError(
            f"channels = {config.channels} is too few for the core's pipeline: use at least {least}"
        )
    if config.fifo_words < reserved_words(config):
        raise ConfigError(
            f"fifo_words = {config.fifo_words} is too small for a frame of the longest codes; "
            f"use at least {reserved_words(config)}"
        )


class Encoder(wiring.Component):
    """Samples in, packets out: one sample per clock for every input.

    ::

        sample ► Gate ► Pipeline ► Auxiliary ► Packer ─┐
                  ▲                                    │
                  └─ room for the longest codes ─ FIFO ◄
                                                   └► Framer ► link

    The stages before the FIFO never stall; a link that falls behind costs whole frames at the
    gate, counted and reported in the next header. Everything runs in the ``sync`` domain; its
    reset empties the pipeline and begins a new stream at frame 0.

    Members
    -------
    sample_valid, sample_first, sample_value, sample_aux : In
        A sample; whether it is its frame's first; its signed value; the frame's auxiliary word,
        read with the first sample. There is no ``ready``: a probe cannot wait.
    link_valid, link_ready, link_data, link_last
        32-bit words, most significant byte first; ``link_last`` marks a packet's last word.
    reg_address, reg_write, reg_wdata, reg_rdata
        Registers: `probecodec.golden.registers`. Tie the inputs to 0 where they are not needed.

    Raises
    ------
    ConfigError
        Where the channels are too few for the pipeline's feedback, or the FIFO too small.
    """

    def __new__(cls, config: EncoderConfig):
        check(config)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        self.latency = latency(config)
        super().__init__(signature(config))

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        m.submodules.gate = gate = Gate(config)
        m.submodules.pipeline = pipeline = Pipeline(config)
        m.submodules.packer = packer = Packer(config)
        m.submodules.fifo = fifo = Fifo(config)
        m.submodules.framer = framer = Framer(config)
        m.submodules.registers = registers = Registers(config)

        m.d.comb += [
            gate.valid.eq(self.sample_valid),
            gate.first.eq(self.sample_first),
            gate.value.eq(self.sample_value),
        ]
        wiring.connect(m, gate.o, pipeline.i)
        codes = pipeline.o
        if config.aux_bits:
            m.submodules.auxiliary = auxiliary = Auxiliary(config)
            wiring.connect(m, codes, auxiliary.i)
            m.d.comb += [gate.aux.eq(self.sample_aux), auxiliary.word.eq(gate.word)]
            codes = auxiliary.o
        wiring.connect(m, codes, packer.i)
        wiring.connect(m, packer.o, fifo.i)
        wiring.connect(m, fifo.o, framer.i)
        m.d.comb += [
            self.link_valid.eq(framer.link.valid),
            framer.link.ready.eq(self.link_ready),
            self.link_data.eq(framer.link.payload.data),
            self.link_last.eq(framer.link.payload.last),
        ]

        assert self.latency - Gate.LATENCY + fifo.LATENCY >= framer.SETTLING

        # The gate's view of what lies before it.
        under_way = Signal(range(self.latency + 2))  # counts down while the pipeline runs empty
        room = Signal(init=1)
        m.d.comb += gate.room.eq(room)
        m.d.sync += [
            room.eq(fifo.stored <= config.fifo_words - reserved_words(config)),
            gate.drained.eq((under_way == 0) & ~gate.o.valid & fifo.empty & framer.idle),
        ]
        with m.If(gate.o.valid):
            m.d.sync += under_way.eq(self.latency + 1)
        with m.Elif(under_way != 0):
            m.d.sync += under_way.eq(under_way - 1)

        for name in ("resume", "short_frames", "dropped", "overrun", "misframe"):
            m.d.comb += getattr(framer, name).eq(getattr(gate, name))
        m.d.comb += [
            framer.stream_id.eq(registers.stream_id),
            gate.enable.eq(registers.enable),
            gate.mode.eq(registers.mode),
            gate.restart_interval.eq(registers.restart_interval),
            registers.overrun.eq(gate.overrun),
            registers.misframe.eq(gate.misframe),
            registers.idle.eq(gate.drained & ~gate.busy),
            registers.drop_count.eq(framer.drop_count),
            registers.address.eq(self.reg_address),
            registers.write.eq(self.reg_write),
            registers.wdata.eq(self.reg_wdata),
            self.reg_rdata.eq(registers.rdata),
        ]
        if layout.is_loaded(config):
            m.d.comb += [
                framer.matrix.eq(registers.matrix),
                pipeline.load.eq(registers.load),
                pipeline.load_valid.eq(registers.load_valid),
            ]
        return m
