"""cocotb tests of the registers; `test_cocotb` runs them."""

import random
from functools import partial
from itertools import pairwise, permutations

import cocotb
import numpy as np
from cocotb_checks import check_decoded, check_replay, fields, noise, play

from probecodec.golden.format import VERSION, Flag, Mode
from probecodec.sim.cocotb_bench import Bench


@cocotb.test()
async def power_up(dut):
    """The core's memories begin with garbage, so that what relies on them shows."""
    bench = await Bench.start(dut)
    pipeline = dut.pipeline
    memories = [pipeline.delta.previous, dut.fifo.memory]
    for mode, stage in ((Mode.RICE, "rice"), (Mode.HUFFMAN, "huffman")):
        if mode in bench.config.modes:
            memories.append(getattr(pipeline, stage).sums)
    if Mode.ADAPTIVE in bench.config.modes:
        lms = pipeline.lms
        memories += [lms.past, lms.weights, lms.neighbours.slots_2]
    if Mode.PROJECTION in bench.config.modes:
        memories += [pipeline.highpass.means, pipeline.projection.sums]
    for memory in memories:
        assert len({word.value.to_unsigned() for word in memory}) > len(memory) // 2


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
async def all_modes(dut):
    """From each of four modes to each other, a packet in each."""
    bench = await Bench.start(dut)
    size = bench.config.packet_frames
    modes = [bench.config.modes[n] for n in (0, 1, 2, 3, 0, 2, 1, 3, 1, 0, 3, 2, 0)]
    assert set(pairwise(modes)) == set(permutations(bench.config.modes, 2))
    samples, aux = noise(bench, len(modes) * size)
    actions = {
        packet * size - random.randrange(1, size): partial(bench.registers.write, "mode", mode=mode)
        for packet, mode in enumerate(modes)
        if packet
    }
    await play(bench, samples, aux, actions)
    await bench.finish()
    assert fields(bench, "mode") == modes
    assert all(flags & Flag.RESTART for flags in fields(bench, "flags"))
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
