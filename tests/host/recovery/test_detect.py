"""Spikes that are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from probecodec.golden.format import Family
from probecodec.host.recovery import Detector, Templates, dequantise, identity, measure

from .conftest import AFTER, BEFORE, CHANNELS, WINDOW, noise, waveforms
from .projections import found, projection


def detect(values, templates, statistics, matrix, shift=0, **rest):
    detector = Detector(templates, statistics, matrix, shift, **rest)
    return detector.detect(dequantise(measure(values, matrix, shift), shift))


@pytest.mark.parametrize(
    "matrix, shift",
    [
        (identity(CHANNELS, WINDOW), 0),
        (projection(8), 1),
        (projection(16), 3),
        (projection(12, Family.DENSE), 3),
        (projection(8, Family.DENSE, hold=4), 4),
    ],
)
def test_finds_and_classifies(unseen, templates, statistics, matrix, shift):
    share, wrong = found(unseen, detect(unseen.values, templates, statistics, matrix, shift))
    assert share > 0.95
    assert wrong < 0.03


def test_noise_has_no_spikes(templates, statistics):
    spikes = detect(
        np.rint(noise(60_000, 21)).astype(np.int64), templates, statistics, projection()
    )
    assert len(spikes.frames) <= 1


@pytest.mark.parametrize("frame", range(5 * WINDOW - AFTER, 6 * WINDOW + BEFORE, 7))
def test_at_every_place_of_a_window(templates, statistics, frame):
    values = np.zeros((12 * WINDOW, CHANNELS))
    values[frame - BEFORE : frame + AFTER] += waveforms()[1]
    spikes = detect(np.rint(values).astype(np.int64), templates, statistics, projection(12))
    assert (spikes.frames.tolist(), spikes.units.tolist()) == ([frame], [1])


@pytest.mark.parametrize("apart", [0, 3, 10, 25])
def test_overlaps(templates, statistics, apart):
    values = noise(12 * WINDOW, 30 + apart)
    for frame, unit in ((150, 0), (150 + apart, 1), (150 + apart, 2)):
        values[frame - BEFORE : frame + AFTER] += waveforms()[unit]
    spikes = detect(np.rint(values).astype(np.int64), templates, statistics, projection(16))
    pairs = set(zip(spikes.units.tolist(), spikes.frames.tolist(), strict=True))
    near = {(unit, frame) for unit, frame in pairs if abs(frame - 150 - apart * (unit > 0)) <= 2}
    assert {unit for unit, _ in near} == {0, 1, 2}
    assert len(pairs) == 3


def test_score_is_the_likelihood_ratio(templates, statistics):
    """Of spike and noise, by SciPy's densities, where the amplitude does not vary."""
    from scipy.stats import multivariate_normal

    from probecodec.host.recovery.measure import joint

    one = Templates(templates.waveforms[:1], BEFORE)
    matrix, shift, frame = projection(), 2, 2 * WINDOW + 15
    values = noise(4 * WINDOW, 40)
    values[frame - BEFORE : frame + AFTER] += waveforms()[0]
    measured = dequantise(measure(np.rint(values).astype(np.int64), matrix, shift), shift)
    detector = Detector(one, statistics, matrix, shift, amplitude_deviation=1e-3)
    spikes = detector.detect(measured)
    near = statistics.groups[one.peaks[0]]
    padded = np.zeros((2 * WINDOW, len(near)))
    padded[(begin := spikes.frames[0] - BEFORE - 2 * WINDOW) : begin + BEFORE + AFTER] = (
        one.waveforms[0][:, near]
    )
    model = joint(statistics, matrix, shift, near, 2, 0.0)
    signal = np.concatenate(
        [
            matrix[channel] @ padded[w * WINDOW : (w + 1) * WINDOW, n]
            for w in range(2)
            for n, channel in enumerate(near)
        ]
    )
    density = multivariate_normal(cov=model.measured)
    y = measured[2:4, near].reshape(-1).astype(float)
    assert len(spikes.frames) == 1
    assert spikes.scores[0] == pytest.approx(
        density.logpdf(y - signal) - density.logpdf(y), rel=0.01
    )


def test_blocks_and_workers(unseen, templates, statistics, monkeypatch):
    matrix = projection(12)
    whole = detect(unseen.values[:19_200], templates, statistics, matrix)
    monkeypatch.setattr("probecodec.host.recovery.detect.BLOCK", 50)
    measured = dequantise(measure(unseen.values[:19_200], matrix), 0)
    calls = []
    parts = Detector(templates, statistics, matrix).detect(
        measured, lambda done, total: calls.append((done, total)), workers=2
    )
    np.testing.assert_array_equal(parts.frames, whole.frames)
    np.testing.assert_array_equal(parts.units, whole.units)
    assert calls == [(done, 600) for done in range(50, 601, 50)]


def test_nothing_found(templates, statistics):
    matrix = projection()
    for frames in (0, 640):
        spikes = detect(np.zeros((frames, CHANNELS), np.int64), templates, statistics, matrix)
        assert len(spikes.frames) == len(spikes.units) == len(spikes.scores) == 0


def test_refused(templates, statistics):
    matrix = projection()
    with pytest.raises(ValueError, match="of 6 channels"):
        Detector(templates, statistics, matrix[:5])
    with pytest.raises(ValueError, match="templates have 5 channels"):
        Detector(Templates(templates.waveforms[:, :, :5], BEFORE), statistics, matrix)
    detector = Detector(templates, statistics, matrix)
    with pytest.raises(ValueError, match="shape"):
        detector.detect(np.zeros((4, CHANNELS, 7)))
    with pytest.raises(ValueError, match="not finite"):
        detector.detect(np.full((4, CHANNELS, 8), np.nan))


def test_found_counts():
    """The test's own count: one found twice is right once."""
    truth = SimpleNamespace(frames=np.array([10, 50]), units=np.array([0, 1]))
    spikes = SimpleNamespace(frames=np.array([11, 12, 50]), units=np.array([0, 0, 0]))
    assert found(truth, spikes) == (0.5, 1 - 1 / 3)
