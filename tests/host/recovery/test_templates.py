"""Templates of spikes known and unknown."""

import numpy as np
import pytest

from probecodec.host.recovery import cut_templates, sort_units

from .conftest import AFTER, BEFORE, noise, waveforms


def distance(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


def test_known_spikes(lossless):
    templates = cut_templates(lossless.values, lossless.frames, lossless.units, BEFORE, AFTER)
    assert templates.waveforms.dtype == np.float32
    assert templates.peaks.tolist() == [1, 2, 4]
    assert distance(templates.waveforms, waveforms()) < 0.12


def test_overlaps_are_taken_apart():
    """A unit that always fires 8 frames after another one, or by itself."""
    first = np.arange(100, 40_000, 200)
    second = np.sort(np.concatenate([first[::2] + 8, first + 100]))
    values = np.zeros((40_200, 6))
    for frames, unit in ((first, 0), (second, 1)):
        for frame in frames:
            values[frame - BEFORE : frame + AFTER] += waveforms()[unit]
    frames = np.concatenate([first, second])
    units = np.repeat([0, 1], [len(first), len(second)])
    templates = cut_templates(values, frames, units, BEFORE, AFTER)
    mean = np.mean([values[f - BEFORE : f + AFTER] for f in second], axis=0)
    assert distance(mean, waveforms()[1]) > 0.3
    assert distance(templates.waveforms[1], waveforms()[1]) < 0.1


def test_unknown_spikes(lossless):
    templates, frames, units = sort_units(lossless.values, before=BEFORE, after=AFTER)
    assert sorted(templates.peaks.tolist()) == [1, 2, 4]
    for peak, true in zip((1, 2, 4), range(3), strict=True):
        unit = templates.peaks.tolist().index(peak)
        assert distance(templates.waveforms[unit], waveforms()[true]) < 0.25
        times = lossless.frames[lossless.units == true]
        near = np.abs(frames[units == unit][:, np.newaxis] - times).min(axis=1) <= 3
        assert near.mean() > 0.95


def test_refused(lossless):
    values = lossless.values
    with pytest.raises(ValueError, match="no spike within"):
        cut_templates(values, np.array([500, 600]), np.array([0, 2]))
    with pytest.raises(ValueError, match="no spike within"):
        cut_templates(values, np.array([3]), np.array([0]))
    with pytest.raises(ValueError, match="units need 15"):
        sort_units(noise(5000, 3), threshold=8)
    with pytest.raises(ValueError, match="not finite"):
        sort_units(np.full((500, 3), np.nan))
