"""Recordings that were scaled after the ADC are known by the codes that they do not use."""

import numpy as np
import pytest

from probecodec.host.scaling import code_step

RANDOM = np.random.default_rng(1)
CODES = np.rint(RANDOM.normal(RANDOM.normal(0, 30, 16), 9, (1000, 16))).astype(np.int16)


@pytest.mark.parametrize(("factor", "step"), [(1, 1), (2, 2), (11.7, 12), (12.02, 12), (64, 64)])
def test_step(factor, step):
    """Each channel has an offset of its own, as a filter leaves it."""
    offsets = RANDOM.integers(-500, 500, 16)
    assert code_step(np.rint(CODES * factor + offsets).astype(np.int16)) == step


@pytest.mark.parametrize(
    "samples",
    [
        CODES[:0],
        CODES[:, :0],
        CODES[:100] * 12,
        np.zeros((1000, 16), np.int16),
        np.repeat(CODES[:, :1] // 40 * 40, 16, 1),  # a few values in each channel
        RANDOM.normal(0, 8000, (600, 2)).astype(np.int16),  # loud: most codes are unused
        np.where(np.arange(1000)[:, None] == 5, CODES + 1, CODES * 12),  # one frame between
    ],
)
def test_silent_in_doubt(samples):
    assert code_step(samples.astype(np.int16)) == 1


def test_real_recordings(recordings):
    for name, (samples, _) in recordings.items():
        for count in (384, 64, 16, 4, 1):
            assert code_step(samples[:, :count]) == 1, (name, count)
        native = np.clip(samples[:, :64], -2700, 2700)
        step = code_step(np.rint(native * 12.02).astype(np.int16))
        assert step == 12, name
