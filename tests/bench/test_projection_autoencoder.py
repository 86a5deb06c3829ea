"""The autoencoder: its arithmetic and its beginning, PCA; with PyTorch, what it learns."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from probecodec.bench.projection.autoencoder import (
    HIDDEN,
    Net,
    Pair,
    _components,
    autoencoder,
    coder,
)
from probecodec.bench.projection.coding import entropy, finest, piece, through
from probecodec.bench.projection.ground_truth import make
from probecodec.bench.projection.options import Options


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As `run` has it: the products are small."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def truth():
    return make(Options(channels=12, units=5, train_seconds=2, test_seconds=1, seed=4), 8.0)


def test_a_net_by_hand():
    rows = np.array([[1.0, -2.0]])
    net = Net(
        linear=np.array([[1.0], [2.0]]),
        bias=np.array([0.5]),
        inner=np.array([[1.0, -1.0], [0.0, 1.0]]),
        inner_bias=np.array([1.0, 0.0]),
        outer=np.array([[10.0], [100.0]]),
    )
    assert net(rows) == [[1 - 4 + 0.5 + 10 * 2 + 100 * 0]]  # relu(2) and relu(-3)


def test_it_begins_as_principal_components(truth):
    _, axes, deviations, scale = _components(truth)
    assert np.all(np.diff(deviations) >= 0) and len(scale) == 12
    values = truth.values[:64]
    one = coder(Pair.begin(axes), scale, 0.5)
    sent = one.encode(values)
    scaled = np.zeros((64, 16))  # channels 12 to 15 are silent
    scaled[:, :12] = values / scale
    for group, latents in enumerate(sent):
        patches = scaled[:, 8 * group : 8 * group + 8].reshape(2, -1)
        assert np.abs(latents - patches @ axes / 0.5).max() < 0.501
        back = (latents * 0.5) @ axes.T
        own = one.decode(sent)[:, 8 * group : 8 * group + 8]
        assert own == pytest.approx(
            (back.reshape(64, 8) * np.append(scale, [1] * 4)[8 * group : 8 * group + 8])[
                :, : own.shape[1]
            ],
            rel=1e-3,
            abs=1e-3,
        )
    assert one.decode(sent).shape == values.shape
    assert one.bits(sent) == sum(map(entropy, sent))


def test_hidden_layers_add_nothing_at_first():
    pair = Pair.begin(np.eye(6, 4, dtype=np.float32))
    rows = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    assert np.array_equal(pair.encoder(rows), rows[:, :4])
    assert pair.encoder.inner.shape == (6, HIDDEN) and pair.encoder.inner.std() > 0.3


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def coded(torch, truth):
    return autoencoder(truth, 1.25)


def test_better_than_where_it_began(truth, coded):
    _, axes, _, scale = _components(truth)
    begin = Pair.begin(axes)
    values = truth.values[piece(truth)]
    step = finest(lambda step: coder(begin, scale, step).rate(values), 1.25, 0.01, 8.0)
    first = through(truth, coder(begin, scale, step), "")
    judged = truth.values[truth.stretch(train=False)]
    lost = [np.mean((one.traces.test - judged) ** 2) for one in (first, coded)]
    assert coded.bits < 1.05 * first.bits and lost[1] < 0.95 * lost[0]
    assert coded.setting.endswith("latents") and coded.encode_s > 0


def test_same_recording_same_traces(torch, truth, coded):
    torch.manual_seed(99)  # of no account, and left as it is
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    assert np.array_equal(autoencoder(truth, 1.25).traces.test, coded.traces.test)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
