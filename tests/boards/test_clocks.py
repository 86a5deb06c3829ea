"""Clocks and resets of the boards, against the vendors' formulas and limits."""

import pytest
from amaranth import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib import io
from amaranth.sim import Simulator

from probecodec.boards import clocks
from probecodec.boards.clocks import (
    Clocks,
    factors,
    family_of,
    pll,
    reset_with_sync,
)
from probecodec.boards.targets import BOARDS
from probecodec.golden.errors import ConfigError

# Hertz. iCE40 UltraPlus (FPGA-DS-02008, sysCLOCK PLL timing), ECP5 (FPGA-DS-02012, sysCLOCK PLL
# timing), Artix-7 of speed grade 1 (DS181, PLL switching characteristics): phase detector, VCO.
DETECTOR = {"ice40": (10e6, 133e6), "ecp5": (3.125e6, 400e6), "xilinx": (19e6, 450e6)}
VCO = {"ice40": (533e6, 1066e6), "ecp5": (400e6, 800e6), "xilinx": (800e6, 1600e6)}


def made():
    """Every PLL of the boards: family, crystal, what it makes."""
    found = set()
    for board in BOARDS.values():
        family = family_of(board.make_platform())
        outs = [(board.clock_hz,)]
        outs += [(board.clock_hz, w.clock_out_hz) for w in board.links.values() if w.clock_out]
        found |= {(family, board.crystal_hz, out) for out in outs if {*out} != {board.crystal_hz}}
    return sorted(found)


def parameters(family, crystal_hz, wanted):
    """Parameters of the PLL instance."""
    outputs = [Signal() for _ in wanted]
    found = factors(family, crystal_hz, wanted)
    instance = pll(family, found, crystal_hz, Const(0), outputs, Signal())
    return {
        name: value.value if isinstance(value, Const) else value
        for name, value in instance.parameters.items()
    }


def outputs_of(family, crystal_hz, given):
    """Frequencies of the phase detector, of the VCO and of the outputs, as the vendors tell."""
    if family == "ice40":  # icepll: F_PLLOUT = F_REF × (DIVF + 1) / (2^DIVQ × (DIVR + 1))
        detector = crystal_hz / (given["DIVR"] + 1)
        vco = detector * (given["DIVF"] + 1)
        return detector, vco, [vco / 2 ** given["DIVQ"]]
    if family == "ecp5":  # ecppll: CLKOP feeds back, so that CLKOP = CLKI / CLKI_DIV × CLKFB_DIV
        detector = crystal_hz / given["CLKI_DIV"]
        vco = detector * given["CLKFB_DIV"] * given["CLKOP_DIV"]
        names = [name for name in ("CLKOP", "CLKOS") if f"{name}_DIV" in given]
        return detector, vco, [vco / given[f"{name}_DIV"] for name in names]
    detector = crystal_hz / given["DIVCLK_DIVIDE"]  # UG472
    vco = detector * given["CLKFBOUT_MULT"]
    names = [f"CLKOUT{n}_DIVIDE" for n in range(6)]
    return detector, vco, [vco / given[name] for name in names if name in given]


@pytest.mark.parametrize(("family", "crystal_hz", "wanted"), made())
def test_instance_makes_what_is_wanted(family, crystal_hz, wanted):
    given = parameters(family, crystal_hz, wanted)
    detector, vco, outputs = outputs_of(family, crystal_hz, given)
    assert outputs == list(wanted)
    assert DETECTOR[family][0] <= detector <= DETECTOR[family][1]
    assert VCO[family][0] <= vco <= VCO[family][1]


def test_icebreaker_as_icepll_has_it():
    """``icepll -i 12 -o 36`` says DIVR 0, DIVF 47, DIVQ 4, FILTER_RANGE 1."""
    given = parameters("ice40", 12e6, (36e6,))
    named = {name: given[name] for name in ("DIVR", "DIVF", "DIVQ", "FILTER_RANGE")}
    assert named == {"DIVR": 0, "DIVF": 47, "DIVQ": 4, "FILTER_RANGE": 1}
    assert given["FEEDBACK_PATH"] == "SIMPLE"


def test_what_no_pll_makes():
    with pytest.raises(ConfigError, match=r"no PLL setting makes 36\.1 MHz of 12 MHz"):
        factors("ice40", 12e6, (36.1e6,))
    with pytest.raises(ConfigError, match=r"makes 200 MHz and 7\.77 MHz of 100 MHz"):
        factors("xilinx", 100e6, (200e6, 7.77e6))


def test_periods_of_xilinx():
    """Vivado takes the crystal's period in nanoseconds from the instance."""
    assert parameters("xilinx", 100e6, (75e6, 25e6))["CLKIN1_PERIOD"] == 10.0


class StubPll(Elaboratable):
    """A PLL that passes its clock on, and is locked when the test says so."""

    lock = None  # the test's signal

    def __init__(self, locked, clocks):
        self.locked, self.clocks = locked, clocks

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.locked.eq(StubPll.lock)
        m.d.comb += [clock.eq(ClockSignal("crystal")) for clock in self.clocks]
        return m


def test_resets_wait_and_come_again(monkeypatch):
    """Power-up, then lock, then the wait; a lost lock resets anew, for as long."""
    monkeypatch.setattr(clocks, "family_of", lambda platform: "ecp5")
    monkeypatch.setattr(clocks, "POWER_UP_CYCLES", 32)
    monkeypatch.setattr(
        clocks, "pll", lambda family, found, hz, source, outs, locked: StubPll(locked, outs)
    )
    StubPll.lock = Signal()
    reset = {name: Signal(name=f"reset_{name}") for name in ("sync", "link")}
    m = Module()
    crystal = io.SimulationPort("i", 1)
    m.submodules.clocks = Clocks(crystal, 25e6, {"sync": 75e6, "link": 50e6})
    m.d.comb += [signal.eq(ResetSignal(name)) for name, signal in reset.items()]
    seen = []

    async def bench(ctx):
        async def cycles(count):
            for _ in range(count):
                await ctx.tick("crystal")
                seen.append(tuple(ctx.get(reset[name]) for name in ("sync", "link")))

        await cycles(50)
        assert seen == [(1, 1)] * 50  # no lock, no end of the reset
        for _ in range(2):
            ctx.set(StubPll.lock, 1)
            seen.clear()
            await cycles(60)
            falls = [seen.index((0, 0))]
            assert seen == [(1, 1)] * falls[0] + [(0, 0)] * (60 - falls[0])
            assert 32 <= falls[0] <= 40  # the wait, and synchronizers
            ctx.set(StubPll.lock, 0)
            await cycles(4)
            assert seen[-1] == (1, 1)

    m.domains.crystal = ClockDomain(reset_less=True)
    simulator = Simulator(m)
    simulator.add_clock(40e-9, domain="crystal")
    simulator.add_testbench(bench)
    simulator.run()


def test_clock_of_a_pin_that_begins_late():
    """Four cycles of reset, though sync's ended long before; and again with each of sync's."""
    m = Module()
    m.domains.sync = sync = ClockDomain()
    m.domains.link = link = ClockDomain()
    reset = Signal()
    m.d.comb += sync.rst.eq(reset)
    reset_with_sync(m, "link")
    count = Signal(16)  # cycles out of reset
    m.d.link += count.eq(count + 1)

    async def bench(ctx):
        async def link_cycles(number):
            for _ in range(number):
                for level in (1, 0):
                    ctx.set(link.clk, level)
                    await ctx.delay(50e-9)

        for _ in range(2):
            ctx.set(reset, 1)
            await ctx.delay(100e-9)
            ctx.set(reset, 0)
            await ctx.delay(1e-6)
            before = ctx.get(link.rst)
            await link_cycles(3)
            assert before and ctx.get(link.rst)
            await link_cycles(1)
            assert not ctx.get(link.rst) and ctx.get(count) == 0
            await link_cycles(5)
            assert ctx.get(count) == 5

    simulator = Simulator(m)
    simulator.add_clock(10e-9)
    simulator.add_testbench(bench)
    simulator.run()


def test_resets_of_all_domains_last_four_cycles_of_the_slowest():
    """`Clocks` holds all it makes for `POWER_UP_CYCLES` of ``sync``."""
    for board in BOARDS.values():
        wires = [*board.inputs.values(), *board.links.values()]
        slowest = min(
            hz for w in wires for hz in (w.clock_hz, w.clock_out_hz, board.clock_hz) if hz
        )
        # A PHY of Ethernet may agree on 10 Mbit/s: a tenth of its clock.
        assert clocks.POWER_UP_CYCLES / board.clock_hz > 4 / (slowest / 10)
