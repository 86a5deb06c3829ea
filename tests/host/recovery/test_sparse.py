"""Dictionary, pursuit and unrolled thresholding."""

import numpy as np
import pytest
from sklearn.linear_model import orthogonal_mp

from probecodec.golden.format import Family
from probecodec.host.recovery import (
    Lista,
    Lmmse,
    Omp,
    dequantise,
    identity,
    learn_dictionary,
    measure,
)

from .conftest import CHANNELS, NOISE, WINDOW, noise, waveforms
from .projections import db, projection

MATRIX, SHIFT = projection(12, Family.DENSE, hold=2), 3


@pytest.fixture(scope="module")
def dictionary(lossless):
    return learn_dictionary(lossless.values, WINDOW)


@pytest.fixture(scope="module")
def measured(unseen):
    return dequantise(measure(unseen.values, MATRIX, SHIFT), SHIFT)


@pytest.fixture(scope="module")
def lista(dictionary, statistics, lossless):
    return Lista(dictionary, statistics, MATRIX, SHIFT, lossless.values)


def active(unseen, length):
    """The spikes' waveforms, and where they are."""
    clean = unseen.clean[:length]
    return clean, np.abs(clean) > 8


def test_atoms(dictionary):
    np.testing.assert_allclose(np.linalg.norm(dictionary.atoms, axis=1), 1, rtol=1e-5)
    padded = np.zeros((3, WINDOW), np.float32)
    for unit, wave in enumerate(waveforms()):
        padded[unit, 1:31] = wave[:, np.argmax((wave**2).sum(axis=0))]
    codes = orthogonal_mp(
        dictionary.atoms.T.astype(float), padded.T.astype(float), n_nonzero_coefs=4
    )
    assert db(padded, (dictionary.atoms.T @ codes).T) > 12


def test_pursuit_is_that_of_scikit_learn(dictionary, statistics):
    omp = Omp(dictionary, statistics, MATRIX, SHIFT, nonzeros=3, neighbours=1, threshold=0)
    sensing = omp.sensing
    rng = np.random.default_rng(0)
    white = rng.normal(0, 5, (20, CHANNELS, 12)).astype(np.float32)
    whiten = sensing.whiten.astype(float)
    coloured = np.stack([np.linalg.solve(w, white[:, c].T).T for c, w in enumerate(whiten)], axis=1)
    found = omp.recover(coloured.astype(np.float32)).reshape(20, WINDOW, CHANNELS)
    for channel in range(CHANNELS):
        columns = sensing.columns[channel].astype(float)
        seen = np.linalg.norm(columns, axis=0)  # below 1 for atoms that are hardly seen
        assert seen.min() > 0.99
        codes = orthogonal_mp(columns, white[:, channel].T.astype(float), n_nonzero_coefs=3)
        true = (codes.T / sensing.norms[channel]) @ dictionary.atoms
        close = [db(t, f) > 20 for t, f in zip(true, found[:, :, channel], strict=True)]
        assert np.mean(close) >= 0.9  # float32 may break a tie otherwise


@pytest.mark.parametrize("neighbours", [1, 3])
def test_pursuit_recovers_spikes(dictionary, statistics, unseen, measured, neighbours):
    found = Omp(dictionary, statistics, MATRIX, SHIFT, neighbours=neighbours).recover(measured)
    clean, where = active(unseen, len(found))
    assert db(clean[where], found[where]) > 8
    assert np.abs(found[~where]).mean() < 0.2 * NOISE


def test_neighbours_help(dictionary, statistics, unseen, measured):
    reached = []
    for neighbours in (1, 3):
        found = Omp(dictionary, statistics, MATRIX, SHIFT, neighbours=neighbours).recover(measured)
        clean, where = active(unseen, len(found))
        reached.append(db(clean[where], found[where]))
    assert reached[1] > reached[0] + 0.3


def test_noise_is_left_out(dictionary, statistics):
    quiet = np.rint(noise(20_000, 14)).astype(np.int64)
    found = Omp(dictionary, statistics, MATRIX, SHIFT, threshold=5).recover(
        dequantise(measure(quiet, MATRIX, SHIFT), SHIFT)
    )
    assert np.mean(found != 0) < 0.02


def test_unrolled(lista, statistics, unseen, measured):
    found = lista.recover(measured)
    clean, where = active(unseen, len(found))
    linear = Lmmse(statistics, MATRIX, SHIFT, spike_weight=1).recover(measured)
    assert db(clean[where], found[where]) > db(clean[where], linear[where])
    assert np.mean((found - clean) ** 2) < np.mean((linear - clean) ** 2)


def test_tuning_helps(lista, unseen, measured, monkeypatch):
    values = unseen.values[: len(measured) * WINDOW]
    tuned = db(values, lista.recover(measured))
    monkeypatch.setattr(lista, "steps", np.ones(16))
    monkeypatch.setattr(lista, "thresholds", np.full(16, 5.0))
    assert tuned > db(values, lista.recover(measured)) + 0.2


def test_blocks_and_workers(dictionary, statistics, lista, measured, monkeypatch):
    omp = Omp(dictionary, statistics, MATRIX, SHIFT)
    for solver, module in ((omp, "omp"), (lista, "lista")):
        whole = solver.recover(measured[:100])
        calls = []
        monkeypatch.setattr(f"probecodec.host.recovery.{module}.BLOCK", 30)
        parts = solver.recover(measured[:100], lambda *call, to=calls: to.append(call), workers=2)
        np.testing.assert_allclose(parts, whole, atol=1e-2)
        assert calls == [(30, 100), (60, 100), (90, 100), (100, 100)]


def test_no_windows(dictionary, statistics, lista):
    none = np.zeros((0, CHANNELS, 12), np.float32)
    for solver in (Omp(dictionary, statistics, MATRIX), lista, Lmmse(statistics, MATRIX)):
        assert solver.recover(none).shape == (0, CHANNELS)


def test_refused(dictionary, statistics, lossless, lista):
    with pytest.raises(ValueError, match="windows of 32 frames, the projection's have 16"):
        Omp(dictionary, statistics, identity(CHANNELS, 16))
    with pytest.raises(ValueError, match="of 6 channels"):
        Omp(dictionary, statistics, MATRIX[:3])
    with pytest.raises(ValueError, match="no two windows"):
        Lista(dictionary, statistics, MATRIX, 0, lossless.values[:40])
    with pytest.raises(ValueError, match="not finite"):
        lista.recover(np.full((1, CHANNELS, 12), np.inf))
    with pytest.raises(ValueError, match="Only 0 spikes exceed 50 deviations"):
        learn_dictionary(lossless.values, WINDOW, threshold=50)
