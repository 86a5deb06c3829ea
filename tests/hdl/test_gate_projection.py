"""Gate: the tags that mode PROJECTION adds, of frames that begin anew and of restarts."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.gate import Gate

CONFIG = EncoderConfig(
    channels=3,
    modes=(Mode.PROJECTION, Mode.HUFFMAN, Mode.RICE),
    projection=ProjectionConfig(window=16, measurements=2),
    packet_frames=16,
    restart_interval=3,
)
BOTH, FIRST, NEITHER = (True, True), (True, False), (False, False)


def scripted(source, name):
    """Play a scenario: (frames whole, (first, fresh)) of each packet that it makes."""
    if name == "restart interval":
        source.frames(16 * 7)
        return [(16, BOTH if n == 0 else FIRST if n % 3 == 0 else NEITHER) for n in range(7)]
    if name == "overrun":
        source.frames(20).set(room=0).frames(2).set(room=1, drained=1).frames(17)
        return [(16, BOTH), (4, NEITHER), (16, NEITHER), (1, FIRST)]
    if name == "overrun before the interval's restart":
        source.frames(34).set(room=0).frames(1).set(room=1, drained=1).frames(2)
        return [(16, BOTH), (16, NEITHER), (2, NEITHER), (2, FIRST)]
    if name == "broken frame":
        source.frames(18).frame(2).frames(1).set(drained=1).frames(17)
        return [(16, BOTH), (2, NEITHER), (16, BOTH), (1, NEITHER)]
    if name == "sample too many":
        source.frames(5).stray().set(drained=1).idle(3).frames(17)
        return [(5, BOTH), (16, BOTH), (1, NEITHER)]
    if name == "frame broken off at once":
        source.frame(1).set(drained=1).frame().idle(9).frames(17)
        return [(0, BOTH), (16, BOTH), (1, NEITHER)]
    if name == "disabled":
        source.frames(3).set(enable=0).frames(2).set(enable=1, drained=1).frames(17)
        return [(3, BOTH), (16, BOTH), (1, NEITHER)]
    if name == "disabled at a packet's end":
        source.frames(16).set(enable=0).idle(3).set(enable=1, drained=1).frames(17)
        return [(16, BOTH), (16, BOTH), (1, NEITHER)]
    assert name == "mode"  # while packets 0, 1 and 3 are under way
    source.frames(9).set(mode=1).frames(16).set(mode=2).frames(32).set(mode=0).frames(16)
    return [(16, BOTH), (16, BOTH), (16, BOTH), (16, NEITHER), (9, BOTH)]


SCENARIOS = [
    "restart interval",
    "overrun",
    "overrun before the interval's restart",
    "broken frame",
    "sample too many",
    "frame broken off at once",
    "disabled",
    "disabled at a packet's end",
    "mode",
]


@pytest.mark.parametrize("idle", [0, 2])
@pytest.mark.parametrize("name", SCENARIOS)
def test_tags_of_mode_projection(harness, script, name, idle):
    """Frames begin anew (fresh) where they do not go on from earlier ones, in any mode."""
    source = script.Source(CONFIG)
    frame = source.frame
    source.frame = lambda *args, **options: frame(*args, **{"gaps": lambda: idle} | options)
    wanted = scripted(source, name)
    dut = Gate(CONFIG)
    packets, _, seen = script.play(harness, dut, source)
    assert [len(packet.frames) for packet in packets] == [frames for frames, _ in wanted]
    tags = harness.unpack(dut.o.payload.shape(), seen["o.payload"][seen["o.valid"] == 1])
    np.testing.assert_array_equal(tags["sample"], tags["present"])
    start = 0
    for packet, (frames, (first, fresh)) in zip(packets, wanted, strict=True):
        samples = frames * CONFIG.channels + packet.stray
        for tag, is_set in (("first", first), ("fresh", fresh)):
            got = tags[tag][start : start + samples].tolist()
            assert got == [is_set and n < CONFIG.channels for n in range(samples)], tag
        start += samples + (packet.end == "early")
    assert start == len(tags["sample"])
