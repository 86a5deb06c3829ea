"""MAC: preamble, padding, frame check sequence and gap, by IEEE 802.3 and zlib."""

import itertools
import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.hdl.links.mac import Mac

LENGTHS = [14, 1, 59, 60, 61, 58, 46, 100, 4, 60, 128]


def play(frames, ready, pauses):
    """Send frames; return the (byte, enable) that the PHY takes."""
    dut, taken, random = Mac(), [], np.random.default_rng(1)

    async def source(ctx):
        for frame, pause in zip(frames, pauses, strict=True):
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.i.payload, {"data": random.integers(256), "last": 1})
            for _ in range(pause):
                await ctx.tick("link")
            for place, byte in enumerate(frame):
                ctx.set(dut.i.valid, 1)
                ctx.set(dut.i.payload, {"data": byte, "last": place == len(frame) - 1})
                await ctx.tick("link").until(dut.i.ready)
        ctx.set(dut.i.valid, 0)
        await ctx.tick("link").repeat(400)

    async def phy(ctx):
        for is_ready in ready:
            ctx.set(dut.o.ready, is_ready)
            members = dut.o.payload.data, dut.o.payload.enable
            _, _, byte, enable = await ctx.tick("link").sample(*members)
            taken.extend([(byte, enable)] * is_ready)

    simulator = Simulator(dut)
    simulator.add_clock(8e-9, domain="link")
    simulator.add_testbench(source)
    simulator.add_testbench(phy, background=True)
    simulator.run()
    return taken


def runs(taken):
    """(enable, bytes) by turns."""
    groups = itertools.groupby(taken, lambda pair: pair[1])
    return [(enable, bytes(byte for byte, _ in group)) for enable, group in groups]


def wanted(frame):
    """What goes on the line for a frame."""
    covered = frame.ljust(60, b"\0")
    return bytes.fromhex("55555555555555d5") + covered + zlib.crc32(covered).to_bytes(4, "little")


@pytest.mark.parametrize("share", [1.0, 0.5], ids=["always", "at random"])
@pytest.mark.parametrize("pause", [0, 90])
def test_frames_on_the_line(share, pause):
    """The gap is of 12 bytes exactly where the next frame waits."""
    random = np.random.default_rng(3)
    frames = [random.bytes(length) for length in LENGTHS]
    ready = (int(value < share) for value in iter(random.random, None))
    seen = runs(play(frames, ready, random.integers(0, pause + 1, len(frames)).tolist()))
    assert [line for enable, line in seen if enable] == [wanted(frame) for frame in frames]
    gaps = [len(line) for enable, line in seen if not enable]
    assert gaps[0] >= 12
    assert set(gaps[1:-1]) == {12} if pause == 0 else min(gaps[:-1]) >= 12


def test_a_silent_line_takes_a_frame_at_once():
    """A cycle more before the frame is a byte more of silence."""
    pauses = range(60, 75)
    seen = runs(play([bytes(60)] * len(pauses), itertools.repeat(1), pauses))
    gaps = [len(line) for enable, line in seen[1:-1] if not enable]
    assert np.diff(gaps).tolist() == [1] * (len(pauses) - 2)
