"""CRC of a word against zlib; the sums that its bits share."""

import zlib
from random import Random

from amaranth import Module, Signal
from amaranth.sim import Simulator

from probecodec.hdl import crc


def test_words_in_turn_give_the_crc_of_their_bytes():
    summed, after = Signal(32), Signal(32)
    m = Module()
    m.d.comb += after.eq(crc.advance(summed))
    random, words = Random(1), [0, 0xFFFF_FFFF, 1, 1 << 31]
    words += [random.getrandbits(32) for _ in range(60)]

    async def bench(ctx):
        register, data = 0xFFFF_FFFF, b""
        for word in words:
            ctx.set(summed, register ^ word)
            await ctx.delay(1e-9)
            register = ctx.get(after)
            data += word.to_bytes(4, "little")
            assert register ^ 0xFFFF_FFFF == zlib.crc32(data)

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_shared_sums_are_the_same_sums():
    random = Random(2)
    rows = [sorted(random.sample(range(12), random.randint(1, 9))) for _ in range(20)]
    pairs, left = crc.share(rows, 12)
    for _ in range(50):
        terms = [random.getrandbits(1) for _ in range(12)]
        wanted = [sum(terms[n] for n in row) % 2 for row in rows]
        for a, b in pairs:
            terms.append(terms[a] ^ terms[b])
        assert [sum(terms[n] for n in row) % 2 for row in left] == wanted
    assert len(pairs) < sum(len(row) - 1 for row in rows)


def test_a_half_of_the_xors():
    pairs, rows = crc._sharing()
    assert all(len(row) == 1 for row in rows) and len(pairs) < 220  # of 420
