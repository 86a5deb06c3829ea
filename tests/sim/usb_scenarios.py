"""cocotb tests of the USB link; `test_usb` runs them."""

import random
import struct

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from probecodec.hdl.links.usb import Usb
from probecodec.sim.models.ulpi import CLOCK_PS, Ulpi
from probecodec.sim.models.usb_host import DATA0, IN, SILENT, Host, Stalled, token

SYNC_PS = 27_778  # 36 MHz
ADDRESS = 42
PACKET = 512  # bytes
HELD = 17 + 1 + 2 * PACKET // 4  # words that fit into the link
MICROFRAMES = 8


class Bench:
    """The link, the core's side of it, and a host.

    Attributes
    ----------
    taken : list of int
        Words that the link took.
    received : bytearray
        What the host got from the endpoint, by `fetch`.
    """

    def __init__(self, dut):
        self.dut = dut
        self.phy = Ulpi(dut)
        self.host = Host(self.phy)
        self.taken = []
        self.received = bytearray()

    @classmethod
    async def start(cls, dut, *, high_speed=True, enumerate=True):
        dut.clk.value = dut.link_clk.value = 0
        dut.words__valid.value = 0
        dut.rst.value = dut.link_rst.value = 1
        bench = cls(dut)
        Clock(dut.link_clk, CLOCK_PS, "ps").start(start_high=False)
        await Timer(10 * CLOCK_PS, "ps")
        await FallingEdge(dut.link_clk)
        dut.link_rst.value = 0
        await bench.phy.start()
        await bench.host.plug()
        await bench.host.reset(high_speed=high_speed)
        if enumerate:
            await bench.host.enumerate(ADDRESS)
        # The core's clock begins here only to spare time.
        Clock(dut.clk, SYNC_PS, "ps").start(start_high=False)
        await Timer(10 * SYNC_PS, "ps")
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        await RisingEdge(dut.link_clk)
        return bench

    def send(self, words, pause=0.0):
        """Offer words, in the background."""
        return cocotb.start_soon(self._send(words, pause))

    async def _send(self, words, pause):
        dut, rise, fall = self.dut, RisingEdge(self.dut.clk), FallingEdge(self.dut.clk)
        await rise
        for word in words:
            while random.random() < pause:
                dut.words__valid.value = 0
                await rise
            dut.words__valid.value = 1
            dut.words__payload.value = word | random.getrandbits(1) << 32
            await fall
            while not dut.words__ready.value:
                await RisingEdge(dut.words__ready)
                await fall
            self.taken.append(word)
            await rise
        dut.words__valid.value = 0

    async def fetch(self, size, *, loss=0.0, pause=0.0, tries=4000):
        """Fetch ``size`` bytes; acknowledges are lost, and the host pauses, now and then."""
        end = len(self.received) + size
        for _ in range(tries):
            if len(self.received) >= end:
                return
            if random.random() < pause:
                await self.host.pause(random.randrange(1, 3))
            lost = random.random() < loss
            await self.take(acknowledge=not lost)
        raise AssertionError(f"{end - len(self.received)} bytes do not come")

    async def take(self, **options):
        """Fetch a packet."""
        packet = await self.host.bulk_in(**options)
        self.received += packet or b""
        return packet

    def check(self):
        assert bytes(self.received) == to_bytes(self.taken)


def to_bytes(words):
    return struct.pack(f">{len(words)}I", *words)


def make(count):
    return [random.getrandbits(32) for _ in range(count)]


@cocotb.test()
async def enumeration(dut):
    """What a host asks first, at high speed; before that the PHY is set up."""
    bench = await Bench.start(dut, enumerate=False)
    host = bench.host
    # A vendor register, no pull-downs of a host, high speed.
    assert bench.phy.registers == {0x39: 0b110, 0x0A: 0, 0x04: 0b0100_0000}
    device = await host.descriptor(1, length=64)
    assert struct.unpack("<BBHBBBBHHHBBBB", device) == (
        *(18, 1, 0x200, 0, 0, 0, 64, 0x1209, 1, 0x100, 1, 2, 0, 1),
    )
    assert await host.descriptor(1, length=8) == device[:8]
    await host.control_out(0x00, 5, ADDRESS)
    assert (await host.transaction_in(0)).pid == SILENT  # no longer at address 0
    host.address = ADDRESS
    assert await host.descriptor(6) == struct.pack("<BBHBBBBBB", 10, 6, 0x200, 0, 0, 0, 64, 1, 0)
    for kind, size in ((2, 512), (7, 64)):
        configuration = await host.descriptor(kind)
        assert configuration == struct.pack("<BBHBBBBB", 9, kind, 25, 1, 1, 0, 0x80, 250) + bytes(
            [9, 4, 0, 0, 1, 255, 0, 0, 0, 7, 5, 0x81, 2, *size.to_bytes(2, "little"), 0]
        )
    assert await host.descriptor(3) == bytes([4, 3, 9, 4])
    for index, text in ((1, "probecodec"), (2, "probecodec stream")):
        raw = await host.descriptor(3, index)
        assert raw[:2] == bytes([len(raw), 3])
        assert raw[2:].decode("utf-16-le") == text
    for kind, index in ((3, 3), (8, 0), (15, 0)):
        try:
            await host.descriptor(kind, index)
        except Stalled:
            continue
        raise AssertionError(f"a descriptor of type {kind}, index {index}")
    assert (await host.transaction_in(1)).pid == SILENT  # not configured
    assert await host.control_in(0x80, 8, 0, 1) == b"\0"  # GET_CONFIGURATION
    await host.configure(1)
    assert await host.control_in(0x80, 8, 0, 1) == b"\1"
    assert await host.control_in(0x80, 0, 0, 2) == b"\0\0"  # GET_STATUS
    assert await bench.take() is None
    assert host.naks == 1
    await bench.phy.receive(token(IN, ADDRESS | 1 << 7)[:-1] + b"\0")  # a broken CRC
    assert await bench.phy.listen(200) is None


@cocotb.test()
async def stream(dut):
    """Both sides pause; acknowledges are lost, and what comes again is told from what is new."""
    bench = await Bench.start(dut)
    sending = bench.send(make(6000), pause=0.3)
    await bench.fetch(24_000, loss=0.1, pause=0.1)
    await sending
    bench.check()
    assert bench.host.repeats > 1


@cocotb.test()
async def throughput(dut):
    """A host that always asks gets `Usb.capacity`: 12 packets a microframe, and never a NAK."""
    bench = await Bench.start(dut)
    bench.send(make(20_000))
    await bench.host.pause(1)
    begin = bench.phy.now
    await bench.fetch(12 * MICROFRAMES * PACKET)
    rate = 8 * len(bench.received) / (bench.phy.now - begin) * 60e6
    cycles = bench.host.answer_cycles
    dut._log.info(f"{rate / 1e6:.1f} Mbit/s; the longest answer took {cycles:.0f} cycles")
    assert not bench.host.naks
    assert abs(rate / Usb.capacity(60e6) - 1) < 0.02
    assert cycles <= 14  # ULPI 1.1, table 9
    assert bench.received == to_bytes(bench.taken)[: len(bench.received)]


@cocotb.test()
async def host_pauses(dut):
    """Where the host asks for nothing the link fills, then takes no more words; none is lost."""
    bench = await Bench.start(dut)
    sending = bench.send(make(1000))
    await bench.host.pause(16)
    assert HELD - 4 <= len(bench.taken) <= HELD + 4
    assert not dut.words__ready.value
    await bench.fetch(4000)
    await sending
    bench.check()


@cocotb.test()
async def flush(dut):
    """Words before a pause come out after a millisecond; an empty packet ends full ones."""
    bench = await Bench.start(dut)
    cases = {1: [4], 33: [132], 128: [512, 0], 160: [512, 128], 256: [512, 512, 0]}
    for words, sizes in cases.items():
        begin = bench.phy.now
        await bench.send(make(words))
        got = []
        for _ in range(16):  # 2 ms
            packet = await bench.take()
            if packet is not None:
                got.append(len(packet))
                if len(packet) < PACKET:
                    break
            else:
                await bench.host.pause(1)
        assert got == sizes, (words, got)
        assert 1000 < (bench.phy.now - begin) / 60 < 1500
    await bench.host.pause(12)
    assert await bench.take() is None
    bench.check()


@cocotb.test()
async def lost_packets(dut):
    """A packet not acknowledged comes again, the same, even where the host talks to others."""
    bench = await Bench.start(dut)
    host, phy = bench.host, bench.phy
    await bench.send(make(200))
    await host.pause(2)
    first = await bench.take(acknowledge=False)
    assert len(first) == PACKET
    await phy.idle(20)
    await phy.receive(token(IN, 7 | 1 << 7))  # to another device; its data we do not see
    await phy.idle(600)
    await phy.receive(bytes([0xD2]))  # ACK
    for _ in range(2):
        answer = await host.transaction_in(1, acknowledge=False)
        assert answer == (DATA0, first)
    assert await bench.take() is None  # this is DATA0 again; now it is acknowledged
    assert host.repeats == 1
    await bench.fetch(800 - PACKET)
    bench.check()


@cocotb.test()
async def toggles(dut):
    """SET_CONFIGURATION and CLEAR_FEATURE begin with DATA0 again; no word is lost."""
    bench = await Bench.start(dut)
    host = bench.host
    sending = bench.send(make(128 * 9), pause=0.1)
    for count in (1, 2, 3):
        await bench.fetch(PACKET * count)
        if count % 2:
            await host.control_out(0x02, 1, 0, 0x81)  # CLEAR_FEATURE(ENDPOINT_HALT)
            host.toggle = DATA0
        else:
            await host.configure(1)
    await bench.fetch(PACKET * 3)
    await sending
    bench.check()
    assert not host.repeats


@cocotb.test()
async def new_connection(dut):
    """After a bus reset, or a new plug, the stream goes on with a whole word, a little later."""
    bench = await Bench.start(dut)
    sending = bench.send(make(5000))
    host, position = bench.host, 0
    for end in ("reset", "plug"):
        await bench.fetch(7 * PACKET)
        stream = to_bytes(bench.taken)
        assert stream[position:].startswith(bench.received)
        lost_from = position + len(bench.received)
        await host.transaction_in(1, acknowledge=False)  # cut off under way
        if end == "plug":
            await host.unplug()
            await host.plug()
        await host.reset()
        await host.pause(4)
        assert len(bench.taken) * 4 <= lost_from + (HELD + 4) * 4  # none without a configuration
        await host.enumerate(ADDRESS + 1)
        bench.received = bytearray()
        await bench.fetch(PACKET)
        stream = to_bytes(bench.taken)
        position = stream.index(bench.received)
        assert position % 4 == 0
        assert lost_from <= position <= lost_from + 257 * 4
    await bench.fetch(7 * PACKET)
    assert to_bytes(bench.taken)[position:].startswith(bench.received)
    sending.cancel()


@cocotb.test()
async def full_speed(dut):
    """With a host of full speed: packets of 64 bytes, and descriptors that say so."""
    bench = await Bench.start(dut, high_speed=False)
    host = bench.host
    for kind, size in ((2, 64), (7, 512)):
        configuration = await host.descriptor(kind)
        assert configuration[1] == kind
        assert int.from_bytes(configuration[-3:-1], "little") == size
    await bench.send(make(40))
    await bench.phy.idle(70_000)
    sizes = [len(await bench.take(acknowledge=not lost) or b"") for lost in (0, 1, 0)]
    assert sizes == [64, 64, 0]  # the third is a repeat
    await bench.phy.idle(70_000)
    assert len(await bench.take()) == 32
    assert host.repeats == 1
    bench.check()
