"""cocotb tests of what happens around a stream; `test_cocotb` runs them, each on its builds."""

import itertools
import random
from dataclasses import replace
from functools import partial
from itertools import pairwise

import cocotb
import numpy as np

from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import HEADER, METADATA, TRAILER, VERSION, Flag, Kind, Mode
from probecodec.host.capture import read_capture
from probecodec.host.timeline import Cause
from probecodec.sim.cocotb_bench import Bench, compare, random_pauses

METADATA_WORDS = HEADER.words + METADATA.words + TRAILER.words


def noise(bench, frames, scale=4):
    """Samples with small steps, and auxiliary words that change now and then."""
    config = bench.config
    generator = np.random.default_rng(random.getrandbits(32))
    half = 1 << (config.sample_bits - 1)
    walk = np.cumsum(generator.normal(0, scale, (frames, config.channels)), axis=0)
    changes = generator.integers(1 << config.aux_bits, size=frames)
    held = np.maximum.accumulate(np.where(generator.random(frames) < 0.4, np.arange(frames), 0))
    return np.clip(np.rint(walk), -half, half - 1).astype(np.int64), changes[held]


def white(bench, frames):
    """Samples that no coder makes smaller."""
    half = 1 << (bench.config.sample_bits - 1)
    shape = frames, bench.config.channels
    samples = np.random.default_rng(random.getrandbits(32)).integers(-half, half, shape)
    return samples, np.zeros(frames, np.int64)


def data_packets(bench):
    return [packet for packet in bench.link.packets if packet.header["kind"] == Kind.DATA]


def fields(bench, name):
    """A header field of every data packet."""
    return [packet.header[name] for packet in data_packets(bench)]


def bursts():
    """Pauses in bursts of every length."""
    while True:
        for share in (0, random.random(), 1):
            yield from itertools.islice(random_pauses(share), random.randrange(1, 800))


async def under_way(bench, frame):
    """Wait until ``frame`` has begun and not ended."""
    while bench.source.frames <= frame:
        await bench.idle(1)
    await bench.idle(2)


async def play(bench, rows, aux, actions):
    """Send ``rows``; in the midst of each frame in ``actions`` await what stands there."""
    task = cocotb.start_soon(bench.source.send(rows, aux))
    for frame, action in actions.items():
        await under_way(bench, frame)
        await action()
    await task


def check_replay(bench, samples, aux):
    """Check the stream against a golden encoder to which the headers tell what was decided."""
    encoder, words = Encoder(bench.config), []
    packets = data_packets(bench)
    followers = [*packets[1:], None]
    end = 0
    for packet, follower in zip(packets, followers, strict=True):
        first, stop = packet.header["frame_index"], packet.header["frame_index"] + packet.frames
        flags = Flag(packet.header["flags"])
        encoder.config = replace(bench.config, stream_id=packet.header["stream_id"])
        golden = encoder.packet(
            samples[first:stop],
            aux[first:stop],
            mode=Mode(packet.header["mode"]),
            dropped=first - end,
            cause=flags & ~Flag.RESTART,
            restart=Flag.RESTART in flags,
        )
        golden = np.frombuffer(golden, ">u4").tolist()
        if follower and follower.header["flags"] & Flag.MISFRAME:
            # Bits of a broken frame may follow, from the last payload word on.
            metadata = METADATA_WORDS if Flag.RESTART in flags else 0
            golden = golden[: -TRAILER.words - 1]
            golden += packet.words[len(golden) - metadata :]
        words += golden
        end = stop
    compare(bench.link.capture, np.array(words, ">u4").tobytes())


def check_decoded(bench, samples, aux):
    """Check that the host's decoder returns the samples, and reports just the missing frames."""
    capture = read_capture(bench.link.capture)
    assert not capture.damaged and not capture.bytes_skipped
    (segment,) = capture.segments
    first, last = data_packets(bench)[0], data_packets(bench)[-1]
    begin, end = first.header["frame_index"], last.header["frame_index"] + last.frames
    assert (segment.first_frame, segment.first_frame + segment.frames) == (begin, end)
    dropped = bench.dropped()[begin:end]
    assert np.array_equal(segment.samples[~dropped], samples[begin:end][~dropped])
    assert np.array_equal(segment.aux[~dropped], aux[begin:end][~dropped])
    missing = [n for gap in segment.gaps for n in range(gap.start - begin, gap.stop - begin)]
    assert missing == np.flatnonzero(dropped).tolist()
    assert all(gap.cause == Cause.DROPPED for gap in segment.gaps)


@cocotb.test()
async def registers(dut):
    """What the registers show after reset, and which bits can be written."""
    bench = await Bench.start(dut)
    config, bus = bench.config, bench.registers
    await bench.idle(4)
    modes = sum(1 << mode for mode in config.modes)
    assert await bus.read("id") == {"modes": modes, "version": VERSION, "magic": 0x9C}
    assert await bus.read("control") == {"enable": 1}
    assert await bus.read("status") == {"overrun": 0, "misframe": 0, "idle": 1}
    assert await bus.read("dropped") == {"frames": 0}
    for name, field, value in (
        ("mode", "mode", config.modes[0]),
        ("restart_interval", "packets", config.restart_interval),
        ("stream_id", "stream_id", config.stream_id),
    ):
        assert await bus.read(name) == {field: value}
        await bus.write(name, **{field: 0xF})
        ignored = name == "mode"  # 15 is none that was built
        assert await bus.read(name) == {field: value if ignored else 0xF}
    for name in ("id", "dropped"):
        before = await bus.read(name)
        await bus.write(name, **dict.fromkeys(before, 1))
        assert await bus.read(name) == before
    await bench.reset()
    assert await bus.read("stream_id") == {"stream_id": config.stream_id}
    assert await bus.read("restart_interval") == {"packets": config.restart_interval}


@cocotb.test()
async def mode_switch(dut):
    """A mode takes effect at the next packet, which restarts."""
    bench = await Bench.start(dut)
    size = bench.config.packet_frames
    samples, aux = noise(bench, 9 * size + 3)
    switches = {size + 3: Mode.FIXED, 4 * size: Mode.RICE, 6 * size + 1: Mode.FIXED}
    switches |= {6 * size + 2: Mode.RICE, 8 * size - 1: Mode.FIXED}
    actions = {
        frame: partial(bench.registers.write, "mode", mode=mode) for frame, mode in switches.items()
    }
    await play(bench, samples, aux, actions)
    await bench.finish()
    r, f = Mode.RICE, Mode.FIXED
    assert fields(bench, "frame_index") == list(range(0, len(samples), size))
    assert fields(bench, "mode") == [r, r, f, f, f, r, r, r, f, f]
    restarts = [flags & Flag.RESTART for flags in fields(bench, "flags")]
    assert restarts == [1, 0, 1, 0, 0, 1, 0, 0, 1, 0]
    check_replay(bench, samples, aux)
    check_decoded(bench, samples, aux)


@cocotb.test()
async def restart_interval(dut):
    """An interval takes effect at the next packet, be it overdue or not; 0 acts as 1."""
    bench = await Bench.start(dut)
    size = bench.config.packet_frames
    samples, aux = noise(bench, 20 * size)
    changes = {3 * size + 1: 2, 8 * size + 2: 0, 12 * size: 4}
    actions = {
        frame: partial(bench.registers.write, "restart_interval", packets=packets)
        for frame, packets in changes.items()
    }
    await play(bench, samples, aux, actions)
    await bench.finish()
    restarts = "".join(str(flags & Flag.RESTART) for flags in fields(bench, "flags"))
    assert bench.config.restart_interval == 5
    assert restarts == "10001010111110001000"
    check_replay(bench, samples, aux)
    check_decoded(bench, samples, aux)


@cocotb.test()
async def stream_id(dut):
    """A stream id takes effect at the next packet."""
    bench = await Bench.start(dut)
    size = bench.config.packet_frames
    samples, aux = noise(bench, 6 * size)
    change = partial(bench.registers.write, "stream_id", stream_id=0xA7)
    await play(bench, samples, aux, {3 * size - 1: change})
    await bench.finish()
    assert fields(bench, "stream_id") == [bench.config.stream_id] * 3 + [0xA7] * 3
    check_replay(bench, samples, aux)


@cocotb.test()
async def enable(dut):
    """Disabled after the frame in progress; frames count as dropped; then a restart."""
    bench = await Bench.start(dut)
    size, write = bench.config.packet_frames, bench.registers.write
    samples, aux = noise(bench, 9 * size)
    begin, end = size + 4, 3 * size

    async def off_and_on():  # between two frames: nothing is dropped
        await write("control", enable=0)
        await bench.idle(200)
        assert (await bench.registers.read("status"))["idle"]
        await write("control", enable=1)

    off, on = partial(write, "control", enable=0), partial(write, "control", enable=1)
    await play(bench, samples[: 4 * size], aux[: 4 * size], {begin: off, end: on})
    await off_and_on()
    await bench.source.send(samples[4 * size : 6 * size], aux[4 * size : 6 * size])
    await off_and_on()  # at the end of a packet
    await bench.source.send(samples[6 * size :], aux[6 * size :])
    status = await bench.registers.read("status")
    assert not status["overrun"] and not status["misframe"]
    assert await bench.registers.read("dropped") == {"frames": end - begin}
    await bench.finish()
    assert np.flatnonzero(bench.dropped()).tolist() == list(range(begin + 1, end + 1))
    firsts = [0, size, end + 1, *range(4 * size, 9 * size, size)]
    assert fields(bench, "frame_index") == firsts
    assert fields(bench, "flags") == [1, 0, 1, 1, 0, 1, 0, 0]
    check_replay(bench, samples, aux)
    check_decoded(bench, samples, aux)


@cocotb.test()
async def narrow_link(dut):
    """One word in eight cycles for white noise: whole frames drop, again and again."""
    bench = await Bench.start(dut)
    samples, aux = white(bench, 30_000 // bench.config.channels)
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
    dropped = int(bench.dropped().sum())
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
    capture = read_capture(bench.link.capture)
    assert 1 <= len(capture.damaged) <= cut_off and len(capture.segments) == len(segments)
    for segment, (begin, frames) in zip(capture.segments, segments, strict=True):
        assert not segment.gaps and segment.first_frame == 0
        assert np.array_equal(segment.samples, samples[begin : begin + frames])
        assert np.array_equal(segment.aux, aux[begin : begin + frames])


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
    samples, aux = noise(bench, 30_000 // config.channels, random.choice([1, 4, 40]))
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
