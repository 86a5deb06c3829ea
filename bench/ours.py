"""Our codec, measured: the host's codec encodes, and decodes all that it encoded."""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden.config import PRESETS, ConfigError, EncoderConfig
from ..golden.format import Order
from ..host import fast, open_capture
from ..host.recording import Recording
from .result import Result, measured


class Ours(NamedTuple):
    """A preset, and the order in which the source delivers the channels."""

    preset: str
    order: Order = Order.SEQUENTIAL


# Every preset whose first mode no other has; and what a probe's own order makes of the best.
OURS = {name: Ours(name) for name in PRESETS if name != "dual"} | {
    f"adaptive-{order.name.lower()}": Ours("adaptive", order) for order in (Order.NP1, Order.NP2)
}


def our_result(name: str, recording: Recording) -> Result:
    """Measure the method ``name``; one that does not fit the recording is a row that says why."""
    try:
        config = recording.config(OURS[name].preset, aux_bits=0, order=OURS[name].order)
    except ConfigError as error:
        return Result(method=name, ours=True, note=f"skipped: {error}")
    return ours(name, config, recording.samples)


def ours(name: str, config: EncoderConfig, samples: NDArray[np.int16]) -> Result:
    """Encode ``samples`` (frames, channels), all packets counted; decode and compare them."""
    # Compiled before it is timed.
    open_capture(b"".join(fast.encoder(config).packets(samples[:2])))[:]
    start = perf_counter()
    stream = b"".join(fast.encoder(config).packets(samples))
    encoded = perf_counter()
    found = open_capture(stream, workers=1)
    back = np.asarray(found)
    decoded = perf_counter()
    return measured(
        name,
        samples,
        config.sample_bits,
        size=len(stream),
        seconds=(encoded - start, decoded - encoded),
        verified_frames=len(samples),
        passed=found.complete and np.array_equal(back, samples),
        ours=True,
        settings={
            "mode": config.modes[0].name.lower(),
            "order": config.order.name.lower(),
            "packet_frames": config.packet_frames,
            "restart_frames": config.restart_interval * config.packet_frames,
        },
    )
