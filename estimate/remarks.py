"""What an estimate tells in words: timing, latency, what drove it, what could not be built."""

from __future__ import annotations

from .matrix import Estimate
from .reading import figure_of, is_late, number, si, slowest, text


def remarks(one: Estimate) -> list[str]:
    """Return lines of text."""
    if "problem" in one:
        return [one["problem"]]
    told = []
    if "recording" in one:
        told.append(f"driven by {one['recording']}: {number(one['bits_per_sample'])} bits a sample")
    cycles_each = one.get("clock_hz", 0) / one.get("samples_hz", 1)
    if is_late(one):
        told.append(
            f"THE CLOCK OF {si(one['clock_hz'], 'Hz')} IS TOO FAST: {si(slowest(one), 'Hz')} is "
            "all that it reaches; power is of a core that would not work"
        )
    elif cycles_each > 1.5:
        told.append(
            f"the clock ticks {cycles_each:.2g} times a sample; --clock "
            f"{one['samples_hz'] / 1e6:.6g} would do, for less power"
        )
    slack = figure_of(one.get("slack_s"))
    if slack.value is not None:
        worst = "" if slack.low is None else f" (worst placement {si(slack.low, 's')})"
        told.append(f"slack at {si(one['clock_hz'], 'Hz')}: {si(slack.value, 's')}{worst}")
    elif one.get("kind") == "fpga" and "fmax" in one:
        told.append(f"fmax unknown: {figure_of(one['fmax']).method}")
    if one.get("probes"):
        told.append(_probes(one))
    if cycles := one.get("latency_cycles"):
        steps = ", ".join(
            f"{what} {count} cycles ({si(count / one['clock_hz'], 's')})"
            for what, count in cycles.items()
        )
        told.append(
            f"latency of a packet's last sample, to its {steps}; where the FIFO is empty, the "
            "header sent and the link ready"
        )
    if one.get("kind") == "asic":
        told += _chip(one)
    told += one.get("notes", [])
    return told


def _probes(one: Estimate) -> str:
    """By speed alone: the memories grow with the channels."""
    count = one["probes"]
    return (
        f"the worst fmax would do for {count} probe{'s' if count > 1 else ''} of {one['channels']} "
        f"channels in turns: estimate --channels {count * one['channels']} to see whether the "
        "memories do, too"
        if count > 1
        else f"the worst fmax does for one probe of {one['channels']} channels"
    )


def _chip(one: Estimate) -> list[str]:
    """What is asked of an ASIC besides its size."""
    shares = {
        "a channel": ("power_per_channel_w", "W"),
        "a sample": ("energy_per_sample_j", "J"),
        "a raw bit": ("energy_per_input_bit_j", "J"),
        "a bit sent": ("energy_per_output_bit_j", "J"),
        "in all without memories": ("logic_w", "W"),
    }
    parts = [
        f"{text(figure_of(one[key]), unit)} {what}"
        for what, (key, unit) in shares.items()
        if key in one
    ]
    told = [", ".join(parts)] if parts else []
    if one.get("clock_gates"):
        told.append(f"{one['clock_gates']} clock gates, {one['flip_flops']} flip-flops")
    if path := figure_of(one.get("critical_s")).value:
        told.append(f"slowest path {si(path, 's')}, wires before layout")
    if one.get("areas_corrected"):
        cells = ", ".join(one["areas_corrected"])
        told.append(f"areas of {cells} are those of its LEF file, as the liberty file's are wrong")
    if other := one.get("second_opinion"):
        watts = sum(other[key] for key in ("internal_w", "switching_w", "leakage_w"))
        told.append(
            f"OpenSTA {other['version']} says {si(watts, 'W')} without memories"
            + (f" ({other['note']})" if other.get("note") else "")
            + f", slowest path {si(other['critical_s'], 's')}"
        )
    return told
