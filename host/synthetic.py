"""Seeded synthetic recordings with known spikes, for tests, benchmarks and demonstrations.

A recording is a sum of random fields, mains hum, spikes and one movement artefact, scaled by
each channel's gain and digitised::

    fields + hum + noisy contact + spikes + artefact  ->  x gain + offset  ->  ADC code

A field is Gaussian noise with a power law in frequency and an exponential reach along the
probe; amplifier noise, drift, LFP and common mode differ only in those constants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

HOP = 4096  # frames per block; noise is made in windows of two blocks, half overlapping
GAIN_SPREAD = 0.09  # standard deviation of the logarithm of a channel's gain
NOISY_UV = 60.0  # rms of the white noise a faulty contact adds
ARTEFACT_FRAMES = 300
CHANNELS_PER_UNIT = 4
FOOTPRINT = 8  # channels on either side that still see a spike
FOOTPRINT_REACH = 2.5  # channels over which a spike falls to 1/e
REFRACTORY_S = 0.002
TTL_HZ, TTL_S = 2.0, 0.01
SYNC_BIT, TTL_BIT = 64, 1


@dataclass(frozen=True, kw_only=True)
class NoiseField:
    """One Gaussian field of one-sided density ``level / (1 + (f / corner)**slope)``.

    Attributes
    ----------
    level_db, corner_hz, slope : float
        Level in dB of uV**2/Hz, frequency in Hz where it has halved, exponent of the fall.
    reach : float
        Channels over which the correlation falls to 1/e; 0 is private, infinity is common mode.
    stride : int
        Channels couple with the one `stride` away: 2 where the sites lie in two columns.
    """

    level_db: float
    corner_hz: float
    slope: float
    reach: float = 0.0
    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class SyntheticPreset:
    """Everything that sets one kind of probe apart.

    Attributes
    ----------
    name, probe : str
        Key in `PRESETS`, and the probe's own name.
    channels, sample_bits : int
        Usual number of channels; bits of the ADC.
    lsb_uv, rate_hz : float
        Microvolts per code; frames per second.
    highpass_hz : float
        First-order high-pass that the fields pass ahead of the ADC, Hz.
    offset_uv : float
        Standard deviation of the channels' constant offsets, uV.
    fields : tuple of NoiseField
        Noise of the tissue, the electrodes and the amplifiers.
    hum : tuple of (float, float)
        Frequency in Hz and rms in uV of each tone common to all channels.
    spike_uv : (float, float)
        Smallest and largest trough on a unit's peak channel, uV.
    """

    name: str
    probe: str
    channels: int
    sample_bits: int
    lsb_uv: float
    rate_hz: float = 30_000.0
    highpass_hz: float
    offset_uv: float
    fields: tuple[NoiseField, ...]
    hum: tuple[tuple[float, float], ...] = ()
    spike_uv: tuple[float, float] = (50.0, 300.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class SyntheticRecording:
    """Samples together with the truth about them.

    Attributes
    ----------
    samples : numpy.ndarray, shape (frames, channels), dtype int16
        ADC codes, signed and right-aligned within `sample_bits`.
    aux : numpy.ndarray, shape (frames,), dtype uint16
        Sync word: a 1 Hz square wave on bit 6, sparse random TTL pulses on bit 0.
    rate_hz, lsb_uv : float
        Frames per second; microvolts per code.
    sample_bits : int
        Bits of the ADC.
    probe : str
        The probe's name.
    spike_frames, spike_units : numpy.ndarray, shape (spikes,), dtype int64 and int32
        Frame of each spike's trough, ascending, and the unit that fired.
    unit_channels : numpy.ndarray, shape (units,), dtype int64
        Channel on which each unit is largest; never dead, nor noisy if there are 3 or more.
    dead_channel, noisy_channel : int
        The channel that never changes, and the one with added white noise.
    """

    samples: np.ndarray
    aux: np.ndarray
    rate_hz: float
    lsb_uv: float
    sample_bits: int
    probe: str
    spike_frames: np.ndarray
    spike_units: np.ndarray
    unit_channels: np.ndarray
    dead_channel: int
    noisy_channel: int


_COMMON = float("inf")
# Constants fitted to the spectra and channel-to-channel coherence of typical published recordings.
PRESETS = {
    preset.name: preset
    for preset in (
        SyntheticPreset(
            name="np1",
            probe="NP1.0",
            channels=384,
            sample_bits=10,
            lsb_uv=2.34375,
            highpass_hz=300.0,
            offset_uv=37.0,
            fields=(
                NoiseField(level_db=-18.0, corner_hz=3100, slope=1.34, reach=0.5),  # amplifier
                NoiseField(level_db=31.5, corner_hz=1, slope=2),  # electrode drift
                NoiseField(level_db=-22.7, corner_hz=1200, slope=1.6, reach=_COMMON),
                NoiseField(level_db=27.2, corner_hz=1, slope=2, reach=300),  # LFP
            ),
        ),
        SyntheticPreset(
            name="np2",
            probe="NP2.0",
            channels=384,
            sample_bits=14,
            lsb_uv=0.762939453125,
            highpass_hz=0.5,
            offset_uv=165.0,
            fields=(
                NoiseField(level_db=-25.5, corner_hz=1, slope=0),  # amplifier
                NoiseField(level_db=-3.6, corner_hz=400, slope=1.29, reach=2.7, stride=2),  # tissue
                NoiseField(level_db=-6.6, corner_hz=880, slope=2.3, reach=_COMMON),
                NoiseField(level_db=23.5, corner_hz=11, slope=2, reach=300),  # LFP
            ),
            hum=((50.0, 32.0),),
        ),
        SyntheticPreset(
            name="intan",
            probe="Intan RHD",
            channels=32,
            sample_bits=16,
            lsb_uv=0.195,
            highpass_hz=0.5,
            offset_uv=25.0,
            fields=(
                NoiseField(level_db=3.1, corner_hz=1, slope=1),  # amplifier and electrode
                NoiseField(level_db=-25.6, corner_hz=4000, slope=4, reach=_COMMON),
                NoiseField(level_db=-2.0, corner_hz=12, slope=2, reach=300),  # LFP
            ),
            hum=((50.0, 48.0), (150.0, 4.0), (432.0, 7.4), (864.0, 3.6)),
        ),
    )
}


def synthesize(
    preset: str = "np1", *, frames: int, channels: int | None = None, seed: int = 0
) -> SyntheticRecording:
    """Make a recording that looks like a real probe's, with its ground truth.

    Parameters
    ----------
    preset : str
        Key in `PRESETS`: ``"np1"``, ``"np2"`` or ``"intan"``.
    frames : int
        Length, at least 1. From 20 frames on, an artefact clips some channels at both rails.
    channels : int, optional
        2 to 4096; the probe's usual number if omitted.
    seed : int
        The same seed gives the same recording. Elsewhere the random draws are the same, but
        another FFT's rounding may move a rare sample by one code.

    Returns
    -------
    SyntheticRecording

    Raises
    ------
    ValueError
        If the preset is unknown, or `frames` or `channels` is out of range.
    """
    if preset not in PRESETS:
        raise ValueError(f"Unknown preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    p = PRESETS[preset]
    channels = p.channels if channels is None else channels
    if not 2 <= channels <= 4096:
        raise ValueError(f"The number of channels must be 2 to 4096, not {channels}.")
    if frames < 1:
        raise ValueError(f"The number of frames must be at least 1, not {frames}.")

    layout_rng, event_rng, noise_rng = np.random.default_rng(seed).spawn(3)
    dead, noisy = map(int, layout_rng.choice(channels, 2, replace=False))
    gain = np.exp(layout_rng.normal(0, GAIN_SPREAD, (channels, 1))).astype(np.float32)
    gain[dead] = 0
    offset = layout_rng.normal(0, p.offset_uv, (channels, 1)).astype(np.float32)
    phases = layout_rng.uniform(0, 2 * np.pi, len(p.hum))
    unit_channels, unit_uv = _units(p, channels, dead, noisy, layout_rng)
    spike_frames, spike_units = _spike_train(len(unit_channels), frames, p.rate_hz, event_rng)
    wave = _spike_wave(p.rate_hz)
    artefact_at, *artefact = _artefact(p, frames, channels, event_rng)

    samples = np.empty((frames, channels), np.int16)
    blocks = islice(_noise(p, channels, noise_rng), -(-frames // HOP))
    for start, block in zip(range(0, frames, HOP), blocks, strict=True):
        block += _hum(p, phases, start)
        block[noisy] += noise_rng.normal(0, NOISY_UV, HOP)
        near = slice(*np.searchsorted(spike_frames, (start - len(wave), start + HOP + len(wave))))
        for frame, unit in zip(spike_frames[near], spike_units[near], strict=True):
            footprint = _footprint(unit_channels[unit], unit_uv[unit], channels)
            _overlay(block, frame - start - int(wave.argmin()), wave, *footprint)
        _overlay(block, artefact_at - start, *artefact)
        codes = _digitise(block * gain + offset, p)
        samples[start : start + HOP] = codes.T[: frames - start]

    return SyntheticRecording(
        samples=samples,
        aux=_sync_words(frames, p.rate_hz, event_rng),
        rate_hz=p.rate_hz,
        lsb_uv=p.lsb_uv,
        sample_bits=p.sample_bits,
        probe=p.probe,
        spike_frames=spike_frames,
        spike_units=spike_units,
        unit_channels=unit_channels,
        dead_channel=dead,
        noisy_channel=noisy,
    )


def _noise(p: SyntheticPreset, channels: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the sum of the fields, float32 (channels, HOP) in uV, without end."""
    # Sine windows half overlapping: their squares add to one, so the variance stays constant.
    window = np.sin(np.pi * (np.arange(2 * HOP, dtype=np.float32) + 0.5) / (2 * HOP))
    tail = None
    while True:
        spectrum = np.zeros((channels, HOP + 1), np.complex64)
        for field in p.fields:
            spectrum += _field_spectrum(field, p, channels, rng)
        signal = np.fft.irfft(spectrum, axis=1).astype(np.float32, copy=False) * window
        if tail is not None:
            yield tail + signal[:, :HOP]
        tail = signal[:, HOP:]


def _field_spectrum(
    field: NoiseField, p: SyntheticPreset, channels: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw one window of a field: complex64 (channels or 1, HOP + 1)."""
    hz = np.fft.rfftfreq(2 * HOP, 1 / p.rate_hz)
    density = 10 ** (field.level_db / 10) / (1 + (hz / field.corner_hz) ** field.slope)
    density *= hz**2 / (hz**2 + p.highpass_hz**2)
    # A bin of irfft's input has mean power density * rate * length / 2; the draws have power 2.
    amplitude = np.sqrt(density * p.rate_hz * HOP / 2).astype(np.float32)
    rows = 1 if np.isinf(field.reach) else channels
    z = rng.standard_normal((rows, 2 * (HOP + 1)), np.float32).view(np.complex64)
    if rows > 1 and field.reach > 0:
        coupling = np.float32(np.exp(-field.stride / field.reach))
        for channel in range(field.stride, channels):  # first-order recursion along the probe
            z[channel] *= np.sqrt(1 - coupling**2)
            z[channel] += coupling * z[channel - field.stride]
    z *= amplitude
    return z


def _hum(p: SyntheticPreset, phases: np.ndarray, start: int) -> np.ndarray:
    """Return the tones in one block: float32 (HOP,) in uV."""
    seconds = (start + np.arange(HOP)) / p.rate_hz
    tones = [
        rms * np.sqrt(2) * np.sin(2 * np.pi * hz * seconds + phase)
        for (hz, rms), phase in zip(p.hum, phases, strict=True)
    ]
    return np.sum(tones, axis=0, dtype=np.float32)


def _units(
    p: SyntheticPreset, channels: int, dead: int, noisy: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the units' peak channels and their troughs in uV."""
    sites = np.setdiff1d(np.arange(channels), [dead, noisy] if channels > 2 else [dead])
    peaks = rng.choice(sites, max(1, channels // CHANNELS_PER_UNIT))
    return peaks, np.exp(rng.uniform(*np.log(p.spike_uv), len(peaks)))


def _spike_train(
    units: int, frames: int, rate_hz: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw Poisson spikes of 1 to 8 Hz per unit with a refractory time, sorted by frame."""
    refractory = int(REFRACTORY_S * rate_hz)
    trains = []
    for unit_hz in rng.uniform(1, 8, units):
        gaps = rng.exponential(rate_hz / unit_hz, frames // refractory + 1)
        times = np.cumsum(gaps + refractory).astype(np.int64) - refractory
        trains.append(times[times < frames])
    times = np.concatenate(trains)
    order = np.argsort(times, kind="stable")
    labels = np.repeat(np.arange(units, dtype=np.int32), [len(train) for train in trains])
    return times[order], labels[order]


def _spike_wave(rate_hz: float) -> np.ndarray:
    """Return 2 ms of a spike, float32 with a trough of -1: a sharp trough, a slow recovery."""
    ms = np.arange(-0.5, 1.5, 1000 / rate_hz)
    wave = 0.35 * np.exp(-(((ms - 0.4) / 0.25) ** 2)) - np.exp(-((ms / 0.11) ** 2))
    return (wave / -wave.min()).astype(np.float32)


def _footprint(peak: int, trough_uv: float, channels: int) -> tuple[int, np.ndarray]:
    """Return the first channel a unit reaches and its size in uV on each from there."""
    lowest = max(0, peak - FOOTPRINT)
    distance = np.abs(np.arange(lowest, min(channels, peak + FOOTPRINT + 1)) - peak)
    return lowest, (trough_uv * np.exp(-distance / FOOTPRINT_REACH)).astype(np.float32)


def _artefact(
    p: SyntheticPreset, frames: int, channels: int, rng: np.random.Generator
) -> tuple[int, np.ndarray, int, np.ndarray]:
    """Draw a movement: first frame, one sine period, lowest channel, swing in uV per channel."""
    length, width = min(ARTEFACT_FRAMES, frames // 10), min(channels, max(4, channels // 8))
    wave = np.sin(2 * np.pi * (np.arange(length) + 0.5) / max(1, length)).astype(np.float32)
    swing = rng.uniform(3, 6, width).astype(np.float32) * p.lsb_uv * 2 ** (p.sample_bits - 1)
    first, lowest = rng.integers((frames - length + 1, channels - width + 1))
    return first, wave, lowest, swing


def _overlay(
    block: np.ndarray, first: int, wave: np.ndarray, lowest: int, sizes: np.ndarray
) -> None:
    """Add a wave, scaled per channel, to the part of it that lies within the block."""
    begin, end = max(first, 0), min(first + len(wave), HOP)
    if begin < end:
        part = wave[begin - first : end - first]
        block[lowest : lowest + len(sizes), begin:end] += sizes[:, None] * part


def _digitise(uv: np.ndarray, p: SyntheticPreset) -> np.ndarray:
    """Round microvolts to ADC codes, clipped at the rails: int16, same shape."""
    rail = 2 ** (p.sample_bits - 1)
    return np.clip(np.rint(uv / p.lsb_uv), -rail, rail - 1).astype(np.int16)


def _sync_words(frames: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return the sync square wave and the TTL pulses: uint16 (frames,)."""
    words = (np.arange(frames) // int(rate_hz / 2) % 2 * SYNC_BIT).astype(np.uint16)
    for start in rng.integers(frames, size=rng.poisson(TTL_HZ * frames / rate_hz)):
        words[start : start + int(TTL_S * rate_hz)] |= TTL_BIT
    return words
