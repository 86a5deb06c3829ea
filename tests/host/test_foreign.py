"""Intact packets that this decoder must not decode, or that tell more than it knows."""

import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER, METADATA, TRAILER, Flag, Mode
from probecodec.host.capture import CaptureError

from .captures import (
    CAPTURE,
    METADATA_SIZE,
    OFFSETS,
    check,
    data_packet,
    expected_gaps,
    forge,
    only,
    read_capture,
    sentences,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": 9}, "mode 9 is not known"),
        ({"error_bound": 2}, "error_bound is 2"),
        ({"channels_minus_1": 0}, "channels must be a whole number from 2 to 4096, not 1"),
        ({"sample_bits_minus_1": 3}, "sample_bits must be a whole number from 8 to 16, not 4"),
        ({"aux_bits": 31}, "aux_bits"),
        ({"parameter": 3}, "parameter 3 does not belong to mode rice"),
        ({"mode": Mode.FIXED}, "parameter 0 does not belong to mode fixed"),
        ({"mode": Mode.FIXED, "parameter": 11}, "fixed_bits"),
        ({"frames": 65535}, "too short for its 65535 frames"),
        ({"channels_minus_1": 4095}, "too short for its 6 frames"),
    ],
)
def test_reported_and_skipped(changes, expected):
    packet = forge(data_packet(5), **changes)
    data = CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :]
    capture = read_capture(data)
    check(only(capture))
    assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 5])
    assert sentences(capture)[0].startswith(f"packet at byte {OFFSETS[5]}: ")
    assert expected in sentences(capture)[0]
    assert capture.bytes_skipped == 0
    with pytest.raises(CaptureError, match="no readable packet"):
        read_capture(packet)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rate_microhertz": 0}, "rate_hz"),
        ({"rate_microhertz": 10**9, "packet_frames": 65535}, "packet_frames"),
        (None, "metadata has 28 bytes, not 32"),
    ],
)
def test_metadata(values, expected):
    payload = METADATA.pack(**values) if values else bytes(28)
    packet = forge(CAPTURE[:METADATA_SIZE], payload=payload)
    capture = read_capture(packet + CAPTURE[METADATA_SIZE : OFFSETS[2]])
    check(only(capture))
    assert expected in sentences(capture)[0]


def test_a_kind_of_a_later_version_is_stepped_over():
    packet = forge(data_packet(5), kind=9)
    capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[5] :])
    check(only(capture))
    assert capture.complete


def test_the_probe_name_is_printable():
    payload = METADATA.pack(
        rate_microhertz=10**9,
        probe=int.from_bytes(b"a\x1b\x07\xffb".ljust(16, b"\0"), "big"),
        packet_frames=6,
        restart_interval=4,
    )
    packet = forge(CAPTURE[:METADATA_SIZE], payload=payload)
    assert only(read_capture(packet + CAPTURE[METADATA_SIZE:])).metadata.probe == "ab"


def test_longer_metadata():
    packet = forge(CAPTURE[:METADATA_SIZE], payload=CAPTURE[32:64] + b"more")
    capture = read_capture(packet + CAPTURE[METADATA_SIZE:])
    assert capture.complete and only(capture).metadata.probe == "NP1010"


@pytest.mark.parametrize("changes", [{"frame_index": 1}, {"channels_minus_1": 8}])
def test_metadata_of_something_else(changes):
    packet = forge(CAPTURE[:METADATA_SIZE], **changes)
    assert only(read_capture(packet + data_packet(0))).metadata is None


def test_authentication_tag():
    """It is leftover payload."""
    tagged = data_packet(5)[HEADER.size : -TRAILER.size] + bytes(range(16))
    packet = forge(data_packet(5), payload=tagged, flags=Flag.TAG)
    capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :])
    check(only(capture))
    assert capture.complete


def test_metadata_that_contradict_the_data():
    """A packet length that mode fixed could have, but not mode rice, whose codes are longer."""
    payload = METADATA.pack(rate_microhertz=10**9, packet_frames=12_500, restart_interval=1)
    packet = forge(CAPTURE[:METADATA_SIZE], payload=payload, mode=Mode.FIXED, parameter=9)
    segment = only(read_capture(packet + data_packet(0)))
    check(segment)
    assert segment.metadata.packet_frames == 12_500
    assert segment.config == EncoderConfig(channels=8, sample_bits=10, aux_bits=4)


def test_one_packet_of_another_version():
    packet = forge(data_packet(5), version=2)
    capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :])
    check(only(capture))
    assert sentences(capture) == [
        f"format version 2 at byte {OFFSETS[5]}; this decoder reads version 1: update probecodec"
    ]
    assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 5])


def test_all_packets_of_another_version():
    packets = b"".join(forge(data_packet(n), version=2) for n in range(5))
    with pytest.raises(CaptureError, match=r"version 2 at byte 0; .* update probecodec"):
        read_capture(packets)
