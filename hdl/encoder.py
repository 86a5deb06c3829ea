"""The whole encoder; see `probecodec.golden.encoder`."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import LOSSLESS, WORD_BITS, Mode
from ..golden.registers import ADDRESS_BITS
from . import layout
from .auxiliary import Auxiliary
from .delta import Delta
from .fifo import Fifo
from .fixed import Fixed
from .framer import Framer
from .gate import Gate
from .highpass import Highpass
from .huffman import Huffman
from .lms import Lms
from .packer import Packer
from .projection import Projection
from .registers import Registers
from .rice import Rice
from .zigzag import Zigzag

_CODERS = {
    Mode.FIXED: Fixed,
    Mode.RICE: Rice,
    Mode.HUFFMAN: Huffman,
    Mode.ADAPTIVE: Huffman,
    Mode.PROJECTION: Huffman,
}


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
    return _to_codes(config) + (Auxiliary.LATENCY if config.aux_bits else 0) + Packer.LATENCY


def reserved_words(config: EncoderConfig) -> int:
    """Words that must be free in the FIFO for a frame to enter.

    A frame of the longest codes, and what was under way when the gate looked at the FIFO's level.
    """
    return config.max_frame_words + latency(config) + 4


def least_channels(config: EncoderConfig) -> int:
    """The fewest channels for which a channel's state is back before its next sample comes."""
    least = max(Delta.MIN_CHANNELS, *(_CODERS[mode].MIN_CHANNELS for mode in config.modes))
    if config.projection:
        least = max(least, Highpass.MIN_CHANNELS, Projection.MIN_CHANNELS)
    if Mode.ADAPTIVE in config.modes:
        least = max(least, Lms.MIN_CHANNELS)
    if config.aux_bits:
        # One bit rides on each code; and the word waits at the gate until the first code has gone.
        least = max(least, config.aux_bits + 1, _to_codes(config) + 1)
    return least


def _coder_latency(config: EncoderConfig) -> int:
    return max(_CODERS[mode].LATENCY for mode in config.modes)


def _to_codes(config: EncoderConfig) -> int:
    return Gate.LATENCY + max(_latencies(config)) + Zigzag.LATENCY + _coder_latency(config)


def _latencies(config: EncoderConfig) -> tuple[int, int]:
    """Cycles from the gate to a residual, and to a measurement; 0 where there are none."""
    residual = measurement = 0
    if set(config.modes) & set(LOSSLESS):
        residual = Delta.LATENCY
    if Mode.ADAPTIVE in config.modes:
        residual += Lms.latency(config)
    if config.projection:
        measurement = Projection.LATENCY
        measurement += Highpass.LATENCY if config.projection.highpass_shift else 0
    return residual, measurement


def _check(config: EncoderConfig) -> None:
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

        sample ► Gate ┬► Delta ► (Lms) ──────────┬► Zigzag ► Fixed | Rice | Huffman ► Auxiliary ─┐
                  ▲   └► (Highpass) ► Projection ┘                                               ▼
                  └────────────────────── room for a frame of the longest codes ── FIFO ◄── Packer
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
        _check(config)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        self.latency = latency(config)
        super().__init__(signature(config))

    def elaborate(self, platform) -> Module:
        m = Module()
        config = self._config
        m.submodules.gate = gate = Gate(config)
        m.submodules.zigzag = zigzag = Zigzag(config)
        m.submodules.packer = packer = Packer(config)
        m.submodules.fifo = fifo = Fifo(config)
        m.submodules.framer = framer = Framer(config)
        m.submodules.registers = registers = Registers(config)

        m.d.comb += [
            gate.valid.eq(self.sample_valid),
            gate.first.eq(self.sample_first),
            gate.value.eq(self.sample_value),
        ]
        self._signed(m, gate.o, zigzag.i)
        codes = self._coders(m, zigzag.o)
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
            registers.idle.eq(gate.drained),
            registers.drop_count.eq(framer.drop_count),
            registers.address.eq(self.reg_address),
            registers.write.eq(self.reg_write),
            registers.wdata.eq(self.reg_wdata),
            self.reg_rdata.eq(registers.rdata),
        ]
        if layout.is_loaded(config):
            m.d.comb += [
                framer.matrix.eq(registers.matrix),
                m.submodules.projection.load.eq(registers.load),
                m.submodules.projection.load_valid.eq(registers.load_valid),
            ]
        return m

    def _signed(self, m: Module, samples, o) -> None:
        """Make residuals, measurements or both of ``samples``, equally late, as the mode asks."""
        config, paths = self._config, []
        if set(config.modes) & set(LOSSLESS):
            m.submodules.delta = stage = Delta(config)
            _feed(m, samples, stage.i)
            if Mode.ADAPTIVE in config.modes:
                m.submodules.lms = lms = Lms(config)
                wiring.connect(m, stage.o, lms.i)
                stage = lms
            paths.append(stage.o)
        if config.projection:
            m.submodules.projection = stage = Projection(config)
            if config.projection.highpass_shift:
                m.submodules.highpass = highpass = Highpass(config)
                _feed(m, samples, highpass.i)
                wiring.connect(m, highpass.o, stage.i)
            else:
                _feed(m, samples, stage.i)
            paths.append(stage.o)
        latencies = [cycles for cycles in _latencies(config) if cycles]
        paths = [
            _later(m, path, max(latencies) - cycles)
            for path, cycles in zip(paths, latencies, strict=True)
        ]
        m.d.comb += [o.valid.eq(paths[0][0]), *_fields(o.payload, paths[0][1])]
        if len(paths) > 1:
            with m.If(paths[0][1].tag.mode == config.modes.index(Mode.PROJECTION)):
                m.d.comb += _fields(o.payload, paths[1][1])

    def _coders(self, m: Module, symbols):
        """Build every coder, made equally late, and choose by the slot's mode."""
        outputs = {}
        for kind in dict.fromkeys(_CODERS[mode] for mode in self._config.modes):
            name = kind.__name__.lower()
            m.submodules[name] = coder = kind(self._config)
            source = symbols
            wait = _coder_latency(self._config) - coder.LATENCY
            if wait:
                valid, payload = layout.delay(m, symbols, wait)
                source = symbols.signature.create(path=(f"{name}_symbols",))
                m.d.comb += [source.valid.eq(valid[-1]), source.payload.eq(payload[-1])]
            m.d.comb += [coder.i.valid.eq(source.valid), coder.i.payload.eq(source.payload)]
            outputs[kind] = coder.o
        first = next(iter(outputs.values()))
        if len(outputs) == 1:
            return first
        codes = first.signature.create(path=("codes",))
        m.d.comb += codes.valid.eq(first.valid)
        for n, mode in enumerate(self._config.modes):
            with m.If(first.payload.tag.mode == n):
                m.d.comb += codes.payload.eq(outputs[_CODERS[mode]].payload)
        return codes


def _later(m: Module, source, cycles: int):
    """``source``, (valid, payload), ``cycles`` later."""
    if not cycles:
        return source.valid, source.payload
    valid, payload = layout.delay(m, source, cycles)
    return valid[-1], payload[-1]


def _fields(target, source) -> list:
    """Assign a payload to one with a value of another width."""
    return [
        target.value.eq(source.value),
        target.channel.eq(source.channel),
        target.tag.eq(source.tag),
    ]


def _feed(m: Module, source, target) -> None:
    """Connect a stream that goes to several stages, or into a value of another width."""
    m.d.comb += [target.valid.eq(source.valid), *_fields(target.payload, source.payload)]
