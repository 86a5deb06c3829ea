"""A stream in pieces: each packet comes with its last byte, and in the end all is as in a file."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.encoder import encode
from probecodec.golden.format import HEADER
from probecodec.host import open_capture
from probecodec.host.capture import CaptureError
from probecodec.host.live import Listener
from probecodec.host.timeline import Cause, Gap

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    FRAMES,
    METADATA_SIZE,
    OFFSETS,
    SAMPLES,
    STARTS,
    STOPS,
    SYNC_BYTES,
    WITH_DROPS,
    data_offset,
    data_packet,
    expected_gaps,
    flip,
    forge,
    mutate,
    mutations,
)


def heard(pieces, listener):
    """Arrivals, each with how many bytes had come; those of the end last."""
    told, size = [], 0
    for piece in pieces:
        size += len(piece)
        told += [(arrival, size) for arrival in listener.feed(piece)]
    return told + [(arrival, size) for arrival in listener.finish()]


def by_bytes(data, **how):
    return heard((data[at : at + 1] for at in range(len(data))), Listener(**how))


def check(arrival, samples=SAMPLES, aux=AUX):
    rows = slice(arrival.start, arrival.start + len(arrival.aux))
    assert arrival.samples.dtype == np.int16 and arrival.aux.dtype == np.uint16
    np.testing.assert_array_equal(arrival.samples, samples[rows])
    np.testing.assert_array_equal(arrival.aux, aux[rows])


def decodable(kept):
    """Those of the packets ``kept`` whose restart, and all since, are there."""
    return [n for n in kept if set(range(n - n % 4, n + 1)) <= set(kept)]


@pytest.mark.parametrize("lost", [[], [1], [4], [3, 5, 6], [0], [0, 1, 17]])
@pytest.mark.parametrize("reorder", [0, 1, 8])
def test_with_the_last_byte(lost, reorder):
    """Without a loss before it; else, where late packets are waited for, no later than those."""
    kept = [n for n in range(20) if n not in lost]
    told = by_bytes(b"".join(CHUNKS[n] for n in kept), reorder=reorder)
    ends = dict(zip(kept, itertools.accumulate(len(CHUNKS[n]) for n in kept), strict=True))
    assert [arrival.start for arrival, _ in told] == [STARTS[n] for n in decodable(kept)]
    for (arrival, size), n in zip(told, decodable(kept), strict=True):
        check(arrival)
        if not reorder or lost in ([], [0]):
            assert size == ends[n]


@pytest.mark.parametrize("n", [1, 4, 6])
@pytest.mark.parametrize("cut", [1, 4, 8, 20, 50])
def test_after_a_packet_whose_end_never_comes(n, cut):
    """It is given up when the next header is there; the next packet comes with its last byte."""
    listener, size = Listener(), 0
    data = CAPTURE[: OFFSETS[n + 1] - cut] + CAPTURE[OFFSETS[n + 1] :]
    follows = OFFSETS[n + 1] - cut
    ends = [OFFSETS[m + 1] - cut * (m >= n) for m in range(20)]
    kept = [m for m in range(20) if m != n]
    arrived = {}
    for byte in range(len(data)):
        for arrival in listener.feed(data[byte : byte + 1]):
            check(arrival)
            arrived[arrival.start] = byte + 1
        size = byte + 1
        assert (listener.damaged != []) == (size >= follows + HEADER.size)
    assert arrived == {STARTS[m]: ends[m] for m in decodable(kept)}
    (damage,) = listener.damaged
    assert damage.offset == data_offset(n)


@pytest.mark.parametrize("at", [4, 20, 40, -9, -6, -1])
def test_after_a_damaged_packet(at):
    """Wherever the bit is that flipped: sync word, header, payload, trailer."""
    offset = (data_offset(5) if at > 0 else OFFSETS[6]) + at
    listener = Listener()
    arrived = {}
    for byte, data in enumerate(flip(CAPTURE, offset)):
        for arrival in listener.feed(bytes([data])):
            check(arrival)
            arrived[arrival.start] = byte + 1
    kept = [n for n in range(20) if n != 5]
    assert arrived == {STARTS[n]: OFFSETS[n + 1] for n in decodable(kept)}
    assert listener.plan.segments[0].gaps == expected_gaps(kept)
    assert len(listener.damaged) == 1


@pytest.mark.parametrize("garbage", [b"\0", b"noise", SYNC_BYTES, SYNC_BYTES * 20, CAPTURE[5:40]])
def test_garbage_before_the_first_packet(garbage):
    told = by_bytes(garbage + CAPTURE)
    assert [size for _, size in told] == [len(garbage) + stop for stop in OFFSETS[1:]]
    for arrival, _ in told:
        check(arrival)


def test_metadata_are_known_with_the_first_frames():
    (arrival,) = list(Listener().feed(CHUNKS[0]))
    assert arrival.segment.config == CONFIG
    assert arrival.segment.metadata.probe == "NP1010"


def test_a_packet_of_many_pieces_and_many_packets_of_one_piece():
    for size in (1, 2, 3, 31, 32, 33, 71, 500, len(CAPTURE)):
        listener = Listener()
        pieces = [CAPTURE[at : at + size] for at in range(0, len(CAPTURE), size)]
        told = [arrival for arrival, _ in heard(pieces, listener)]
        assert np.array_equal(np.concatenate([arrival.samples for arrival in told]), SAMPLES)
        assert (listener.damaged, listener.plan.segments[0].gaps) == ([], [])


FLAWED = forge(data_packet(5), payload=data_packet(5)[32:-8][:24])
CASES = {
    "whole": CAPTURE,
    "lost": b"".join(CHUNKS[n] for n in range(20) if n not in (2, 7, 8)),
    "damaged": flip(flip(CAPTURE, OFFSETS[6] + 50), OFFSETS[11] + 3),
    "dropped": b"".join(encode(CONFIG, SAMPLES, AUX, np.arange(FRAMES) % 17 == 5)),
    "begins late": CAPTURE[OFFSETS[2] + 30 :],
    "reset": b"".join(CHUNKS[:7]) + b"".join(encode(CONFIG, SAMPLES[::-1])),
    "twice": CAPTURE * 2,
    "codes past the payload": CAPTURE[: OFFSETS[5]] + FLAWED + CAPTURE[OFFSETS[6] :],
    "cut off": CAPTURE[:-30],
    "two streams": b"".join(
        itertools.chain(
            *zip(CHUNKS, encode(replace(CONFIG, stream_id=3), SAMPLES[::-1]), strict=True)
        )
    ),
    "nothing": bytes(500),
}


@pytest.mark.parametrize("data", CASES.values(), ids=CASES)
@pytest.mark.parametrize("reorder", [0, 8])
@settings(max_examples=8, deadline=None)
@given(size=st.integers(1, 700))
def test_the_same_as_from_a_file(data, reorder, size):
    listener = Listener(reorder)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    told = [arrival for arrival, _ in heard(pieces, listener)]
    try:
        capture = open_capture(data, fill="zero")
    except CaptureError:
        assert told == [] and listener.plan.segments == []
        return
    capture.verify()
    assert listener.damaged == capture.damaged
    assert listener.plan.duplicates == capture.index.plan.duplicates
    assert len(listener.plan.segments) == len(capture.segments)
    for outline, segment in zip(listener.plan.segments, capture.segments, strict=True):
        assert (outline.stream_id, outline.metadata) == (segment.stream_id, segment.metadata)
        assert (outline.gaps, outline.frames) == (segment.gaps, len(segment))
        samples = np.zeros(segment.shape, np.int16)
        words = np.zeros(len(segment), np.uint16)
        there = np.zeros(len(segment), bool)
        for arrival in told:
            if arrival.segment is outline:
                at = arrival.start - segment.first_frame
                rows = slice(at, at + len(arrival.aux))
                samples[rows], words[rows], there[rows] = arrival.samples, arrival.aux, True
        assert np.array_equal(samples, segment[:]) and np.array_equal(words, segment.aux[:])
        assert np.array_equal(there, segment.held())


@settings(max_examples=200, deadline=None)
@given(mutations(), st.integers(1, 900), st.sampled_from([0, 1, 8]))
def test_no_damage_yields_a_wrong_sample(steps, size, reorder):
    data = mutate(WITH_DROPS, steps)
    listener = Listener(reorder)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    for arrival, _ in heard(pieces, listener):
        check(arrival)


def test_gaps_are_in_order_where_packets_were_held_back():
    """Packet 3 is lost, 4 restarts with bad codes, 6 is lost: all come out together."""
    bad = forge(data_packet(4), payload=data_packet(4)[32:-8][:24])
    metadata = CHUNKS[4][:METADATA_SIZE]
    listener = Listener(reorder=6)
    heard([*CHUNKS[:3], metadata + bad, CHUNKS[5], CHUNKS[7]], listener)
    assert listener.plan.segments[0].gaps == [
        Gap(18, 30, Cause.LOST),
        Gap(30, 36, Cause.WAITING),
        Gap(36, 42, Cause.LOST),
        Gap(42, STOPS[7], Cause.WAITING),
    ]
