"""Native: samples of another chip, on a parallel bus with that chip's clock."""

from amaranth import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.fifo import AsyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ...golden.config import EncoderConfig
from .. import layout
from ..links.limits import check_depth


class Native(wiring.Component):
    """Takes samples in domain ``input``, whose clock is the other chip's, into ``sync``.

    ::

        pins ─► registers ─► asynchronous FIFO ─► sample

    ``sync`` must be at least as fast as the samples come on average over ``depth`` of them; it may
    be slower than the other chip's clock. If it is not, the FIFO fills: a frame of which a sample
    is lost is cut off there, and of a frame whose first sample is lost only a first sample
    arrives. Both are frames too short, which the core's gate drops and counts: no sample ever comes
    out on another channel. From ``sample`` one value a cycle at most; latency is one cycle
    of ``input`` and about four of ``sync``.

    Parameters
    ----------
    depth : int
        Samples in the FIFO, 8 … 4096; raised to a power of two and one more.

    Members
    -------
    valid, first, value, aux : In
        Pins, registered on the rising edge of ``input``: a sample is here; it is its frame's first;
        its value; where there are auxiliary bits, the frame's word, read with the first sample.
    sample : Out(layout.source)
        The same, in ``sync``.

    Raises
    ------
    ConfigError
        For another ``depth``.
    """

    def __new__(cls, config: EncoderConfig, *, depth: int = 16):
        check_depth(depth)  # before Amaranth expects the component to be used
        return super().__new__(cls)

    def __init__(self, config: EncoderConfig, *, depth: int = 16) -> None:
        self._depth = depth
        aux = {"aux": config.aux_bits} if config.aux_bits else {}
        self._word = data.StructLayout({"first": 1, "value": signed(config.sample_bits)} | aux)
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "value": In(signed(config.sample_bits)),
                "sample": Out(layout.source(config)),
            }
            | {name: In(bits) for name, bits in aux.items()}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fifo = fifo = AsyncFIFOBuffered(
            width=self._word.size, depth=self._depth, w_domain="input", r_domain="sync"
        )
        valid, word = Signal(), Signal(self._word, reset_less=True)
        m.d.input += valid.eq(self.valid)
        for name in self._word.members:
            m.d.input += word[name].eq(getattr(self, name))

        # What does not fit is lost, up to the end of its frame.
        lost = Signal()
        owed = Signal(16)  # frames whose first sample was lost; for each a lone first sample
        take, repay, begins = Signal(), Signal(), Signal()
        m.d.comb += [
            begins.eq(valid & word.first),
            take.eq(valid & (word.first | ~lost) & ~(begins & (owed != 0)) & fifo.w_rdy),
            repay.eq(~take & (owed != 0) & fifo.w_rdy),
            fifo.w_en.eq(take | repay),
            fifo.w_data.eq(word),
        ]
        with m.If(repay):
            m.d.comb += fifo.w_data.eq(self._word.const({"first": 1}))
        with m.If(valid & (word.first | ~lost)):
            m.d.input += lost.eq(~take)
        with m.If(begins & ~take & ~repay):
            m.d.input += owed.eq(owed + ~owed.all())
        with m.If(repay & ~(begins & ~take)):
            m.d.input += owed.eq(owed - 1)

        out = self._word(fifo.r_data)
        m.d.comb += [fifo.r_en.eq(1), self.sample.valid.eq(fifo.r_rdy)]
        for name in self._word.members:
            m.d.comb += getattr(self.sample, name).eq(out[name])
        return m
