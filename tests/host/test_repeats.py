"""Packets that come again, in another order, from a source that was reset, or from several."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.host.timeline import Cause, Gap

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    FRAMES,
    OFFSETS,
    SAMPLES,
    STARTS,
    check,
    data_packet,
    forge,
    only,
    read_capture,
    read_kept,
    sentences,
    signal,
)


def test_a_repeated_packet():
    for n in range(20):
        capture = read_capture(b"".join(CHUNKS[: n + 1] + CHUNKS[n:]))
        check(only(capture))
        assert only(capture).gaps == [] and capture.duplicates == 1
        assert capture.complete


def test_a_capture_twice():
    capture = read_capture(CAPTURE * 2)
    check(only(capture))
    assert capture.duplicates == 20


def test_a_packet_sent_again_after_its_loss():
    """It takes its place; nothing is decoded twice."""
    late = read_kept([*range(4), *range(8, 12), *range(4, 8), *range(8, 12)])
    check(only(late))
    assert (only(late).first_frame, only(late).frames, only(late).gaps) == (0, 72, [])
    assert late.duplicates == 4 and late.complete


def test_a_source_that_is_reset_and_begins_alike():
    """The second run's first packets look like copies, until one differs."""
    other, words = SAMPLES.copy(), AUX.copy()
    other[13:] = other[13:][::-1]
    second = b"".join(encode(CONFIG, other, words))
    capture = read_capture(b"".join(CHUNKS[:9]) + second)
    first, again = capture.segments
    check(first)
    assert np.array_equal(again.samples, other) and np.array_equal(again.aux, words)
    assert capture.duplicates == 0 and capture.complete


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, restart_interval=100)])
def test_a_splice_of_two_streams_whose_counters_agree(config):
    """Frames add up at the joint, but the sequence does not: the rest waits for a restart."""
    one = list(encode(config, SAMPLES, AUX))
    two = list(encode(replace(CONFIG, restart_interval=3), SAMPLES[:, ::-1], AUX))
    interval = config.restart_interval
    for cut in range(1, 20):
        if cut % 3 and -(-cut // interval) == -(-cut // 3):
            continue  # as many metadata packets before: nothing tells the two apart
        segment = read_capture(b"".join(one[:cut] + two[cut:])).segments[0]
        kept = np.ones(len(segment.samples), bool)
        for gap in segment.gaps:
            kept[gap.start : gap.stop] = False
        source = np.concatenate([SAMPLES[: STARTS[cut]], SAMPLES[STARTS[cut] :, ::-1]])
        assert np.array_equal(segment.samples[kept], source[: len(segment.samples)][kept])


def test_packets_of_no_frames():
    """They decode to nothing, tell of drops, and begin afresh where they restart."""
    empty = forge(data_packet(0), frames=0, payload=b"", frame_index=2**40, sequence=99)
    capture = read_capture(CAPTURE + empty)
    assert capture.segments[1].frames == 0 and not capture.complete
    assert capture.segments[1].gaps_before == [Gap(FRAMES, 2**40, Cause.LOST)]
    after = forge(data_packet(1), frame_index=2**41, drop_count=2**31, sequence=100)
    assert read_capture(empty + after)  # in another segment, without a word


def test_order_reversed_within_a_restart():
    capture = read_kept([0, 2, 1, 3, 4])
    check(only(capture))
    assert only(capture).gaps == [] and capture.complete


def test_reset_of_the_source():
    other, words = signal(seed=1)
    capture = read_capture(b"".join(CHUNKS[:3]) + b"".join(encode(CONFIG, other, words)))
    first, second = capture.segments
    check(first)
    check(second, other, words)
    assert (first.frames, second.frames) == (18, FRAMES)
    assert (second.config, second.metadata) == (CONFIG, first.metadata)
    assert capture.complete


def test_reset_whose_restart_is_lost():
    other, words = signal(seed=1)
    chunks = list(encode(CONFIG, other, words))
    capture = read_capture(b"".join(CHUNKS[:7] + chunks[1:]))
    first, second = capture.segments
    check(first)
    check(second, other, words)
    assert (second.first_frame, second.gaps) == (24, [])
    assert capture.out_of_order == 3 and not capture.complete


def test_reset_that_the_drop_counter_shows():
    encoder = Encoder(CONFIG)
    first = encoder.packet(SAMPLES[5:6].astype(np.int64), AUX[5:6], dropped=5)
    capture = read_capture(first + b"".join(CHUNKS[4:]))
    assert [segment.first_frame for segment in capture.segments] == [5, 24]


def test_another_probe_of_the_same_stream_id():
    config = EncoderConfig(
        channels=9, sample_bits=10, aux_bits=4, packet_frames=6, restart_interval=4
    )
    samples, aux = signal(config)
    later = list(encode(config, samples, aux))[5:]
    restart = next(encode(config, samples, aux))
    capture = read_capture(CAPTURE + restart + b"".join(later))
    check(capture.segments[0])
    check(capture.segments[1], samples, aux)
    capture = read_capture(CAPTURE[: OFFSETS[2]] + b"".join(later[3:]))  # a later restart
    assert [segment.first_frame for segment in capture.segments] == [0, 48]
    check(capture.segments[1], samples, aux)
    capture = read_capture(CAPTURE + later[0])  # no restart: it stays out
    check(only(capture))
    assert (
        "9 channels of 10 bits in sequential order and 4 auxiliary bits, but its stream has 8"
        in (sentences(capture)[0])
    )


def test_streams_that_share_a_capture():
    probes = {}
    for stream_id in (0, 3, 255):
        config = EncoderConfig(
            channels=8 + stream_id % 5, packet_frames=6, stream_id=stream_id, aux_bits=4
        )
        samples, aux = signal(config, seed=stream_id)
        probes[stream_id] = samples, aux, list(encode(config, samples, aux))
    chunks = itertools.chain(*zip(*(chunks for *_, chunks in probes.values()), strict=True))
    capture = read_capture(b"".join(chunks))
    assert [segment.stream_id for segment in capture.segments] == [0, 3, 255]
    for segment in capture.segments:
        check(segment, *probes[segment.stream_id][:2])
        assert segment.gaps == [] and segment.config.stream_id == segment.stream_id


def test_a_restart_that_comes_too_early_and_once_more():
    capture = read_kept([4, *range(8)])
    assert any(
        s.first_frame <= 24 and s.first_frame + s.frames == 48 and all(g.stop <= 24 for g in s.gaps)
        for s in capture.segments
    )
    for segment in capture.segments:
        check(segment)
