"""Payloads of the streams between stages.

Every stream is ``always_ready``: the pipeline never stalls inside. A *slot* is one cycle with
``valid`` set. It holds one sample, or none (``present`` = 0): such a slot only ends a packet.
"""

from amaranth import Module, Shape, Signal, signed, unsigned
from amaranth.lib import data, stream

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import MAX_CODE_BITS, WORD_BITS
from ..golden.projection_config import ProjectionConfig

# No memory here is read and written at one address in one cycle. Told so, Yosys adds no logic for
# that case behind memories that cannot do it themselves (ECP5).
NO_COLLISION = {"no_rw_check": True}

CODE_LENGTH_BITS = MAX_CODE_BITS.bit_length()


def mode_shape(config: EncoderConfig) -> Shape:
    """Index into ``config.modes``."""
    return unsigned(max(1, (len(config.modes) - 1).bit_length()))


def tag(config: EncoderConfig) -> data.StructLayout:
    """What travels with every slot from the gate to the packer."""
    return data.StructLayout(
        {
            "present": 1,  # the slot holds a sample
            "raw": 1,  # first frame of a restart: no past to predict from
            "restart": 1,  # the packet restarts
            "mode": mode_shape(config),
            "end": 1,  # last slot of the packet
            "short": 1,  # with end: the packet holds fewer frames than packet_frames
        }
    )


def _slot(config: EncoderConfig, **fields: Shape | int) -> stream.Signature:
    layout = {**fields, "channel": range(config.channels), "tag": tag(config)}
    return stream.Signature(data.StructLayout(layout), always_ready=True)


def sample(config: EncoderConfig) -> stream.Signature:
    """Sample: ``value`` as it came from the source."""
    return _slot(config, value=signed(config.sample_bits))


def residual(config: EncoderConfig) -> stream.Signature:
    """Residual: sample minus its prediction, modulo 2^W."""
    return _slot(config, value=signed(config.sample_bits))


def symbol(config: EncoderConfig) -> stream.Signature:
    """Symbol: the residual mapped to an unsigned number, small magnitudes first."""
    return _slot(config, value=unsigned(config.sample_bits))


def code(config: EncoderConfig) -> stream.Signature:
    """Code: ``bits``, right-aligned and zero above its ``length``; both 0 where not present."""
    return _slot(config, bits=MAX_CODE_BITS, length=CODE_LENGTH_BITS)


def frame_slot(config: ProjectionConfig, value_bits: int) -> stream.Signature:
    """Slot of high-pass and projection: a sample of ``value_bits``.

    A frame's channels come in turn; in all slots of the first frame after a restart, ``raw`` is 1.
    """
    tag = data.StructLayout({"present": 1, "raw": 1})
    fields = {"value": signed(value_bits), "channel": range(config.channels), "tag": tag}
    return stream.Signature(data.StructLayout(fields), always_ready=True)


def measurement(config: ProjectionConfig) -> stream.Signature:
    """Measurement: number ``index`` of the channel's last window."""
    fields = {
        "value": signed(config.measurement_bits),
        "channel": range(config.channels),
        "index": range(max(2, config.measurements)),
    }
    return stream.Signature(data.StructLayout(fields), always_ready=True)


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
        next_payload = Signal(source.payload.shape(), reset_less=True)
        m.d.sync += [next_valid.eq(last_valid), next_payload.eq(last_payload)]
        valid.append(next_valid)
        payload.append(next_payload)
        last_valid, last_payload = next_valid, next_payload
    return valid, payload


def check_channels(channels: int, least: int, stage: str) -> None:
    """Raise ``ConfigError`` where a stage would read again before it has written."""
    if channels < least:
        raise ConfigError(f"{stage} needs at least {least} channels, not {channels}")
