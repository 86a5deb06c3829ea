"""What a link must carry: bounds that hold, and typical values that are README's."""

import re
from pathlib import Path

import numpy as np
import pytest

from probecodec.boards.rates import TYPICAL_BITS, Rate, rate, typical_bits
from probecodec.golden.config import PRESETS, EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Mode

COLUMNS = {"fixed": Mode.FIXED, "tiny": Mode.RICE, "small": Mode.HUFFMAN, "adaptive": Mode.ADAPTIVE}


def test_typical_bits_are_the_most_of_readme():
    text = (Path(__file__).parents[2] / "README.md").read_text()
    head, rows = re.search(r"(?m)^(\| recording \|.*)\n\|[-|]+\n((?:\|.*\n)+)", text).groups()
    names = [re.sub("[` ]", "", cell) for cell in head.split("|")]
    most: dict[int, dict[Mode, float]] = {}
    for row in rows.splitlines():
        cells = dict(zip(names, row.split("|"), strict=True))
        bits = most.setdefault(int(re.search(r"\d+", cells["ADC"])[0]), {})
        for name, mode in COLUMNS.items():
            value = float(re.search(r"[\d.]+", cells[name])[0])
            bits[mode] = max(value, bits.get(mode, 0.0))
    assert most == TYPICAL_BITS


def adversary(config):
    """Full-scale squares, whose phase is another for every channel: long codes everywhere."""
    random = np.random.default_rng(5)
    high = 1 << (config.sample_bits - 1)
    frames, channels = np.indices((3 * config.packet_frames, config.channels))
    flips = np.where((frames + channels) % 2, high - 1, -high)
    quiet = np.where(random.random(flips.shape) < 0.5, 0, flips)  # estimators find no rest
    return [flips, quiet, random.integers(-high, high, flips.shape)]


@pytest.mark.parametrize("aux_bits", [0, 16])
@pytest.mark.parametrize("preset", PRESETS)
def test_worst_case_is_a_bound(preset, aux_bits):
    """However adverse the data: the golden encoder never sends more; nor much less."""
    frames = 64  # a window of the projection
    config = EncoderConfig.preset(
        preset, channels=17, aux_bits=aux_bits, packet_frames=frames, restart_interval=1
    )
    bound = rate(config, capacity=0.0).worst / config.rate_hz  # bits a frame
    sent = []
    for samples in adversary(config):
        words = np.arange(len(samples)) % 2 * ((1 << aux_bits) - 1) if aux_bits else None
        sent.append(sum(map(len, encode(config, samples, words))) * 8 / len(samples))
    assert max(sent) <= bound
    assert max(sent) > bound / 3  # projection: measurements are few, but as wide as may be


def test_restarts_count():
    """A packet of metadata each, as long as the golden encoder's."""
    often, seldom = (
        EncoderConfig.preset("fixed", channels=17, packet_frames=10, restart_interval=n)
        for n in (1, 1 << 15)
    )
    first = next(encode(often, np.zeros((10, 17), np.int64)))
    metadata = first.index(first[:4], 4)  # up to the data packet, which begins alike
    more = rate(often, 0.0).worst - rate(seldom, 0.0).worst
    assert more == pytest.approx(often.rate_hz / 10 * metadata * 8, rel=1e-3)


def test_typical_bits():
    assert typical_bits(EncoderConfig.preset("adaptive", sample_bits=10)) == 4.61
    assert typical_bits(EncoderConfig.preset("dual", sample_bits=12)) == 6.80  # of 14 bits; RICE
    assert typical_bits(EncoderConfig.preset("fixed", sample_bits=16)) == 9.01
    both = EncoderConfig.preset("projection")
    assert typical_bits(both) == 5.68  # begins with HUFFMAN
    projection = EncoderConfig.preset("projection", modes=(Mode.PROJECTION,))
    matrix = projection.projection
    assert typical_bits(projection) < 5.68 * matrix.measurements / matrix.window * 1.5


def test_typical_rate_counts_channels_frames_and_auxiliary_bits():
    config = EncoderConfig.preset("adaptive", channels=100, rate_hz=20_000.0)
    assert rate(config, 1.0).typical == pytest.approx(20_000 * 100 * 4.61)
    more = EncoderConfig.preset("adaptive", channels=100, rate_hz=20_000.0, aux_bits=16)
    assert rate(more, 1.0).typical == pytest.approx(20_000 * (100 * 4.61 + 1))


def test_warning_names_all_three_figures():
    assert Rate(1e6, 3e6, 3e6).warning == ""
    warning = Rate(1e6, 3e6, 2e6).warning
    assert "2.0 Mbit/s" in warning and "1.0" in warning and "3.0" in warning
    assert "dropped as whole frames, and counted" in warning
