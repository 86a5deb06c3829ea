"""The whole encoder: its bytes are those of the golden model, also where the link is too slow."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden import encoder as golden
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.registers import register_map
from probecodec.hdl import encoder as hdl

MODES = {
    "rice": (Mode.RICE,),
    "fixed": (Mode.FIXED,),
    "dual": (Mode.RICE, Mode.FIXED),
}
LAST_WORD = 7  # cycles from a packet's last word at the FIFO to link_last: FIFO, framer, trailer


@pytest.fixture
def record(harness, capture):
    """A function that runs samples through an encoder."""
    return lambda config, *args, **options: capture.record(
        harness, hdl.Encoder(config), *args, config=config, **options
    )


def make(modes="rice", **changes):
    """Return a small configuration."""
    small = {"channels": 32, "packet_frames": 3, "restart_interval": 2, "fifo_words": 128}
    return EncoderConfig(modes=MODES[modes], **(small | changes))


def signal(config, frames, size=6):
    """Return (samples, auxiliary words): noise with jumps that need escapes."""
    random = np.random.default_rng(config.channels)
    half = 1 << (config.sample_bits - 1)
    shape = (frames, config.channels)
    samples = np.rint(random.normal(0, size, shape)).clip(-half, half - 1).astype(np.int64)
    samples[random.random(shape) < 0.02] = half - 1
    samples[random.random(shape) < 0.02] = -half
    return samples, random.integers(1 << config.aux_bits, size=frames // 2 + 1).repeat(2)[:frames]


def extremes(config, frames):
    """Return frames of the longest codes, and auxiliary words that change each frame.

    With mode RICE most frames between are quiet: else its mean adapts, and no code is long.
    """
    period = 5 if Mode.RICE in config.modes else 2
    top = (1 << (config.sample_bits - 1)) - 1
    number = np.arange(frames)
    samples = np.where(number % period == 1, top, 0)[:, np.newaxis]
    return samples.repeat(config.channels, axis=1), number % (1 << config.aux_bits)


def encode(config, samples, aux, **options):
    return b"".join(golden.encode(config, samples, aux, **options))


@pytest.mark.parametrize(("idle", "link"), [("none", "always"), ("random", "mostly")])
@pytest.mark.parametrize(
    "config",
    [
        make(channels=33, sample_bits=9),
        make(sample_bits=16, aux_bits=5),
        make("fixed", channels=31, sample_bits=12),
        make("fixed", aux_bits=16, fixed_bits=10),
        make("dual", channels=33, sample_bits=8, aux_bits=1),
        make("dual", packet_frames=1, stream_id=77, rate_hz=1.5, lsb_uv=0.5, probe="P"),
    ],
    ids=["rice-9", "rice-16-aux", "fixed-12", "fixed-10-aux", "dual-8-aux", "dual-10-metadata"],
)
def test_equals_the_golden_model(record, config, idle, link):
    samples, aux = signal(config, frames=11)
    assert record(config, samples, aux, idle=idle, link=link).data == encode(config, samples, aux)


def test_many_channels(record):
    config = make(channels=384, fifo_words=512, aux_bits=2)
    samples, aux = signal(config, frames=4)
    assert record(config, samples, aux).data == encode(config, samples, aux)


@pytest.mark.parametrize("channels", [2, 3, 7, 8, 31, 32, 33])
@pytest.mark.parametrize("aux_bits", [0, 5])
@pytest.mark.parametrize("modes", ["rice", "fixed"])
def test_any_channel_count_works_or_is_refused(record, channels, modes, aux_bits):
    config = make(modes, channels=channels, aux_bits=aux_bits, packet_frames=16)
    least = hdl.least_channels(config)
    assert least <= 16
    if channels < least:
        with pytest.raises(ConfigError, match=rf"^channels = {channels} .*\b{least}\b"):
            hdl.Encoder(config)
    else:
        samples, aux = signal(config, frames=20)
        assert record(config, samples, aux).data == encode(config, samples, aux)


@pytest.mark.parametrize("aux_bits", [0, 1, 4])
@pytest.mark.parametrize("modes", MODES)
def test_the_fewest_channels_work_back_to_back(record, modes, aux_bits):
    least = hdl.least_channels(make(modes, aux_bits=aux_bits))
    config = make(modes, channels=least, aux_bits=aux_bits, packet_frames=20)
    samples, _ = signal(config, frames=60, size=2)
    aux = np.random.default_rng(17).integers(1 << aux_bits, size=60)
    assert record(config, samples, aux).data == encode(config, samples, aux)


@pytest.mark.parametrize("modes", ["rice", "fixed"])
def test_the_smallest_fifo(record, modes):
    """The longest codes do not overflow it."""
    config = make(modes, channels=33, aux_bits=3)
    least = hdl.reserved_words(config)
    with pytest.raises(ConfigError, match=rf"^fifo_words = {least - 1} .*\b{least}\b"):
        hdl.Encoder(replace(config, fifo_words=least - 1))
    check_drops(record, replace(config, fifo_words=least), *extremes(config, frames=40))


@pytest.mark.parametrize(
    "config",
    [
        make("rice", channels=33, aux_bits=4),
        make("fixed", sample_bits=16),
        make("dual", channels=31, packet_frames=1),
    ],
    ids=MODES,
)
def test_a_slow_link_costs_whole_frames(record, config):
    check_drops(record, config, *signal(config, frames=60, size=1 << (config.sample_bits - 4)))


def check_drops(record, config, samples, aux):
    """Check a link that is too slow; the packets tell which frames were dropped."""
    end = samples.size
    reads = {end: ("control", 0), end + 1: ("status", None), end + 2: ("dropped", None)}
    seen = record(config, samples, aux, link="seldom", registers=reads)
    dropped = seen.dropped(len(samples))
    assert 0.1 < dropped.mean() < 0.9
    assert (np.diff(dropped.astype(int)) == 1).sum() >= 2
    assert seen.data == encode(config, samples, aux, dropped=dropped)
    status = register_map(config)["status"].fields
    assert seen.rdata[end + 2] >> status["overrun"].low & 1
    assert not seen.rdata[end + 2] >> status["misframe"].low & 1
    assert seen.rdata[end + 3] == seen.data_packets[-1].header["drop_count"]


@pytest.mark.parametrize("aux_bits", [0, 1])
@pytest.mark.parametrize("modes", ["rice", "fixed"])
def test_latency(record, modes, aux_bits):
    config = make(modes, aux_bits=aux_bits)
    samples, aux = signal(config, frames=3)
    seen = record(config, samples, aux)
    assert seen.received[-1] - seen.sent[-1] == hdl.latency(config) + LAST_WORD
