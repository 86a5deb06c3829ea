"""Adaptive predictor: against the reference decoder's learner, by hand, and as a learner.

`reference` is plain Python, one slot at a time, written from docs/stream-format.md.
"""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import LMS_INITIAL, Mode, Order
from probecodec.golden.lms import Lms

ORDERED = {Order.SEQUENTIAL: 5, Order.NP1: 48, Order.NP2: 32}  # channels
for_orders = pytest.mark.parametrize("order", Order, ids=lambda order: order.name)


def config_of(channels, sample_bits=12, order=Order.SEQUENTIAL):
    return EncoderConfig(
        channels=channels, sample_bits=sample_bits, order=order, modes=(Mode.ADAPTIVE,)
    )


def wrapped(values, bits):
    return (values + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def differences_of(samples, bits):
    return wrapped(np.diff(samples, axis=0, prepend=0), bits)


def noise(frames, channels, scale, seed=0):
    return np.random.default_rng(seed).normal(0, scale, (frames, channels))


class Scalar:
    """The predictor as an encoder runs it, made of the reference decoder's learners."""

    def __init__(self, reference, config):
        near = reference.neighbours_of_slots(config.order, config.channels)
        self.learners = [reference.Learner(slots) for slots in near]
        self.width, self.wrap = config.sample_bits, reference.wrap

    def encode(self, differences):
        residuals = [differences[0]]
        for age, row in enumerate(differences[1:], 1):
            residuals.append([])
            for slot, difference in enumerate(row):
                learner = self.learners[slot]
                features = learner.features(slot, row, self.learners)
                products = [w * f for w, f in zip(learner.weights, features, strict=True)]
                residual = self.wrap(difference - (sum(products) + 1024) // 2048, self.width)
                assert learner.adapt(features, residual, self.width, age) == difference
                residuals[-1].append(residual)
            for learner, difference in zip(self.learners, row, strict=True):
                learner.past = [difference, *learner.past[:2]]
        return residuals


@for_orders
@pytest.mark.parametrize("sample_bits", [8, 11, 16])
def test_residuals_and_weights_of_the_scalar_one(order, sample_bits, signal, reference):
    config = config_of(ORDERED[order], sample_bits, order)
    samples = signal(config, 70) // (1 + np.arange(config.channels) % 3)
    differences = differences_of(samples, sample_bits)
    lms, scalar = Lms(config), Scalar(reference, config)
    assert lms.encode(differences).tolist() == scalar.encode(differences.tolist())
    assert lms.weights.tolist() == [learner.weights for learner in scalar.learners]


def test_by_hand():
    """The frames of the document's example."""
    lms = Lms(config_of(2, 8))
    differences = np.array([[10, -20], [40, 32], [-24, -23], [1, -127], [0, 16]])
    residuals = [[10, -20], [40, 27], [-24, -20], [0, 127], [0, 10]]
    assert lms.encode(differences).tolist() == residuals
    assert lms.weights.tolist() == [
        [-64, 0, 0, 256, 256, 256, 0, 0],
        [-224, 64, 64, 416, 288, 288, -96, 32],
    ]


@for_orders
@pytest.mark.parametrize("sample_bits", [8, 16])
def test_decode_inverts_encode(order, sample_bits, signal):
    config = config_of(ORDERED[order], sample_bits, order)
    differences = differences_of(signal(config, 40), sample_bits)
    encoding, decoding = Lms(config), Lms(config)
    assert (decoding.decode(encoding.encode(differences)) == differences).all()
    assert (decoding.weights == encoding.weights).all()
    assert (decoding.past == encoding.past).all()


@pytest.mark.parametrize("cut", [1, 2, 17, 39])
def test_any_split_into_packets_gives_the_same(cut, signal):
    config = config_of(5)
    differences = differences_of(signal(config, 40), 12)
    whole, encoding, decoding = Lms(config).encode(differences), Lms(config), Lms(config)
    for part in (slice(0, cut), slice(cut, cut), slice(cut, None)):
        residuals = encoding.encode(differences[part])
        assert (residuals == whole[part]).all()
        assert (decoding.decode(residuals) == differences[part]).all()


def test_restart_forgets():
    config = config_of(5)
    differences = np.rint(noise(60, 5, 100)).astype(np.int64)
    lms = Lms(config)
    first = lms.encode(differences)
    lms.restart()
    assert (lms.encode(differences) == first).all()


def test_the_first_frame_predicts_and_teaches_nothing():
    lms = Lms(config_of(3))
    assert lms.encode(np.array([[900, -900, 5]])).tolist() == [[900, -900, 5]]
    assert (lms.weights == LMS_INITIAL).all()
    assert (lms.past == 0).all()


@pytest.mark.parametrize(
    ("age", "gear"),
    [(1, 16), (15, 16), (16, 8), (63, 8), (64, 4), (255, 4), (256, 2), (1023, 2), (1024, 1),
     (99_999, 1)],
)  # fmt: skip
def test_gears(age, gear):
    """With no past, every level of slot 0 is 1."""
    lms = Lms(config_of(2))
    lms.age = age
    lms.encode(np.array([[3, 0]]))
    assert (lms.weights[0] - LMS_INITIAL).tolist() == [gear] * 8


@pytest.mark.parametrize(
    ("past", "levels"),
    [
        ([0, 0, 0], [1, 1, 1]),
        ([-1, 0, 0], [-1, 1, 1]),  # the size of -1 is 0
        ([1, -1, -2], [3, -1, -3]),
        ([3, -4, 2], [7, -7, 5]),
        ([4, -4, 1], [5, -3, 1]),  # 4 has three bits: in halves, rounded down
        ([-2048, 2047, 512], [-7, 7, 3]),
        ([-2048, 511, -512], [-7, 1, -1]),
    ],
)
@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_levels(past, levels, sign):
    lms = Lms(config_of(2))
    lms.age = 99_999
    lms.weights[:] = 0
    lms.past[0] = past
    lms.encode(np.array([[sign, 0]]))
    assert lms.weights[0, :3].tolist() == [sign * level for level in levels]


@pytest.mark.parametrize(
    ("weight", "past", "prediction"),
    [(1024, 1, 1), (1023, 1, 0), (1024, -1, 0), (1025, -1, -1), (-2048, 5, -5), (2047, 100, 100)],
)
def test_rounding(weight, past, prediction):
    """To the nearest, a half upwards."""
    lms = Lms(config_of(2))
    lms.age, lms.past[0, 0], lms.weights[0, 0] = 1, past, weight
    assert lms.encode(np.array([[0, 0]]))[0, 0] == -prediction


def test_a_neighbour_that_is_missing_counts_nothing():
    lms = Lms(config_of(4))
    lms.weights[0, 3:] = lms.weights[1, [4, 5, 7]] = lms.weights[2, 5] = 2047
    plain = Lms(config_of(4))
    differences = np.rint(noise(3, 4, 100)).astype(np.int64)
    assert (lms.encode(differences)[:2] == plain.encode(differences)[:2]).all()


@pytest.mark.parametrize(
    ("order", "slot", "neighbour", "frames_before"),
    [
        (Order.SEQUENTIAL, 4, 3, 0),  # earlier in the frame
        (Order.NP1, 0, 4, 1),  # channel 0 in slot 0, channel 2 in slot 4 of 48 channels
        (Order.NP1, 4, 0, 0),
    ],
)
def test_a_neighbour_counts_as_it_was_last_seen(order, slot, neighbour, frames_before):
    config = config_of(48, order=order)
    lms = Lms(config)
    lms.weights[:] = 0
    lms.weights[slot, 3:6] = 2047
    lms.age = 1
    differences = np.zeros((3, 48), np.int64)
    differences[1, neighbour] = 800
    residuals = lms.encode(differences)
    hit = residuals[:, slot].tolist().index(-800)
    assert hit == 1 + frames_before


@pytest.mark.parametrize("sample_bits", [8, 12, 16])
def test_weights_stay_within_12_bits(sample_bits, signal):
    config = config_of(5, sample_bits)
    lms = Lms(config)
    reached = []
    for row in differences_of(signal(config, 400), sample_bits):
        lms.encode(row[np.newaxis])
        reached += [lms.weights.min(), lms.weights.max()]
    assert min(reached) >= -2048
    assert max(reached) <= 2047


@pytest.mark.parametrize(("sign", "limit"), [(1, 2047), (-1, -2048)])
def test_weights_stop_at_their_limits(sign, limit):
    """An oscillation whose best weight is 1.6 or -1.6, and a weight is at most 1."""
    innovation, x = noise(3000, 1, 60)[:, 0], np.zeros(3000)
    for n in range(2, 3000):
        x[n] = sign * 1.6 * x[n - 1] - 0.8 * x[n - 2] + innovation[n]
    lms, history = Lms(config_of(2)), []
    for difference in np.rint(x).astype(np.int64):
        lms.encode(np.array([[difference, 0]]))
        history.append(lms.weights[0, 0])
    assert (min(history) if sign < 0 else max(history)) == limit
    assert history.count(limit) > 300


def test_silence_leaves_the_weights():
    lms = Lms(config_of(3))
    assert not lms.encode(np.zeros((50, 3), np.int64)).any()
    assert (lms.weights == LMS_INITIAL).all()


def excess(residuals, unpredictable, rounding=1 / 12):
    """By which part the residuals' variance exceeds the least possible, once all is learnt.

    ``rounding`` is the variance that rounding to whole numbers adds.
    """
    return residuals[3000:].var() / (unpredictable[3000:].var() + rounding) - 1


def test_learns_an_autoregressive_process():
    innovation, x = noise(9000, 2, 60), np.zeros((9000, 2))
    for n in range(3, 9000):
        x[n] = 0.7 * x[n - 1] - 0.4 * x[n - 2] + 0.2 * x[n - 3] + innovation[n]
    residuals = Lms(config_of(2)).encode(np.rint(x).astype(np.int64))
    assert 0 < excess(residuals[:, 0], innovation[:, 0]) < 0.03
    assert x[:, 0].var() > 1.4 * residuals[3000:, 0].var()


def test_learns_from_a_neighbour_of_the_same_frame():
    x = noise(9000, 2, 100)
    own = 0.3 * x[:, 1]
    x[:, 1] = 0.8 * x[:, 0] + own
    lms = Lms(config_of(2))
    residuals = lms.encode(np.rint(x).astype(np.int64))
    assert 0 < excess(residuals[:, 1], own, (1 + 0.8**2) / 12) < 0.05
    assert abs(lms.weights[1, 3] / 2048 - 0.8) < 0.05


def test_learns_from_a_later_neighbour_a_frame_before():
    """Order NP1: slot 0 is channel 0; its first neighbour, channel 2, is in slot 2 of 24."""
    x = noise(9000, 24, 100)
    own = 0.3 * x[:, 0]
    x[1:, 0] = 0.9 * x[:-1, 2] + own[1:]
    lms = Lms(config_of(24, order=Order.NP1))
    residuals = lms.encode(np.rint(x).astype(np.int64))
    assert 0 < excess(residuals[:, 0], own, (1 + 0.9**2) / 12) < 0.05
    assert abs(lms.weights[0, 3] / 2048 - 0.9) < 0.05


def test_white_noise_grows_little():
    """What cannot be predicted costs a little for the weights that try."""
    x = np.rint(noise(9000, 5, 60)).astype(np.int64)
    assert 0 < excess(Lms(config_of(5)).encode(x), x, 0) < 0.02
