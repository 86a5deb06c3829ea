"""Our codec, measured: the host's codec encodes, and decodes all that it encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import Order
from ..host import fast, open_capture
from ..host.recording import Recording
from .measuring import measured
from .result import Kind, Result


class Ours(NamedTuple):
    """A preset, and the order in which the source delivers the channels."""

    preset: str
    order: Order = Order.SEQUENTIAL


# A preset for each lossless mode; and what a probe's own order makes of the best.
OURS = {name: Ours(name) for name in ("fixed", "tiny", "small", "adaptive")} | {
    f"adaptive-{order.name.lower()}": Ours("adaptive", order) for order in (Order.NP1, Order.NP2)
}


def our_result(name: str, recording: Recording) -> Result:
    """Measure the method ``name``; one that does not fit the recording is a row that says why."""
    try:
        config = recording.config(OURS[name].preset, aux_bits=0, order=OURS[name].order)
    except ConfigError as error:
        return Result(method=name, kind=Kind.OURS, note=f"skipped: {error}")
    return ours(name, config, recording.samples)


def ours(name: str, config: EncoderConfig, samples: NDArray[np.int16]) -> Result:
    """Encode ``samples`` (frames, channels), all packets counted; decode and compare them."""
    # Compiled before it is timed.
    open_capture(b"".join(fast.encoder(config).packets(samples[:2])))[:]

    encoder = fast.encoder(config)

    def encode() -> list[bytes]:
        nonlocal encoder
        encoder = fast.encoder(config)
        return [b"".join(encoder.packets(samples))]

    restart_frames = config.restart_interval * config.packet_frames
    result = measured(
        name,
        samples,
        config.sample_bits,
        encode=encode,
        decode=lambda stream: np.asarray(open_capture(stream[0], workers=1)),
        kind=Kind.OURS,
        about=f"restart every {restart_frames} frames",
        settings={
            "mode": config.modes[0].name.lower(),
            "order": config.order.name.lower(),
            "packet_frames": config.packet_frames,
            "restart_frames": restart_frames,
        },
    )
    bits = np.round(encoder.channel_bits / len(samples), 3)
    return replace(result, channel_bits=bits.tolist())
