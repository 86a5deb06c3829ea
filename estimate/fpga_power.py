"""Power of a core in an FPGA: published energies times what a recording makes the core do.

Static and clock power are those of the chip. Everything else follows counts of cells by stage and
how often a stage's signals change: clock × Σ cells × changes per cycle × energy of a change.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain

from .activity import Activity
from .result import Figure, total, unknown

# How often a LUT's output changes, of how often signals of the RTL do, many of whose bits are
# constant: 1.22 and 1.48 in netlists of `tiny` and `adaptive` for iCE40 (16 channels of 8 bits, the
# same recording). Flip-flops change as often as the RTL's registers, to 2 %.
LUT_RATE = 1.35

PARTS = ("static", "clock", "logic", "ram", "dsp", "io")
LOAD_FARADS = 10e-12  # of a pin and its wire
IO_VOLTS = 3.3

Counts = Mapping[str, Mapping[str, float]]  # stage to resource ("luts", …) to number

# A part as its maker writes it, to the tables that tell of it: the later one has the last word.
_TABLES = {
    r"ice40up5k.*": ("ice40up5k",),
    r"lfe5um?-(12|25)f.*": ("ecp5-25f",),
    r"lfe5um?-85f.*": ("ecp5-25f", "ecp5-85f"),
    r"xc7a35t.*": ("artix7-35t",),
}


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One number of ``coefficients.toml``, in SI units, with its error bars and its source."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str
    what: str
    kind: str
    source: str

    def times(self, factor: float) -> Figure:
        """Return the figure that ``factor`` of it make."""
        method = f"{self.kind}: {self.what} ({self.source})"
        return Figure(self.value, self.low, self.high, method).times(factor)


@cache
def coefficients(device: str) -> Mapping[str, Coefficient]:
    """Return what is published of ``device``, by name; empty where nothing is."""
    tables = tomllib.loads(files(__package__).joinpath("coefficients.toml").read_text("utf-8"))
    found = [names for part, names in _TABLES.items() if re.fullmatch(part, device.lower())]
    mixed = {k: entry for name in chain(*found) for k, entry in tables[name].items()}
    return {name: Coefficient(**entry) for name, entry in mixed.items()}


def estimate_power(
    device: str,
    counts: Counts,
    activity: Activity,
    clock_hz: float | None = None,
    *,
    pll: bool = False,
    load_farads: float = LOAD_FARADS,
    io_volts: float = IO_VOLTS,
) -> dict[str, Figure]:
    """Return the power of each part in W, and the ``"total"`` of all but the pins, ``"io"``.

    Parameters
    ----------
    device : str
        The part, such as ``"iCE40UP5K-SG48"``. Figures are known of iCE40UP5K, of LFE5U-12F, 25F
        and 85F, and the static power of XC7A35T; of others all but ``"io"`` is unknown.
    counts : mapping
        Stage to its ``luts``, ``flip_flops``, ``block_rams`` and ``multipliers``. A stage that
        ``activity`` does not have, such as one for all, takes the mean of the whole core.
    clock_hz : float, optional
        That of ``activity`` where it is not given.
    pll : bool
        Does the clock come from the FPGA's own PLL?
    load_farads, io_volts : float
        Capacitance at each output, and the supply of its bank.
    """
    clock = activity.clock_hz if clock_hz is None else clock_hz
    known = coefficients(device)
    stages = [(name, activity.stage(name), cells) for name, cells in counts.items()]
    registers = sum(cells.get("flip_flops", 0) for _, _, cells in stages)
    luts = sum(cells.get("luts", 0) * stage.net_rate for _, stage, cells in stages)
    ffs = sum(cells.get("flip_flops", 0) * stage.register_rate for _, stage, cells in stages)
    accesses = sum(
        cells.get("block_rams", 0) * activity.accesses(name) for name, _, cells in stages
    )
    operands = sum(cells.get("multipliers", 0) * stage.register_rate for _, stage, cells in stages)

    def part(name: str, factor: float) -> Figure:
        if name in known:
            return known[name].times(factor)
        return unknown(
            f"nothing is published of the {name} power of {device}: ask its maker's tool"
        )

    bits = known["dsp_bits"].value if "dsp_bits" in known else 1
    parts = {
        "static": part("static", 1),
        "clock": _both(part("clock", clock), part("clock_register", clock * registers)),
        "logic": _both(part("lut", clock * luts * LUT_RATE), part("ff", clock * ffs)),
        "ram": part("ram", clock * accesses),
        "dsp": part("dsp", clock * operands * bits),
        "io": _io(activity, clock, load_farads, io_volts),
    }
    if pll:
        parts["pll"] = part("pll", 1)
    own = {name: figure for name, figure in parts.items() if name != "io"}
    return parts | {"total": total(own)}


def _both(main: Figure, other: Figure) -> Figure:
    """The sum of two figures, with what each of them is of it."""
    figure = total({"main": main, "other": other})
    if figure.value is None or not other.value:
        return Figure(figure.value, figure.low, figure.high, main.method)
    share = round(100 * (main.value or 0.0) / figure.value) if figure.value else 0
    method = f"{share} %: {main.method}; {100 - share} %: {other.method}"
    return Figure(figure.value, figure.low, figure.high, method)


def _io(activity: Activity, clock: float, load_farads: float, volts: float) -> Figure:
    """Outputs charge their loads: ½ C V² a change. Inputs are charged by who drives them."""
    changes = sum(rate for name, rate in activity.pins.items() if name in activity.outputs)
    watts = clock * changes * load_farads * volts**2 / 2
    method = (
        f"physics: ½ C V² a change of an output, {load_farads * 1e12:g} pF and {volts:g} V, as if "
        "the link's 32 bits were pins; error bars: half and twice the load"
    )
    return Figure(watts, watts / 2, watts * 2, method)
