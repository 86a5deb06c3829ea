# amaranth: UnusedElaboratable=no
"""Bytes: the capture file's bytes, whatever the pauses; one transfer per cycle; ready cut off."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.hdl.links.bytes import Bytes

WORDS = np.random.default_rng(1).integers(1 << 32, size=60).tolist()
FILE = np.array(WORDS, ">u4").tobytes()
CYCLES = 700


def play(lanes, offers, takes):
    """Offer the words, every fourth as a last one; return (cycle, transfer, last) of each taken."""
    dut, taken = Bytes(lanes=lanes), []

    async def source(ctx):
        cycle = iter(offers)
        for number, word in enumerate(WORDS):
            while not next(cycle):
                await ctx.tick()
            ctx.set(dut.words.valid, 1)
            ctx.set(dut.words.payload, {"data": word, "last": number % 4 == 3})
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(dut.words.ready)
            ctx.set(dut.words.valid, 0)
            ctx.set(dut.words.payload, {"data": 0xDEADBEEF, "last": 1})

    async def sink(ctx):
        held = None
        for cycle in range(CYCLES):
            ctx.set(dut.bytes.ready, bool(takes[cycle]))
            _, _, valid, data, last = await ctx.tick().sample(
                dut.bytes.valid, dut.bytes.payload.data, dut.bytes.payload.last
            )
            assert held in (None, (valid, data, last))  # what is offered stays until taken
            held = (valid, data, last) if valid and not takes[cycle] else None
            if valid and takes[cycle]:
                taken.append((cycle, data, last))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(sink)
    simulator.run()
    return taken


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize(("offer", "take"), [(1.0, 0.5), (0.2, 1.0), (0.5, 0.5)])
def test_bytes_in_order(lanes, offer, take):
    random = np.random.default_rng(lanes)
    taken = play(lanes, random.random(CYCLES) < offer, random.random(CYCLES) < take)
    got = b"".join(data.to_bytes(lanes, "little") for _, data, _ in taken)
    assert got == FILE
    # A packet's last transfer, and no other, is marked.
    packet = 16 // lanes
    assert [last for *_, last in taken] == ([0] * (packet - 1) + [1]) * (len(FILE) // 16)


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_one_transfer_per_cycle(lanes):
    cycles = [cycle for cycle, *_ in play(lanes, np.ones(CYCLES), np.ones(CYCLES))]
    assert np.diff(cycles).tolist() == [1] * (len(FILE) // lanes - 1)
    assert cycles[0] == 2


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_ready_does_not_pass_through(lanes):
    """Within a cycle, what the reader does changes nothing on the writer's side."""
    dut, random = Bytes(lanes=lanes), np.random.default_rng(lanes)
    settled = []

    async def bench(ctx):
        ctx.set(dut.words.valid, 1)
        for reader in random.integers(2, size=200).tolist():
            ctx.set(dut.bytes.ready, 1 - reader)
            before = ctx.get(dut.words.ready)
            ctx.set(dut.bytes.ready, reader)
            assert ctx.get(dut.words.ready) == before
            settled.append(before)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert {0, 1} == set(settled)


def test_bad_lanes():
    with pytest.raises(ConfigError, match="lanes"):
        Bytes(lanes=3)
