"""Recordings that drive a core."""

import numpy as np
import pytest

from probecodec.estimate.recordings import recorded, synthetic
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_synthetic_is_as_wide_as_the_core(bits):
    config = EncoderConfig.preset("tiny", channels=24, sample_bits=bits, aux_bits=4)
    drive = synthetic(config, 200)
    assert drive.samples.shape == (200, 24) and drive.samples.dtype == np.int16
    half = 1 << bits - 1
    assert -half <= drive.samples.min() < 0 < drive.samples.max() < half
    assert drive.aux.max() < 16 and "200 frames" in drive.name
    again = synthetic(config, 200)
    np.testing.assert_array_equal(drive.samples, again.samples)


def test_recorded(tmp_path):
    samples = np.arange(300 * 16, dtype="<i2").reshape(300, 16) % 100
    path = tmp_path / "r.npy"
    np.save(path, samples)
    config = EncoderConfig.preset("tiny", channels=16, sample_bits=8)
    drive = recorded(path, config, 50)
    np.testing.assert_array_equal(drive.samples, samples[:50])
    assert drive.name == "r.npy, 50 frames" and drive.aux is None
    with pytest.raises((ConfigError, ValueError), match=r"16 (channels|columns)"):
        recorded(path, EncoderConfig.preset("tiny", channels=12, sample_bits=8), 50)
