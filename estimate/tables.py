"""What an estimate tells, as tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..host.report.grid import Grid
from .published import Link, Work
from .reading import (
    NAMES,
    UNKNOWN,
    Estimate,
    area,
    count,
    figure_of,
    label,
    number,
    parts_of,
    power_of,
    si,
    size,
    speed,
    text,
)
from .result import unknown
from .system import Point, break_even, net_saving

_BESIDE = 3  # estimates that stand side by side


def summary(estimates: Sequence[Estimate]) -> Grid:
    """One row for each estimate."""
    headings = ("target", "preset", "channels", "clock", "fmax", "size", "power", "a sample", "b/S")
    rows = [
        (
            str(one.get("target", UNKNOWN)),
            str(one.get("preset", UNKNOWN)),
            str(one.get("channels", UNKNOWN)),
            si(one.get("clock_hz"), "Hz"),
            speed(one),
            size(one),
            text(power_of(one), "W"),
            text(figure_of(one.get("energy_per_sample_j")), "J"),
            number(one.get("bits_per_sample")),
        )
        for one in estimates
    ]
    note = (
        "b/S: bits a sample on the link. fmax: worst seed, slowest silicon; of a chip the typical "
        "corner, ± 25 %. power, a sample: of the core, pins left out."
    )
    return Grid("Estimates", headings, rows, note)


def overview(estimates: Sequence[Estimate]) -> Grid:
    """The summary; a few estimates stand side by side."""
    grid = summary(estimates)
    return grid.turned() if 0 < len(estimates) <= _BESIDE else grid


def resources(estimate: Estimate) -> Grid:
    """What is used of what is there, and of that in each stage."""
    stages = estimate.get("stages") or {}
    used = dict(estimate.get("resources") or {})
    names = list(dict.fromkeys([*used, *(name for one in stages.values() for name in one)]))
    whole = {name: one.get("used") for name, one in used.items()}
    there = {name: one.get("there") for name, one in used.items()}
    lines = stages | {"in all": whole} | ({"on the chip": there} if any(there.values()) else {})
    rows = [
        (line, *("–" if one.get(name) is None else count(one[name]) for name in names))
        for line, one in lines.items()
    ]
    headings = ("stage", *(NAMES.get(name, name) for name in names))
    return Grid(f"Resources: {label(estimate)}", headings, rows)


def power(estimate: Estimate) -> Grid:
    """Watts of each part, with how they were found."""
    parts = parts_of(estimate)
    pins = {"pins, apart": parts.pop("io")} if "io" in parts else {}
    parts |= {"in all": power_of(estimate)} | pins
    rows = [(part, text(figure, "W"), figure.method) for part, figure in parts.items()]
    return Grid(f"Power: {label(estimate)}", ("part", "power", "method"), rows)


def memories(estimate: Estimate) -> Grid:
    """The macros of an ASIC."""
    rows = [
        (
            one["name"],
            f"{one['depth']} × {one['width']}",
            area({"area_um2": one["area_um2"]}),
            text(figure_of(one["read_j"]), "J"),
            number(one["reads"]),
            number(one["writes"]),
            text(figure_of(one["power_w"]), "W"),
        )
        for one in estimate.get("memories") or []
    ]
    headings = ("macro", "words", "area", "a read", "reads a cycle", "writes", "power")
    return Grid(f"Memories: {label(estimate)}", headings, rows, "By a model: estimate/sram.toml.")


def published(works: Iterable[Work], estimates: Sequence[Estimate], brief: bool = False) -> Grid:
    """Ours, then published work; energies as published, never scaled.

    ``brief``: chips whose power is known, and the columns that a terminal has room for.
    """
    headings = (
        "", "node", "a channel", "a sample", "a raw bit", "size", "status", "ratio", "up to", "what"
    )  # fmt: skip
    rows = []
    for one in estimates:
        energy, bits = figure_of(one.get("energy_per_sample_j")), one.get("sample_bits")
        coded, seeds = one.get("bits_per_sample"), one.get("fmax_hz")
        raw = energy.times(1 / bits) if bits else unknown("bits of a sample")
        rate = one.get("rate_hz")
        node = one.get("node_nm")
        rows.append(
            (
                f"this: {one.get('preset', UNKNOWN)}" if brief else f"this: {label(one)}",
                f"{node:g} nm" if node else "–",
                text(energy.times(rate) if rate else unknown("rate"), "W"),
                text(energy, "J"),
                text(raw, "J"),
                size(one),
                "estimate",
                f"{bits / coded:.2f}" if bits and coded else UNKNOWN,
                si(min(seeds), "S/s") if seeds else UNKNOWN,
                "",
            )
        )
    for work in works:
        power = work.power_per_channel()
        if brief and not (power.is_known or work.energy_per_bit().is_known):
            continue
        parts = [f"{count(used)} {name}" for name, used in work.resources.items()]
        gates = UNKNOWN if work.kgates is None else f"{number(work.kgates)} kgates"
        rows.append(
            (
                work.name,
                "–" if work.node_nm is None else f"{work.node_nm:g} nm",
                text(power, "W"),
                text(work.energy_per_sample(), "J"),
                text(work.energy_per_bit(), "J"),
                ", ".join(parts) or gates,
                work.status,
                number(work.compression),
                si(work.samples_hz, "S/s"),
                ("" if work.lossless else "lossy; ") + work.what,
            )
        )
    note = (
        "As published, not scaled. Tasks differ: ECG, images, neural signals. up to: samples a "
        "second of all channels. Sources are in estimate/published.toml."
    )
    shown = 5 if brief else len(headings)
    if brief:
        note = "As published, not scaled; tasks differ (--html tells more)."
    return Grid("Published work", headings[:shown], [row[:shown] for row in rows], note)


def system(estimate: Estimate, links: Iterable[Link]) -> Grid:
    """What compression saves at each link: net power, the encoder's taken off."""
    energy, raw = figure_of(estimate.get("energy_per_sample_j")), estimate.get("sample_bits")
    coded, title = estimate.get("bits_per_sample"), f"Links: {label(estimate)}"
    if not raw or not coded:
        return Grid(title, ("link",), [], "Bits a sample are unknown, so no link can be judged.")
    samples_hz = estimate["channels"] * estimate["rate_hz"]
    even = break_even(energy, raw, coded)
    rows = []
    for link in links:
        saved = net_saving(energy, raw, coded, link.j_per_bit, samples_hz)
        raw_w = link.j_per_bit.times(raw * samples_hz)
        draws = "always on" if link.always else "a bit"
        carries = getattr(link, "carries_hz", None)
        needed = "" if carries is None else f"{math.ceil(coded * samples_hz / carries)}"
        told = (text(link.j_per_bit, "J/bit"), text(raw_w, "W"), text(saved, "W"), needed or "–")
        rows.append((link.name, draws, *told))
    note = f"Pays above {text(even, 'J/bit')}." if even.is_known else f"Pays: {even.method}."
    note += " A link that is always on saves only where it sleeps between packets."
    note += " needed: links side by side, for the coded samples."
    headings = ("link", "draws by", "energy", "raw samples", "net saving", "needed")
    return Grid(title, headings, rows, note)


def sweeping(points: Iterable[Point]) -> Grid:
    """One row for each point of a sweep."""
    headings = ("preset", "channels", "clock", "gated", "power", "a sample", "pays above")
    rows = [
        (
            point.preset,
            str(point.channels),
            si(point.clock_hz, "Hz"),
            "yes" if point.gated else "no",
            text(point.power_w, "W"),
            text(point.energy_per_sample_j, "J"),
            text(point.break_even_j_per_bit, "J/bit"),
        )
        for point in points
    ]
    return Grid("Sweep", headings, rows, "gated: the clock ticks only in cycles with a sample.")


def matrix(estimates: Sequence[Estimate]) -> Grid:
    """Presets by targets: size, worst fmax, power, energy of a sample."""
    several = len({one.get("channels") for one in estimates if "problem" not in one}) > 1

    def row(one: Estimate) -> str:
        return f"{one.get('preset')}, {one.get('channels')} ch" if several else str(one["preset"])

    targets = list(dict.fromkeys(str(one["target"]) for one in estimates))
    cells: dict[str, dict[str, str]] = {}
    for one in estimates:
        if "problem" in one:
            cells.setdefault(row(one), {})[str(one["target"])] = "cannot be built: see below"
            continue
        told = (speed(one), si(power_of(one).value, "W"))
        energy = si(figure_of(one.get("energy_per_sample_j")).value, "J")
        cells.setdefault(row(one), {})[str(one["target"])] = "; ".join(
            (size(one), *told, energy + ("" if energy == UNKNOWN else " a sample"))
        )
    rows = [(name, *(line.get(target, "–") for target in targets)) for name, line in cells.items()]
    return Grid("Presets and targets", ("preset", *targets), rows)
