"""The synthetic recordings: shaped like real ones, and true to their own ground truth."""

from functools import cache

import numpy as np
import pytest

from probecodec.host.synthetic import PRESETS, synthesize

# Half a second is enough for every statistic below and keeps the file fast.
FRAMES = 15_000


@cache
def recording(preset):
    return synthesize(preset, frames=FRAMES, seed=1)


@cache
def long_recording():
    """Twenty seconds on few channels: every unit fires often enough to be averaged."""
    return synthesize("np1", frames=600_000, channels=16, seed=2)


def rails(r):
    return -(2 ** (r.sample_bits - 1)), 2 ** (r.sample_bits - 1) - 1


def ordinary(r):
    """Samples of the channels that are neither dead nor noisy, nor in the artefact."""
    low, high = rails(r)
    keep = ~((r.samples == low) | (r.samples == high)).any(axis=0)
    keep[[r.dead_channel, r.noisy_channel]] = False
    assert keep.sum() > 0.8 * keep.size
    return r.samples[:, keep].astype(np.int32)


def entropy(codes):
    """Bits per sample in each column, averaged."""
    bits = []
    for column in codes.T:
        p = np.bincount(column - column.min()) / len(column)
        bits.append(-(p[p > 0] * np.log2(p[p > 0])).sum())
    return np.mean(bits)


def density_db(r, low_hz, high_hz):
    """Median over channels of the one-sided density in a band, dB of uV**2/Hz."""
    uv = ordinary(r) * r.lsb_uv
    window = np.hanning(len(uv))[:, None]
    power = np.abs(np.fft.rfft((uv - uv.mean(axis=0)) * window, axis=0)) ** 2
    hz = np.fft.rfftfreq(len(uv), 1 / r.rate_hz)
    band = power[(hz >= low_hz) & (hz < high_hz)].mean(axis=0)
    return 10 * np.log10(np.median(band) * 2 / (r.rate_hz * (window**2).sum()))


def correlation(x, lag):
    return np.median([np.corrcoef(x[:, c], x[:, c - lag])[0, 1] for c in range(lag, x.shape[1])])


@pytest.mark.parametrize("preset", PRESETS)
def test_same_seed_same_recording(preset):
    first, again, other = (
        synthesize(preset, frames=5000, channels=8, seed=seed) for seed in (3, 3, 4)
    )
    for name in ("samples", "aux", "spike_frames", "spike_units", "unit_channels"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.samples, other.samples)


@pytest.mark.parametrize("preset", PRESETS)
def test_types_shapes_and_range(preset):
    r, p = recording(preset), PRESETS[preset]
    assert p.name == preset
    assert r.samples.dtype == np.int16 and r.samples.shape == (FRAMES, p.channels)
    assert r.aux.dtype == np.uint16 and r.aux.shape == (FRAMES,)
    assert r.spike_frames.dtype == np.int64 and r.spike_units.dtype == np.int32
    assert r.spike_frames.shape == r.spike_units.shape
    assert r.unit_channels.dtype == np.int64
    assert set(r.spike_units) <= set(range(len(r.unit_channels)))
    assert (r.rate_hz, r.lsb_uv, r.sample_bits, r.probe) == (
        p.rate_hz,
        p.lsb_uv,
        p.sample_bits,
        p.probe,
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_artefact_reaches_both_rails_and_never_passes_them(preset):
    r = recording(preset)
    low, high = rails(r)
    assert r.samples.min() == low and r.samples.max() == high
    both = (r.samples == low).any(axis=0) & (r.samples == high).any(axis=0)
    assert both.sum() >= 3
    # It is short: one movement of 10 ms, so no spike or drift may clip elsewhere.
    clipped = np.flatnonzero(((r.samples == low) | (r.samples == high)).any(axis=1))
    assert np.ptp(clipped) < 300


# Typical published recordings: Neuropixels 1.0-type AP 4.1 bits, Neuropixels 2.0 6.65 bits,
# Intan 6.4 bits. 0.3 bit is the spread between channels of one probe, and between seeds far less.
@pytest.mark.parametrize(("preset", "bits"), [("np1", 4.1), ("np2", 6.65), ("intan", 6.4)])
def test_entropy_of_the_first_difference(preset, bits):
    assert entropy(np.diff(ordinary(recording(preset)), axis=0)) == pytest.approx(bits, abs=0.3)


# Medians over channels of the same recordings, in codes; offsets removed. Slow signals differ
# between half seconds of one recording, hence the wide bounds.
@pytest.mark.parametrize(("preset", "rms"), [("np1", 4.1), ("np2", 100), ("intan", 252)])
def test_rms(preset, rms):
    assert np.median(ordinary(recording(preset)).std(axis=0)) == pytest.approx(rms, rel=0.3)


def test_np2_columns_are_coupled():
    """Subtracting half the difference two channels below saves 0.18 bit on a real probe."""
    d = np.diff(ordinary(recording("np2")), axis=0)
    saved = entropy(d[:, 2:]) - entropy(d[:, 2:] - d[:, :-2] // 2)
    assert saved == pytest.approx(0.18, abs=0.06)
    assert correlation(d, 2) == pytest.approx(0.5, abs=0.08)
    assert correlation(d, 1) < 0.3


# Correlation of the differences one channel apart: weak, weak, mostly common mode.
@pytest.mark.parametrize(("preset", "expected"), [("np1", 0.17), ("np2", 0.21), ("intan", 0.56)])
def test_neighbours_correlate(preset, expected):
    d = np.diff(ordinary(recording(preset)), axis=0)
    assert correlation(d, 1) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("preset", "low_hz", "high_hz", "expected_db"),
    [
        ("np1", 20, 200, -16.5),  # the high-pass holds LFP and drift level with the noise
        ("np1", 300, 600, -17.5),
        ("np1", 2000, 4000, -20.1),
        ("np1", 8000, 12000, -25.4),
        ("np2", 20, 100, 14.2),  # wideband: LFP and hum stand far above
        ("np2", 300, 600, -2.1),
        ("np2", 2000, 4000, -12.2),
        ("np2", 8000, 12000, -20.4),
        ("intan", 20, 100, 15.0),
        ("intan", 300, 600, -7.4),
        ("intan", 2000, 4000, -25.0),
        ("intan", 8000, 12000, -34.0),
    ],
)
def test_spectrum(preset, low_hz, high_hz, expected_db):
    # 3 dB: half an octave of error in a 1/f**2 slope, or the difference between two recordings.
    assert density_db(recording(preset), low_hz, high_hz) == pytest.approx(expected_db, abs=3)


def test_variance_is_constant_over_the_window_seams():
    """Windowed blocks must not pulse: power at any phase of a block is the same."""
    x = np.diff(ordinary(recording("np1")), axis=0).astype(float)
    power = (x[: 3 * 4096] ** 2).mean(axis=1).reshape(3, 8, 512).mean(axis=(0, 2))
    assert np.ptp(power) < 0.1 * power.mean()


def test_every_unit_has_its_trough_on_its_peak_channel_at_its_frames():
    r = long_recording()
    span = np.arange(-15, 30)
    faulty = {r.dead_channel, r.noisy_channel}
    centred = (r.samples - np.median(r.samples, axis=0)) * r.lsb_uv
    noise_uv = 1.4826 * np.median(np.abs(centred), axis=0)
    assert len(r.unit_channels) == 4
    for unit, peak in enumerate(r.unit_channels):
        frames = r.spike_frames[r.spike_units == unit]
        frames = frames[(frames >= 15) & (frames < len(r.samples) - 30)]
        assert len(frames) > 15  # at least 1 Hz for 20 s, less chance
        # The median is blind to the artefact and to other units' spikes.
        wave = np.median(centred[frames[:, None] + span], axis=0)
        assert peak not in faulty
        assert abs(span[wave[:, peak].argmin()]) <= 1
        # 50 to 300 uV troughs, times a gain spread of 9 % and the error of the median.
        assert 50 * 0.75 < -wave[15, peak] < 300 * 1.3
        assert -wave[15, peak] > 5 * noise_uv[peak] / np.sqrt(len(frames))
        beside = [c for c in (peak - 1, peak + 1) if 0 <= c < 16 and c not in faulty]
        far = [c for c in range(16) if abs(c - peak) > 8 and c not in faulty]
        assert all(-wave[15, c] > 0.35 * -wave[15, peak] for c in beside)
        assert all(-wave[15, c] < 0.25 * -wave[15, peak] for c in far)


def test_spikes_are_sorted_and_refractory():
    r = long_recording()
    assert (np.diff(r.spike_frames) >= 0).all()
    assert r.spike_frames[0] >= 0 and r.spike_frames[-1] < len(r.samples)
    for unit in range(len(r.unit_channels)):
        assert np.diff(r.spike_frames[r.spike_units == unit]).min() >= 60  # 2 ms


@pytest.mark.parametrize("preset", PRESETS)
def test_dead_channel_is_constant_and_alone(preset):
    r = recording(preset)
    assert np.flatnonzero(np.ptp(r.samples, axis=0) == 0).tolist() == [r.dead_channel]


@pytest.mark.parametrize("preset", PRESETS)
def test_noisy_channel_is_the_noisiest(preset):
    # The median absolute difference, since the artefact's clipping would rule the rms.
    spread = np.median(np.abs(np.diff(recording(preset).samples.astype(int), axis=0)), axis=0)
    assert spread.argmax() == recording(preset).noisy_channel
    assert spread.max() > 2 * np.median(spread)


def test_sync_is_a_one_hertz_square_wave():
    aux = long_recording().aux
    edges = np.flatnonzero(np.diff(aux & 64)) + 1
    assert edges.tolist() == list(range(15_000, 600_000, 15_000))


def test_ttl_is_sparse_and_uses_no_other_bit():
    aux = long_recording().aux
    assert set(np.unique(aux)) == {0, 1, 64, 65}
    # 40 pulses of 10 ms expected in 20 s: 2 % of the time.
    assert 0.005 < (aux & 1).mean() < 0.05


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("channels", [2, 3, 9])
@pytest.mark.parametrize("frames", [1, 2, 19, 20, 4095, 4096, 4097])
def test_edge_sizes(preset, channels, frames):
    r = synthesize(preset, frames=frames, channels=channels)
    assert r.samples.shape == (frames, channels) and r.aux.shape == (frames,)
    assert r.dead_channel != r.noisy_channel
    assert ((r.spike_frames >= 0) & (r.spike_frames < frames)).all()
    assert r.dead_channel not in r.unit_channels
    if frames >= 20:
        assert (r.samples.min(), r.samples.max()) == rails(r)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "np3", "frames": 10}, "Unknown preset 'np3'; choose one of np1, np2, intan."),
        ({"frames": 0}, "frames must be at least 1, not 0."),
        ({"frames": -5}, "frames must be at least 1, not -5."),
        ({"frames": 10, "channels": 1}, "channels must be 2 to 4096, not 1."),
        ({"frames": 10, "channels": 0}, "channels must be 2 to 4096, not 0."),
        ({"frames": 10, "channels": 4097}, "channels must be 2 to 4096, not 4097."),
    ],
)
def test_bad_arguments_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        synthesize(**arguments)
