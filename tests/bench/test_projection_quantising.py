"""Vector quantisation against a search by hand; its hybrid gains at equal bits."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from probecodec.bench.projection import quantising
from probecodec.bench.projection.ground_truth import make
from probecodec.bench.projection.options import Options
from probecodec.bench.projection.quantising import (
    HISTORY,
    Quantiser,
    _decode,
    _encode,
    predictive_vq,
    vq,
)


@pytest.fixture(scope="module", autouse=True)
def small():
    """One thread, as `run` has it; learned from few stretches."""
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantising, "LEARNED", 4000)
        yield


@pytest.fixture(scope="module")
def truth():
    return make(Options(channels=8, units=4, train_seconds=1, test_seconds=0.6, seed=4), 8.0)


def quantiser(length, restart, *, predicted, entries=17):
    rng = np.random.default_rng(length)
    predictor = np.zeros((HISTORY if predicted else 0, length), np.float32)
    if predicted:
        predictor[-3:] = rng.normal(0, 0.3, (3, length))
    return Quantiser(
        scale=np.array([2, 5, 3], np.float32),
        entries=rng.normal(0, 1, (entries, length)).astype(np.float32),
        predictor=predictor,
        restart=restart,
    )


def by_hand(one, channel, scale):
    """The entries and what they give, of one channel of one span, a stretch at a time."""
    length = one.entries.shape[1]
    back = [0.0] * HISTORY
    taken = []
    for start in range(0, len(channel), length):
        wanted = channel[start : start + length] / scale
        predicted = np.array(back[len(back) - len(one.predictor) :]) @ one.predictor
        taken.append(int(cdist([wanted - predicted], one.entries).argmin()))
        back += list(predicted + one.entries[taken[-1]])
    return taken, np.array(back[HISTORY:]) * scale


@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize(("frames", "restart", "span"), [(60, 60, 60), (118, 60, 60)])
def test_each_stretch_takes_its_nearest_entry(predicted, frames, restart, span):
    one = quantiser(4, restart, predicted=predicted)
    values = np.rint(np.random.default_rng(1).normal(0, 4, (frames, 3))).astype(np.int32)
    sent = _encode(one, values)
    back = _decode(one, sent)
    assert back.shape == values.shape and back.dtype == np.float32
    padded = np.zeros((-(-frames // span) * span, 3))
    padded[:frames] = values
    for channel, scale in enumerate(one.scale):
        whole = []
        for number, start in enumerate(range(0, len(padded), span)):
            part = padded[start : start + span, channel]
            taken, made = by_hand(one, part, scale)
            assert sent.entries[:, 3 * number + channel].tolist() == taken
            whole.append(made)
        assert back[:, channel] == pytest.approx(np.concatenate(whole)[:frames], abs=1e-4)


def test_nothing_outside_a_restart_is_needed():
    one = quantiser(2, 8, predicted=True)
    values = np.random.default_rng(2).integers(-9, 9, (16, 3)).astype(np.int32)
    first = _decode(one, _encode(one, values))
    values[:8] += 5
    assert np.array_equal(_decode(one, _encode(one, values))[8:], first[8:])


@pytest.mark.parametrize(
    ("target", "setting"),
    [
        (1.25, "1024 × 8"),
        (2.5, "1024 × 4"),
        (3.5, "128 × 2"),
        (7.0, "128 × 1"),
        (12.0, "1024 × 1"),
    ],
)
def test_length_and_entries_follow_from_the_rate(truth, target, setting):
    coded = vq(truth, target)
    assert coded.setting == setting and 0 < coded.bits <= target


def test_prediction_gains_at_equal_bits(truth):
    judged = truth.values[truth.stretch(train=False)]
    plain, predicted = (made(truth, 3.5) for made in (vq, predictive_vq))
    lost = [np.mean((one.traces.test - judged) ** 2) for one in (plain, predicted)]
    # A bit more a sample divides the squared error by four.
    assert lost[1] * 4 ** (predicted.bits - plain.bits) < 0.9 * lost[0]


def test_same_recording_same_traces(truth):
    one, other = (predictive_vq(truth, 1.25).traces.test for _ in range(2))
    assert np.array_equal(one, other)
