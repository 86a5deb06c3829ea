"""Framer against its golden model: bytes on the link, back-pressure, counters that carry."""

from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from amaranth import Signal
from amaranth.sim import Simulator

from probecodec.golden import framer as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER, MATRIX, SYNC, Family, Flag, Kind, Mode, Order
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl import framer as hdl
from probecodec.hdl import layout

CONFIG = EncoderConfig(
    channels=32,
    sample_bits=13,
    aux_bits=5,
    order=Order.NP2,
    fixed_bits=6,
    modes=(Mode.RICE, Mode.FIXED),
    packet_frames=2345,
    rate_hz=31_250.5,
    lsb_uv=2.34375,
    probe="probe of 16 char",
)
PROJECTED = replace(
    CONFIG,
    modes=(Mode.PROJECTION, Mode.RICE),
    packet_frames=2048,
    projection=ProjectionConfig(sample_bits=13, window=32, shift=3, seed=0x89ABCDEF),
)
LOADED = replace(
    PROJECTED,
    modes=(Mode.HUFFMAN, Mode.PROJECTION),
    projection=ProjectionConfig(sample_bits=13, family=Family.LOADED, window=16, row_sum=77),
)


class Packet(NamedTuple):
    """A packet's words, and what the gate told just before them, if anything."""

    words: list
    restart: bool = False
    mode: int = 0
    short_frames: int | None = None
    stream_id: int = 0
    resume: tuple | None = None  # dropped, overrun, misframe
    matrix: int = 0  # the register that names coefficients


def expected(packets, sequence=0, config=CONFIG):
    """Return the golden model's bytes of every packet, metadata before restarts."""
    sent, index, drops = [], 0, 0
    for packet in packets:
        dropped, overrun, misframe = packet.resume or (0, False, False)
        index, drops = index + dropped, drops + dropped
        flags = Flag.RESTART * packet.restart | Flag.OVERRUN * overrun | Flag.MISFRAME * misframe
        frames = config.packet_frames if packet.short_frames is None else packet.short_frames
        words = golden.words_to_bytes(np.array(packet.words))
        kinds = [(Kind.METADATA, config.metadata, 0)] if packet.restart else []
        for kind, payload, count in [*kinds, (Kind.DATA, words, frames)]:
            about = replace(config, stream_id=packet.stream_id)
            if layout.is_loaded(config):
                about = replace(about, projection=replace(config.projection, seed=packet.matrix))
            position = golden.Position(sequence, index, drops)
            mode = config.modes[packet.mode]
            sent.append(golden.packet(about, kind, mode, flags, position, payload, count))
            sequence += 1
        index += frames
    return sent, drops


def play(packets, starve=0.0, stall=0.0, config=CONFIG):
    """Send the packets; return (bytes, positions where packets end, cycles of words, drop count).

    ``starve`` and ``stall`` are how often the source has no word and the link is not ready.
    """
    framer = hdl.Framer(config)
    random = Random(11)
    received, done, drop_count = [], [], []

    def tell(ctx, resume, dropped, overrun, misframe):
        ctx.set(framer.resume, resume)
        ctx.set(framer.dropped, dropped)
        ctx.set(framer.overrun, overrun)
        ctx.set(framer.misframe, misframe)

    async def source(ctx):
        for number, packet in enumerate(packets):
            if packet.resume:
                await ctx.tick().until(framer.idle)
                so_far = sum(len(data) for data in expected(packets[:number], 0, config)[0])
                assert len(received) * 4 == so_far, "idle too early"
                dropped = sum(p.resume[0] for p in packets[: number + 1] if p.resume) % 2**33
                tell(ctx, 1, dropped, *packet.resume[1:])
                await ctx.tick()
                tell(ctx, 0, dropped, *(random.getrandbits(1) for _ in range(2)))
                await ctx.tick()
                ctx.set(framer.dropped, random.getrandbits(32))
                await ctx.tick().repeat(framer.SETTLING - 2)
            frames = packet.short_frames
            ctx.set(framer.short_frames, random.getrandbits(16) if frames is None else frames)
            ctx.set(framer.stream_id, packet.stream_id)
            if layout.is_loaded(config):
                ctx.set(framer.matrix, packet.matrix)
            for n, word in enumerate(packet.words):
                last = n == len(packet.words) - 1
                short = last and frames is not None
                while random.random() < starve:
                    await ctx.tick()
                head = {"restart": packet.restart, "mode": packet.mode, "last": last}
                ctx.set(framer.i.payload, head | {"bits": word, "short": short})
                ctx.set(framer.i.valid, 1)
                await ctx.tick().until(framer.i.ready)
                ctx.set(framer.i.valid, 0)
            if frames is not None:  # the gate stays closed until all is sent
                await ctx.tick().until(framer.idle)
        await ctx.tick().until(framer.idle)
        drop_count.append(ctx.get(framer.drop_count))
        done.append(True)

    async def sink(ctx):
        cycle, waiting = 0, None
        link = framer.link
        while not done:
            ctx.set(link.ready, random.random() >= stall)
            _, _, valid, ready, payload = await ctx.tick().sample(
                link.valid, link.ready, link.payload
            )
            shown = (payload.data, payload.last) if valid else None
            assert waiting in (None, shown), "a word changed before it was taken"
            waiting = None if ready else shown
            if valid and ready:
                received.append((cycle, payload.data.to_bytes(4, "big"), payload.last))
            cycle += 1

    simulator = Simulator(framer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run()
    cycles, words, last = zip(*received, strict=True)
    ends = (4 * (np.flatnonzero(last) + 1)).tolist()
    return b"".join(words), ends, list(cycles), drop_count[0]


def check(packets, starve=0.0, stall=0.0, sequence=0, config=CONFIG):
    """Check bytes, packet ends and drop count; return the cycles of the words."""
    sent, drops = expected(packets, sequence, config)
    data, ends, cycles, drop_count = play(packets, starve, stall, config)
    assert data.hex(" ", 4) == b"".join(sent).hex(" ", 4)
    assert ends == np.cumsum([len(packet) for packet in sent]).tolist()
    assert drop_count == drops & 0xFFFF_FFFF
    return cycles


def random_packets(count):
    random = Random(12)
    for number in range(count):
        yield Packet(
            words=[random.getrandbits(32) for _ in range(random.randrange(1, 12))],
            restart=number % 4 == 0,
            mode=random.getrandbits(1),
            short_frames=None if number % 3 else random.randrange(CONFIG.packet_frames),
            stream_id=random.getrandbits(8),
            matrix=random.getrandbits(32),
        )


@pytest.mark.parametrize(("starve", "stall"), [(0, 0.5), (0.5, 0), (0.4, 0.4), (0.1, 0.9)])
def test_equals_the_golden_model(starve, stall):
    check(list(random_packets(10)), starve, stall)


def test_one_word_per_cycle():
    whole = [packet._replace(short_frames=None) for packet in random_packets(6)]
    cycles = check(whole)
    assert np.diff(cycles).tolist() == [1] * (len(cycles) - 1)


def test_a_word_shows_before_the_link_is_ready(harness):
    cycles = np.arange(20)
    drive = {"i.valid": cycles > 3, "i.payload": 0 * cycles, "link.ready": 0 * cycles}
    seen = harness.simulate(hdl.Framer(CONFIG), drive, ("link.valid", "link.payload", "i.ready"))
    assert seen["link.valid"].tolist() == [0] * 5 + [1] * 15
    assert set(seen["link.payload"][5:]) == {SYNC}
    assert not seen["i.ready"].any()


def test_flags_and_drops_are_those_of_one_packet():
    plain = Packet([1, 2, 3])
    check(
        [
            plain._replace(restart=True),
            plain._replace(short_frames=7),
            plain._replace(resume=(5, True, False)),
            plain,
            plain._replace(resume=(3, False, True), restart=True, short_frames=0),
            plain._replace(resume=(0, False, False)),
            plain._replace(resume=(1, True, True)),
            plain,
            plain._replace(restart=True),
        ],
        stall=0.3,
    )


def test_frame_index_carries():
    """By a drop and by a packet's frames, more than once; the drop count wraps around."""
    high = 0xFFFF_FFFF
    plain = Packet([9])
    check(
        [
            plain._replace(resume=(high - 5, True, False)),
            plain._replace(short_frames=5),
            plain._replace(short_frames=1),
            plain._replace(resume=(high, True, False)),
            plain._replace(resume=(high, True, False), restart=True),
            plain,
        ]
    )


def test_longest_packet_lengths():
    check([Packet([0] * 300, short_frames=0xFFFF), Packet([0xFFFF_FFFF] * 40)])


def test_sequence_wraps(monkeypatch):
    """Starts just below 2^16."""

    def preset(*args, **options):
        signal = Signal(*args, **options, src_loc_at=1)
        if signal.name == "sequence":
            signal = Signal(*args, **options, name="sequence", init=0xFFFD)
        return signal

    monkeypatch.setattr(hdl, "Signal", preset)
    check(list(random_packets(6)), sequence=0xFFFD)


@pytest.mark.parametrize("config", [PROJECTED, LOADED], ids=["constant", "register"])
@pytest.mark.parametrize(("starve", "stall"), [(0, 0), (0.3, 0.5)])
def test_extension_words(config, starve, stall):
    """Behind the headers of mode PROJECTION, metadata packets too; the other mode has none."""
    packets = [packet._replace(restart=n % 3 == 0) for n, packet in enumerate(random_packets(12))]
    kinds = {(packet.restart, config.modes[packet.mode]) for packet in packets}
    assert len(kinds) == 4
    check(packets, starve, stall, config=config)


@pytest.mark.parametrize("config", [PROJECTED, LOADED], ids=["constant", "register"])
def test_an_extension_by_hand(config):
    """Header, extension, payload, trailer, in words: 8, 2, 8, 2 and 8, 2, 1, 2."""
    digest = 0x76543210
    mode = config.modes.index(Mode.PROJECTION)
    packets = [Packet([0xABCD], restart=True, mode=mode, matrix=digest)]
    packets.append(packets[0]._replace(restart=False, mode=1 - mode))
    data, ends, _, _ = play(packets, config=config)
    assert np.diff([0, *ends]).tolist() == [20 * 4, 13 * 4, 11 * 4]
    assert [HEADER.unpack(data[start:])["extension"] for start in (0, *ends[:2])] == [2, 2, 0]
    named = digest if config is LOADED else 0x89ABCDEF
    for start in (0, ends[0]):
        told = MATRIX.unpack(data[start + 32 :])
        assert told["seed"] == named
        assert told["window_log2"] == (4 if config is LOADED else 5)
        assert told["shift"] == (2 if config is LOADED else 3)
    assert data[ends[0] + 40 : ends[0] + 44] == bytes.fromhex("0000abcd")
