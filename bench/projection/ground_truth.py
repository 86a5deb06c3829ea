"""Recordings whose spikes are all known: noise, synthetic or real, to which units are added."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...golden.projection_config import ProjectionConfig
from ...host import fast, synthetic
from ...host.recording import Recording
from ..recordings import load
from .noise import rms, spun_out
from .options import Options
from .units import AFTER_MS, BEFORE_MS, SIZE_SPREAD, add_spikes, make_templates

MOST_WINDOW = 256  # frames; both stretches are whole windows of every length
BLOCK = 4096  # frames high-passed at a time
MOST_SECONDS = 3600  # of a stretch
LEAST_RATE_HZ = 10_000  # spikes are a millisecond long
LEAST_FRAMES, LEAST_CHANNELS = 2000, 8  # of real noise
USUAL_NOISE_UV = 10.0  # of real recordings


@dataclass(frozen=True, kw_only=True, eq=False)
class GroundTruth:
    """A recording and all its spikes.

    Attributes
    ----------
    name : str
    samples : int16 (frames, channels)
        ADC codes.
    values : int32 (frames, channels)
        Behind the integer high-pass (`probecodec.golden.highpass`), ADC steps.
    train_frames : int
        The first are the lossless stretch, the others are judged.
    sample_bits : int
    rate_hz, lsb_uv, noise_uv : float
        Frames a second, uV of a step, rms of the noise behind the high-pass.
    highpass_shift : int
    spike_frames, spike_units : int64 (spikes,)
        Frame of the trough, ascending, and who fired.
    unit_channels : int64 (units,)
        Where each is largest.
    spun_seconds : float
        Of a real recording that was spun out; 0 where none was.
    """

    name: str
    samples: NDArray[np.int16]
    values: NDArray[np.int32]
    train_frames: int
    sample_bits: int
    rate_hz: float
    lsb_uv: float
    noise_uv: float
    highpass_shift: int
    spike_frames: NDArray[np.int64]
    spike_units: NDArray[np.int64]
    unit_channels: NDArray[np.int64]
    spun_seconds: float = 0.0

    def spikes(self, *, train: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Frames, counted from the stretch's first, and units of one of the two stretches."""
        inside = (self.spike_frames < self.train_frames) == train
        first = 0 if train else self.train_frames
        return self.spike_frames[inside] - first, self.spike_units[inside]

    def stretch(self, *, train: bool) -> slice:
        """The frames of one of the two stretches."""
        return slice(self.train_frames) if train else slice(self.train_frames, None)


def make(options: Options, noise_uv: float, recording: Recording | None = None) -> GroundTruth:
    """Make a recording with noise of ``noise_uv``; the same units and spikes at every level.

    Parameters
    ----------
    options : Options
    noise_uv : float
        Of no account for source "real".
    recording : Recording, optional
        Of source "real", in place of the options' path. Where its step is not known, its noise
        counts as 10 uV rms; where it is louder, the spikes are larger in proportion, as its own
        are.

    Raises
    ------
    ValueError
        For an unknown source, a real one without a recording, or one that cannot serve: without
        noise, too short, too slow, or of too few channels.
    RecordingError
        As `probecodec.bench.recordings.load` does.
    """
    if options.source == "spikeinterface":
        return _spikeinterface(options, noise_uv)
    if options.source not in ("synthetic", "real"):
        raise ValueError(f"source must be synthetic, real or spikeinterface, not {options.source}")
    noise_rng, unit_rng, event_rng = np.random.default_rng(options.seed).spawn(3)
    preset, spun_seconds = synthetic.PRESETS["np1"], 0.0
    sample_bits, rate_hz, lsb_uv = preset.sample_bits, preset.rate_hz, preset.lsb_uv
    loudness = 1.0
    if options.source == "real":
        if recording is None:
            if options.path is None:
                raise ValueError("real noise needs a recording: give its path")
            recording = load(options.path, {}, None)
        _check(options, recording)
        sample_bits, rate_hz = recording.sample_bits, recording.rate_hz
        frames = _frames(options, rate_hz)[1]
        if len(recording.samples) < frames:
            spun_seconds = len(recording.samples) / rate_hz
        microvolts = spun_out(recording.samples[:, : options.channels], frames, noise_rng)
        level = rms(microvolts, options.highpass_shift)
        if level == 0:
            raise ValueError("the recording is constant: it holds no noise to add spikes to")
        lsb_uv = recording.lsb_uv or USUAL_NOISE_UV / level
        microvolts *= lsb_uv
        noise_uv = level * lsb_uv
        loudness = max(1.0, noise_uv / USUAL_NOISE_UV)
    else:
        frames = _frames(options, rate_hz)[1]
        blocks = synthetic._noise(preset, options.channels, noise_rng)
        count = -(-frames // synthetic.HOP)
        microvolts = np.concatenate([block.T for block in islice(blocks, count)])[:frames]
        microvolts *= noise_uv / rms(microvolts, options.highpass_shift)
    channels = microvolts.shape[1]
    units = options.units or max(20, channels // 2)
    templates = loudness * make_templates(units, channels, rate_hz, unit_rng)
    spike_frames, spike_units = synthetic._spike_train(units, frames, rate_hz, event_rng)
    sizes = np.exp(event_rng.normal(0, SIZE_SPREAD, len(spike_frames)))
    before = int(BEFORE_MS * rate_hz / 1000)
    add_spikes(microvolts, spike_frames, spike_units, sizes, templates, before)
    codes = _digitised(microvolts, lsb_uv, sample_bits)
    return _truth(
        options,
        codes,
        (spike_frames, spike_units),
        np.abs(templates).max(axis=1).argmax(axis=1),
        sample_bits=sample_bits,
        rate_hz=rate_hz,
        lsb_uv=lsb_uv,
        noise_uv=noise_uv,
        spun_seconds=spun_seconds,
    )


def _check(options: Options, recording: Recording) -> None:
    """Raise ``ValueError`` where a real recording cannot serve."""
    frames, channels = recording.samples.shape
    if min(channels, options.channels) < LEAST_CHANNELS:
        raise ValueError(
            f"{min(channels, options.channels)} channels are too few to place spikes on: "
            f"{LEAST_CHANNELS} are needed"
        )
    if recording.rate_hz < LEAST_RATE_HZ:
        raise ValueError(
            f"{recording.rate_hz:g} frames a second are too few for spikes: {LEAST_RATE_HZ} are "
            "needed"
        )
    if frames < LEAST_FRAMES:
        raise ValueError(f"{frames} frames hold too little noise: {LEAST_FRAMES} are needed")


def _truth(
    options: Options,
    codes: NDArray[np.int16],
    spikes: tuple[NDArray[np.int64], NDArray[np.integer]],
    unit_channels: NDArray[np.int64],
    **rest: Any,
) -> GroundTruth:
    """High-pass the codes, and leave out spikes cut off by an end of a stretch."""
    config = ProjectionConfig(channels=codes.shape[1], highpass_shift=options.highpass_shift)
    highpass = fast.highpass(config)
    values = np.empty(codes.shape, np.int32)
    for start in range(0, len(codes), BLOCK):
        piece = slice(start, start + BLOCK)
        values[piece] = highpass.encode(codes[piece].astype(np.int64))
    train_frames = _frames(options, rest["rate_hz"])[0]
    frames, units = (np.asarray(part, np.int64) for part in spikes)
    margin = int((BEFORE_MS + AFTER_MS) * rest["rate_hz"] / 1000)
    ends = np.array([0, train_frames, len(codes)])
    whole = (np.abs(frames[:, np.newaxis] - ends) > margin).all(axis=1)
    return GroundTruth(
        name=options.source if options.path is None else options.path.stem,
        samples=codes,
        values=values,
        train_frames=train_frames,
        highpass_shift=options.highpass_shift,
        spike_frames=frames[whole],
        spike_units=units[whole],
        unit_channels=unit_channels,
        **rest,
    )


def _frames(options: Options, rate_hz: float) -> tuple[int, int]:
    """Frames of the first stretch, whole windows of any length, and of both."""
    if not max(options.train_seconds, options.test_seconds) <= MOST_SECONDS:
        raise ValueError(f"both stretches must be {MOST_SECONDS} seconds at most")
    train = int(options.train_seconds * rate_hz) // MOST_WINDOW * MOST_WINDOW
    test = int(options.test_seconds * rate_hz) // MOST_WINDOW * MOST_WINDOW
    if min(train, test) < rate_hz / 2:
        raise ValueError("both stretches must be half a second at least")
    return train, train + test


def _digitised(
    microvolts: NDArray[np.float32], lsb_uv: float, sample_bits: int
) -> NDArray[np.int16]:
    """Round to ADC codes, clipped at the rails."""
    rail = 1 << sample_bits - 1
    return np.clip(np.rint(microvolts / lsb_uv), -rail, rail - 1).astype(np.int16)


def _spikeinterface(options: Options, noise_uv: float) -> GroundTruth:
    """Take SpikeInterface's generator: its units and templates, our noise level and ADC."""
    import spikeinterface.core as si

    preset = synthetic.PRESETS["np1"]
    frames = _frames(options, preset.rate_hz)[1]
    recording, sorting = si.generate_ground_truth_recording(
        durations=[frames / preset.rate_hz],
        sampling_frequency=preset.rate_hz,
        num_channels=options.channels,
        num_units=options.units or max(20, options.channels // 2),
        noise_kwargs={"noise_levels": noise_uv, "strategy": "on_the_fly"},
        seed=options.seed,
    )
    peaks = (
        np.abs(
            sorting.get_property("gt_unit_locations")[:, np.newaxis, :2]
            - recording.get_channel_locations()
        )
        .sum(axis=2)
        .argmin(axis=1)
    )
    vector = sorting.to_spike_vector()
    codes = _digitised(recording.get_traces(), preset.lsb_uv, preset.sample_bits)
    return _truth(
        options,
        codes,
        (vector["sample_index"], vector["unit_index"]),
        peaks,
        sample_bits=preset.sample_bits,
        rate_hz=preset.rate_hz,
        lsb_uv=preset.lsb_uv,
        noise_uv=noise_uv,
    )
