"""cocotb tests of slow links, resets and broken frames; `test_cocotb` runs them."""

import itertools
import random
from functools import partial
from itertools import pairwise

import cocotb
import numpy as np
from cocotb_checks import bursts, check_decoded, check_replay, fields, hard, noise

from probecodec.golden.encoder import encode
from probecodec.golden.format import Flag
from probecodec.host import open_capture
from probecodec.sim.cocotb_bench import Bench, random_pauses


@cocotb.test()
async def narrow_link(dut):
    """One word in eight cycles: whole frames drop, again and again."""
    bench = await Bench.start(dut)
    samples, aux = hard(bench, 30_000 // bench.config.channels)
    bench.link.pause = itertools.cycle([True] * 7 + [False])
    await bench.source.send(samples, aux)
    assert (await bench.registers.read("status"))["overrun"] == 1
    await bench.finish()
    dropped = bench.check(samples, aux)
    assert len(np.flatnonzero(np.diff(dropped))) > 6  # more than three gaps
    check_decoded(bench, samples, aux)


@cocotb.test()
async def cut_link(dut):
    """A link cut for long: one gap; then the stream goes on."""
    bench = await Bench.start(dut)
    samples, aux = noise(bench, 30_000 // bench.config.channels)
    bench.link.pause = itertools.chain(
        itertools.repeat(False, 9_000), itertools.repeat(True, 12_000), itertools.repeat(False)
    )
    await bench.source.send(samples, aux)
    assert (await bench.registers.read("dropped"))["frames"] == fields(bench, "drop_count")[-1] > 0
    assert (await bench.registers.read("status"))["overrun"] == 1
    await bench.registers.write("status", overrun=1)
    assert (await bench.registers.read("status"))["overrun"] == 0
    await bench.finish()
    dropped = bench.check(samples, aux)
    assert np.flatnonzero(np.diff(dropped)).size == 2 and not dropped[-1]
    check_decoded(bench, samples, aux)


@cocotb.test()
async def reset(dut):
    """Reset at any time, while the source goes on: a new stream from the next frame on."""
    bench = await Bench.start(dut)
    samples, aux = noise(bench, 30_000 // bench.config.channels)
    bench.link.pause = random_pauses(0.3)
    task = cocotb.start_soon(bench.source.send(samples, aux))
    begin, word, segments, cut_off = 0, 0, [], 0
    for last in [False] * 8 + [True]:
        if last:
            await task
            await bench.finish()
        else:
            await bench.idle(random.randrange(1, 3_000))
        frames = await bench.reset()
        golden = b"".join(encode(bench.config, samples[begin:], aux[begin:]))
        stream = bench.link.capture[4 * word :]
        assert golden == stream if last else golden.startswith(stream)
        packets = bench.link.packets
        if any(packet.frames for packet in packets):
            segments.append((begin, sum(packet.frames for packet in packets)))
        cut_off += sum(len(packet.words) for packet in packets) < len(stream) // 4
        packets.clear()
        begin, word = begin + frames, len(bench.link.words)
    assert begin == len(samples) and cut_off > 4
    capture = open_capture(bench.link.capture)
    assert 1 <= len(capture.damaged) <= cut_off and len(capture.segments) == len(segments)
    for segment, (begin, frames) in zip(capture.segments, segments, strict=True):
        assert not segment.gaps and segment.first_frame == 0
        assert np.array_equal(segment, samples[begin : begin + frames])
        assert np.array_equal(segment.aux[:], aux[begin : begin + frames])


@cocotb.test()
async def broken_frames(dut):
    """Frames too short and too long: dropped or cut, flagged, and everything else is right."""
    bench = await Bench.start(dut)
    size, channels = bench.config.packet_frames, bench.config.channels
    samples, aux = noise(bench, 16 * size)
    rows = samples.tolist()
    short = {0: 3, 3 * size: 1, 5 * size + 3: channels - 1, 5 * size + 4: 1, 8 * size + 5: 2}
    for frame, count in short.items():
        rows[frame] = rows[frame][:count]
    long = {10 * size - 1: 1, 12 * size + 4: channels}
    for frame, count in long.items():
        rows[frame] += rows[frame + 1][:count]
    parts = [0, 14 * size, len(rows)]
    rows[parts[1] - 1] += [0]  # and then the source pauses
    for begin, end in pairwise(parts):
        await bench.source.send(rows[begin:end], aux[begin:end])
        await bench.idle(200)
    status = await bench.registers.read("status")
    assert (status["overrun"], status["misframe"]) == (0, 1)
    await bench.registers.write("status", misframe=1)
    assert (await bench.registers.read("status"))["misframe"] == 0
    await bench.finish()
    dropped = bench.dropped()
    assert dropped[[*short]].all() and not dropped[[*long]].any()
    assert dropped.sum() < len(samples) // 4
    after = Flag.RESTART | Flag.MISFRAME
    flags = dict(zip(fields(bench, "frame_index"), fields(bench, "flags"), strict=True))
    assert flags[parts[1]] == after and not dropped[parts[1] - 2 : parts[1] + 1].any()
    assert sum(value == after for value in flags.values()) == 7
    check_replay(bench, samples, aux)
    check_decoded(bench, samples, aux)


@cocotb.test()
async def everything_at_once(dut):
    """Modes, intervals, pauses, broken frames and disabling, all at random."""
    bench = await Bench.start(dut)
    config, write = bench.config, bench.registers.write
    samples, aux = random.choice([noise, hard])(bench, 30_000 // config.channels)
    rows, whole = samples.tolist(), len(samples) - config.packet_frames
    for frame in range(whole):
        if random.random() < 0.02:
            count = random.randrange(1, 2 * config.channels)
            rows[frame] = (rows[frame] * 2)[:count]
    bench.source.pause = random_pauses(random.choice([0, 0.2]))
    bench.link.pause = bursts()

    async def meddle():
        while True:
            await bench.idle(random.randrange(1, random.choice([4, 40, 2_000])))
            await random.choice(
                [
                    partial(write, "mode", mode=random.choice(config.modes)),
                    partial(
                        write, "restart_interval", packets=random.randrange(config.restart_interval)
                    ),
                    partial(write, "control", enable=0),
                    partial(write, "control", enable=1),
                    partial(write, "control", enable=1),
                ]
            )()

    task = cocotb.start_soon(meddle())
    await bench.source.send(rows[:whole], aux[:whole])
    task.cancel()
    await bench.finish()
    await write("control", enable=1)
    await bench.source.send(rows[whole:], aux[whole:])
    await bench.finish()
    check_replay(bench, samples, aux)
    check_decoded(bench, samples, aux)
