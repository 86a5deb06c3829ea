"""Right checks, but nothing else; and any damage at all."""

import numpy as np
import pytest
from hypothesis import given, settings

from probecodec.golden.encoder import Encoder
from probecodec.host.capture import CaptureError
from probecodec.host.timeline import Cause, Gap

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    DROPPED,
    METADATA_SIZE,
    OFFSETS,
    SAMPLES,
    STARTS,
    WITH_DROPS,
    check,
    data_packet,
    flip,
    forge,
    mutate,
    mutations,
    only,
    read_capture,
    sentences,
)


def test_codes_past_the_payload():
    """The packet is lost, and those that build on it wait."""
    packet = forge(data_packet(5), frames=9)
    later = [forge(data_packet(n), frame_index=STARTS[n] + 3) for n in (6, 7)]
    data = CAPTURE[: OFFSETS[5]] + packet + b"".join(later)
    capture = read_capture(data)
    segment = only(capture)
    np.testing.assert_array_equal(segment.samples[:30], SAMPLES[:30])
    assert not segment.samples[30:].any() and not segment.aux[30:].any()
    assert segment.gaps == [Gap(30, 39, Cause.LOST), Gap(39, 51, Cause.WAITING)]
    assert sentences(capture) == [
        f"packet at byte {OFFSETS[5]}: the codes run past the payload in frame 6"
    ]


@pytest.mark.parametrize("at", [1 << 31, 1 << 60, (1 << 64) - 1])
def test_gap_too_large_to_fill(at):
    packet = forge(data_packet(4), frame_index=at)
    capture = read_capture(b"".join(CHUNKS[:2]) + packet)
    first, second = capture.segments
    check(first)
    assert (first.frames, first.gaps) == (12, [])
    assert (second.first_frame, second.frames, second.gaps) == (at, 6, [])
    np.testing.assert_array_equal(second.samples, SAMPLES[24:30])
    assert second.metadata == first.metadata is not None
    assert second.gaps_before == [Gap(12, at, Cause.LOST)] and not capture.complete
    waiting = forge(data_packet(2), frame_index=at)
    assert read_capture(CAPTURE[: OFFSETS[2]] + waiting).segments[1].gaps == [
        Gap(at, at + 6, Cause.WAITING)
    ]


def test_long_pause_of_the_source():
    """Too long to fill; yet what follows goes on from the packet before, if that is good."""
    encoder = Encoder(CONFIG)
    samples = SAMPLES.astype(np.int64)
    parts = [encoder.packet(samples[:6], AUX[:6])]
    parts.append(encoder.packet(samples[6:12], AUX[6:12], dropped=1 << 31))
    parts.append(encoder.packet(samples[12:18], AUX[12:18], dropped=1 << 31))
    capture = read_capture(b"".join(parts))
    assert [s.first_frame for s in capture.segments] == [0, 6 + (1 << 31), 12 + (1 << 32)]
    for n, segment in enumerate(capture.segments):
        np.testing.assert_array_equal(segment.samples, SAMPLES[6 * n : 6 * n + 6])
        np.testing.assert_array_equal(segment.aux, AUX[6 * n : 6 * n + 6])
    assert capture.segments[1].gaps_before == [Gap(6, 6 + (1 << 31), Cause.DROPPED)]
    assert not capture.complete
    later = forge(parts[1], frame_index=9 + (1 << 31))
    capture = read_capture(forge(parts[0][METADATA_SIZE:], frames=9) + later)
    assert [s.gaps for s in capture.segments] == [
        [Gap(0, 9, Cause.LOST)],
        [Gap(9 + (1 << 31), 15 + (1 << 31), Cause.WAITING)],
    ]


def test_largest_gap_filled():
    """100 times the frames held, all gaps together."""
    encoder = Encoder(CONFIG)
    samples = SAMPLES.astype(np.int64)
    for excess, segments in ((0, 1), (1, 2)):
        encoder = Encoder(CONFIG)
        parts = [
            encoder.packet(samples[:6], AUX[:6], dropped=dropped)
            for dropped in (0, 1000, 800 + excess)
        ]
        assert len(read_capture(b"".join(parts)).segments) == segments


def test_many_gaps_cannot_add_up():
    packets = [forge(data_packet(0), frame_index=n * 500_000) for n in range(1, 100)]
    capture = read_capture(b"".join(packets))
    assert sum(segment.frames for segment in capture.segments) <= 101 * 99 * 6


def test_trailers_in_every_word():
    """A payload in which every word looks like a trailer costs linear time."""
    payload = np.arange(60_000, dtype=">u4").tobytes()
    packet = forge(data_packet(0), payload=payload, frames=1)
    capture = read_capture(flip(packet, 100) + CAPTURE)
    check(only(capture))
    assert len(capture.damaged) == 1


@settings(max_examples=250, deadline=None)
@given(mutations())
def test_no_damage_yields_a_wrong_sample(steps):
    try:
        capture = read_capture(mutate(WITH_DROPS, steps))
    except CaptureError:
        return
    for segment in capture.segments:
        check(segment)
        for start, stop, cause in segment.gaps:
            assert cause != Cause.WAITING or not DROPPED[start:stop].any()
