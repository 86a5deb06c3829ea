"""What an estimate tells in words: timing, latency, what drove it, what could not be built."""

from __future__ import annotations

from .matrix import Estimate
from .reading import figure_of, label, number, si


def remarks(one: Estimate) -> list[str]:
    """Return lines of text."""
    name = label(one)
    if "problem" in one:
        return [f"{one['target']}, {one['preset']}: {one['problem']}"]
    told = []
    if "recording" in one:
        told.append(f"driven by {one['recording']}: {number(one['bits_per_sample'])} bits a sample")
    slack = figure_of(one.get("slack_s"))
    if slack.value is not None:
        worst = "" if slack.low is None else f" (worst placement {si(slack.low, 's')})"
        told.append(f"slack at {si(one['clock_hz'], 'Hz')}: {si(slack.value, 's')}{worst}")
    elif one.get("kind") == "fpga" and "fmax" in one:
        told.append(f"fmax unknown: {figure_of(one['fmax']).method}")
    if one.get("probes"):
        told.append(f"at the worst fmax one core takes {_probes(one)}")
    if cycles := one.get("latency_cycles"):
        steps = ", ".join(
            f"{what} {count} cycles ({si(count / one['clock_hz'], 's')})"
            for what, count in cycles.items()
        )
        told.append(f"latency from a sample to its {steps}")
    told += one.get("notes", [])
    return [f"{name}: {line}" for line in told]


def _probes(one: Estimate) -> str:
    count = one["probes"]
    return f"{count} probe{'s' if count > 1 else ''} of {one['channels']} channels in turns"
