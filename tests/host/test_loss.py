"""Packets lost and frames dropped, with the gaps that must follow worked out independently."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import Flag
from probecodec.host.capture import CaptureError
from probecodec.host.timeline import Cause, Gap

from .captures import (
    AUX,
    CAPTURE,
    CONFIG,
    FRAMES,
    METADATA_SIZE,
    OFFSETS,
    SAMPLES,
    STARTS,
    STOPS,
    check,
    data_packet,
    expected_gaps,
    forge,
    only,
    read_capture,
    read_kept,
    sentences,
)


@pytest.mark.parametrize("lost", [*([n] for n in range(20)), [5, 6], [3, 5], [4, 8, 12]])
def test_lost_packets(lost):
    kept = [n for n in range(20) if n not in lost]
    capture = read_kept(kept)
    segment = only(capture)
    check(segment)
    assert segment.gaps == expected_gaps(kept)
    assert segment.first_frame == STARTS[kept[0]]
    assert capture.damaged == []


def test_two_known_cases():
    """As above, but written out."""
    gaps = only(read_kept([0, 1, 3, 4, 5])).gaps
    assert gaps == [Gap(12, 18, Cause.LOST), Gap(18, 24, Cause.WAITING)]
    assert only(read_kept([0, 1, 2, 3, 5, 8])).gaps == [
        Gap(24, 30, Cause.LOST),
        Gap(30, 36, Cause.WAITING),
        Gap(36, 48, Cause.LOST),
    ]


def test_lost_metadata_costs_no_frame():
    segment = only(read_capture(CAPTURE[METADATA_SIZE : OFFSETS[4]]))
    check(segment)
    assert (segment.gaps, segment.metadata) == ([], None)
    assert segment.config == EncoderConfig(channels=8, sample_bits=10, aux_bits=4)
    assert only(read_capture(CAPTURE[METADATA_SIZE:])).config == CONFIG


@pytest.mark.parametrize("first", range(1, 6))
def test_late_start(first):
    segment = only(read_kept(range(first, 20)))
    check(segment)
    assert segment.first_frame == STARTS[first]
    waiting = [Gap(STARTS[first], 24, Cause.WAITING)] if first < 4 else []
    assert segment.gaps == (waiting if first != 5 else [Gap(30, 48, Cause.WAITING)])


def test_start_inside_a_packet():
    cut = OFFSETS[3] + 10
    capture = read_capture(CAPTURE[cut:])
    check(only(capture))
    assert only(capture).first_frame == STARTS[4]
    skipped = OFFSETS[4] - cut
    assert sentences(capture) == [f"bytes 0 to {skipped - 1} belong to no intact packet"]
    assert capture.bytes_skipped == skipped


def test_every_truncation():
    begin = OFFSETS[3]  # one data packet, then metadata and data
    for stop in range(begin, OFFSETS[5] + 1):
        data = CAPTURE[begin:stop]
        whole = [n for n in (3, 4) if OFFSETS[n + 1] <= stop]
        boundary = stop in (OFFSETS[4], OFFSETS[4] + METADATA_SIZE, OFFSETS[5])
        if not whole:
            with pytest.raises(CaptureError):
                read_capture(data)
            continue
        capture = read_capture(data)
        check(only(capture))
        assert only(capture).frames == STOPS[whole[-1]] - STARTS[3]
        assert len(capture.damaged) == (0 if boundary else 1)


def test_dropped_at_the_source():
    dropped = np.isin(np.arange(FRAMES), [*range(4), 10, 11, 12, 57, FRAMES - 1])
    capture = read_capture(b"".join(encode(CONFIG, SAMPLES, AUX, dropped)))
    segment = only(capture)
    check(segment)
    assert (segment.first_frame, segment.frames) == (4, FRAMES - 5)
    assert segment.gaps == [Gap(10, 13, Cause.DROPPED), Gap(57, 58, Cause.DROPPED)]
    assert not capture.complete


def test_dropped_and_lost_in_one_jump():
    dropped = np.isin(np.arange(FRAMES), [12, 13])
    chunks = list(encode(CONFIG, SAMPLES, AUX, dropped))
    segment = only(read_capture(b"".join(chunks[:1] + chunks[3:])))  # without 6-11 and 14-19
    check(segment)
    assert segment.gaps == [
        Gap(6, 18, Cause.LOST),
        Gap(18, 20, Cause.DROPPED),
        Gap(20, 26, Cause.WAITING),
    ]


def test_drop_counter_wraps_around():
    encoder = Encoder(CONFIG)
    encoder._drop_count = 0xFFFF_FFFE
    samples = SAMPLES.astype(np.int64)
    first = encoder.packet(samples[:6], AUX[:6])
    second = encoder.packet(samples[10:16], AUX[10:16], dropped=4)
    segment = only(read_capture(first + second))
    check(segment)
    assert segment.gaps == [Gap(6, 10, Cause.DROPPED)]


@pytest.mark.parametrize("whole", range(6))
def test_frame_broken_off_by_the_source(whole):
    """Its codes stay in the payload; the packet after it restarts."""
    samples = SAMPLES.astype(np.int64)
    encoder = Encoder(CONFIG)
    first = encoder.packet(samples[:6], AUX[:6])
    broken = forge(encoder.packet(samples[6:12], AUX[6:12]), frames=whole)
    encoder._frame_index = 6 + whole
    rest = slice(7 + whole, 13)
    after = encoder.packet(samples[rest], AUX[rest], dropped=1, cause=Flag.MISFRAME, restart=True)
    segment = only(read_capture(first + broken + after))
    check(segment)
    assert segment.frames == 13
    assert segment.gaps == [Gap(6 + whole, 7 + whole, Cause.DROPPED)]


def test_no_frame_at_all():
    empty = forge(data_packet(0), frames=0)
    assert read_capture(empty).segments == []
    assert read_capture(CAPTURE[:METADATA_SIZE]).segments == []


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 19), min_size=1))
def test_any_loss_of_packets_gives_exact_gaps(kept):
    segment = only(read_kept(sorted(kept)))
    check(segment)
    assert segment.gaps == expected_gaps(sorted(kept))


def test_a_long_drop_before_a_restart():
    """More frames than are filled, dropped at the source: a new segment, and no empty chain."""
    encoder = Encoder(EncoderConfig(channels=2, packet_frames=10, restart_interval=1))
    samples, aux = np.full((10, 2), 7), np.zeros(10, np.int64)
    capture = read_capture(
        encoder.packet(samples, aux) + encoder.packet(samples, aux, dropped=100_000)
    )
    assert [(s.first_frame, s.frames) for s in capture.segments] == [(0, 10), (100_010, 10)]
    assert all((s.samples == 7).all() for s in capture.segments)
    (gap,) = capture.segments[1].gaps_before
    assert (gap.start, gap.stop) == (10, 100_010)
