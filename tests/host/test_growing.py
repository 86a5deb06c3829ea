"""Captures of files that are still being written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.encoder import encode
from probecodec.host import open_capture, planner
from probecodec.host.capture import CaptureError

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
    data_packet,
    flip,
    forge,
    packets,
    read_kept,
)


@pytest.fixture(params=[0, 1 << 20], ids=["several-blocks", "one-block"], autouse=True)
def several_blocks(monkeypatch, request):
    monkeypatch.setattr(planner, "_BLOCK_SAMPLES", request.param)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.pcs").write_bytes(b"")
    return tmp_path / "a.pcs"


def append(path, data):
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.parametrize("start", [0, METADATA_SIZE, METADATA_SIZE + 40, OFFSETS[2]])
def test_a_packet_is_there_with_its_last_byte(path, start):
    first = {METADATA_SIZE + 40: 6, OFFSETS[2]: 12}.get(start, 0)
    with open_capture(path, growing=True, fill="zero") as capture:
        append(path, CAPTURE[start : OFFSETS[2]])
        for n in range(2, 20):
            append(path, CAPTURE[OFFSETS[n] : OFFSETS[n + 1] - 1])
            capture.refresh()
            if n > 2 or start != OFFSETS[2]:
                assert len(capture) == STARTS[n] - first
            append(path, CAPTURE[OFFSETS[n + 1] - 1 : OFFSETS[n + 1]])
            capture.refresh()
            assert (capture.first_frame, len(capture)) == (first, STOPS[n] - first)
            held = capture.held()
            assert held[24 - first :].all() or STOPS[n] <= 24
            assert np.array_equal(capture[:][held], SAMPLES[first : STOPS[n]][held])
            assert np.array_equal(capture.aux[-4:][held[-4:]], AUX[: STOPS[n]][-4:][held[-4:]])
            assert capture.damaged == [] or first == 6


def test_what_was_read_before_does_not_hide_what_comes(path):
    """The block that was kept is longer now."""
    with open_capture(path, growing=True) as capture:
        for n in range(20):
            append(path, CHUNKS[n])
            capture.refresh()
            rows = slice(max(0, STARTS[n] - 10), STOPS[n])
            assert np.array_equal(capture[rows], SAMPLES[rows])
            chunks = [chunk.samples for chunk in capture.chunks()]
            assert np.array_equal(np.concatenate(chunks), SAMPLES[: STOPS[n]])


LOSSES = {
    "whole": CAPTURE,
    "lost": b"".join(CHUNKS[n] for n in range(20) if n not in (2, 7, 8)),
    "damaged": flip(flip(CAPTURE, OFFSETS[6] + 50), OFFSETS[11] + 3),
    "dropped": b"".join(encode(CONFIG, SAMPLES, AUX, np.arange(FRAMES) % 17 == 5)),
    "garbage": b"noise" + CAPTURE[20 : OFFSETS[9]] + bytes(300) + CAPTURE[OFFSETS[9] :],
    "reset": b"".join(CHUNKS[:7]) + b"".join(encode(CONFIG, SAMPLES[::-1])),
    "flawed": b"".join(
        [*CHUNKS[:5], forge(data_packet(5), payload=data_packet(5)[32:-8][:24]), *CHUNKS[6:]]
    ),
    "cut off": CAPTURE[:-30],
}


def told(capture):
    capture.verify()
    return [
        (each.stream_id, each.first_frame, each.metadata, each.gaps, each[:].tobytes())
        for each in capture.segments
    ], [damage.sentence for damage in capture.damaged]


@pytest.mark.parametrize("data", LOSSES.values(), ids=LOSSES)
@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(0, len(CAPTURE)), max_size=9))
def test_pieces_make_the_whole(tmp_path_factory, data, cuts):
    path = tmp_path_factory.mktemp("growing") / "a.pcs"
    path.write_bytes(b"")
    whole = open_capture(data, fill="zero")
    with open_capture(path, growing=True, fill="zero") as capture:
        at = 0
        for cut in [*sorted(cuts), len(data)]:
            append(path, data[at:cut])
            at = max(at, cut)
            capture.refresh()
            for each in capture.segments:
                assert len(each[:]) == len(each)  # whatever comes later
        segments, damaged = told(capture)
    expected, places = told(whole)
    assert segments == expected
    if data == LOSSES["cut off"]:
        places.pop()  # its last packet may still come
    assert damaged == places


def test_nothing_there_yet(path):
    with open_capture(path, growing=True) as capture:
        assert capture.segments == [] and capture.damaged == []
        with pytest.raises(CaptureError, match="no data packet with frames"):
            len(capture)
        append(path, CHUNKS[0])
        capture.refresh()
        assert np.array_equal(capture[:], SAMPLES[:6])


def test_the_segment_stays_the_one_that_was_chosen(path):
    """Another stream's segment, which had no frames and was not listed, gets some."""
    append(path, forge(data_packet(0), frames=0, payload=b""))
    append(path, forge(data_packet(0), stream_id=9))
    with open_capture(path, growing=True) as capture:
        assert capture.stream_id == 9
        append(path, forge(data_packet(0), sequence=2))
        capture.refresh()
        assert capture.stream_id == 9 and np.array_equal(capture[:], SAMPLES[:6])


def test_threads_of_one_that_grows(path):
    """The segments are views: each sees what has come."""
    with open_capture(path, growing=True) as capture:
        append(path, b"".join(CHUNKS[:3]))
        capture.refresh()
        (segment,) = capture.segments
        append(path, b"".join(CHUNKS[3:]))
        capture.refresh()
        assert np.array_equal(segment[:], SAMPLES)


def test_refresh_needs_growing(path):
    append(path, CAPTURE)
    with open_capture(path) as capture, pytest.raises(CaptureError, match="growing=True: open it"):
        capture.refresh()


def test_a_file_that_is_cut_meanwhile(path):
    append(path, CAPTURE)
    with open_capture(path, growing=True) as capture:
        path.write_bytes(CAPTURE[: OFFSETS[8]])
        capture.refresh()
        with pytest.raises(CaptureError, match="not what they were"):
            capture[100]


def test_packets_are_those_of_the_format():
    """The helper that cuts captures into packets does so: 20 data packets, 5 of metadata."""
    assert [len(packet) for packet in packets(CAPTURE)].count(METADATA_SIZE) >= 5
    assert len(packets(CAPTURE)) == 25 and b"".join(packets(CAPTURE)) == CAPTURE
    assert read_kept([0]).packets == 2
