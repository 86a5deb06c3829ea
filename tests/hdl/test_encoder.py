"""The whole encoder: its bytes are those of the golden model, also where the link is too slow."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden import encoder as golden
from probecodec.golden import order as channel_order
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Mode, Order
from probecodec.golden.registers import register_map
from probecodec.hdl import encoder as hdl
from probecodec.hdl.fifo import Fifo

MODES = {
    "rice": (Mode.RICE,),
    "fixed": (Mode.FIXED,),
    "dual": (Mode.RICE, Mode.FIXED),
    "huffman": (Mode.HUFFMAN,),
    "adaptive": (Mode.ADAPTIVE,),
    "all": (Mode.ADAPTIVE, Mode.FIXED, Mode.HUFFMAN, Mode.RICE),
}
LAST_WORD = 6  # cycles from a packet's last word at the FIFO to link_last: FIFO, framer, trailer


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
    """Return two frames of the longest codes in every ten, and auxiliary words that change.

    The others are quiet: else the running means rise, and codes get shorter. What the longest code
    holds is the difference, modulo 2^W; no sign can be predicted from another.
    """
    random = np.random.default_rng(20)
    half = 1 << (config.sample_bits - 1)
    differences = random.choice([-1, 1], (frames, config.channels)) * (half // 2 + half // 16)
    differences[np.arange(frames) % 10 < 8] = 0
    samples = (np.cumsum(differences, axis=0) + half) % (2 * half) - half
    return samples, np.arange(frames) % (1 << config.aux_bits)


def frame_bits(config, samples, aux):
    """Return the payload bits of each frame, by the golden model, in one stream of the mode."""
    stream, total = golden.Encoder(replace(config, restart_interval=65535)), [0]
    for n in range(len(samples)):
        stream.packet(samples[n : n + 1], aux[n : n + 1])
        total.append(int(stream.channel_bits.sum()))
    return np.diff(total)


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
        make("huffman", channels=31, sample_bits=8),
        make("huffman", sample_bits=16, aux_bits=5),
        make("adaptive", channels=33, sample_bits=8, aux_bits=1),
        make("adaptive", sample_bits=16, aux_bits=16),
        make("all", sample_bits=12, aux_bits=3),
    ],
    ids=lambda config: f"{'-'.join(m.name.lower() for m in config.modes)}-{config.sample_bits}",
)
def test_equals_the_golden_model(record, config, idle, link):
    samples, aux = signal(config, frames=11)
    assert record(config, samples, aux, idle=idle, link=link).data == encode(config, samples, aux)


@pytest.mark.parametrize(("idle", "link"), [("none", "always"), ("bursts", "mostly")])
@pytest.mark.parametrize("aux_bits", [0, 7])
@pytest.mark.parametrize(
    ("order", "channels", "modes"),
    [
        (Order.NP1, 48, "adaptive"),
        (Order.NP1, 48, "rice"),
        (Order.NP2, 64, "adaptive"),
        (Order.NP2, 64, "all"),
    ],
)
def test_orders(record, order, channels, modes, aux_bits, idle, link):
    """The source sends slots; recordings are in channel order."""
    config = make(modes, channels=channels, aux_bits=aux_bits, order=order)
    samples, aux = signal(config, frames=7)
    slots = samples[:, channel_order.channels(config)]
    assert record(config, slots, aux, idle=idle, link=link).data == encode(config, samples, aux)


@pytest.mark.parametrize("modes", ["huffman", "adaptive"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_through_all_gears(record, modes, bits):
    """Longer than any gear; packets end in the midst of each; then silence, and noise again."""
    random = np.random.default_rng(bits)
    config = make(modes, channels=10, sample_bits=bits, packet_frames=37, restart_interval=9)
    common = np.cumsum(random.normal(0, 2 ** (bits - 6), (400, 1)), axis=0)
    samples = common + random.normal(0, 2 ** (bits - 7), (400, 10))
    samples[180:260] = 0
    half = 1 << (bits - 1)
    samples = np.rint(samples).clip(-half, half - 1).astype(np.int64)
    assert record(config, samples).data == encode(config, samples, np.zeros(400, np.int64))


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
    with pytest.raises(ConfigError, match=rf"^channels = {least - 1} .*\b{least}\b"):
        hdl.Encoder(replace(config, channels=least - 1))
    samples, _ = signal(config, frames=60, size=2)
    aux = np.random.default_rng(17).integers(1 << aux_bits, size=60)
    assert record(config, samples, aux).data == encode(config, samples, aux)


@pytest.mark.parametrize("modes", MODES)
def test_the_smallest_fifo(record, modes):
    """The longest codes do not overflow it."""
    config = make(modes, channels=33, aux_bits=3)
    least = hdl.reserved_words(config)
    with pytest.raises(ConfigError, match=rf"^fifo_words = {least - 1} .*\b{least}\b"):
        hdl.Encoder(replace(config, fifo_words=least - 1))
    check_drops(record, replace(config, fifo_words=least), *extremes(config, frames=60))


@pytest.mark.parametrize("modes", MODES)
def test_the_longest_codes_just_fit(harness, capture, monkeypatch, modes):
    """A frame of them enters at the last level that lets it in, behind another; the link is cut.

    With one word less it does not enter; and it needs what is kept for it.
    """
    config = make(modes, channels=33, sample_bits=16, aux_bits=3, packet_frames=10)
    samples, aux = extremes(config, frames=13)
    assert frame_bits(config, samples[:10], aux[:10])[8:].tolist() == [config.max_frame_bits] * 2

    def run(fifo_words):
        """Return what came out, which frames did not, and the words in the FIFO each cycle."""
        made = replace(config, fifo_words=fifo_words)
        encoder = hdl.Encoder(made)
        encoder.output = output = Fifo(made)
        monkeypatch.setattr(hdl, "Fifo", lambda config: output)
        options = {"link": np.zeros(samples.size, int), "watch": ("output.stored",)}
        seen = capture.record(harness, encoder, samples, aux, config=made, **options)
        return seen, seen.dropped(len(samples)), seen.watched["output.stored"]

    seen, _, stored = run(1024)
    level = int(stored[seen.sent[9 * 33] - 1])  # what the gate saw before the frame
    for fewer in (0, 1):
        fifo_words = hdl.reserved_words(config) + level - fewer
        seen, dropped, stored = run(fifo_words)
        assert dropped.tolist() == [False] * (10 - fewer) + [True] * (3 + fewer)
        assert seen.data == encode(config, samples, aux, dropped=dropped)
        assert stored.max() <= fifo_words
        assert fewer or stored.max() > level + config.max_frame_words


@pytest.mark.parametrize(
    "config",
    [
        make("rice", channels=33, aux_bits=4),
        make("fixed", sample_bits=16),
        make("dual", channels=31, packet_frames=1),
        make("huffman", channels=33, aux_bits=1),
        make("adaptive", sample_bits=12, aux_bits=4),
        make("all", channels=48, order=Order.NP1),
    ],
    ids=MODES,
)
def test_a_slow_link_costs_whole_frames(record, config):
    check_drops(record, config, *signal(config, frames=60, size=1 << (config.sample_bits - 4)))


def check_drops(record, config, samples, aux):
    """Check a link that is too slow; the packets tell which frames were dropped."""
    end = samples.size
    reads = {end: ("control", 0), end + 1: ("status", None), end + 2: ("dropped", None)}
    slots = samples[:, channel_order.channels(config)]
    seen = record(config, slots, aux, link="seldom", registers=reads)
    dropped = seen.dropped(len(samples))
    assert 0.1 < dropped.mean() < 0.9
    assert (np.diff(dropped.astype(int)) == 1).sum() >= 2
    assert seen.data == encode(config, samples, aux, dropped=dropped)
    status = register_map(config)["status"].fields
    assert seen.rdata[end + 2] >> status["overrun"].low & 1
    assert not seen.rdata[end + 2] >> status["misframe"].low & 1
    assert seen.rdata[end + 3] == seen.data_packets[-1].header["drop_count"]


@pytest.mark.parametrize("aux_bits", [0, 1])
@pytest.mark.parametrize("order", [Order.SEQUENTIAL, Order.NP1])
@pytest.mark.parametrize("modes", MODES)
def test_latency(record, modes, order, aux_bits):
    config = make(modes, channels=48, order=order, aux_bits=aux_bits)
    samples, aux = signal(config, frames=3)
    seen = record(config, samples, aux)
    assert seen.received[-1] - seen.sent[-1] == hdl.latency(config) + LAST_WORD
