"""Published compressors and links (``published.toml``), and their energies on other nodes."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from ..golden.errors import require
from .result import Figure, unknown

_FEW = 4  # estimates that a picture has room for


@dataclass(frozen=True, kw_only=True)
class Work:
    """A published core or chip; None where its authors say nothing.

    Attributes
    ----------
    kind, status : str
        ``asic`` or ``fpga``; measured, synthesised, test structure or FPGA.
    lossless : bool
        Do the samples come back? Where not, its energy is of another task.
    node_nm, supply_v : float, optional
        Process and supply.
    channels, sample_bits : int, optional
        Of the case that the figures are for.
    rate_hz : float, optional
        Samples of one channel in a second; ``samples_hz``: the most of all channels.
    power_w, w_per_channel, j_per_bit : float, optional
        Watts in all, watts of a channel, joules of a raw sample bit.
    kgates, area_um2, compression : float, optional
        Thousand gates, µm², raw bits over coded bits; of all channels.
    bound, unverified : tuple of str
        Fields that are upper ends; fields from second-hand sources.
    """

    name: str
    year: int
    what: str
    kind: str
    status: str
    lossless: bool
    source: str
    node_nm: float | None = None
    supply_v: float | None = None
    channels: int | None = None
    sample_bits: int | None = None
    rate_hz: float | None = None
    samples_hz: float | None = None
    power_w: float | None = None
    w_per_channel: float | None = None
    j_per_bit: float | None = None
    kgates: float | None = None
    area_um2: float | None = None
    compression: float | None = None
    part: str = ""
    resources: Mapping[str, float] = field(default_factory=dict)
    bound: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    def power_per_channel(self) -> Figure:
        """Watts of one channel; unknown where power or channels are."""
        if self.w_per_channel is not None:
            return self._figure(self.w_per_channel)
        if self.power_w is not None and self.channels:
            return self._figure(self.power_w / self.channels)
        return unknown(f"{self.name} gives no power with a number of channels")

    def energy_per_sample(self) -> Figure:
        """Joules of one sample; unknown where rate, channels or bits are."""
        watts = self.power_per_channel()
        if watts.is_known and self.rate_hz:
            return watts.times(1 / self.rate_hz)
        if self.j_per_bit is not None and self.sample_bits:
            return self._figure(self.j_per_bit * self.sample_bits)
        return unknown(f"{self.name} gives no power with a rate, or no bits of a sample")

    def energy_per_bit(self) -> Figure:
        """Joules of one raw sample bit; unknown where rate, channels or bits are."""
        if self.j_per_bit is not None:
            return self._figure(self.j_per_bit)
        sample = self.energy_per_sample()
        if sample.is_known and self.sample_bits:
            return sample.times(1 / self.sample_bits)
        return unknown(f"{self.name} gives no power with a rate, or no bits of a sample")

    def _figure(self, value: float) -> Figure:
        """A figure without error bars; "at most" where its power is an upper end."""
        upper = bool({"power_w", "w_per_channel", "j_per_bit"} & set(self.bound))
        method = f"{self.name}, {self.status}" + (", at most" if upper else "")
        return Figure(value, None, value if upper else None, method)


def compared(estimates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the estimates that a picture has room for: all of a few, else two of chips."""
    if len(estimates) <= _FEW:
        return list(estimates)
    chips = [one for one in estimates if one.get("kind") == "asic"] or list(estimates)
    ends = [one for one in chips if one.get("preset") in ("tiny", "adaptive")]
    return (ends or chips)[:_FEW]


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a sent or stored bit costs.

    Attributes
    ----------
    j_per_bit : Figure
        Joules of a bit while the link is filled, at the rate that ``source`` tells.
    always : bool
        It draws its current without bits, too. Power is then that of the filled link, whatever
        it carries: at a lower rate, bits × ``j_per_bit`` is too little unless the link sleeps.
    carries_hz : float, optional
        The most bits of payload in a second; None where the source does not say.
    """

    name: str
    j_per_bit: Figure
    always: bool
    source: str
    carries_hz: float | None = None


@cache
def works() -> tuple[Work, ...]:
    """Return all published works, as the file orders them."""
    names = {one.name for one in fields(Work)}
    made = []
    for entry in _read()["works"]:
        require(set(entry) <= names, f"published.toml: {entry['name']} has an unknown field")
        lists = {key: tuple(entry[key]) for key in ("bound", "unverified") if key in entry}
        made.append(Work(**(entry | lists)))
    return tuple(made)


@cache
def links() -> tuple[Link, ...]:
    """Return typical links, from the cheapest bit to the dearest."""
    made = [
        Link(
            name=entry["name"],
            j_per_bit=Figure(
                entry["j_per_bit"], entry["low"], entry["high"], f"{entry['kind']}: {entry['name']}"
            ),
            always=entry.get("always", False),
            source=entry["source"],
            carries_hz=entry.get("carries_hz"),
        )
        for entry in _read()["links"]
    ]
    return tuple(sorted(made, key=lambda link: link.j_per_bit.value or 0.0))


def nominal_supply_v(node_nm: float) -> float | None:
    """Return the usual supply of a node's core transistors, V."""
    return _read()["nominal_supply_v"].get(f"{node_nm:g}")


def scaled(
    energy: Figure,
    from_node_nm: float,
    to_node_nm: float,
    from_supply_v: float | None = None,
    to_supply_v: float | None = None,
) -> Figure:
    """Return an energy as it might be on another node: × (node ratio) × (supply ratio)².

    A rough picture, to stand beside the published figure and never for it: the bars begin at a
    factor of two and widen with each halving of the node (source: ``scaling`` in
    ``published.toml``). Without a supply, the node's usual one; unknown where that is not known.
    """
    before = from_supply_v or nominal_supply_v(from_node_nm)
    after = to_supply_v or nominal_supply_v(to_node_nm)
    if energy.value is None:
        return energy
    if before is None or after is None:
        node = from_node_nm if before is None else to_node_nm
        return unknown(f"no usual supply is known at {node:g} nm")
    if (from_node_nm, before) == (to_node_nm, after):
        return energy
    rules = _read()["scaling"]
    factor = to_node_nm / from_node_nm * (after / before) ** 2
    wider = rules["widen_per_halving"] ** abs(math.log2(to_node_nm / from_node_nm))
    low = energy.value if energy.low is None else energy.low
    high = energy.value if energy.high is None else energy.high
    return Figure(
        energy.value * factor,
        low * factor * rules["factor_low"] / wider,
        high * factor * rules["factor_high"] * wider,
        f"{energy.method}, scaled from {from_node_nm:g} nm, {before:g} V "
        f"to {to_node_nm:g} nm, {after:g} V",
    )


@cache
def _read() -> dict[str, Any]:
    text = Path(__file__).with_name("published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
