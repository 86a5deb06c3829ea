"""cocotb tests of boards; `test_boards` runs them, and checks what they keep."""

import random

import cocotb
from cocotb.triggers import RisingEdge, Timer, with_timeout

from probecodec.boards.top import DEBOUNCE_BITS
from probecodec.sim.board_bench import BoardBench


async def check_leds(bench, *, fault):
    """``running`` lights up with each frame, at least."""
    assert bench.dut.led_fault.value == fault
    if not bench.dut.led_running.value:
        frame_ns = 1e9 / bench.design.config.rate_hz
        await with_timeout(RisingEdge(bench.dut.led_running), round(2 * frame_ns), "ns")


@cocotb.test()
async def stream(dut):
    """The host takes all; no fault is shown, unless a chip is missing."""
    bench = await BoardBench.start(dut)
    await bench.run(bench.options["frames"])
    await check_leds(bench, fault=bool(bench.options.get("missing")))
    assert not getattr(bench.host, "wrong", [])
    bench.keep()


@cocotb.test()
async def reset(dut):
    """Everything is reset under way; what the links of before still hold may come out broken."""
    bench = await BoardBench.start(dut)
    before, after = bench.options["frames"]
    await bench.run(before)
    await check_leds(bench, fault=False)
    await bench.reset()
    await bench.run(after)
    await check_leds(bench, fault=False)
    assert len(getattr(bench.host, "wrong", [])) <= 1
    bench.keep()


@cocotb.test()
async def stalled(dut):
    """The host reads nothing for a while: a link with flow control makes the core drop frames."""
    bench = await BoardBench.start(dut)
    before, deaf, after = bench.options["frames"]
    await bench.run(before)
    await check_leds(bench, fault=False)
    bench.host.listening = False
    await bench.run(deaf)
    await check_leds(bench, fault=True)
    bench.host.listening = True
    await bench.run(after)
    await check_leds(bench, fault=True)
    bench.keep()


@cocotb.test()
async def pulled(dut):
    """The cable is out for a while: a link without flow control sends on, and nobody hears it."""
    bench = await BoardBench.start(dut)
    for frames, listening in zip(bench.options["frames"], (True, False, True), strict=True):
        bench.host.listening = listening
        await bench.run(frames)
        await check_leds(bench, fault=False)
    assert not getattr(bench.host, "wrong", [])
    bench.keep()


@cocotb.test()
async def button(dut):
    """A press, bouncing, and held as long as it takes."""
    bench = await BoardBench.start(dut)
    for level in [1, 0] * 4 + [1]:
        dut.button.value = level
        await Timer(random.randrange(1_000, 50_000), "ns")
    await Timer(round(1e9 * 2**DEBOUNCE_BITS / bench.design.board.clock_hz), "ns")
    await bench.run(bench.options["frames"])
    await check_leds(bench, fault=False)
    bench.keep()
