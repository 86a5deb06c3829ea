"""One HTML page of estimates: question, tables, pictures, notes; all in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..host.report import page as html
from . import published, tables
from .comparison_plot import comparison
from .plots import power, resources, speed
from .published import Link, Work, works
from .reading import Estimate, label
from .remarks import remarks
from .system import Point
from .system_plots import channel_sweep, link_power

NOTES = (
    "An estimate, made before a chip is chosen: bars are where the truth is expected, not limits "
    "that are guaranteed. A figure of the tool or chip at hand always beats it.",
    "Unknown is not zero: where a part is unknown, so is the sum, and what is known is told as "
    "its lower end.",
    "Estimates are of the bare core. Pins, clock generators, regulators and the board come on top.",
    "Power is of measured activity: the core, driven by the recording that the command names.",
    "SRAM macros come from a model, held against published macros (estimate/sram.toml).",
    "Published energies stand as published. Scaled ones (∝ node × supply²; Stillmaker and Baas, "
    "Integration 58, 2017) are a rough picture with wide bars.",
)
_QUESTION = "What does the encoder cost on this chip, and does it pay in the system?"


def page(
    estimates: Sequence[Estimate],
    command: str,
    *,
    points: Sequence[Point] = (),
    versions: Mapping[str, str | None] | None = None,
    date: str = "",
    notes: Sequence[str] = (),
    links: Sequence[Link] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    estimates : sequence of mapping
        As `estimate.reading` describes them.
    command : str
        The command line that made them.
    points : sequence of Point
        A sweep, where there is one.
    versions : mapping, optional
        Tools and their versions.
    date : str
        When; left out where empty, so that the same estimates give the same page.
    notes : sequence of str
        Notes of this run, before the usual ones.
    links : sequence of Link
        To judge the system with; the usual ones where they are not given.
    """
    links = published.links() if links is None else links
    body = [html.heading("Estimate of the probecodec core", 1), html.paragraph(_QUESTION)]
    body += [html.table(tables.overview(estimates))]
    if any(one.get("fmax_hz") for one in estimates):
        body += [html.heading("Speed"), html.picture(speed(estimates, "svg"), "fmax of each seed")]
    for one in estimates:
        body.append(html.heading(label(one)))
        if one.get("stages"):
            body.append(html.picture(resources(one, "svg"), "resources of each stage"))
        if one.get("stages") or one.get("resources"):
            body.append(html.table(tables.resources(one)))
        body.append(html.bullets(remarks(one)))
        if one.get("power"):
            body.append(html.picture(power(one, "svg"), "power of each part"))
            body.append(html.table(tables.power(one)))
        if one.get("memories"):
            body.append(html.table(tables.memories(one)))
        body.append(html.table(tables.system(one, links)))
        if one.get("energy_per_sample_j") and one.get("bits_per_sample"):
            body.append(html.picture(link_power(one, links, "svg"), "power over the link's energy"))
    if points:
        body += [
            html.heading("Channels and clocks"),
            html.picture(channel_sweep(points, "svg"), "sweep"),
        ]
        body.append(html.table(tables.sweeping(points)))
    body.append(html.heading("Beside published work"))
    nodes = [
        one["node_nm"] for one in estimates if one.get("kind") == "asic" and one.get("node_nm")
    ]
    for per in ("sample", "bit"):
        picture = comparison(
            works(),
            published.compared(estimates),
            "svg",
            per=per,
            to_node_nm=min(nodes, default=None),
        )
        body.append(html.picture(picture, f"energy of a {per} over node"))
    body.append(html.table(tables.published(works(), estimates)))
    body += [html.heading("Notes"), html.bullets([*notes, *NOTES])]
    body.append(html.heading("Sources of published figures", 3))
    body.append(html.bullets([_source(work) for work in works()]))
    body.append(html.bullets([f"{link.name}: {link.source}" for link in links]))
    made = [f"{name} {version or 'unknown'}" for name, version in (versions or {}).items()]
    body += [html.heading("How it was made"), html.verbatim(command)]
    body.append(html.paragraph("; ".join([*filter(None, [date]), *made]), note=True))
    return html.page("probecodec estimate", body)


def _source(work: Work) -> str:
    told = f"{work.name}: {work.source}"
    return f"{told} (second-hand: {', '.join(work.unverified)})" if work.unverified else told
