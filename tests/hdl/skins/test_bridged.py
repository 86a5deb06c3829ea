"""The whole core behind a bridge: the stream is the golden model's, the registers are there."""

import warnings

import numpy as np
import pytest
from amaranth.sim import Simulator

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.errors import ConfigError
from probecodec.hdl.skins.axi import AxiEncoder
from probecodec.hdl.skins.bridged import BridgedEncoder
from probecodec.hdl.skins.spi_registers import SpiRegisters
from probecodec.hdl.skins.wishbone import WishboneRegisters

CONFIG = EncoderConfig(channels=24, aux_bits=5, packet_frames=3, restart_interval=2)


@pytest.mark.parametrize("bridge", [WishboneRegisters, SpiRegisters])
def test_stream(bridge):
    random = np.random.default_rng(1)
    samples = random.integers(-20, 20, (6, CONFIG.channels))
    aux = random.integers(1 << CONFIG.aux_bits, size=6)
    golden = b"".join(encode(CONFIG, samples, aux))
    dut = BridgedEncoder(CONFIG, bridge)
    words = []

    async def source(ctx):
        for row, word in zip(samples.tolist(), aux.tolist(), strict=True):
            for n, value in enumerate(row):
                ctx.set(dut.sample_valid, 1)
                ctx.set(dut.sample_first, n == 0)
                ctx.set(dut.sample_value, value)
                ctx.set(dut.sample_aux, word)
                await ctx.tick()
        ctx.set(dut.sample_valid, 0)
        await ctx.tick().repeat(150)

    async def link(ctx):
        ctx.set(dut.link_ready, 1)
        async for _, _, valid, data in ctx.tick().sample(dut.link_valid, dut.link_data):
            if valid:
                words.append(data)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(link, background=True)
    simulator.run()
    assert np.array(words, ">u4").tobytes() == golden


def test_a_register_of_the_core():
    dut = BridgedEncoder(CONFIG, WishboneRegisters)

    async def bench(ctx):
        for port in (dut.wb_cyc_i, dut.wb_stb_i):
            ctx.set(port, 1)
        for _ in range(2):
            _, _, ack, data = await ctx.tick().sample(dut.wb_ack_o, dut.wb_dat_o)
        assert (ack, data) == (1, 0x9C010002)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_bad_configuration():
    """Refused like by the encoder, and Amaranth does not complain of a component left unused."""
    config = EncoderConfig(channels=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make in (AxiEncoder, lambda c: BridgedEncoder(c, SpiRegisters)):
            with pytest.raises(ConfigError, match="channels = 2 is too few"):
                make(config)
