"""Native: every sample across the clocks, in order; what is lost makes frames too short."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError
from probecodec.hdl.gate import Gate
from probecodec.hdl.inputs.native import Native

CHANNELS, FRAMES = 12, 25
RANDOM = np.random.default_rng(1)


def play(watch, dut, values, aux=None, *, ratio, pauses=(0,), stalls=()):
    """Send frames with a clock that is ``ratio`` times that of sync; return the samples.

    ``pauses`` are cycles without a sample, in turn; ``stalls`` maps a frame to a long pause.
    """
    seen, done = watch(dut), []
    random = np.random.default_rng(2)

    async def source(ctx):
        turn = 0
        for row, frame in enumerate(values):
            for n, value in enumerate(frame):
                ctx.set(dut.valid, 1)
                ctx.set(dut.first, n == 0)
                ctx.set(dut.value, int(value))
                if aux is not None:
                    ctx.set(dut.aux, int(aux[row]) if n == 0 else int(random.integers(8)))
                await ctx.tick("input")
                turn += 1
                pause = pauses[turn % len(pauses)] + (dict(stalls).get(row, 0) if n == 0 else 0)
                if pause:
                    ctx.set(dut.valid, 0)
                    ctx.set(dut.first, int(random.integers(2)))
                    ctx.set(dut.value, int(random.integers(100)))
                    await ctx.tick("input").repeat(pause)
        ctx.set(dut.valid, 0)
        await ctx.tick("input").repeat(40 + int(30 * ratio))
        done.append(True)

    async def sink(ctx):
        while not done:
            await seen.cycle(ctx)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6, domain="sync")
    simulator.add_clock(1e-6 / ratio, phase=0.3e-6 / ratio, domain="input")
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    return seen.samples


@pytest.mark.parametrize(
    ("ratio", "pauses"),
    [
        (1, (0,)),
        (0.999, (0,)),
        (0.61, (0,)),
        (0.07, (0,)),
        (0.5, (0, 3, 1)),
        (1.7, (1,)),
        (7, (9,)),
    ],
    ids=str,
)
@pytest.mark.parametrize(("bits", "aux_bits"), [(8, 0), (10, 3), (16, 0)])
def test_every_sample_arrives(watch, ratio, pauses, bits, aux_bits):
    half = 1 << (bits - 1)
    frames = 4 if ratio < 0.1 else FRAMES
    values = RANDOM.integers(-half, half, (frames, CHANNELS))
    words = RANDOM.integers(0, 8, frames) if aux_bits else None
    config = EncoderConfig(channels=CHANNELS, sample_bits=bits, aux_bits=aux_bits)
    got = play(watch, Native(config), values, words, ratio=ratio, pauses=pauses)
    np.testing.assert_array_equal(got.frames(CHANNELS), values)
    assert len(got.value) == values.size
    if aux_bits:
        np.testing.assert_array_equal(got.aux[got.first], words)


def split(got):
    """Return the frames that arrive, as lists, each from its first sample."""
    starts = np.flatnonzero(got.first)
    assert starts[0] == 0
    return [part.tolist() for part in np.split(got.value, starts[1:])]


@pytest.mark.parametrize("ratio", [1.05, 1.3, 2.5, 9, 29])
def test_overflow_makes_frames_too_short(watch, ratio):
    """Each frame is there once, in order: whole, or cut off, or only its beginning."""
    values = np.arange(60)[:, np.newaxis] * 20 + np.arange(CHANNELS) + 1
    config = EncoderConfig(channels=CHANNELS, sample_bits=12)
    stall = 400 if ratio < 10 else 1300
    stalls = {20: stall, 40: stall}  # time to recover
    arrived = split(play(watch, Native(config), values, ratio=ratio, stalls=stalls))
    whole = [frame for frame in arrived if len(frame) == CHANNELS]
    assert len(arrived) == len(values)  # so the core counts every one
    assert 3 <= len(whole) < len(values)
    for n, frame in enumerate(arrived):
        assert frame in (values[n, : len(frame)].tolist(), [0])
    assert arrived[1] == values[1].tolist() or ratio > 2
    assert all(len(arrived[n]) < CHANNELS for n in range(15, 20)) or ratio < 2
    assert any(arrived[n] == values[n].tolist() for n in (40, 41))  # after the pause


def test_the_core_counts_what_was_lost(watch):
    """Through the gate: whole frames only, and as many dropped as are missing."""
    config = EncoderConfig(channels=CHANNELS, sample_bits=12)
    values = np.arange(35)[:, np.newaxis] * 20 + np.arange(CHANNELS) + 1
    got = play(watch, Native(config), values, ratio=3, stalls={19: 300, 34: 300})
    gate = Gate(config)
    out, dropped, misframes = [], [], []

    async def bench(ctx):
        for name in ("enable", "room", "drained"):
            ctx.set(getattr(gate, name), 1)
        ctx.set(gate.restart_interval, 100)
        for first, value in zip(got.first.tolist(), got.value.tolist(), strict=True):
            ctx.set(gate.valid, 1)
            ctx.set(gate.first, first)
            ctx.set(gate.value, value)
            for _ in range(3):
                *_, valid, sample, resume, lost, misframe = await ctx.tick().sample(
                    gate.o.valid, gate.o.payload, gate.resume, gate.dropped, gate.misframe
                )
                ctx.set(gate.valid, 0)
                if valid and sample.tag.present:
                    out.append(sample.value)
                if resume:
                    dropped.append(lost)
                    misframes.append(misframe)

    simulator = Simulator(gate)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    frames = {frame[0] // 20: frame for frame in _whole(out)}
    assert all(frame == values[n].tolist() for n, frame in frames.items())
    assert all(misframes) and dropped[-1] > 10
    # Every frame up to the last, which went in, is there or counted.
    assert max(frames) == 34
    assert len(values) == len(frames) + dropped[-1]  # a sum since reset


@pytest.mark.parametrize("depth", [-1, 0, 3, 5, 7, 1_000_000, True, "16", None])
def test_bad_depth(depth):
    with pytest.raises(ConfigError, match="depth must be a whole number from 8 to 4096, not "):
        Native(EncoderConfig(channels=2), depth=depth)


def _whole(samples):
    """Yield runs of CHANNELS consecutive numbers."""
    n = 0
    while n + CHANNELS <= len(samples):
        run = samples[n : n + CHANNELS]
        if run == list(range(run[0], run[0] + CHANNELS)):
            yield run
            n += CHANNELS
        else:
            n += 1
