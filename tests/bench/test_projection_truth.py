"""The recordings with known spikes, and the sorter that all traces go through."""

import numpy as np
import pytest

from probecodec.bench.projection.events import crossings, quiet_begins
from probecodec.bench.projection.ground_truth import make
from probecodec.bench.projection.metrics import score_spikes
from probecodec.bench.projection.noise import smooth_highpass
from probecodec.bench.projection.options import Options
from probecodec.bench.projection.sorter import Sorter
from probecodec.bench.projection.units import make_templates
from probecodec.golden.highpass import Highpass
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host.recording import Recording

SMALL = Options(channels=16, units=5, train_seconds=2, test_seconds=1, seed=21)


@pytest.fixture(scope="module")
def truth():
    return make(SMALL, 8.0)


def test_highpass_is_golden_without_its_rounding():
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.integers(-9, 10, (3000, 4)), axis=0)
    golden = Highpass(ProjectionConfig(channels=4, highpass_shift=5)).encode(samples)
    assert np.abs(smooth_highpass(samples, 5) - golden).max() <= 1.01


def test_same_seed_same_recording(truth):
    again = make(SMALL, 8.0)
    assert np.array_equal(again.samples, truth.samples)
    assert np.array_equal(again.spike_units, truth.spike_units)


def test_values_are_those_of_the_golden_highpass(truth):
    config = ProjectionConfig(channels=16, highpass_shift=truth.highpass_shift)
    golden = Highpass(config).encode(truth.samples[:9000].astype(np.int64))
    assert np.array_equal(truth.values[:9000], golden)


@pytest.mark.parametrize("noise_uv", [6.0, 20.0])
def test_noise_level(noise_uv):
    truth = make(SMALL, noise_uv)
    quiet = quiet_begins(len(truth.values), truth.spike_frames, 20, 60)
    level = truth.values[quiet].std() * truth.lsb_uv
    assert level == pytest.approx(noise_uv, rel=0.1)


def test_spikes_are_troughs_on_their_channels(truth):
    for unit in np.unique(truth.spike_units):
        frames = truth.spike_frames[truth.spike_units == unit]
        channel = truth.unit_channels[unit]
        mean = np.mean([truth.values[f - 15 : f + 16, channel] for f in frames], axis=0)
        assert abs(int(mean.argmin()) - 15) <= 1
        assert -260 <= mean.min() * truth.lsb_uv <= -40


def test_stretches_are_whole_windows_and_hold_whole_spikes(truth):
    assert truth.train_frames % 256 == 0 and len(truth.samples) % 256 == 0
    for train in (True, False):
        frames, _ = truth.spikes(train=train)
        length = len(truth.values[truth.stretch(train=train)])
        assert len(frames) and frames.min() > 60 and frames.max() < length - 60


def test_templates_are_as_large_as_told():
    templates = make_templates(50, 32, 30_000.0, np.random.default_rng(0))
    troughs = -templates.min(axis=(1, 2))
    assert 59 < troughs.min() < 90 and 180 < troughs.max() < 251


def test_real_noise_keeps_spectrum_and_coherence(tmp_path):
    rng = np.random.default_rng(5)
    common = np.convolve(rng.normal(0, 6, 6005), np.ones(6) / 2, "valid")[:, np.newaxis]
    np.save(tmp_path / "a.npy", np.rint(common + rng.normal(0, 3, (6000, 8))).astype(np.int16))
    options = Options(
        source="real", path=tmp_path / "a.npy", channels=8, units=1, train_seconds=2, test_seconds=1
    )
    truth = make(options, 0.0)
    quiet = truth.values[:, truth.unit_channels[0] - 4]  # few spikes of the only unit
    source = smooth_highpass(np.load(tmp_path / "a.npy"), truth.highpass_shift)
    assert np.std(quiet) == pytest.approx(source.std(), rel=0.15)
    coherence = np.corrcoef(truth.values.T)[0, 1], np.corrcoef(source.T)[0, 1]
    assert coherence[0] == pytest.approx(coherence[1], abs=0.08)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"source": "other"}, "source must be"),
        ({"source": "real"}, "give its path"),
        ({"test_seconds": 0.1}, "half a second"),
    ],
)
def test_refused(changed, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(Options(**({"channels": 8, "train_seconds": 1, "test_seconds": 1} | changed)), 6.0)


def real(samples, **rest):
    about = {"sample_bits": 10, "rate_hz": 30_000.0, "lsb_uv": 2.0}
    return Recording(samples=samples.astype(np.int16), **(about | rest))


def noise(frames=2000, channels=12, level=4.0):
    return np.rint(np.random.default_rng(7).normal(0, level, (frames, channels)))


REAL = Options(source="real", channels=32, units=3, train_seconds=1, test_seconds=0.6)


class TestRecordingInMemory:
    def test_is_that_of_the_file(self, tmp_path):
        recording = real(noise(channels=8), lsb_uv=0.0, sample_bits=16)
        np.save(tmp_path / "a.npy", recording.samples)
        path = Options(**(vars(REAL) | {"path": tmp_path / "a.npy"}))
        one, other = make(REAL, 0.0, recording), make(path, 0.0)
        assert np.array_equal(one.samples, other.samples)
        assert (one.name, other.name) == ("real", "a")

    @pytest.mark.parametrize(
        ("frames", "about"),
        [
            (2000, {}),
            (2500, {"sample_bits": 14}),
            (3000, {"sample_bits": 16, "rate_hz": 10_000.0}),
        ],
    )
    def test_fewer_channels_short_clips_other_probes(self, frames, about):
        truth = make(REAL, 0.0, real(noise(frames), **about))
        assert truth.samples.shape[1] == 12
        assert len(truth.samples) == pytest.approx(1.6 * truth.rate_hz, abs=512)
        assert truth.sample_bits == about.get("sample_bits", 10)
        assert truth.spun_seconds == frames / truth.rate_hz
        assert truth.noise_uv == pytest.approx(2 * 4, rel=0.1)

    def test_unknown_steps_count_as_usual_noise(self):
        truth = make(REAL, 0.0, real(noise(level=100.0), lsb_uv=0.0, sample_bits=14))
        assert truth.noise_uv == pytest.approx(10)
        assert truth.lsb_uv == pytest.approx(10 / 100, rel=0.1)

    def test_spikes_are_as_loud_as_a_loud_recording(self):
        def trough(level):
            truth = make(REAL, 0.0, real(noise(level=level), sample_bits=14))
            return truth.values.min() * truth.lsb_uv

        assert trough(50.0) < 5 * trough(2.0)  # noise of 100 uV against 4, which is usual

    @pytest.mark.parametrize(
        ("samples", "about", "sentence"),
        [
            (noise(channels=7), {}, "7 channels are too few"),
            (noise(frames=1999), {}, "1999 frames hold too little noise: 2000"),
            (noise(), {"rate_hz": 2500.0}, "2500 frames a second are too few for spikes"),
            (np.full((2500, 8), 3), {}, "constant"),
        ],
    )
    def test_refused(self, samples, about, sentence):
        with pytest.raises(ValueError, match=sentence):
            make(REAL, 0.0, real(samples, **about))


def test_sorter_finds_what_is_there(truth):
    train, test = (
        truth.values[truth.stretch(train=part)].astype(np.float32) for part in (True, False)
    )
    sorter = Sorter(train, *truth.spikes(train=True), truth.rate_hz)
    found = sorter.sort(test)
    score = score_spikes(truth.spikes(train=False), found, truth.unit_channels, truth.rate_hz)
    assert score.true > 10 and score.error < 0.05 and score.precision > 0.95


def test_sorter_finds_nothing_in_noise(truth):
    train = truth.values[truth.stretch(train=True)].astype(np.float32)
    sorter = Sorter(train, *truth.spikes(train=True), truth.rate_hz)
    noise = np.random.default_rng(1).normal(0, 8 / truth.lsb_uv, (30_000, 16))
    assert len(sorter.sort(noise.astype(np.float32))[0]) <= 1


def test_sorter_takes_overlaps_apart(truth):
    train = truth.values[truth.stretch(train=True)].astype(np.float32)
    sorter = Sorter(train, *truth.spikes(train=True), truth.rate_hz)
    traces = np.random.default_rng(2).normal(0, 2, (600, 16)).astype(np.float32)
    units = np.argsort(-np.abs(sorter.templates).max(axis=(1, 2)))[:2]
    for unit, frame in zip(units, (300, 308), strict=True):
        begin = frame - sorter.before
        traces[begin : begin + sorter.taps] += sorter.templates[unit]
    frames, found = sorter.sort(traces)
    assert sorted(found.tolist()) == sorted(units.tolist())
    assert np.abs(np.sort(frames) - [300, 308]).max() <= 1


def test_crossings_are_the_deepest_nearby():
    traces = np.zeros((200, 12), np.float32)
    traces[50, 3], traces[53, 4], traces[52, 11], traces[120, 3] = -9, -12, -8, -5
    frames, channels = crossings(traces, np.full(12, 6, np.float32), 8)
    assert sorted(zip(frames.tolist(), channels.tolist(), strict=True)) == [(52, 11), (53, 4)]
