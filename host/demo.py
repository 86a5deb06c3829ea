"""The demo: a synthetic recording through the RTL and back, with a report and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from .check import CheckReport, Progress, check
from .synthetic import SyntheticRecording

_SHOWN_CHANNELS = 12
_SHOWN_FRAMES = 600


def run_demo(
    recording: SyntheticRecording, config: EncoderConfig, folder: Path, progress: Progress
) -> CheckReport:
    """Write ``demo.pcs`` and ``demo.png`` into ``folder``; return the report."""
    capture = folder / "demo.pcs"
    report = check(config, recording.samples, recording.aux, capture, progress=progress)
    progress("picture", 0, 1)
    draw(recording, report.decoded, report, folder / "demo.png")
    progress("picture", 1, 1)
    return report


def draw(
    recording: SyntheticRecording, decoded: NDArray[np.int16], report: CheckReport, path: Path
) -> None:
    """Draw raw traces with the decoded ones over them, and the bits that each channel took."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    start, stop, channels = _window(recording)
    raw = recording.samples[start:stop, channels].astype(float) * recording.lsb_uv
    back = decoded[start:stop, channels].astype(float) * recording.lsb_uv
    offset = raw.mean(axis=0)
    step = 1.15 * np.percentile(np.ptp(raw, axis=0), 75)
    level = step * np.arange(len(channels))
    time = np.arange(start, stop) / recording.rate_hz * 1e3

    figure, (traces, bits) = plt.subplots(
        1, 2, figsize=(13, 7), width_ratios=[2.2, 1], layout="constrained"
    )
    traces.plot(time, raw - offset + level, color="0.78", linewidth=4, label="recorded")
    traces.plot(time, back - offset + level, color="C0", linewidth=0.9, label="decoded")
    handles, labels = traces.get_legend_handles_labels()
    chosen = [labels.index("recorded"), labels.index("decoded")]
    traces.legend([handles[n] for n in chosen], ["recorded", "decoded"], loc="lower right", ncols=2)
    traces.set_yticks(level, [f"ch {channel}" for channel in channels])
    traces.plot([time[0]] * 2, [level[0] - step, level[0] - step + 100], color="k", linewidth=3)
    traces.text(time[0], level[0] - step, "  100 µV", va="bottom")
    traces.set_xlabel("time (ms)")
    traces.set_title(f"Synthetic {recording.probe}: recorded, encoded in RTL, decoded")
    traces.spines[["top", "right"]].set_visible(False)

    bits.barh(np.arange(report.channels), report.channel_bits, height=1.0, color="C0")
    bits.axvline(
        report.sample_bits, color="0.5", linestyle="--", label=f"ADC, {report.sample_bits} bit"
    )
    mean = report.bits_per_sample
    bits.axvline(mean, color="C3", label=f"mean {mean:.2f} with headers")
    bits.set_ylim(-0.5, report.channels - 0.5)
    bits.set_xlabel("bits per sample")
    bits.set_ylabel("channel")
    bits.legend(loc="center right", bbox_to_anchor=(1, 0.85), fontsize=8)
    bits.set_title("Compression per channel")
    for name, channel in (("dead", recording.dead_channel), ("noisy", recording.noisy_channel)):
        right = max(report.channel_bits[channel], mean) + 0.1
        bits.text(right, channel, f"{name}: ch {channel}", va="center", fontsize=8)
    bits.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def _window(recording: SyntheticRecording) -> tuple[int, int, NDArray[np.int64]]:
    """Frames and channels around the spike that stands out most."""
    frames, channels = recording.samples.shape
    span, count = min(_SHOWN_FRAMES, frames), min(_SHOWN_CHANNELS, channels)
    centre_frame, centre_channel = frames // 2, channels // 2
    if len(recording.spike_frames):
        peaks = recording.unit_channels[recording.spike_units]
        depth = recording.samples[np.minimum(recording.spike_frames, frames - 1), peaks]
        depth = depth - np.median(recording.samples, axis=0)[peaks]
        calm = (
            np.abs(recording.samples).max(axis=1)[recording.spike_frames]
            < (1 << (recording.sample_bits - 1)) - 1
        )  # not within the artefact
        best = int(np.argmin(np.where(calm, depth, 0)))
        centre_frame, centre_channel = int(recording.spike_frames[best]), int(peaks[best])
    start = int(np.clip(centre_frame - span // 2, 0, frames - span))
    first = int(np.clip(centre_channel - count // 2, 0, channels - count))
    return start, start + span, np.arange(first, first + count)
