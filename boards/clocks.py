"""Clocks of a board: one PLL for all FPGA families, and resets that wait for it."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

from amaranth import ClockDomain, Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from ..golden.errors import ConfigError

# A few µs, until the memories of an iCE40 hold what the bitstream says; for all families.
POWER_UP_CYCLES = 1 << 10
RESET_CYCLES = 4  # of the slower clock, which `probecodec.hdl.links.crossing.Crossing` asks for


class Factors(NamedTuple):
    """A PLL's dividers: output = input / ``reference`` × ``feedback`` / ``output``, in hertz."""

    reference: int
    feedback: int
    output: tuple[int, ...]


class _Family(NamedTuple):
    """What a family's PLL can do: ranges of its dividers and of its frequencies in hertz."""

    reference: range
    feedback: range
    output: tuple[int, ...]
    detector: tuple[float, float]
    oscillator: tuple[float, float]


# Lattice iCE40 sysCLOCK PLL (FPGA-TN-02052), ECP5 (FPGA-TN-02200), Xilinx 7 series PLL (DS181).
_FAMILIES = {
    "ice40": _Family(
        reference=range(1, 17),
        feedback=range(1, 129),
        output=tuple(2**n for n in range(1, 7)),
        detector=(10e6, 133e6),
        oscillator=(533e6, 1066e6),
    ),
    "ecp5": _Family(
        reference=range(1, 11),
        feedback=range(1, 1281),
        output=tuple(range(1, 129)),
        detector=(3.125e6, 400e6),
        oscillator=(400e6, 800e6),
    ),
    "xilinx": _Family(
        reference=range(1, 6),
        feedback=range(2, 65),
        output=tuple(range(1, 129)),
        detector=(19e6, 450e6),
        oscillator=(800e6, 1600e6),
    ),
}


def family_of(platform: Any) -> str:
    """Return which PLL the platform's device has."""
    kinds = {"SiliconBluePlatform": "ice40", "LatticePlatform": "ecp5", "XilinxPlatform": "xilinx"}
    names = {base.__name__ for base in type(platform).__mro__}
    return next((family for base, family in kinds.items() if base in names), "none")


def factors(family: str, crystal_hz: float, clocks_hz: tuple[float, ...]) -> Factors:
    """Return dividers that give exactly ``clocks_hz``, the oscillator as slow as may be.

    Raises ConfigError where there are none.
    """
    able = _FAMILIES[family]
    found = []
    for reference, feedback in product(able.reference, able.feedback):
        detector = crystal_hz / reference
        oscillator = detector * feedback
        if not (
            able.detector[0] <= detector <= able.detector[1]
            and able.oscillator[0] <= oscillator <= able.oscillator[1]
        ):
            continue
        output = tuple(round(oscillator / hz) for hz in clocks_hz)
        exact = all(n * hz == oscillator for n, hz in zip(output, clocks_hz, strict=True))
        if family == "ecp5":  # the primary output feeds back, through a divider of 1 to 80
            exact = exact and feedback % output[0] == 0 and feedback // output[0] <= 80
        if exact and set(output) <= set(able.output):
            found.append((oscillator, reference, Factors(reference, feedback, output)))
    if not found:
        wanted = " and ".join(f"{hz / 1e6:g} MHz" for hz in clocks_hz)
        raise ConfigError(f"no PLL setting makes {wanted} of {crystal_hz / 1e6:g} MHz")
    return min(found)[-1]


def pll(
    family: str,
    found: Factors,
    crystal_hz: float,
    source: Any,
    clocks: list[Signal],
    locked: Signal,
) -> Instance:
    """Return the PLL of ``family`` with its ``clocks`` and ``locked`` connected.

    ``source`` is the crystal's clock; on an iCE40 its pin, which beside a PLL goes nowhere else.
    """
    if family == "ice40":
        # RANGE sets the loop filter by the phase detector's frequency, as icepll does.
        detector = crystal_hz / found.reference
        limits = (17e6, 26e6, 44e6, 66e6, 101e6)
        return Instance(
            "SB_PLL40_PAD",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(found.reference - 1, 4),
            p_DIVF=Const(found.feedback - 1, 7),
            p_DIVQ=Const(found.output[0].bit_length() - 1, 3),
            p_FILTER_RANGE=Const(1 + sum(detector >= limit for limit in limits), 3),
            i_PACKAGEPIN=source,
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=clocks[0],
            o_LOCK=locked,
        )
    if family == "ecp5":
        names = ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")[: len(clocks)]
        ports = {f"o_{name}": clock for name, clock in zip(names, clocks, strict=True)}
        for name, divider in zip(names, found.output, strict=True):
            ports |= {
                f"p_{name}_DIV": divider,
                f"p_{name}_CPHASE": divider - 1,
                f"p_{name}_FPHASE": 0,
                f"p_{name}_ENABLE": "ENABLED",
            }
        return Instance(
            "EHXPLLL",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            p_CLKI_DIV=found.reference,
            p_CLKFB_DIV=found.feedback // found.output[0],
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=source,
            i_CLKFB=clocks[0],
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_PLLWAKESYNC=Const(0),
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(0),
            i_PHASESTEP=Const(0),
            i_PHASELOADREG=Const(0),
            i_ENCLKOP=Const(0),
            o_LOCK=locked,
            **ports,
        )
    feedback = Signal()
    outputs = {f"o_CLKOUT{n}": clock for n, clock in enumerate(clocks)}
    dividers = {f"p_CLKOUT{n}_DIVIDE": value for n, value in enumerate(found.output)}
    return Instance(
        "PLLE2_BASE",
        p_CLKIN1_PERIOD=1e9 / crystal_hz,
        p_DIVCLK_DIVIDE=found.reference,
        p_CLKFBOUT_MULT=found.feedback,
        i_CLKIN1=source,
        i_CLKFBIN=feedback,
        o_CLKFBOUT=feedback,
        i_RST=Const(0),
        i_PWRDWN=Const(0),
        o_LOCKED=locked,
        **outputs,
        **dividers,
    )


def reset_with_sync(m: Module, domain: str) -> None:
    """Reset ``domain``, whose clock comes from a pin, whenever ``sync`` is reset.

    For `RESET_CYCLES` of its own clock at least, however late that clock begins.
    """
    reset = Signal(init=1, name=f"{domain}_reset")
    m.d.sync += reset.eq(0)  # 1 while sync is in reset
    m.submodules[f"{domain}_reset"] = ResetSynchronizer(reset, domain=domain, stages=RESET_CYCLES)


class Clocks(Elaboratable):
    """Makes clock domains, ``sync`` first, from the crystal.

    Resets are released, each by its own clock, `POWER_UP_CYCLES` after the PLL locked, and come
    again if it loses lock.

    Parameters
    ----------
    crystal : io.PortLike
        The crystal's pin.
    crystal_hz : float
    clocks_hz : dict
        Domain to frequency.
    """

    def __init__(
        self, crystal: io.PortLike, crystal_hz: float, clocks_hz: dict[str, float]
    ) -> None:
        self._crystal, self._crystal_hz, self._clocks_hz = crystal, crystal_hz, clocks_hz

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        family = family_of(platform)
        names, clocks_hz = tuple(self._clocks_hz), tuple(self._clocks_hz.values())
        domains = [ClockDomain(name) for name in names]
        m.domains += domains
        multiplied = set(clocks_hz) != {self._crystal_hz}
        if multiplied and family == "ice40":
            source = self._crystal.io
        else:
            m.submodules.crystal = buffer = io.Buffer("i", self._crystal)
            source = buffer.i
        locked = Signal()
        if multiplied:
            found = factors(family, self._crystal_hz, clocks_hz)
            outputs = [Signal(name=f"{name}_pll") for name in names]
            m.submodules.pll = pll(family, found, self._crystal_hz, source, outputs, locked)
            # All tools derive the frequencies from the crystal's and the PLL's parameters.
            for domain, output in zip(domains, outputs, strict=True):
                if family == "xilinx":
                    m.submodules += Instance("BUFG", i_I=output, o_O=domain.clk)
                else:
                    m.d.comb += domain.clk.eq(output)
        else:
            m.d.comb += [locked.eq(1), *(domain.clk.eq(source) for domain in domains)]

        m.domains.power = power = ClockDomain(local=True)
        waited = Signal(range(POWER_UP_CYCLES))
        ready = Signal()
        m.d.comb += power.clk.eq(domains[0].clk)
        m.d.power += [waited.eq(waited + 1), ready.eq(ready | (waited == POWER_UP_CYCLES - 1))]
        m.submodules.reset_power = ResetSynchronizer(~locked, domain="power")
        for name in names:
            m.submodules[f"reset_{name}"] = ResetSynchronizer(~ready, domain=name)
        return m
