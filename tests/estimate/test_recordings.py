"""Recordings that drive a core."""

import numpy as np
import pytest

from probecodec.estimate import estimates
from probecodec.estimate.maker import maker_of
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


def test_a_wrong_count_of_channels_is_doubted_once(tmp_path, monkeypatch, capsys):
    """However many targets it drives, and on stderr."""
    random = np.random.default_rng(1)
    samples = random.normal(random.normal(0, 30, 16), 9, (400, 16)).astype("<i2")
    path = tmp_path / "r.bin"
    samples.tofile(path)
    monkeypatch.setattr(estimates, "on_board", lambda *_, **__: None)
    for channels, expected in ((16, ""), (32, f"{path} looks like 16 columns, not 32")):
        make = maker_of((), None, path, 50, (1,))
        fields = {"channels": channels, "sample_bits": 10}
        for target in ("icebreaker", "ulx3s"):
            make(target, "tiny", fields, None, lambda *_: None)
        told = capsys.readouterr()
        assert told.out == "" and told.err.count("\n") == bool(expected)
        assert told.err.startswith(expected)
