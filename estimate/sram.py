"""SRAM macros of an ASIC: area, energy of an access, leakage and timing from an analytic model.

A macro is cells and what surrounds them. In a small one the surroundings (decoders, sense
amplifiers, drivers, control) are most of the area and of the energy, so they have terms of their
own. Coefficients, their sources and published macros stand in ``sram.toml``. Lengths scale with
the node, energies with node × supply² (constant field, R. Dennard 1974); leakage follows a power of
the node between the two that are known, and beyond them with bars that grow tenfold for each factor
of two. The model is for choosing an architecture; a memory compiler's datasheet always beats it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..golden.errors import ConfigError, require
from .result import Figure, unknown

PORTS = ("1RW", "1R1W")
_METHOD = "SRAM model, sram.toml"
_LEAKAGE_NM = (130, 180)  # the nodes whose leakage is known


@dataclass(frozen=True, kw_only=True)
class Sram:
    """A macro as the model sees it.

    Attributes
    ----------
    depth, width : int
        Words, and bits of a word.
    ports : str
        ``1R1W``: a read and a write in each clock cycle (8T cells). ``1RW``: one access in a cycle
        (6T), for memories that are read and written for a sample in two cycles.
    area_um2 : Figure
        µm², routing around the macro not included.
    read_j, write_j : Figure
        Joules of an access of one word.
    leakage_w : Figure
        Watts at 25 °C; about double for each 10 °C more.
    access_s, setup_s : Figure
        Seconds: clock to data out, inputs before the clock; typical corner.
    array_share : float, optional
        Share of the area that is cells.
    """

    depth: int
    width: int
    ports: str
    node_nm: float | None
    supply_v: float
    area_um2: Figure
    read_j: Figure
    write_j: Figure
    leakage_w: Figure
    access_s: Figure
    setup_s: Figure
    array_share: float | None

    @property
    def bits(self) -> int:
        """Bits stored."""
        return self.depth * self.width


def model(
    depth: int,
    width: int,
    ports: str = "1R1W",
    node_nm: float = 180,
    supply_v: float | None = None,
) -> Sram:
    """Estimate a macro; its node's nominal supply where ``supply_v`` is None.

    Raises
    ------
    ConfigError
        An empty memory, other ports, a node out of range, or no supply known for the node.
    """
    data = read()
    low_nm, high_nm = data["node_range_nm"]
    require(depth >= 1 and width >= 1, f"an SRAM of {depth} words of {width} bits is none")
    require(ports in PORTS, f"ports must be one of {', '.join(PORTS)}, not {ports!r}")
    require(
        low_nm <= node_nm <= high_nm,
        f"the SRAM model is for nodes of {low_nm} to {high_nm} nm, not {node_nm:g}",
    )
    nominal = data["nominal_supply_v"].get(f"{node_nm:g}")
    supply = nominal if supply_v is None else supply_v
    require(supply is not None, f"no usual supply is known at {node_nm:g} nm; give supply_v")
    require(supply > 0, f"a supply of {supply:g} V is none")
    length = node_nm / data["reference_node_nm"]
    energy = length * (supply / data["reference_supply_v"]) ** 2
    two = ports == "1R1W"

    def area(c: Callable[[str], float]) -> float:
        height = c("height_um") + c("height_um_per_word") * depth
        breadth = c("width_um") + c("width_um_per_bit") * width
        return height * breadth * length**2 * c("area_level") * (c("two_port_area") if two else 1)

    def read_j(c: Callable[[str], float]) -> float:
        fixed = c("fixed_j") + c("fixed_j_per_word") * depth
        bits = width * (c("bit_j") + c("bit_j_per_word") * depth)
        return (fixed + bits) * energy * c("energy_level")

    def leakage(c: Callable[[str], float]) -> float:
        per_bit = _leakage_per_bit(c, min(max(node_nm, _LEAKAGE_NM[0]), _LEAKAGE_NM[1]))
        return depth * width * per_bit * (c("two_port_leakage") if two else 1)

    made = _evaluate(area)
    cells = depth * width * _pick("value")("cell_um2") * length**2
    timed = nominal is not None and abs(supply / nominal - 1) <= 0.1
    why = f"the SRAM model knows no timing at {node_nm:g} nm and {supply:g} V"
    return Sram(
        depth=depth,
        width=width,
        ports=ports,
        node_nm=node_nm,
        supply_v=supply,
        area_um2=made,
        read_j=_evaluate(read_j),
        write_j=_evaluate(lambda c: read_j(c) * c("write_ratio")),
        leakage_w=_extrapolated(_evaluate(leakage), node_nm),
        access_s=_evaluate(lambda c: (c("access_s") + c("access_s_per_word") * depth) * length)
        if timed
        else unknown(why),
        setup_s=_evaluate(lambda c: c("setup_s") * length) if timed else unknown(why),
        array_share=cells * (_pick("value")("two_port_area") if two else 1) / (made.value or 1),
    )


def model_or_unknown(
    depth: int, width: int, ports: str = "1R1W", *, node_nm: float | None, supply_v: float
) -> Sram:
    """Return `model`'s macro; one with nothing known but its size where the model has no answer."""
    try:
        require(node_nm is not None, "the node of this library is unknown; give it")
        assert node_nm is not None
        return model(depth, width, ports, node_nm, supply_v)
    except ConfigError as error:
        none = unknown(str(error))
    return Sram(
        depth=depth,
        width=width,
        ports=ports,
        node_nm=node_nm,
        supply_v=supply_v,
        area_um2=none,
        read_j=none,
        write_j=none,
        leakage_w=none,
        access_s=none,
        setup_s=none,
        array_share=None,
    )


def _leakage_per_bit(c: Callable[[str], float], node_nm: float) -> float:
    low_nm, high_nm = _LEAKAGE_NM
    share = math.log(node_nm / low_nm) / math.log(high_nm / low_nm)
    return c("leakage_130_w_per_bit") ** (1 - share) * c("leakage_180_w_per_bit") ** share


def _extrapolated(figure: Figure, node_nm: float) -> Figure:
    """Take leakage at the nearest node known on to ``node_nm``: its value's law, wider bars."""
    nearest = min(max(node_nm, _LEAKAGE_NM[0]), _LEAKAGE_NM[1])
    if nearest == node_nm:
        return figure
    assert figure.low is not None and figure.high is not None
    value = _pick("value")
    ratio = _leakage_per_bit(value, node_nm) / _leakage_per_bit(value, nearest)
    wider = 10 ** abs(math.log2(node_nm / nearest))
    method = f"derived: {_METHOD}, extrapolated from {nearest} nm"
    taken = figure.times(ratio, method)
    return replace(taken, low=figure.low * ratio / wider, high=figure.high * ratio * wider)


def ports_for(clock_hz: float, samples_hz: float) -> str:
    """Return the ports that one read and one write for each sample need.

    With two clock cycles or more for each sample, read and write can take turns at one port.
    """
    require(clock_hz >= samples_hz, "the clock is slower than the samples come; give more MHz")
    return "1RW" if clock_hz >= 2 * samples_hz else "1R1W"


@cache
def read() -> dict[str, Any]:
    """Return ``sram.toml``."""
    return tomllib.loads(Path(__file__).with_name("sram.toml").read_text(encoding="utf-8"))


def _pick(end: str) -> Callable[[str], float]:
    """Look up coefficients at ``value``, ``low`` or ``high``."""
    coefficients = read()["coefficients"]
    return lambda name: float(coefficients[name][end])


def _evaluate(formula: Callable[[Callable[[str], float]], float]) -> Figure:
    """Evaluate at all values, all low and all high ends: every formula here only grows."""
    return Figure(*(formula(_pick(end)) for end in ("value", "low", "high")), method=_METHOD)
