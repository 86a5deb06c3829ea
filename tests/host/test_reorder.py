"""Packets that a network has mixed up: in order again within the window, never wrong beyond it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder
from probecodec.host import index, open_capture
from probecodec.host.live import Listener
from probecodec.host.planner import Planner
from probecodec.host.reorder import Reorder
from probecodec.host.scanner import Scanner

from .captures import AUX, CONFIG, FRAMES, SAMPLES, data_packet, packets, signal

WINDOWS = [1, 4, 4096]
EIGHT = EncoderConfig(channels=8, sample_bits=10, aux_bits=4, packet_frames=2, restart_interval=3)


def encoded(config=EIGHT, sequence=0, samples=SAMPLES, aux=AUX):
    """The packets of a signal, metadata by themselves; the first has number ``sequence``."""
    encoder = Encoder(config)
    encoder._sequence = sequence
    step = config.packet_frames
    spans = [slice(start, start + step) for start in range(0, len(samples), step)]
    return packets(b"".join(encoder.packet(samples[s].astype(np.int64), aux[s]) for s in spans))


PACKETS = encoded()  # 59 data packets of 2 frames, 20 of metadata


def scanned(parts):
    """Packets as the scanner gives them."""
    scanner = Scanner(keep=True)
    return [*scanner.feed(b"".join(parts)), *scanner.finish()]


@st.composite
def mixed(draw, count, most):
    """An order of packets in which none comes behind one that is more than ``most`` later.

    The first stays: nothing tells that one before it is to come.
    """
    delays = st.lists(st.integers(0, most), min_size=count, max_size=count)
    keys = [(n + delay, -n) for n, delay in enumerate(draw(delays))]
    order = [0, *sorted(range(1, count), key=keys.__getitem__)]
    assert all(a - b <= most for at, b in enumerate(order) for a in order[:at])
    return order


def heard(parts, window):
    """Arrivals of datagrams, and the plan."""
    listener = Listener(window)
    arrivals = [arrival for part in parts for arrival in listener.feed(part)]
    return [*arrivals, *listener.finish()], listener


def read(parts, window):
    """Open a capture with a window of that size; reading it must give no wrong sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "_REORDER_WINDOW", window)
        return open_capture(b"".join(parts), fill="zero")


@pytest.mark.parametrize("window", WINDOWS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_in_order_again(window, data):
    order = data.draw(mixed(len(PACKETS), min(window, 70)))
    parts = [PACKETS[n] for n in order]
    reorder = Reorder(window)
    given_ = [packet for each in scanned(parts) for packet in reorder.add(each)]
    given_ += reorder.flush()
    assert [packet.sequence for packet in given_] == list(range(len(PACKETS)))
    arrivals, listener = heard(parts, window)
    assert np.array_equal(np.concatenate([each.samples for each in arrivals]), SAMPLES)
    assert np.array_equal(np.concatenate([each.aux for each in arrivals]), AUX)
    assert (listener.plan.segments[0].gaps, listener.plan.out_of_order) == ([], 0)
    capture = read(parts, window)
    assert capture.complete
    assert np.array_equal(capture[:], SAMPLES) and np.array_equal(capture.aux[:], AUX)


@pytest.mark.parametrize("window", [1, 4, 4096])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_losses_among_them(window, data):
    """Also at the end, where nothing shows any longer that something is missing."""
    order = data.draw(mixed(len(PACKETS), min(window, 20)))
    lost = data.draw(st.sets(st.integers(1, len(PACKETS) - 1), max_size=6))
    parts = [PACKETS[n] for n in order if n not in lost]
    reorder = Reorder(window)
    given_ = [packet for each in scanned(parts) for packet in reorder.add(each)]
    given_ += reorder.flush()
    assert [packet.sequence for packet in given_] == sorted({*order} - lost)
    in_order = read([PACKETS[n] for n in sorted({*order} - lost)], window)
    capture = read(parts, window)
    assert capture.gaps == in_order.gaps and capture.index.plan.out_of_order == 0
    there, first = capture.held(), capture.first_frame
    assert np.array_equal(capture[:][there], SAMPLES[first:][: len(capture)][there])


@pytest.mark.parametrize("window", [0, *WINDOWS])
def test_in_order_nothing_is_held_back(window):
    reorder = Reorder(window)
    for packet in scanned(PACKETS):
        assert reorder.add(packet) == [packet]
    assert reorder.flush() == []


def test_no_window_keeps_the_order_of_arrival():
    """Whatever it is."""
    parts = scanned([PACKETS[n] for n in (3, 1, 2, 9, 2, 0)])
    reorder = Reorder(0)
    assert [reorder.add(packet) for packet in parts] == [[packet] for packet in parts]


@pytest.mark.parametrize("window", [0, 1, 4])
@pytest.mark.parametrize("late", [2, 3, 6, 30])
def test_too_late(window, late):
    """It is counted and ignored; its frames are a gap, up to the next restart."""
    kept = [n for n in range(len(PACKETS)) if n != late]
    behind = kept.index(late + window + 3)
    order = [*kept[:behind], late, *kept[behind:]]
    assert scanned([PACKETS[late]])[0].kind == 0 and not scanned([PACKETS[late]])[0].restart
    capture = read([PACKETS[n] for n in order], window)
    lost = read([PACKETS[n] for n in kept], window)
    assert (capture.index.plan.out_of_order, lost.index.plan.out_of_order) == (1, 0)
    assert capture.gaps == lost.gaps != [] and not capture.complete
    there = capture.held()
    assert 0 < np.count_nonzero(~there) <= 6
    assert np.array_equal(capture[:][there], SAMPLES[there])
    arrivals, listener = heard([PACKETS[n] for n in order], window)
    assert listener.plan.out_of_order == 1 and listener.plan.segments[0].gaps == capture.gaps
    assert sum(len(each.aux) for each in arrivals) == np.count_nonzero(there)


@pytest.mark.parametrize("window", [0, 1, 4])
@settings(max_examples=80, deadline=None)
@given(order=mixed(40, 12))
def test_beyond_the_window_nothing_wrong_is_decoded(window, order):
    parts = [PACKETS[n] for n in order]
    capture = read(parts, window)
    for segment in capture.segments:
        rows = slice(segment.first_frame, segment.first_frame + len(segment))
        there = segment.held()
        assert np.array_equal(segment[:][there], SAMPLES[rows][there])
        assert np.array_equal(segment.aux[:][there], AUX[rows][there])
    for each in heard(parts, window)[0]:
        assert np.array_equal(each.samples, SAMPLES[each.start :][: len(each.aux)])


@pytest.mark.parametrize("window", [4, 4096])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_copies_among_them(window, data):
    order = data.draw(mixed(len(PACKETS), 4))
    for at in data.draw(st.lists(st.integers(1, len(order) - 1), max_size=8)):
        order.insert(data.draw(st.integers(at, len(order))), order[at])
    parts = [PACKETS[n] for n in order]
    copies = len(order) - len(PACKETS)
    metadata = sum(len(PACKETS[n]) == len(PACKETS[0]) for n in order) - 20
    capture = read(parts, window)
    assert len(capture.segments) == 1 and np.array_equal(capture[:], SAMPLES)
    assert capture.complete and capture.index.plan.duplicates == copies - metadata
    arrivals, _ = heard(parts, window)
    assert np.array_equal(np.concatenate([each.samples for each in arrivals]), SAMPLES)


@pytest.mark.parametrize("window", [4, 4096])
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_sequence_wraps_around(window, data):
    parts = encoded(sequence=(1 << 16) - data.draw(st.integers(1, 70)))
    parts = [parts[n] for n in data.draw(mixed(len(parts), 4))]
    capture = read(parts, window)
    assert capture.complete and np.array_equal(capture[:], SAMPLES)
    arrivals, _ = heard(parts, window)
    assert [each.start for each in arrivals] == list(range(0, FRAMES, 2))


@pytest.mark.parametrize("window", [0, 4, 4096])
@pytest.mark.parametrize("lost", [7, 8, 9, 10])
def test_a_reset_while_packets_are_held_back(window, lost):
    """What was held back comes before the new run."""
    other, words = signal(seed=3)
    first = [PACKETS[n] for n in range(13) if n != lost]
    capture = read(first + encoded(samples=other, aux=words), window)
    one, two = capture.segments
    assert np.array_equal(two[:], other) and np.array_equal(two.aux[:], words) and not two.gaps
    alone = read(first, window)
    assert (one.gaps, len(one)) == (alone.gaps, len(alone))
    assert np.array_equal(one[:], alone[:]) and capture.index.plan.out_of_order == 0
    there = one.held()
    assert np.array_equal(one[:][there], SAMPLES[: len(one)][there])


@pytest.mark.parametrize("window", [1, 4, 20])
def test_a_lost_packet_is_waited_for_no_longer_than_the_window(window):
    reorder, held = Reorder(window), []
    for packet in scanned([part for n, part in enumerate(PACKETS) if n != 6]):
        held.append((held[-1] if held else 0) + 1 - len(reorder.add(packet)))
    assert held[:6] == [0] * 6 and max(held) == window
    assert held[6 + window :] == [0] * len(held[6 + window :])  # nor is anything after it


def test_two_streams():
    """Each has its own order and numbers."""
    other = EncoderConfig(channels=3, sample_bits=9, stream_id=7, packet_frames=5)
    theirs, words = signal(other, frames=100, seed=8)
    more = encoded(other, sequence=999, samples=theirs, aux=words)
    rng = np.random.default_rng(0)
    orders = []
    for count in (len(PACKETS), len(more)):
        keys = np.arange(count) + rng.integers(0, 4, count)
        orders.append([0, *(1 + np.argsort(keys[1:], kind="stable"))])
    parts = [(PACKETS[n], at / len(PACKETS)) for at, n in enumerate(orders[0])]
    parts += [(more[n], at / len(more)) for at, n in enumerate(orders[1])]
    both = [part for part, _ in sorted(parts, key=lambda part: part[1])]
    for window in (4, 4096):
        one, two = read(both, window).segments
        assert np.array_equal(one[:], SAMPLES) and np.array_equal(two[:], theirs)
        arrivals, _ = heard(both, window)
        for stream_id, expected in ((0, SAMPLES), (7, theirs)):
            mine = [each.samples for each in arrivals if each.segment.stream_id == stream_id]
            assert np.array_equal(np.concatenate(mine), expected)


def test_an_empty_restart_among_them():
    """It lies where the block before it ends, and is in none."""
    encoder, samples = Encoder(CONFIG), SAMPLES.astype(np.int64)
    parts = [encoder.packet(samples[n : n + 6], AUX[n : n + 6]) for n in range(0, 24, 6)]
    empty = encoder.packet(samples[:0], AUX[:0], restart=True)
    parts = packets(b"".join([*parts, empty, encoder.packet(samples[24:30], AUX[24:30])]))
    for at in range(1, len(parts)):
        for to in range(1, len(parts)):
            order = parts[:at] + parts[at + 1 :]
            capture = read([*order[:to], parts[at], *order[to:]], 4096)
            assert np.array_equal(capture[:], SAMPLES[:30]) and capture.gaps == []


def test_the_planner_gives_what_can_be_decoded():
    """Held back packets come out with the one that they waited for."""
    planner = Planner(4)
    one, two, three = scanned([data_packet(n) for n in (0, 1, 2)])
    assert [placed.packet for placed in planner.add(one)] == [one]
    assert planner.add(three) == []
    assert [(p.packet, p.decodable) for p in planner.add(two)] == [(two, True), (three, True)]
    assert planner.finish() == []
