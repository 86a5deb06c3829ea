"""From samples to codes: every mode built, and the choice between them."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..golden.config import EncoderConfig
from ..golden.format import LOSSLESS, Mode
from . import layout
from .delta import Delta
from .fixed import Fixed
from .highpass import Highpass
from .huffman import Huffman
from .lms import Lms
from .projection import Projection
from .rice import Rice
from .zigzag import Zigzag

_CODERS = {
    Mode.FIXED: Fixed,
    Mode.RICE: Rice,
    Mode.HUFFMAN: Huffman,
    Mode.ADAPTIVE: Huffman,
    Mode.PROJECTION: Huffman,
}


class Pipeline(wiring.Component):
    """Prediction or projection, mapping and coding, as the slot's mode asks; all equally late.

    ::

        i ─┬► Delta ► (Lms) ──────────┬► Zigzag ─┬► Fixed ───┬► o
           └► (Highpass) ► Projection ┘          ├► Rice ────┤
                                                 └► Huffman ─┘

    Latency as `latency` says, one slot per cycle.

    Members
    -------
    i : In(layout.sample)
        Samples.
    o : Out(layout.code)
        Codes.
    load, load_valid : In
        Of the projection, where coefficients are loaded.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self._config = config
        load = {}
        if layout.is_loaded(config):
            load = {"load": In(layout.load_layout(config)), "load_valid": In(1)}
        super().__init__({"i": In(layout.sample(config)), "o": Out(layout.code(config))} | load)

    @classmethod
    def latency(cls, config: EncoderConfig) -> int:
        """Cycles from a sample to its code."""
        return max(cls._latencies(config)) + Zigzag.LATENCY + cls._coder_latency(config)

    @staticmethod
    def least_channels(config: EncoderConfig) -> int:
        """The fewest channels for which a channel's state is back before its next sample comes."""
        least = max(Delta.MIN_CHANNELS, *(_CODERS[mode].MIN_CHANNELS for mode in config.modes))
        if config.projection:
            least = max(least, Highpass.MIN_CHANNELS, Projection.MIN_CHANNELS)
        if Mode.ADAPTIVE in config.modes:
            least = max(least, Lms.MIN_CHANNELS)
        return least

    @staticmethod
    def _coder_latency(config: EncoderConfig) -> int:
        return max(_CODERS[mode].LATENCY for mode in config.modes)

    @staticmethod
    def _latencies(config: EncoderConfig) -> tuple[int, int]:
        """Cycles from a sample to a residual, and to a measurement; 0 where there are none."""
        residual = measurement = 0
        if set(config.modes) & set(LOSSLESS):
            residual = Delta.LATENCY
        if Mode.ADAPTIVE in config.modes:
            residual += Lms.latency(config)
        if config.projection:
            measurement = Projection.LATENCY
            measurement += Highpass.LATENCY if config.projection.highpass_shift else 0
        return residual, measurement

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.zigzag = zigzag = Zigzag(self._config)
        self._signed(m, self.i, zigzag.i)
        codes = self._coders(m, zigzag.o)
        m.d.comb += [self.o.valid.eq(codes.valid), self.o.payload.eq(codes.payload)]
        if layout.is_loaded(self._config):
            projection = m.submodules.projection
            m.d.comb += [
                projection.load.eq(self.load),
                projection.load_valid.eq(self.load_valid),
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
        latencies = [cycles for cycles in self._latencies(config) if cycles]
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
            wait = self._coder_latency(self._config) - coder.LATENCY
            valid, payload = _later(m, symbols, wait)
            m.d.comb += [coder.i.valid.eq(valid), coder.i.payload.eq(payload)]
            if coder.LEAD:
                before = max(self._latencies(self._config)) + Zigzag.LATENCY + wait - coder.LEAD
                valid, payload = _later(m, self.i, before)
                m.d.comb += [coder.early.eq(payload.channel), coder.early_valid.eq(valid)]
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
