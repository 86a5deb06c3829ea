"""What is told of a stream while it arrives is what `info` tells of the capture afterwards."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Order
from probecodec.host import open_capture
from probecodec.host.integrity import describe
from probecodec.host.meter import Meter
from probecodec.host.timeline import Cause

from .captures import CAPTURE, CHUNKS, CONFIG, DROPPED, FRAMES, STARTS, STOPS, WITH_DROPS, mutate
from .captures import signal as make_signal

CAUSES = (Cause.DROPPED, Cause.LOST, Cause.WAITING)


def metered(data, step=97):
    """The reading of bytes that come in pieces."""
    meter = Meter()
    for start in range(0, len(data), step):
        meter.feed(data[start : start + step])
    meter.finish()
    return meter.reading


def as_info_tells(data):
    """Packets, frames, missing frames by cause and bytes, by the reader of files."""
    capture = open_capture(data, fill="zero")
    told = [describe(segment) for segment in capture.segments]
    missing = Counter()
    for segment in told:
        for start, stop, cause in (
            (gap["start"], gap["stop"], gap["cause"])
            for gap in segment["gaps"] + segment["gaps_before"]
        ):
            missing[cause] += stop - start
    return (
        sum(segment["packets"] for segment in told),
        {cause: missing[cause] for cause in CAUSES},
        sum(segment["bytes"] for segment in told),
        capture.index.bytes_skipped,
    )


def as_metered(data, step=97):
    reading = metered(data, step)
    return reading.packets, reading.missing, reading.packet_bytes, reading.skipped


def test_complete():
    reading = metered(CAPTURE)
    assert (reading.size, reading.skipped) == (len(CAPTURE), 0)
    assert (reading.packets, reading.frames) == (len(CHUNKS), FRAMES)
    assert reading.missing == dict.fromkeys(CAUSES, 0)
    assert reading.bits_per_sample == 8 * len(CAPTURE) / (FRAMES * CONFIG.channels)
    assert reading.ratio == 10 * FRAMES * CONFIG.channels / (8 * len(CAPTURE))
    assert "none missing" in str(reading) and f"{FRAMES} frames of 8 channels" in str(reading)


def test_dropped_at_the_source():
    reading = metered(b"".join(WITH_DROPS))
    assert reading.missing == {Cause.DROPPED: DROPPED.sum(), Cause.LOST: 0, Cause.WAITING: 0}
    assert reading.frames == FRAMES - DROPPED.sum()
    assert f"{DROPPED.sum()} dropped at the source" in str(reading)


@pytest.mark.parametrize("gone", [[5], [5, 6], [2, 9, 10, 17]])
def test_packets_cut_out(gone):
    """The frames of packets that are not there are lost; those until the restart wait for it."""
    kept = [n for n in range(len(CHUNKS)) if n not in gone]
    reading = metered(b"".join(CHUNKS[n] for n in kept))
    lost = sum(STOPS[n] - STARTS[n] for n in gone)
    waiting = sum(
        STOPS[n] - STARTS[n] for n in kept if any(each // 4 == n // 4 and each < n for each in gone)
    )
    assert reading.missing == {Cause.DROPPED: 0, Cause.LOST: lost, Cause.WAITING: waiting}


def test_bytes_cut_out():
    at = sum(map(len, CHUNKS[:5])) + 40  # in the sixth packet
    data = CAPTURE[:at] + CAPTURE[at + 3 :]
    reading = metered(data)
    assert reading.missing[Cause.LOST] == STOPS[5] - STARTS[5]
    assert reading.skipped == len(CHUNKS[5]) - 3
    assert as_metered(data) == as_info_tells(data)


@pytest.mark.parametrize("seed", range(40))
def test_agrees_with_info(seed):
    """Also of a capture that is damaged in several ways."""
    rng = np.random.default_rng(seed)
    what = ("flip", "cut", "noise", "lose", "again", "swap", "end")
    steps = [(rng.choice(what), *rng.random(2)) for _ in range(rng.integers(1, 5))]
    data = mutate(WITH_DROPS if seed % 2 else CHUNKS, steps)
    if not metered(data).packets:
        pytest.skip("nothing is left")
    assert as_metered(data, step=int(rng.integers(1, 3000))) == as_info_tells(data)


def test_joins_a_source_that_runs_already():
    """The first packets wait for a restart, but nothing was lost."""
    reading = metered(b"".join(CHUNKS[2:])[10:])
    assert reading.missing[Cause.LOST] == 0
    assert reading.missing[Cause.WAITING] == STOPS[3] - STARTS[3]


@pytest.mark.parametrize("data", [b"", bytes(5000), np.random.default_rng(0).bytes(5000)])
def test_no_stream(data):
    reading = metered(data)
    assert (reading.packets, reading.frames, reading.bits_per_sample) == (0, 0, None)
    assert reading.ratio is None and "no intact packet" in str(reading)


def test_order_and_width():
    config = EncoderConfig(channels=24, sample_bits=12, order=Order.NP1)
    samples, _ = make_signal(config, 30)
    reading = metered(b"".join(encode(config, samples)))
    assert (reading.channels, reading.sample_bits, reading.samples) == (24, 12, 720)


def test_memory_does_not_grow():
    """However many packets are damaged."""
    config = EncoderConfig(channels=4, packet_frames=2, restart_interval=1)
    packets = list(encode(config, np.zeros((8000, 4), np.int16)))
    meter = Meter()

    def feed(some):
        for n, packet in enumerate(some):
            meter.feed(packet[:-1] + bytes([packet[-1] ^ (n % 2)]))

    feed(packets[:2000])  # by now it knows as many copies as it may
    tracemalloc.start()
    feed(packets[2000:])
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert meter.reading.missing[Cause.LOST] > 3000
    assert grown < 400_000  # the copies known, 1024, are of new packets; 150 bytes a gap were more
