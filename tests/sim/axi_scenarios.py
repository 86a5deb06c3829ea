"""cocotb tests of the core with AXI, against cocotbext-axi as the other side; `test_axi` runs them.

The other side is independent of this code: it drives and checks the handshakes as the AXI
specifications say, and counts bytes by lane.
"""

import itertools
import json
import os
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from probecodec.golden import order
from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import TRAILER, VERSION, Flag
from probecodec.sim.cocotb_bench import VARIABLE

CONFIG = EncoderConfig.from_json(json.loads(os.environ[VARIABLE])["config"])
ID, CONTROL, MODE, INTERVAL, STREAM_ID, STATUS, DROPPED = range(0, 28, 4)  # byte addresses


def pauses(share):
    return (random.random() < share for _ in itertools.repeat(None))


def recording(frames):
    random_numbers = np.random.default_rng(random.getrandbits(32))
    half = 1 << CONFIG.sample_bits - 1
    walk = np.cumsum(random_numbers.normal(0, 6, (frames, CONFIG.channels)), axis=0)
    samples = np.clip(np.rint(walk), -half, half - 1).astype(np.int64)
    samples[1, :2] = -half, half - 1
    return samples, random_numbers.integers(1 << CONFIG.aux_bits, size=frames)


def stream_frame(row, word):
    """Samples as little-endian bytes, sign-extended; TUSER counts with the first only."""
    values = np.asarray(row)
    if len(values) >= CONFIG.channels:
        whole = values[: CONFIG.channels][order.channels(CONFIG)]
        values = np.append(whole, values[CONFIG.channels :])
    word = int(word)
    other = ~word & (1 << CONFIG.aux_bits) - 1
    users = [word] * 2 + [other] * (2 * len(values) - 2)  # the model takes one for each byte
    return AxiStreamFrame(values.astype("<i2").tobytes(), tuser=users)


class Bench:
    """The core, with a source, a sink and a master."""

    def __init__(self, dut):
        self.dut = dut
        ports = dut.aclk, dut.aresetn, False
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), *ports)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), *ports)
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), *ports)
        self.ready = [0, 0]  # cycles in which TREADY was 0, and 1

    @classmethod
    async def start(cls, dut):
        Clock(dut.aclk, 10, "ns").start()
        dut.aresetn.value = 0
        bench = cls(dut)
        await bench.reset()
        cocotb.start_soon(bench._watch())
        return bench

    async def reset(self):
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 3)
        await ReadOnly()
        for name in ("s_axis_tready", "m_axis_tvalid", "s_axil_bvalid", "s_axil_rvalid"):
            assert getattr(self.dut, name).value == 0, name
        await RisingEdge(self.dut.aclk)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)

    async def _watch(self):
        while True:
            await RisingEdge(self.dut.aclk)
            self.ready[int(self.dut.s_axis_tready.value)] += 1

    def pause(self, share):
        write, read = self.master.write_if, self.master.read_if
        sides = [self.source, self.sink, write.aw_channel, write.w_channel, write.b_channel]
        for side in [*sides, read.ar_channel, read.r_channel]:
            side.set_pause_generator(pauses(share))

    async def send(self, rows, aux):
        for row, word in zip(rows, aux, strict=True):
            await self.source.send(stream_frame(row, word))
        await self.source.wait()

    async def read(self, address):
        answer = await self.master.read(address, 4)
        return int.from_bytes(answer.data, "little"), answer.resp

    async def write(self, address, word):
        return (await self.master.write(address, word.to_bytes(4, "little"))).resp

    async def drain(self):
        """Wait until the core is idle and return the packets."""
        for _ in range(10_000):
            if (await self.read(STATUS))[0] & 4:
                break
        else:
            raise AssertionError("the core does not become idle")
        await ClockCycles(self.dut.aclk, 4)
        packets = []
        while not self.sink.empty():
            packets.append(bytes(self.sink.recv_nowait().tdata))
        return packets

    async def finish(self):
        await ClockCycles(self.dut.aclk, 4)
        assert await self.write(CONTROL, 0) == AxiResp.OKAY
        await ClockCycles(self.dut.aclk, 8)
        return await self.drain()


def split(packets):
    """Packets of the golden model, metadata apart from data."""
    data = b"".join(packets)
    starts = [n for n in range(0, len(data), 4) if data[n : n + 4] == bytes.fromhex("1acffc1d")]
    return [data[a:b] for a, b in itertools.pairwise([*starts, len(data)])]


@cocotb.test(timeout_time=200, timeout_unit="us")
async def stream(dut):
    """Pauses on all sides change nothing; packets end where TLAST says; TREADY stays 1."""
    bench = await Bench.start(dut)
    bench.pause(0.2)
    samples, aux = recording(40)
    await bench.send(samples, aux)
    assert await bench.finish() == split(encode(CONFIG, samples, aux))
    assert bench.ready[0] == 0 and bench.ready[1] > samples.size


@cocotb.test(timeout_time=200, timeout_unit="us")
async def full_speed(dut):
    """A sample in every clock cycle."""
    bench = await Bench.start(dut)
    samples, aux = recording(24)
    await bench.send(samples, aux)
    assert bench.ready[1] < samples.size + 20
    assert await bench.finish() == split(encode(CONFIG, samples, aux))


@cocotb.test(timeout_time=200, timeout_unit="us")
async def registers(dut):
    """What is read, what is written, and what answers SLVERR, with pauses and without."""
    bench = await Bench.start(dut)
    for share in (0, 0.5):
        bench.pause(share)
        modes = sum(1 << mode for mode in CONFIG.modes)
        assert await bench.read(ID) == (0x9C << 24 | VERSION << 16 | modes, AxiResp.OKAY)
        assert await bench.read(CONTROL) == (1, AxiResp.OKAY)
        assert await bench.read(INTERVAL) == (CONFIG.restart_interval, AxiResp.OKAY)
        for word in (0xA5, 0x5A, 3):
            assert await bench.write(STREAM_ID, 0xFFFFFF00 | word) == AxiResp.OKAY
            assert await bench.read(STREAM_ID) == (word, AxiResp.OKAY)
        for address in (ID, DROPPED, 28, 60):
            assert await bench.write(address, 0xFFFFFFFF) == AxiResp.SLVERR
        for address in range(28, 64, 4):
            assert await bench.read(address) == (0, AxiResp.SLVERR)
        for offset, size in ((0, 1), (3, 1), (0, 2), (1, 3), (0, 3)):
            answer = await bench.master.write(STREAM_ID + offset, bytes([0xFF] * size))
            assert answer.resp == AxiResp.SLVERR
        assert await bench.read(STREAM_ID) == (3, AxiResp.OKAY)
        assert await bench.write(STREAM_ID, CONFIG.stream_id) == AxiResp.OKAY
    await bench.reset()


@cocotb.test(timeout_time=200, timeout_unit="us")
async def reads_and_writes_at_once(dut):
    """With a write and a read always waiting, they take turns: each read sees the next write."""
    bench = await Bench.start(dut)
    writes = [bench.master.init_write(STREAM_ID, bytes([n, 0, 0, 0])) for n in range(20)]
    reads = [bench.master.init_read(STREAM_ID, 4) for _ in range(20)]
    for event in (*writes, *reads):
        await event.wait()
    seen = [event.data.data[0] for event in reads]
    assert seen == sorted(seen) and len(set(seen)) > 15, seen


@cocotb.test(timeout_time=200, timeout_unit="us")
async def mis_frames(dut):
    """TLAST too early, and too late: told as a mis-frame; all else is right."""
    bench = await Bench.start(dut)
    samples, aux = recording(9)
    rows = samples.tolist()
    encoder = Encoder(CONFIG)
    for n, count in ((3, 5), (2, CONFIG.channels + 3)):  # frame, samples up to TLAST
        broken = (rows[n] * 2)[:count]
        await bench.send([*rows[:n], broken, *rows[n + 1 : n + 2]], aux[: n + 2])
        await ClockCycles(dut.aclk, 400)
        whole = n + (count > CONFIG.channels)
        await bench.send(rows[n + 2 :], aux[n + 2 :])
        packets = await bench.finish()
        assert await bench.read(STATUS) == (4 | 2, AxiResp.OKAY)
        assert await bench.write(STATUS, 2) == AxiResp.OKAY
        assert await bench.read(STATUS) == (4, AxiResp.OKAY)
        assert await bench.write(CONTROL, 1) == AxiResp.OKAY
        check_broken(encoder, packets, samples, aux, whole)


def check_broken(encoder, packets, samples, aux, whole):
    """``whole`` frames before the broken one; some more may be lost until the core goes on."""
    before = split([encoder.packet(samples[:whole], aux[:whole], restart=True)])
    # Bits of the broken frame may follow, from the last payload word on.
    tail = 4 * (TRAILER.words + 1)
    assert packets[: len(before) - 1] == before[:-1]
    assert packets[len(before) - 1][: len(before[-1]) - tail] == before[-1][:-tail]
    cause = Flag.MISFRAME
    lost = len(samples) - whole - told_frames(packets[len(before) :])
    assert 0 <= lost <= 2
    after = slice(whole + lost, None)
    assert packets[len(before) :] == split(
        [encoder.packet(samples[after], aux[after], dropped=lost, cause=cause, restart=True)]
    )


def told_frames(packets):
    return sum(TRAILER.unpack(packet[-4 * TRAILER.words :])["frames"] for packet in packets)
