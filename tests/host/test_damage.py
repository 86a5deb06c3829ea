"""Bytes flipped, lost, added or foreign: what is intact is found, the rest is told."""

import numpy as np
import pytest

from probecodec.golden.format import HEADER
from probecodec.host.capture import CaptureError

from .captures import (
    CAPTURE,
    CHUNKS,
    METADATA_SIZE,
    OFFSETS,
    SAMPLES,
    SYNC_BYTES,
    check,
    data_offset,
    expected_gaps,
    flip,
    only,
    read_capture,
    sentences,
)


def test_every_byte_of_a_packet():
    data, shift = CAPTURE[OFFSETS[4] : OFFSETS[9]], OFFSETS[4]
    start, stop = data_offset(5) - shift, OFFSETS[6] - shift
    expected = expected_gaps([4, 6, 7, 8])
    for byte in range(start, stop):
        capture = read_capture(flip(data, byte, byte % 8))
        check(only(capture))
        assert only(capture).gaps == expected
        assert capture.bytes_skipped == stop - start
        assert sentences(capture) == [
            f"bytes {start} to {stop - 1} belong to no intact packet"
            if byte < start + HEADER.size
            else f"packet at byte {start}: CRC-32 does not match or packet is cut off"
        ]


def test_every_byte_of_a_metadata_packet():
    data = CAPTURE[OFFSETS[4] : OFFSETS[6]]
    for byte in range(METADATA_SIZE):
        capture = read_capture(flip(data, byte))
        check(only(capture))
        assert only(capture).gaps == [] and only(capture).metadata is None
        assert len(capture.damaged) == 1 and not capture.complete


@pytest.mark.parametrize("garbage", [b"\0", b"\xff" * 33, SYNC_BYTES, CAPTURE[:40] * 2])
def test_garbage_between_packets(garbage):
    data = garbage + garbage.join(CHUNKS) + garbage
    capture = read_capture(data)
    check(only(capture))
    assert only(capture).gaps == []
    assert capture.bytes_skipped == 21 * len(garbage)
    assert len(capture.damaged) >= 21
    assert capture.damaged[0].offset == 0


def test_garbage_inside_a_packet():
    at = data_offset(6) + 45
    capture = read_capture(CAPTURE[:at] + b"noise" + CAPTURE[at:])
    check(only(capture))
    assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 6])


def test_bytes_missing_inside_a_packet():
    at = data_offset(6) + 45
    capture = read_capture(CAPTURE[:at] + CAPTURE[at + 3 :])
    check(only(capture))
    assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 6])


def test_damage_across_packets():
    capture = read_capture(CAPTURE[: OFFSETS[5] + 50] + CAPTURE[OFFSETS[7] + 50 :])
    check(only(capture))
    assert only(capture).gaps == expected_gaps([n for n in range(20) if n not in (5, 6, 7)])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", r"no probecodec packet found in the capture \(0 bytes\)"),
        (bytes(1000), "no probecodec packet found"),
        (SYNC_BYTES * 9, "no probecodec packet found"),
        (CAPTURE[:31], "no probecodec packet found"),
        (CAPTURE[:50], "no readable packet in the capture: packet at byte 0: CRC-32"),
    ],
)
def test_no_packet(data, expected):
    with pytest.raises(CaptureError, match=expected):
        read_capture(data)


def test_no_packet_names_the_file(tmp_path):
    (tmp_path / "a.bin").write_bytes(SAMPLES.tobytes())
    with pytest.raises(CaptureError, match=r"found in .*a\.bin \(1888 bytes\): is it a capture"):
        read_capture(tmp_path / "a.bin")
    with pytest.raises(FileNotFoundError):
        read_capture(tmp_path / "none.pcs")


def test_random_bytes():
    rng = np.random.default_rng(0)
    for size in (1, 100, 100_000):
        with pytest.raises(CaptureError):
            read_capture(rng.bytes(size))
