"""The pictures of a bench: the recording, its statistics, sizes and speeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..host.recording import Recording
from ..host.report.labels import write_names
from ..host.report.pictures import OURS, ROW, canvas, empty, save
from .bench import Bench
from .result import Kind, Result

COLOURS = {Kind.STUDY: "0.75", Kind.PROPOSED: "C0", Kind.PEER: "0.4", Kind.OURS: OURS}
NAMES = {
    Kind.STUDY: "published study",
    Kind.PROPOSED: "what it proposed",
    Kind.PEER: "peers",
    Kind.OURS: "this project",
}
_SHADES = {"tiny": "#fb9a99", "small": "#1f78b4", "adaptive": OURS}
SHOWN_CHANNELS, SHOWN_FRAMES = 20, 2000
_SEARCHED = 60_000  # frames in which the largest spike is looked for
_SPREAD = 1.25  # of sizes that stand beside speeds
_MOST = 130  # %
_MOST_CODES = 4000  # bars of a histogram


def traces(recording: Recording, kind: str = "png") -> bytes:
    """Neighbouring channels around the deepest spike near the beginning."""
    first, channel = _stretch(recording.samples)
    shown = recording.samples[first : first + SHOWN_FRAMES, channel : channel + SHOWN_CHANNELS]
    unit = recording.lsb_uv or 1.0
    values = (shown - np.median(shown, axis=0)) * unit
    step = max(1.2 * float(np.percentile(np.ptp(values, axis=0), 60)), unit)
    level = step * np.arange(shown.shape[1])
    time = 1e3 * (first + np.arange(len(shown))) / recording.rate_hz
    figure, axes = canvas(1, 1, 9, 1 + ROW * shown.shape[1])
    axis = axes[0, 0]
    axis.plot(time, values + level, color="0.15", linewidth=0.5)
    names = [f"ch {n}" for n in range(channel, channel + shown.shape[1])]
    axis.set_yticks(level, names, fontsize=7)
    axis.set_ylim(-step, level[-1] + step)
    axis.margins(x=0.01)
    told = f"{step:.0f} µV" if recording.lsb_uv else f"{step:.0f} ADC steps"
    axis.set_xlabel(f"time (ms); from channel to channel {told}")
    return save(figure, kind)


def _stretch(samples: NDArray[np.int16]) -> tuple[int, int]:
    """The first frame and channel of what is shown."""
    searched = samples[:_SEARCHED]
    centred = searched - np.median(searched, axis=0).astype(np.int32)
    spread = np.median(np.abs(centred), axis=0) + 1
    frame, channel = np.unravel_index(np.argmin(centred / spread), centred.shape)
    frames, channels = samples.shape
    first = np.clip(frame - SHOWN_FRAMES // 2, 0, max(0, frames - SHOWN_FRAMES))
    lowest = np.clip(channel - SHOWN_CHANNELS // 2, 0, max(0, channels - SHOWN_CHANNELS))
    return int(first), int(lowest)


def histograms(bench: Bench, kind: str = "png") -> bytes:
    """How often each value and each first difference is, with the entropy marked."""
    samples = bench.recording.samples.astype(np.int32)
    figure, axes = canvas(1, 2, 9, 3.2)
    shown = {"values": samples, "differences": np.diff(samples, axis=0)}
    for axis, (name, values) in zip(axes[0], shown.items(), strict=True):
        if not values.size:
            continue
        _histogram(axis, values, getattr(bench.entropies, name).pooled)
        axis.set_xlabel(f"{name} (ADC steps)")
    axes[0, 0].set_ylabel("share")
    return save(figure, kind)


def _histogram(axis: Any, values: NDArray[np.int32], bits: float) -> None:
    low, high = np.percentile(values, (0.01, 99.99)).astype(int)
    inside = values[(values >= low) & (values <= high)] - low
    width = -(-(high - low + 1) // _MOST_CODES)  # codes in a bar
    shares = np.bincount(inside // width) / values.size / width
    edges = low + width * np.arange(len(shares) + 1) - 0.5
    axis.stairs(shares, edges, color="0.3", fill=True)
    axis.set_yscale("log")
    level, middle, half = 2.0**-bits, float(np.median(values)), 2.0 ** (bits - 1)
    axis.plot([middle - half, middle + half], [level] * 2, color=OURS, linewidth=2)
    codes = f"{2**bits:.0f}" if bits < 20 else f"2^{bits:.0f}"
    told = f"entropy {bits:.2f} bits,\nas {codes} equally likely values"
    axis.annotate(
        told, (middle + half, level), (4, 4), textcoords="offset points", color=OURS, fontsize=8
    )
    axis.margins(x=0.05)


def channels(bench: Bench, kind: str = "png") -> bytes:
    """Bits a sample of each channel, along the probe."""
    found = {r.method: r.channel_bits for r in bench.results if r.channel_bits is not None}
    figure, axes = canvas(1, 1, 9, 3.4)
    axis = axes[0, 0]
    own = bench.entropies.differences.channels
    axis.plot(own, color="0.7", linewidth=1, label="entropy of differences")
    for name, colour in _SHADES.items():
        if name in found:
            axis.plot(found[name], color=colour, linewidth=1, label=name)
    axis.set_xlabel("channel")
    axis.set_ylabel("bits a sample")
    axis.margins(x=0.01)
    figure.legend(loc="outside upper center", ncols=5, fontsize=8, frameon=False)
    return save(figure, kind)


def sizes(bench: Bench, kind: str = "png") -> bytes:
    """A bar of b/S for each method, smallest on top."""
    shown = sorted(_measured(bench), key=lambda r: r.bits_per_sample or 0)
    if not shown:
        return empty("no method came back equal", kind)
    figure, axes = canvas(1, 1, 8, 1.2 + 0.24 * len(shown))
    axis = axes[0, 0]
    values = [r.bits_per_sample for r in shown]
    bars = axis.barh(range(len(shown)), values, color=[COLOURS[r.kind] for r in shown])
    axis.bar_label(bars, fmt="%.2f", padding=2, fontsize=8)
    axis.set_yticks(range(len(shown)), [r.method for r in shown], fontsize=8, parse_math=False)
    axis.set_ylim(len(shown) - 0.5, -0.5)
    adc = bench.recording.sample_bits
    axis.axvline(adc, color="k", linewidth=0.8, linestyle=":")
    axis.annotate(
        f"ADC, {adc} bit", (adc, 1), (2, 2), xycoords=("data", "axes fraction"),
        textcoords="offset points", fontsize=7,
    )  # fmt: skip
    axis.set_xlim(0, 18)  # those above int16's 16 are cut off, their labels are not
    axis.set_xlabel("bits a sample")
    _legend(figure, {r.kind for r in shown})
    return save(figure, kind)


def speeds(bench: Bench, kind: str = "png") -> bytes:
    """Size against speed, to encode and to decode; down and right is better.

    Those far larger than the smallest are left out, so that the others can be told apart.
    """
    found = _measured(bench)
    if not found:
        return empty("no method came back equal", kind)
    figure, axes = canvas(2, 1, 9, 8)
    most = _SPREAD * min(r.bits_per_sample or 0 for r in found)
    shown = [r for r in found if (r.bits_per_sample or 0) <= most]
    for axis, what in zip(axes[:, 0], ("encode", "decode"), strict=True):
        marks = [
            (getattr(r, f"{what}_mb_s"), r.bits_per_sample, r.method, COLOURS[r.kind])
            for r in shown
        ]
        for x, y, _, colour in marks:
            axis.plot(x, y, "o", color=colour, markersize=5)
        axis.set_xscale("log")
        axis.margins(0.12)
        axis.set_xlabel(f"{what}, MB of int16 a second, one thread")
        axis.set_ylabel(f"bits a sample (above {most:.1f} left out)")
        write_names(figure, axis, marks)
    _legend(figure, {r.kind for r in shown})
    return save(figure, kind)


def overview(benches: Sequence[Bench], kind: str = "png") -> bytes:
    """A line for each recording: the size of each method, the best of all others being 100 %."""
    figure, axes = canvas(1, 1, 8.5, 1.5 + 0.42 * len(benches))
    axis = axes[0, 0]
    for line, bench in enumerate(benches):
        other = bench.best(ours=False)
        if other is None or not other.size:
            continue
        for r in _measured(bench):
            percent = 100 * (r.size or 0) / other.size
            ours = r.method == "adaptive"
            style = {"markersize": 8, "zorder": 3} if ours else {"markersize": 5}
            axis.plot(min(percent, _MOST), line, "o", color=COLOURS[r.kind], alpha=0.85, **style)
            if ours:
                axis.annotate(
                    f"{percent - 100:+.1f} %", (percent, line), (0, 8), ha="center",
                    textcoords="offset points", fontsize=8, color=OURS,
                )  # fmt: skip
        told = f"best other: {other.method}, {other.bits_per_sample:.2f} b/S"
        axis.annotate(told, (100, line), (4, 8), textcoords="offset points", fontsize=7)
    axis.axvline(100, color="k", linewidth=0.8)
    axis.set_yticks(range(len(benches)), [b.stem for b in benches], parse_math=False)
    axis.set_ylim(len(benches) - 0.4, -0.6)
    axis.set_xlim(right=_MOST + 0.5)
    axis.set_xlabel(f"size, % of the best that is not ours (what is above stands at {_MOST})")
    _legend(figure, {r.kind for bench in benches for r in _measured(bench)})
    return save(figure, kind)


def _measured(bench: Bench) -> list[Result]:
    return [r for r in bench.results if r.passed]


def _legend(figure: Any, kinds: Iterable[Kind]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=COLOURS[k], label=NAMES[k]) for k in Kind if k in set(kinds)]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
