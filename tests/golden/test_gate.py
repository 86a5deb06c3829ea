"""Gate: which frames go into which packet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.gate import plan

DROPS = st.lists(st.booleans(), max_size=60)


def config_of(packet_frames):
    return EncoderConfig(channels=2, packet_frames=packet_frames)


def drops_of(text):
    """'..x' is two frames that enter and one that is dropped."""
    return np.array([letter == "x" for letter in text], bool)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("x", []),
        (".", [(0, 1, 0)]),
        ("...", [(0, 3, 0)]),
        (".......", [(0, 3, 0), (3, 6, 0), (6, 7, 0)]),
        ("xx..", [(2, 4, 2)]),
        ("..x..", [(0, 2, 0), (3, 5, 1)]),
        ("...x...xx.", [(0, 3, 0), (4, 7, 1), (9, 10, 2)]),
        ("....x", [(0, 3, 0), (3, 4, 0)]),
        ("x.x.x", [(1, 2, 1), (3, 4, 1)]),
    ],
)
def test_packets_of_three_frames(text, spans):
    assert list(plan(config_of(3), drops_of(text))) == spans


def test_packets_of_one_frame():
    assert list(plan(config_of(1), drops_of("..."))) == [(0, 1, 0), (1, 2, 0), (2, 3, 0)]


@given(DROPS, st.integers(1, 9))
def test_every_frame_is_in_one_packet_or_counted_as_dropped(drops, packet_frames):
    spans = list(plan(config_of(packet_frames), np.array(drops, bool)))
    inside = [frame for start, stop, _ in spans for frame in range(start, stop)]
    assert inside == [frame for frame, dropped in enumerate(drops) if not dropped]
    assert all(1 <= stop - start <= packet_frames for start, stop, _ in spans)
    ends = [0, *(stop for _, stop, _ in spans)]
    gaps = [start - end for (start, _, _), end in zip(spans, ends, strict=False)]
    assert [dropped for _, _, dropped in spans] == gaps
