"""Our codec, measured: the golden model encodes, the host's decoder reads it back."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ..golden.config import ConfigError, EncoderConfig
from ..golden.encoder import encode
from ..host.capture import read_capture
from ..host.recording import Recording
from .result import Result, measured

# The plain decoder reads 20,000 to 500,000 samples a second: of a longer recording, only whole
# packets with about so many samples are decoded.
VERIFIED_SAMPLES = 1 << 16


def preset_result(name: str, recording: Recording) -> Result:
    """Measure the preset ``name``; one that does not fit the recording is a row that says why."""
    try:
        config = recording.config(name, aux_bits=0)
    except ConfigError as error:
        return Result(method=name, ours=True, note=f"skipped: {error}")
    return ours(name, config, recording.samples)


def ours(name: str, config: EncoderConfig, samples: NDArray[np.int16]) -> Result:
    """Encode ``samples`` (frames, channels), all packets counted; decode and compare the lead."""
    frames, channels = samples.shape
    kept = max(1, VERIFIED_SAMPLES // (channels * config.packet_frames))  # packets
    size = 0
    lead: list[bytes] = []
    start = perf_counter()
    for packet in encode(config, samples):
        size += len(packet)
        if len(lead) < kept:
            lead.append(packet)
    encoded = perf_counter()
    found = read_capture(b"".join(lead))
    decoded = perf_counter()
    verified = min(frames, len(lead) * config.packet_frames)
    return measured(
        name,
        samples,
        config.sample_bits,
        size=size,
        seconds=(encoded - start, decoded - encoded),
        verified_frames=verified,
        passed=found.complete
        and len(found.segments) == 1
        and np.array_equal(found.segments[0].samples, samples[:verified]),
        ours=True,
        settings={
            "mode": config.modes[0].name.lower(),
            "packet_frames": config.packet_frames,
            "restart_frames": config.restart_interval * config.packet_frames,
        },
    )
