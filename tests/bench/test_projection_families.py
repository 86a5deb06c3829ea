"""Every family: its rate is met and is what its coder gives; fewer bits, worse traces."""

import gc
import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy
from threadpoolctl import threadpool_limits

from probecodec.bench import codecs
from probecodec.bench.projection import coding, learned, quantising
from probecodec.bench.projection.coding import entropy, finest, once, timed
from probecodec.bench.projection.families import FAMILIES
from probecodec.bench.projection.ground_truth import make
from probecodec.bench.projection.link import encoder_config, link_bits
from probecodec.bench.projection.near_lossless import lossless
from probecodec.bench.projection.options import Options
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host.recovery import measure

TRACES = [
    name for name, family in FAMILIES.items() if not family.projects and name != "wavpack-hybrid"
]


@pytest.fixture(scope="module", autouse=True)
def small():
    """One thread, as `run` has it; learned from little."""
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(learned, "LEARNED", 2000)
        patch.setattr(quantising, "LEARNED", 4000)
        patch.setattr(quantising, "MOST_ENTRIES", 64)
        yield


@pytest.fixture(scope="module")
def truth():
    return make(Options(channels=16, units=5, train_seconds=2, test_seconds=1, seed=4), 8.0)


def error(truth, coded):
    return np.mean((coded.traces.test - truth.values[truth.stretch(train=False)]) ** 2)


@pytest.mark.parametrize("name", TRACES)
def test_rate_and_error(truth, name):
    if name == "autoencoder":
        pytest.importorskip("torch")
    fine, coarse = (FAMILIES[name].code(truth, target) for target in (2.0, 1.2))
    assert 0.7 * 2.0 < fine.bits < 1.1 * 2.0 and coarse.bits < 1.1 * 1.2
    whole = truth.values[truth.stretch(train=False)]
    assert fine.traces.test.shape == whole.shape and fine.traces.test.dtype == np.float32
    assert len(fine.traces.train) == truth.train_frames
    assert error(truth, fine) < error(truth, coarse) < 1.5 * np.mean(whole.astype(float) ** 2)
    assert fine.encode_s > 0 and fine.decode_s > 0 and FAMILIES[name].title


@pytest.mark.parametrize("name", ["steps", "low-bits"])
def test_no_code_is_below_a_bit(truth, name):
    assert FAMILIES[name].code(truth, 0.9) is None


def test_lossless_gives_all_back(truth):
    coded = lossless(truth)
    assert error(truth, coded) == 0 and 2 < coded.bits < truth.sample_bits


@pytest.mark.parametrize("name", ["sparse-64", "dense-64-hold4", "loaded-32", "loaded-64-pca"])
def test_projections(truth, name):
    coded = FAMILIES[name].code(truth, 1.25)
    config = coded.measured.config
    assert 0.5 * 1.25 < coded.bits < 1.1 * 1.25
    assert coded.setting == f"M {config.measurements}, shift {config.shift}"
    assert coded.encode_s > 0 and coded.decode_s == 0
    values = truth.values[truth.stretch(train=False)]
    for channel in (0, 7):
        one = matrix(config)[channel] @ values[: config.window, channel] >> config.shift
        assert np.array_equal(coded.measured.test[0, channel], one)


@pytest.mark.parametrize(
    ("family", "channels", "shift"), [(Family.SPARSE, 64, 2), (Family.DENSE, 12, 0)]
)
def test_link_bits_are_those_of_the_encoder(family, channels, shift):
    config = ProjectionConfig(
        channels=channels, sample_bits=10, highpass_shift=0, measurements=6, family=family,
        shift=shift,
    )  # fmt: skip
    stream = encoder_config(config)
    frames = stream.packet_frames * stream.restart_interval * 2
    samples = np.rint(np.random.default_rng(0).normal(0, 4, (frames, channels))).astype(np.int64)
    encoder, size = Encoder(stream), 0
    for start in range(0, frames, stream.packet_frames):
        part = samples[start : start + stream.packet_frames]
        size += len(encoder.packet(part, np.zeros(len(part), np.int64), mode=Mode.PROJECTION))
    told = link_bits(config, measure(samples, matrix(config), shift))
    assert told == pytest.approx(8 * size / samples.size, rel=1e-12)


def test_entropy_against_scipy():
    rng = np.random.default_rng(1)
    symbols = np.stack([rng.poisson(3, 4000), rng.integers(-2, 2, 4000)], axis=1)
    expected = sum(
        4000 * scipy_entropy(np.unique(column, return_counts=True)[1], base=2)
        for column in symbols.T
    )
    assert entropy(symbols) == pytest.approx(expected)


def test_finest():
    assert finest(lambda step: 10 / step, 2.0) == pytest.approx(5, rel=0.02)
    assert finest(lambda step: 10 / step, 2.0) >= 5
    assert finest(lambda step: 1.0, 0.5) is None
    loud = finest(lambda step: 5000 / step, 2.0)
    assert loud == pytest.approx(2500, rel=0.02) and loud >= 2500


def test_channels_need_not_be_whole_neighbourhoods():
    """PCA and the like take 8 channels at a time; the last may be fewer."""
    made = make(Options(channels=11, units=3, train_seconds=1, test_seconds=0.6, seed=4), 8.0)
    for name in ("pca", "predictive-vq"):
        coded = FAMILIES[name].code(made, 2.0)
        assert coded.traces.test.shape[1] == 11 and coded.bits < 1.15 * 2.0
        each = np.mean((coded.traces.test - made.values[made.stretch(train=False)]) ** 2, axis=0)
        power = np.mean(made.values[made.stretch(train=False)].astype(float) ** 2, axis=0)
        assert (each < 0.3 * power).all()


def test_a_loud_recording_is_in_reach(truth):
    """14 and 16 bits: steps beyond those of a quiet 10-bit probe."""
    loud = replace(
        truth, values=truth.values * 100, samples=truth.samples * np.int16(30), sample_bits=15
    )
    for name in ("ideal-steps", "wavelet", "pca"):
        assert 0.4 < FAMILIES[name].code(loud, 0.6).bits < 1.1 * 0.6
    assert FAMILIES["dense-64-hold4"].code(loud, 0.9).bits > 0.5 * 0.9


class TestTimed:
    def seconds(self, monkeypatch, *durations):
        ticks = itertools.accumulate(itertools.chain.from_iterable((1.0, d) for d in durations))
        monkeypatch.setattr(coding, "perf_counter", lambda: next(ticks))
        calls = itertools.count(1)
        return timed(lambda: next(calls))

    def test_short_work_is_repeated_and_the_best_counts(self, monkeypatch):
        assert self.seconds(monkeypatch, 0.09, 0.05, 0.07, 9.0) == (3, pytest.approx(0.05))

    def test_long_work_is_done_once(self, monkeypatch):
        assert self.seconds(monkeypatch, 2.0, 1.0) == (1, pytest.approx(2.0))


def test_what_is_learned_lasts_as_long_as_the_recording(truth):
    asked = []
    learn = once(lambda truth, *rest: asked.append(rest) or [len(asked)])
    other = replace(truth)
    assert learn(other, 1) is learn(other, 1) and learn(other, 2) != learn(other, 1)
    assert asked == [(1,), (2,)]
    held = learn(truth, 1)
    assert held != learn(other, 1)
    del other
    gc.collect()
    assert learn(truth, 1) is held


@pytest.mark.skipif(shutil.which("wavpack") is None, reason="needs the command wavpack")
class TestWavpack:
    def test_bits_are_those_of_the_files(self, truth):
        coded = FAMILIES["wavpack-hybrid"].code(truth, 2.8)
        samples = truth.samples[truth.stretch(train=False)]
        level = tuple(coded.setting.split())
        blobs = codecs.wavpack_encode(samples, truth.rate_hz, level=level)
        assert coded.bits == 8 * sum(map(len, blobs)) / samples.size < 1.05 * 2.8
        assert error(truth, coded) > error(truth, FAMILIES["wavpack-hybrid"].code(truth, 4.0))

    def test_what_its_blocks_cannot_do(self, truth):
        assert FAMILIES["wavpack-hybrid"].code(truth, 1.8) is None
