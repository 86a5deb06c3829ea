"""Gate: packets cut, frames dropped whole and counted, broken frames kept apart."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from probecodec.golden import gate as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.hdl.gate import Gate

CONFIG = EncoderConfig(
    channels=4,
    sample_bits=16,
    aux_bits=3,
    packet_frames=3,
    restart_interval=3,
    modes=(Mode.RICE, Mode.FIXED),
)


@pytest.fixture
def source(script):
    return script.Source(CONFIG)


@pytest.fixture
def play(harness, script):
    """A function that runs a source; returns (packets, reports)."""
    return lambda source: script.play(harness, Gate(source.config), source)[:2]


@pytest.fixture
def packets(script):
    """A function that makes packets from (frames, end); those with numbers ``restarts`` do."""

    def make(*pairs, restarts=(0,)):
        return [
            script.Seen(frames, end, number in restarts)
            for number, (frames, end) in enumerate(pairs)
        ]

    return make


@pytest.mark.parametrize("idle", ["none", "random"])
@pytest.mark.parametrize("channels", [3, 31, 32, 33, 384])
def test_packets_are_those_of_the_golden_model(harness, script, channels, idle):
    config = EncoderConfig(channels=channels, sample_bits=16, packet_frames=3, restart_interval=2)
    random = np.random.default_rng(channels)
    source = script.Source(config)
    for _ in range(8):
        source.frame(gaps=lambda: random.integers(3) if idle == "random" else 0)
    seen, reports, _ = script.play(harness, Gate(config), source)
    plan = [range(span.start, span.stop) for span in golden.plan(config, np.zeros(8, bool))]
    assert [packet.frames for packet in seen] == plan
    assert [packet.restart for packet in seen] == [True, False, True]
    assert [packet.end for packet in seen] == ["full", "full", "open"]
    assert reports == []


def test_one_frame_packets(script, harness):
    config = EncoderConfig(channels=4, sample_bits=16, packet_frames=1, restart_interval=2)
    seen, _, _ = script.play(harness, Gate(config), script.Source(config).frames(5))
    assert seen == [script.Seen(range(n, n + 1), "full", n % 2 == 0) for n in range(5)]


def test_a_frame_without_room_is_dropped_whole_and_ends_the_packet(source, script, play, packets):
    source.frames(5)
    source.set(room=0).frame(1).set(room=1).frame(start=1)
    source.frames(4)  # not yet drained: dropped as well
    source.set(drained=1).frame(2).set(drained=0, room=0).frame(start=2)
    source.set(room=1).frames(3)
    seen, reports = play(source)
    pairs = [(range(3), "full"), (range(3, 5), "early"), (range(10, 13), "full")]
    assert seen == packets(*pairs, (range(13, 14), "open"), restarts=(0, 3))
    assert reports == [script.Report(dropped=5, overrun=True, short_frames=2)]


def test_dropping_at_a_packet_boundary_needs_no_end(source, script, play, packets):
    source.frames(3).set(room=0).frame().set(room=1, drained=1).frames(2)
    seen, reports = play(source)
    assert seen == packets((range(3), "full"), (range(4, 6), "open"))
    assert reports == [script.Report(dropped=1, overrun=True)]


def test_a_drained_gate_without_room_stays_closed(source, script, play, packets):
    source.set(room=0, drained=1).frames(2).set(room=1).frame()
    assert play(source) == (packets((range(2, 3), "open")), [script.Report(2, overrun=True)])


def test_each_gap_is_reported_on_its_own(source, script, play, packets):
    for number in range(1, 4):
        source.set(room=1, drained=1).frame()
        source.set(room=0, drained=0).frames(number)
    source.set(room=1, drained=1).frame()
    seen, reports = play(source)
    pairs = [(range(1), "early"), (range(2, 3), "early"), (range(5, 6), "early")]
    assert seen == packets(*pairs, (range(9, 10), "open"), restarts=(0, 3))
    assert reports == [script.Report(n, overrun=True, short_frames=1) for n in (1, 2, 3)]


def test_each_gap_has_its_own_cause(source, script, play):
    source.frames(1).set(room=0).frames(1).set(room=1, drained=1).frames(1)
    source.set(drained=0).frame(2).frames(1).set(drained=1).frames(1)
    source.set(enable=0).frames(1).set(enable=1).frames(1)
    source.set(room=0).frames(1).set(room=1).frames(1)
    _, reports = play(source)
    assert reports == [
        script.Report(1, overrun=True, short_frames=1),
        script.Report(2, misframe=True, short_frames=1),
        script.Report(1, short_frames=1),
        script.Report(1, overrun=True, short_frames=1),
    ]


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("whole", [0, 1, 3])
def test_a_frame_that_breaks_off(source, script, play, samples, whole):
    """It and the one that begins too soon are dropped; the rest waits until all is sent."""
    source.frames(whole).frame(samples).frames(2).set(drained=1).frames(2)
    seen, reports = play(source)
    kept = range(whole % 3)
    full = [] if whole < 3 else [script.Seen(range(3), restart=True)]
    assert seen == [
        *full,
        script.Seen(kept, "early", whole < 3, stray=samples),
        script.Seen(range(whole + 3, whole + 5), "open", restart=True),
    ]
    assert reports == [script.Report(3, misframe=True, short_frames=len(kept))]


def test_samples_beyond_the_last_channel(source, script, play, packets):
    """Nothing is dropped, but the packet ends and the next one restarts."""
    source.frames(2).stray(3).set(drained=1).frames(3).stray().idle(2).frames(1)
    seen, reports = play(source)
    assert seen == packets(
        (range(2), "early"), (range(2, 5), "full"), (range(5, 6), "open"), restarts=(0, 1, 2)
    )
    assert reports == [
        script.Report(0, misframe=True, short_frames=2),
        script.Report(0, misframe=True, short_frames=0),
    ]


def test_samples_before_the_first_frame_are_ignored(source, play, packets):
    assert play(source.stray(9).idle(2).stray(2).frames(2)) == (packets((range(2), "open")), [])


def test_a_dropped_frame_that_breaks_off_is_counted_once(source, script, play, packets):
    source.frames(1).set(room=0).frame(2).frame().set(room=1, drained=1).frames(2)
    seen, reports = play(source)
    assert [packet.frames for packet in seen] == [range(1), range(3, 5)]
    assert seen[1].restart
    assert reports[0].dropped == 2
    assert reports[0].overrun


def test_a_break_is_not_blamed_on_a_later_gap(source, play):
    """Of frames dropped by an overrun, the last breaks off just as the gate opens."""
    source.frames(1).set(room=0).frame(2).set(room=1, drained=1).frames(4)
    source.set(room=0).frame().set(room=1).frames(1)
    _, reports = play(source)
    assert not reports[-1].misframe


def test_disabled(source, script, play, packets):
    """The frame in progress goes in; those that pass meanwhile count as dropped, for no cause."""
    source.frames(1).frame(2).set(enable=0).frame(start=2).frames(2).frame(2)
    source.set(enable=1, drained=1).frame(start=2).frames(2)
    seen, reports = play(source)
    assert seen == packets((range(2), "early"), (range(5, 7), "open"), restarts=(0, 1))
    assert reports == [script.Report(3, short_frames=2)]


def test_disabled_at_a_packet_boundary(source, script, play, packets):
    source.frames(3).set(enable=0).idle(3).set(enable=1, drained=1).frames(1)
    seen, reports = play(source)
    assert seen == packets((range(3), "full"), (range(3, 4), "open"), restarts=(0, 1))
    assert reports == [script.Report(0, short_frames=0)]


def test_disabled_for_a_while_within_a_frame(source, play, packets):
    source.frame(1).set(enable=0).frame(3, start=1).set(enable=1).frame(start=3).frames(1)
    assert play(source) == (packets((range(2), "open")), [])


def test_disabled_from_the_start(source, script, play, packets):
    source.set(enable=0, drained=1).stray(2).frames(2).set(enable=1).frames(1)
    assert play(source) == (packets((range(2, 3), "open")), [script.Report(2)])


def test_mode_changes_at_the_next_packet_and_restarts_it(source, script, play):
    source.frames(1).set(mode=1).frames(5)
    source.frames(1).set(mode=0).frames(1).set(mode=1).frames(2)  # and back again: no change
    seen, _ = play(source)
    assert seen == [
        script.Seen(range(3), restart=True, mode=0),
        script.Seen(range(3, 6), restart=True, mode=1),
        script.Seen(range(6, 9), mode=1),
        script.Seen(range(9, 10), "open", mode=1),
    ]


def test_a_mode_change_counts_as_the_restart_of_its_interval(source, play):
    source.frames(3).set(mode=1).frames(3 * 5)
    assert [packet.restart for packet in play(source)[0]] == [1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("interval", [0, 1, 2, 4, 65535])
def test_restart_interval(source, play, interval):
    source.set(restart_interval=interval).frames(3 * 9)
    restarts = [packet.restart for packet in play(source)[0]]
    assert restarts == [n % max(interval, 1) == 0 for n in range(9)]


def test_restart_interval_changes_at_the_next_packet(source, play):
    source.set(restart_interval=9).frames(3 * 3 + 1)
    source.set(restart_interval=1).frames(2 + 3).set(restart_interval=3).frames(3 * 4)
    restarts = [packet.restart for packet in play(source)[0]]
    assert restarts == [1, 0, 0, 0, 1, 0, 0, 1, 0]


def test_auxiliary_word(harness, script):
    """Taken with the first sample of every frame, also of dropped ones; stable till the next."""
    source = script.Source(CONFIG)
    source.frame(aux=5).idle(3).frame(aux=2).frame(aux=7).stray(1).idle(2).frame(aux=1)
    _, _, seen = script.play(harness, Gate(CONFIG), source)
    held = [5] * 7 + [2] * 4 + [7] * 7 + [1] * 4
    word = seen["word"].tolist()
    assert word[Gate.LATENCY : Gate.LATENCY + len(held)] == held
    assert not any(word[: Gate.LATENCY])


@pytest.mark.parametrize("channels", [3, 4, 7])
def test_nothing_is_lost_uncounted(harness, script, channels):
    """Random room, draining, breaks and disabling: a frame is sent, or counted where it was."""
    config = replace(CONFIG, channels=channels)
    random = np.random.default_rng(channels)
    source = script.Source(config)
    for _ in range(300):
        source.set(
            room=random.integers(4) > 0,
            drained=random.integers(3) > 0,
            enable=random.integers(12) > 0,
            mode=random.integers(8) == 0,
        )
        if random.integers(10) == 0:
            source.frame(random.integers(1, channels))
        else:
            source.frame(gaps=lambda: random.integers(2))
            source.stray(int(random.integers(10) == 0))
        source.idle(random.integers(2))
    seen, reports, members = script.play(harness, Gate(config), source.frame())
    gaps = [
        after.frames.start - before.frames.stop
        for before, after in pairwise([script.Seen(range(0)), *seen])
    ]
    dropped = [report.dropped for report in reports]
    assert [gap for gap in gaps if gap] == [gap for gap in dropped if gap]
    assert {len(packet.frames) for packet in seen if packet.end == "early"} == {0, 1, 2}
    assert {packet.stray for packet in seen} == set(range(channels))
    sent = sum(len(packet.frames) for packet in seen)
    assert sent + members["dropped"][-1] == source.begun
