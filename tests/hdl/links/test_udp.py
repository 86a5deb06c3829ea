"""UDP frames: the golden model's bytes, never starved, whatever clocks, words and reader do."""

import itertools

import numpy as np
import pytest
from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator

from probecodec.golden.errors import ConfigError
from probecodec.golden.udp import UdpConfig, frame, header
from probecodec.hdl.links.udp import Header, Udp

SYNC = 27.0e-9  # 37 MHz
CLOCKS = (8e-9, 27.0e-9, 40e-9, 77e-9)  # faster than the core's, nearly the same, slower
FLUSH = 100


def config(words):
    return UdpConfig(source_mac="02:00:00:12:34:56", destination_port=600, payload_words=words)


def golden(setup, words, first=0):
    """The frames of a datagram, before padding: its bytes in full datagrams and a rest."""
    full = setup.payload_words
    parts = [words[n : n + full] for n in range(0, len(words), full)]
    return [
        frame(setup, np.array(part, ">u4").tobytes(), number)[: 42 + 4 * len(part)]
        for number, part in enumerate(parts, first)
    ]


class Play:
    """Words in, and what comes out in each cycle of ``link``.

    Attributes
    ----------
    seen : list of (valid, ready, byte, last)
    taken : list of int
        Cycle of ``link`` in which each word was taken.
    """

    def __init__(self, setup, words, *, link=8e-9, pause=None, ready=None, cycles=0, reset=()):
        self.seen, self.taken, self._words = [], [], words
        self._pause = pause or itertools.repeat(0)
        self._ready = ready or itertools.repeat(1)
        frame_cycles = 42 + 4 * setup.payload_words
        self._reset, self._tail = reset, cycles or 3 * frame_cycles + 2 * FLUSH
        self.dut = Udp(config=setup, flush_cycles=FLUSH)
        self._reset_signal = Signal()
        simulator = Simulator(ResetInserter({"link": self._reset_signal})(self.dut))
        simulator.add_clock(SYNC)
        simulator.add_clock(link, domain="link", phase=0.31 * link)
        simulator.add_testbench(self._write)
        simulator.add_testbench(self._read, background=True)
        simulator.run()

    async def _write(self, ctx):
        words = self.dut.words
        for word in self._words:
            for _ in range(next(self._pause)):
                await ctx.tick("link")
            await ctx.tick()
            ctx.set(words.payload.data, word)
            ctx.set(words.valid, 1)
            await ctx.tick().until(words.ready)
            ctx.set(words.valid, 0)
            self.taken.append(len(self.seen))
        await ctx.tick("link").repeat(self._tail)

    async def _read(self, ctx):
        out = self.dut.frames
        for ready in self._ready:
            ctx.set(out.ready, ready)
            ctx.set(self._reset_signal, len(self.seen) in self._reset)
            members = out.valid, out.payload.data, out.payload.last
            _, _, valid, byte, last = await ctx.tick("link").sample(*members)
            self.seen.append((valid, ready, byte, last))

    def frames(self, begin=0):
        """The frames taken, and the cycles from each one's first byte to its last."""
        frames, spans, now = [], [], bytearray()
        for cycle, (valid, ready, byte, last) in enumerate(self.seen[begin:], begin):
            if valid and ready:
                spans += [] if now else [[cycle, cycle]]
                now.append(byte)
                if last:
                    spans[-1][1] = cycle
                    frames.append(bytes(now))
                    now.clear()
        assert not now, "the last frame has no end"
        return frames, spans

    def check_unstarved(self, begin=0):
        """Every byte is there at once, and stays until it is taken."""
        inside, held = False, None
        for valid, ready, byte, last in self.seen[begin:]:
            assert valid or not inside
            assert held in (None, (byte, last))
            held = None if ready or not valid else (byte, last)
            if valid and ready:
                inside = not last


def some_words(count, seed=1):
    return np.random.default_rng(seed).integers(1 << 32, size=count).tolist()


@pytest.mark.parametrize("link", CLOCKS)
@pytest.mark.parametrize("full", [1, 7, 16])
def test_frames_are_the_golden_models(link, full):
    """Full datagrams, then the rest, with a reader that is always ready."""
    words = some_words(3 * full + full // 2)
    play = Play(config(full), words, link=link)
    play.check_unstarved()
    assert play.frames()[0] == golden(config(full), words)


@pytest.mark.parametrize("seed", range(3))
def test_random_readers_and_writers(seed):
    """Pauses shorter than the flush: only full datagrams before the rest."""
    random = np.random.default_rng(seed)
    words = some_words(41, seed)
    play = Play(
        config(9),
        words,
        link=CLOCKS[seed],
        pause=iter(random.integers(0, (2, 20, 40)[seed], 99).tolist()),
        ready=(int(value < (0.5, 0.2, 0.9)[seed]) for value in iter(random.random, None)),
        cycles=3000,
    )
    play.check_unstarved()
    assert play.frames()[0] == golden(config(9), words)


def test_slow_words_never_starve_a_frame():
    """Words slower than the bytes, and a line that never waits, as a PHY's."""
    words = some_words(32)
    play = Play(config(16), words, pause=itertools.repeat(30))
    play.check_unstarved()
    frames, spans = play.frames()
    assert frames == golden(config(16), words)
    assert [last - first + 1 for first, last in spans] == [42 + 64] * 2


def test_a_rest_goes_out_after_the_flush_time():
    """Not before: a pause of 80 cycles does not part a datagram; one of 150 does."""
    words = some_words(8)
    play = Play(config(6), words, pause=iter([0, 80, 150, 0, 80, 0, 0, 0]))
    frames, spans = play.frames()
    setup = config(6)
    wanted = golden(setup, words[:2]) + golden(setup, words[2:8], 1)
    assert frames == wanted
    waited = spans[0][0] - play.taken[1]
    assert FLUSH <= waited <= FLUSH + 10


def test_frames_follow_at_once():
    """While the words come faster than the bytes go."""
    words = some_words(48)
    play = Play(config(16), words, link=40e-9)
    frames, spans = play.frames()
    assert frames == golden(config(16), words)
    assert [b[0] - a[1] for a, b in itertools.pairwise(spans)] == [2, 2]


def test_a_reader_that_stops_holds_the_words():
    """Nothing is lost; the writer sees at most what the memory and the crossing hold."""
    words = some_words(80)
    stops = itertools.chain(itertools.repeat(0, 1500), itertools.repeat(1))
    play = Play(config(16), words, ready=stops, cycles=1500)
    held = sum(cycle < 1500 for cycle in play.taken)
    assert 16 <= held <= 16 + 17 + 3
    play.check_unstarved()
    assert play.frames()[0] == golden(config(16), words)


@pytest.mark.parametrize("begin", [50, 200, 231, 299, 400])
def test_link_down_and_up_again(begin):
    """A reset of ``link``: frames are whole again, and begin at number 0; words are in order."""
    words = list(range(0x1000, 0x1000 + 160))
    setup, end = config(16), begin + 40
    play = Play(setup, words, link=40e-9, reset=range(begin, end))
    play.check_unstarved(end)
    frames, _ = play.frames(end)
    sent = np.frombuffer(b"".join(data[42:] for data in frames), ">u4").tolist()
    assert sent == words[-len(sent) :] and 16 < len(sent) < 160
    assert frames == golden(setup, sent)
    assert not any(valid for valid, *_ in play.seen[begin + 1 : end])


CARRIES = [(1, 0), (8, 1), (368, 0xFFFF), (368, 0xFA40), (1, 0xFFFF), (5, 0x7FFF), (200, 0xFCDF)]


@pytest.mark.parametrize("source", ["192.168.1.50", "10.0.0.1", "10.0.48.209"])
def test_header_numbers(source):
    """Every carry of the checksum, and those that a carry brings about."""
    setup = UdpConfig(source_mac="02:00:00:12:34:56", source_ip=source, payload_words=368)
    random = np.random.default_rng(2)
    base = 0xFFFF - int.from_bytes(header(setup, 0, 0)[24:26], "big")
    cases = [*CARRIES, *random.integers((1, 0), (369, 1 << 16), (9, 2)).tolist()]
    for words in (1, 100, 368):  # sums of 0xFFFF, 0x10000, 0x1FFFE and 0x1FFFF
        for total in (0xFFFF, 0x10000, 0x1FFFE, 0x1FFFF):
            number = total - base - 4 * words
            cases += [(words, number)] if 0 <= number < 1 << 16 else []
    dut = Header(setup)

    async def bench(ctx):
        for words, number in cases:
            ctx.set(dut.words, words)
            ctx.set(dut.identification, number)
            await ctx.tick("link").repeat(Header.LATENCY)
            seen = bytearray()
            for step in range(42):
                ctx.set(dut.step, step)
                seen.append(ctx.get(dut.byte))
            assert bytes(seen) == header(setup, 4 * words, number)

    simulator = Simulator(dut)
    simulator.add_clock(8e-9, domain="link")
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("cycles", [0, (1 << 24) + 1, 2.0])
def test_flush_cycles_that_cannot_be(cycles):
    with pytest.raises(ConfigError, match="flush_cycles must be a whole number from 1 to 16777216"):
        Udp(config=config(8), flush_cycles=cycles)
