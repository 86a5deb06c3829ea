"""Every family: its rate is met and is what its coder gives; fewer bits, worse traces."""

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy

from probecodec.bench.projection import learned
from probecodec.bench.projection.coding import entropy, finest
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

TRACES = [name for name, family in FAMILIES.items() if not family.projects]


@pytest.fixture(scope="module")
def truth():
    return make(Options(channels=16, units=5, train_seconds=2, test_seconds=1, seed=4), 8.0)


def error(truth, coded):
    return np.mean((coded.traces.test - truth.values[truth.stretch(train=False)]) ** 2)


@pytest.mark.parametrize("name", TRACES)
def test_rate_and_error(truth, name, monkeypatch):
    monkeypatch.setattr(learned, "LEARNED", 2000)
    fine, coarse = (FAMILIES[name].code(truth, target) for target in (2.0, 1.2))
    assert 0.7 * 2.0 < fine.bits < 1.1 * 2.0 and coarse.bits < 1.1 * 1.2
    whole = truth.values[truth.stretch(train=False)]
    assert fine.traces.test.shape == whole.shape and fine.traces.test.dtype == np.float32
    assert len(fine.traces.train) == truth.train_frames
    assert error(truth, fine) < error(truth, coarse) < 1.5 * np.mean(whole.astype(float) ** 2)


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
    assert f"M {config.measurements}, shift {config.shift}" in coded.setting
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
