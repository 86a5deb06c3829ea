"""The figures of how fast a capture is read."""

import json

import numpy as np
from click.testing import CliRunner

from probecodec.bench.reading import measure, reading
from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode

SAMPLES = np.random.default_rng(0).normal(0, 20, (300, 8)).astype(np.int16)
CONFIG = EncoderConfig(channels=8, packet_frames=20, restart_interval=3)


def test_every_figure(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(b"".join(encode(CONFIG, SAMPLES)))
    found = measure(path)
    assert (found["frames"], found["channels"]) == SAMPLES.shape
    assert found["capture_bytes"] == path.stat().st_size
    measured = {name: value for name, value in found.items() if isinstance(value, float)}
    assert len(measured) >= 6 and all(value > 0 for value in measured.values())
    shown = CliRunner().invoke(reading, [str(path)]).stdout
    assert "scan gigabytes s" in shown
    told = json.loads(CliRunner().invoke(reading, [str(path), "--json"]).stdout)
    assert told.keys() == found.keys()
