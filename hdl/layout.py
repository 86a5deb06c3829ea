"""Payloads of the streams between stages.

Every stream is ``always_ready``: the pipeline never stalls inside. A *slot* is one cycle with
``valid`` set. It holds one sample, or none (``present`` = 0): such a slot only ends a packet.
"""

from functools import partial

from amaranth import Module, Shape, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import Out

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import MAX_CODE_BITS, WORD_BITS, Family

# No memory here is read and written at one address in one cycle. Told so, Yosys adds no logic for
# that case behind memories that cannot do it themselves (ECP5).
NO_COLLISION = {"no_rw_check": True}

# A register that counts only beside a set ``valid``, so that no reset need clear it: `Signal` else.
Unreset = partial(Signal, reset_less=True)

CODE_LENGTH_BITS = MAX_CODE_BITS.bit_length()


def mode_shape(config: EncoderConfig) -> Shape:
    """Index into ``config.modes``."""
    return unsigned(max(1, (len(config.modes) - 1).bit_length()))


def tag(config: EncoderConfig) -> data.StructLayout:
    """What travels with every slot from the gate to the packer."""
    projection = {
        "sample": 1,  # the slot holds a sample, even if it gives no measurement
        "first": 1,  # first frame of a restart, where raw moves to its first measurements
        "fresh": 1,  # first frame of those that do not go on from earlier ones
    }
    return data.StructLayout(
        {
            "present": 1,  # the slot holds a sample, or a measurement
            "raw": 1,  # first frame of a restart: no past to predict from
            "mode": mode_shape(config),
            "end": 1,  # last slot of the packet; it holds no sample where the packet is short
        }
        | (projection if config.projection else {})
    )


def _slot(config: EncoderConfig, **fields: Shape | int) -> stream.Signature:
    layout = {**fields, "channel": range(config.channels), "tag": tag(config)}
    return stream.Signature(data.StructLayout(layout), always_ready=True)


def source(config: EncoderConfig) -> wiring.Signature:
    """What a front end gives: a sample, whether it is its frame's first, the frame's aux word.

    No ``ready``: a probe cannot wait. ``aux`` counts with the first sample.
    """
    members = {"valid": Out(1), "first": Out(1), "value": Out(signed(config.sample_bits))}
    return wiring.Signature(members | ({"aux": Out(config.aux_bits)} if config.aux_bits else {}))


def sample(config: EncoderConfig) -> stream.Signature:
    """Sample: ``value`` as it came from the source."""
    return _slot(config, value=signed(config.sample_bits))


def residual(config: EncoderConfig) -> stream.Signature:
    """Residual: sample minus its prediction, modulo 2^W."""
    return _slot(config, value=signed(config.sample_bits))


def is_loaded(config: EncoderConfig) -> bool:
    """Are there coefficients to load?"""
    return config.projection is not None and config.projection.family == Family.LOADED


def load_layout(config: EncoderConfig) -> data.StructLayout:
    """A coefficient, and where it belongs."""
    matrix = config.projection
    return data.StructLayout(
        {
            "value": signed(matrix.coefficient_bits),
            "frame": range(matrix.window),
            "index": range(max(2, matrix.measurements)),
        }
    )


def filtered(config: EncoderConfig) -> stream.Signature:
    """Sample without its mean, or as it is where there is no high-pass."""
    return _slot(config, value=signed(config.projection.value_bits))


def measurement(config: EncoderConfig) -> stream.Signature:
    """Measurement, without its lowest ``shift`` bits; ``present`` in the slots that give one."""
    return _slot(config, value=signed(config.projection.code_bits))


def symbol_bits(config: EncoderConfig) -> int:
    """Width of the widest symbol."""
    return max(config.symbol_bits(mode) for mode in config.modes)


def signed_symbol(config: EncoderConfig) -> stream.Signature:
    """Residual or measurement, as wide as the widest."""
    return _slot(config, value=signed(symbol_bits(config)))


def symbol(config: EncoderConfig) -> stream.Signature:
    """Symbol: what is coded, mapped to an unsigned number, small magnitudes first."""
    return _slot(config, value=unsigned(symbol_bits(config)))


def code(config: EncoderConfig) -> stream.Signature:
    """Code: ``bits``, right-aligned and zero above its ``length``; both 0 where not present."""
    return _slot(config, bits=MAX_CODE_BITS, length=CODE_LENGTH_BITS)


def word_layout(config: EncoderConfig) -> data.StructLayout:
    """Word: 32 payload ``bits`` and what the framer must know of their packet."""
    return data.StructLayout(
        {
            "bits": WORD_BITS,
            "restart": 1,
            "mode": mode_shape(config),
            "last": 1,  # the packet's last word
            "short": 1,  # with last: fewer frames than packet_frames
        }
    )


def word(config: EncoderConfig) -> stream.Signature:
    """Stream of words out of the packer."""
    return stream.Signature(word_layout(config), always_ready=True)


def link_layout() -> data.StructLayout:
    """One word on the link, ``last`` where it ends a packet."""
    return data.StructLayout({"data": WORD_BITS, "last": 1})


def register(m: Module, port) -> Signal:
    """Return a register for what ``port`` (a stream that is given) shows as its payload.

    It has no reset: what is in it counts only while ``valid`` is set.
    """
    held = Unreset(port.payload.shape())
    m.d.comb += port.payload.eq(held)
    return held


def delay(m: Module, source, cycles: int) -> tuple[list, list]:
    """Register ``source`` (a stream) ``cycles`` times.

    Returns
    -------
    valid, payload : list, list
        The stream 1, 2 … ``cycles`` cycles later.
    """
    valid, payload = [], []
    last_valid, last_payload = source.valid, source.payload
    for _ in range(cycles):
        next_valid = Signal()
        next_payload = Unreset(source.payload.shape())
        m.d.sync += [next_valid.eq(last_valid), next_payload.eq(last_payload)]
        valid.append(next_valid)
        payload.append(next_payload)
        last_valid, last_payload = next_valid, next_payload
    return valid, payload


def check_channels(channels: int, least: int, stage: str) -> None:
    """Raise ``ConfigError`` where a stage would read again before it has written."""
    if channels < least:
        raise ConfigError(f"{stage} needs at least {least} channels, not {channels}")
