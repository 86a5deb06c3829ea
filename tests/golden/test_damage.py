"""Loss and corruption cost what docs/stream-format.md says, and never yield a wrong sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import LOSSLESS, Flag, Kind

FRAMES = 30
SAMPLES = np.random.default_rng(0).normal(0, 9, (FRAMES, 4)).astype(np.int64)
AUX = np.arange(FRAMES) // 2 % 4
DROPPED = np.isin(np.arange(FRAMES), (7, 16, 17))


@pytest.fixture(scope="module", params=LOSSLESS, ids=lambda mode: mode.name)
def packets(request, reference):
    """The packets of a recording with drops: (bytes, fields), a restart every third."""
    config = EncoderConfig(
        channels=4, aux_bits=2, packet_frames=3, restart_interval=3, modes=(request.param,)
    )
    capture = b"".join(encode(config, SAMPLES, AUX, DROPPED))
    start, parts = 0, []
    for packet in reference.packets(capture):
        parts.append((capture[start : packet["end"]], packet))
        start = packet["end"]
    return parts


def joined(packets):
    return b"".join(data for data, _ in packets)


def frames_without(packets, lost):
    """The frames that decode when packet ``lost`` is missing: all but those up to a restart."""
    intact, frames = True, {}
    for number, (_, packet) in enumerate(packets):
        if packet["kind"] == Kind.METADATA:
            continue
        intact = number != lost and (intact or bool(packet["flags"] & Flag.RESTART))
        if intact:
            start = packet["frame_index"]
            for frame in range(start, start + packet["frames"]):
                frames[0, frame] = (SAMPLES[frame].tolist(), AUX[frame])
    return frames


def test_undamaged(packets, reference):
    found = reference.decode(joined(packets))
    assert found == frames_without(packets, None)
    assert len(found) == FRAMES - DROPPED.sum()


def test_a_lost_packet_costs_the_frames_up_to_the_next_restart(packets, reference):
    for lost in range(len(packets)):
        capture = joined(packets[:lost] + packets[lost + 1 :])
        assert reference.decode(capture) == frames_without(packets, lost)


def test_a_flipped_bit_costs_no_more_than_its_packet(packets, reference):
    random = np.random.default_rng(0)
    for lost, (data, _) in enumerate(packets):
        for _ in range(4):
            damaged = bytearray(data)
            damaged[random.integers(len(data))] ^= 1 << random.integers(8)
            capture = joined(packets[:lost]) + bytes(damaged) + joined(packets[lost + 1 :])
            assert reference.decode(capture) == frames_without(packets, lost)


def test_bytes_lost_within_a_packet_cost_no_more_than_it(packets, reference):
    for lost, (data, _) in enumerate(packets):
        for count in (1, 2, 5, len(data) - 1):
            capture = joined(packets[:lost]) + data[count:] + joined(packets[lost + 1 :])
            assert reference.decode(capture) == frames_without(packets, lost)


def test_noise_between_packets_costs_nothing(packets, reference):
    noise = [b"", b"\x1a\xcf", b"\x1a\xcf\xfc\x1d", bytes(7), b"\x1a\xcf\xfc\x1d" * 9 + b"\x1a"]
    capture = b"".join(noise[i % 5] + data for i, (data, _) in enumerate(packets))
    assert reference.decode(capture) == frames_without(packets, None)


@given(data=st.data())
def test_a_part_of_a_capture_never_gives_a_wrong_frame(packets, reference, data):
    capture, everything = joined(packets), frames_without(packets, None)
    start = data.draw(st.integers(0, len(capture)))
    stop = data.draw(st.integers(start, len(capture)))
    found = reference.decode(capture[start:stop])
    assert all(everything[key] == frame for key, frame in found.items())


@given(data=st.data())
def test_any_damage_never_gives_a_wrong_frame(packets, reference, data):
    capture, everything = bytearray(joined(packets)), frames_without(packets, None)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(capture) - 1))
        capture[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    found = reference.decode(bytes(capture))
    assert all(everything[key] == frame for key, frame in found.items())
