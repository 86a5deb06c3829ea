"""What is said of latency is what a simulation of the core shows."""

import pytest
from amaranth.sim import Simulator

from probecodec.estimate.latency import latency
from probecodec.golden.config import EncoderConfig
from probecodec.hdl.encoder import Encoder

TRAILER = 2  # words behind a packet's last


@pytest.mark.parametrize("preset", ["tiny", "adaptive"])
def test_last_sample_to_last_word(preset):
    config = EncoderConfig.preset(preset, channels=32, sample_bits=8, packet_frames=8)
    samples, ends = config.channels * config.packet_frames, []
    core = Encoder(config)

    async def drive(ctx):
        ctx.set(core.link_ready, 1)
        for cycle in range(samples + 2 * latency(config)["link"]):
            ctx.set(core.sample_valid, cycle < samples)
            ctx.set(core.sample_first, cycle % config.channels == 0)
            ctx.set(core.sample_value, cycle * 37 % 256 - 128)
            *_, valid, last = await ctx.tick().sample(core.link_valid, core.link_last)
            if valid and last:
                ends.append(cycle)

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    # The metadata packet's end, while samples still come; then the data packet's.
    assert len(ends) == 2 and ends[0] < samples
    assert ends[1] - TRAILER - (samples - 1) == latency(config)["link"]
