"""The examples in the documents run as they stand, one after the other, on a capture."""

import re
from pathlib import Path

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import fast
from probecodec.host.synthetic import synthesize

pytest.importorskip("spikeinterface")
zarr = pytest.importorskip("zarr")

ROOT = Path(__file__).parents[2]
SAMPLES = np.random.default_rng(0).normal(0, 20, (70_000, 384)).astype(np.int16)
CONFIG = EncoderConfig.preset("small", sample_bits=14, lsb_uv=0.763, probe="NP1010")


def examples(document):
    """The Python in it, but for what another release of Zarr is needed for, or a serial port."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.M | re.S)
    release = zarr.__version__.partition(".")[0]
    chosen = [
        block for block in blocks if "import zarr" not in block or f"zarr  # {release}" in block
    ]
    return [block.replace('listen("/dev/ttyUSB0")', 'listen(open(NAME, "rb"))') for block in chosen]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the examples close no file
@pytest.mark.parametrize(
    ("document", "name", "count"),
    [("docs/decoding.md", "run1.pcs", 4), ("README.md", "rec.pcs", 1)],
)
def test_examples(document, name, count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"".join(fast.encoder(CONFIG).packets(SAMPLES)))
    blocks, scope = examples(document), {"NAME": name}
    assert len(blocks) == count
    for block in blocks:
        exec(block.replace("n_jobs=8", "n_jobs=2"), scope)
    if document == "docs/decoding.md":
        np.testing.assert_array_equal(scope["recording"].get_traces(), SAMPLES)
        np.testing.assert_array_equal(scope["store"][:], SAMPLES)


def test_examples_of_projection(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    recording = synthesize("np1", frames=120_000, channels=24, seed=2)
    matrix = ProjectionConfig(family=Family.DENSE, hold=4, measurements=16, shift=5)
    config = EncoderConfig.preset("projection", channels=24, projection=matrix)
    encoder, step = fast.encoder(config), config.packet_frames
    parts = [
        encoder.checked_packet(
            recording.samples[start : start + step],
            None,
            start,
            Mode.HUFFMAN if start < 90_000 else Mode.PROJECTION,
        )
        for start in range(0, 120_000, step)
    ]
    Path("proj.pcs").write_bytes(b"".join(parts))
    scope = {}
    for block in examples("docs/projection.md"):
        exec(block, scope)
    assert scope["samples"].shape == recording.samples.shape
    assert len(scope["spikes"].frames) > 20
    rows = np.load("rows.npy")
    assert rows.shape == (8, 64) and not np.tril(rows, -1).any()
