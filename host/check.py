"""The three-way check: RTL bytes = golden bytes, decoded = input, every CRC good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.encoder import Encoder, check_range
from ..golden.format import Mode
from ..golden.highpass import Highpass
from ..golden.projection import matrix
from .capture import Capture, open_capture
from .fill import Fill
from .recovery import measure

Progress = Callable[[str, int, int], None]  # what, done, total


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What one check found.

    Attributes
    ----------
    golden_equal : bool
        The link's bytes are the golden model's.
    decoded_equal : bool
        Every frame that the decoder returns is the source's, at the right frame index; in mode
        PROJECTION every measurement is the matrix times the source's window.
    crc_good : bool
        The decoder met no damaged byte.
    dropped : int
        Frames missing from the capture.
    capture_bytes : int
        All bytes on the link: headers, metadata and trailers included.
    samples_per_clock : float
        Samples fed over clock cycles while they were fed.
    simulated_per_second : float
        Samples per second of simulation (wall time, build not included).
    channel_bits : list of float
        Payload bits per sample, by channel.
    decoded : Capture
        What the decoder returned; not part of the JSON.
    """

    mode: str
    frames: int
    channels: int
    sample_bits: int
    golden_equal: bool
    decoded_equal: bool
    crc_good: bool
    dropped: int
    capture_bytes: int
    samples_per_clock: float
    simulated_per_second: float
    channel_bits: list[float]
    decoded: Capture = field(repr=False)

    @property
    def passed(self) -> bool:
        """All three ways agree."""
        return self.golden_equal and self.decoded_equal and self.crc_good

    @property
    def bits_per_sample(self) -> float:
        """Link bits per sample that arrived; not a number where none did."""
        arrived = (self.frames - self.dropped) * self.channels
        return 8 * self.capture_bytes / arrived if arrived else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Return everything, for scripts."""
        told = {name: value for name, value in vars(self).items() if name != "decoded"}
        return told | {"passed": self.passed, "bits_per_sample": self.bits_per_sample}


def check(
    config: EncoderConfig,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    capture: Path,
    *,
    ready_percent: int = 100,
    idle_percent: int = 0,
    waves: Path | None = None,
    progress: Progress = lambda what, done, total: None,
) -> CheckReport:
    """Run the RTL on a recording, keep what the link carried in ``capture``, and compare.

    Parameters are those of `probecodec.sim.bulk.run`.

    Raises
    ------
    ToolError
        Where the simulation cannot be built or run.
    """
    from ..sim import bulk

    frames = len(samples)
    for start in range(0, frames, config.packet_frames):
        words = np.zeros(0, np.int64) if aux is None else aux[start : start + config.packet_frames]
        check_range(config, samples[start : start + config.packet_frames], words, start)
    fed = 0

    def feed(count: int) -> None:
        nonlocal fed
        fed += count
        progress("RTL simulation", fed, frames)

    progress("build", 0, 1)
    bulk.build(config, waves.suffix if waves else "")
    progress("build", 1, 1)
    result = bulk.run(
        config,
        samples,
        aux,
        capture,
        ready_percent=ready_percent,
        idle_percent=idle_percent,
        waves=waves,
        progress=feed,
    )
    decoded = open_capture(capture, fill=Fill.ZERO)
    dropped = np.ones(frames, bool)
    decoded_equal = len(decoded.segments) <= 1  # no second reset
    if config.modes[0] == Mode.PROJECTION:
        decoded_equal &= check_windows(config, decoded, samples, aux, dropped)
    for segment in decoded.segments:
        for chunk in segment.chunks():
            rows = np.flatnonzero(segment.held(chunk.start, chunk.start + len(chunk.aux)))
            kept = segment.first_frame + chunk.start + rows
            inside = kept < frames
            decoded_equal &= bool(inside.all())
            kept, rows = kept[inside], rows[inside]
            dropped[kept] = False
            decoded_equal &= np.array_equal(chunk.samples[rows], samples[kept])
            if aux is not None:
                decoded_equal &= np.array_equal(chunk.aux[rows], aux[kept])
            progress("decode", chunk.start + len(chunk.aux), len(segment))

    encoder = Encoder(config)
    golden_equal = True
    with capture.open("rb") as stream:
        done = 0
        for packet in encoder.packets(samples, aux, dropped):
            golden_equal &= stream.read(len(packet)) == packet
            done += config.packet_frames
            progress("golden model", min(done, frames), frames)
        golden_equal &= not stream.read(1)
    arrived = frames - int(dropped.sum())
    return CheckReport(
        mode=config.modes[0].name.lower(),
        frames=frames,
        channels=config.channels,
        sample_bits=config.sample_bits,
        golden_equal=golden_equal,
        decoded_equal=bool(decoded_equal),
        crc_good=not decoded.damaged,
        dropped=frames - arrived,
        capture_bytes=capture.stat().st_size,
        samples_per_clock=frames * config.channels / result.cycles if result.cycles else 0.0,
        simulated_per_second=frames * config.channels / result.seconds,
        channel_bits=(encoder.channel_bits / max(arrived, 1)).tolist(),
        decoded=decoded,
    )


def check_windows(
    config: EncoderConfig,
    decoded: Capture,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    dropped: NDArray[np.bool_],
) -> bool:
    """Are all measurements what the matrix makes of ``samples``? Clear ``dropped`` where any are.

    Unlike the golden model, which adds sample by sample, this multiplies whole windows.
    """
    assert config.projection is not None
    rows = matrix(config.projection)
    highpass = Highpass(config.projection) if config.projection.highpass_shift else None
    slots = order.channels(config)
    equal = True
    for segment in decoded.segments:
        for piece in segment.windows():
            frames = slice(piece.start, piece.start + len(piece.aux))
            dropped[frames] = False
            values = samples[frames][:, slots].astype(np.int64)
            if highpass:
                values = highpass.encode(values)
            wanted = measure(values, rows, config.projection.shift)
            equal &= np.array_equal(piece.values[:, :, slots].transpose(0, 2, 1), wanted)
            if aux is not None:
                equal &= np.array_equal(piece.aux, aux[frames])
    return bool(equal)
