"""How long an untethered logger lasts, with the encoder and without."""

from __future__ import annotations

from typing import Any

from ..host.report.grid import Grid
from .matrix import Estimate
from .reading import figure_of, label, text
from .result import Figure
from .system import Logger

FRONT_END_UW = 10.0  # of a channel, unless told: amplifiers of Neuropixels' kind take 10 to 50


def lasting(one: Estimate, system: dict[str, Any]) -> tuple[Grid, dict[str, Any]]:
    """Return a table and the same as JSON: raw samples beside coded ones.

    Parameters
    ----------
    system : dict
        Options of the verb: battery_mwh, link_pj, and front_end_uw, base_mw, storage_gb if given.
    """
    storage = system.get("storage_gb")
    logger = Logger(
        battery_mwh=system["battery_mwh"],
        channels=one["channels"],
        rate_hz=one["rate_hz"],
        front_end_w=system.get("front_end_uw", FRONT_END_UW) * 1e-6,
        base_w=system.get("base_mw", 0.0) * 1e-3,
        bit_j=system["link_pj"] * 1e-12,
        storage_bytes=None if storage is None else storage * 1e9,
    )
    encoder = figure_of(one["energy_per_sample_j"])
    ways = {
        "raw": (float(one["sample_bits"]), None),
        one["preset"]: (one["bits_per_sample"], encoder),
    }
    rows, told = [], {}
    for name, (bits, energy) in ways.items():
        figures = {
            "power_w": logger.power_w(bits, energy),
            "battery_h": logger.battery_hours(bits, energy),
            "storage_h": logger.storage_hours(bits),
        }
        told[name] = {key: figure.as_json() for key, figure in figures.items()}
        hours = [_hours(figures[key]) for key in ("battery_h", "storage_h")]
        rows.append((name, f"{bits:.2f}", text(figures["power_w"], "W"), *hours))
    note = (
        f"{logger.front_end_w * 1e6:g} µW a channel for amplifier and ADC, {logger.base_w * 1e3:g} "
        f"mW for the rest, {logger.bit_j * 1e12:g} pJ a bit."
    )
    headings = ("samples", "bits", "power", "battery lasts", "card lasts")
    return Grid(f"Logger: {label(one)}", headings, rows, note), told


def _hours(figure: Figure) -> str:
    if figure.value is None:
        return "–" if "stores nothing" in figure.method else "unknown"
    bars = "" if None in (figure.low, figure.high) else f" ({figure.low:.3g} to {figure.high:.3g})"
    return f"{figure.value:.3g} h{bars}"
