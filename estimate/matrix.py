"""Several estimates: presets by targets, and a sweep over channels and clocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..boards.build import Progress
from ..golden.config import PRESETS
from ..golden.errors import ConfigError
from .reading import is_late, parts_of, si, slowest
from .result import total, unknown
from .system import Cost, Point, sweep

# What `everything` estimates: boards, and a library.
BOARDS = ("icebreaker", "orangecrab", "arty-a7")
LIBRARY = "osu018"
_STATIC = ("static", "leakage")
_TICKING = ("clock", "clock tree")
_CLOCKS = (1, 4)  # cycles a sample of a sweep

Estimate = dict[str, Any]
# Makes an estimate of a target with a preset, fields of the configuration, and a clock in hertz
# (None: the target's own).
Maker = Callable[
    [str, str, dict[str, Any], float | None, Progress], tuple[Estimate, dict[str, Path]]
]


@dataclass(kw_only=True)
class Made:
    """Estimates, and where the tools' reports are.

    Attributes
    ----------
    estimates : list of dict
    reports : dict
        Name to folder.
    told : dict
        Name of a folder of reports to the estimate that they are of.
    """

    estimates: list[Estimate] = field(default_factory=list)
    told: dict[str, Estimate] = field(default_factory=dict)
    reports: dict[str, Path] = field(default_factory=dict)

    def add(self, target: str, one: Estimate, reports: dict[str, Path]) -> Estimate:
        """Take an estimate in, and return it."""
        self.estimates.append(one)
        self.keep(target, one, reports)
        return one

    def keep(self, target: str, one: Estimate, reports: dict[str, Path]) -> None:
        """Take the reports of an estimate in."""
        clock = f"{one['clock_hz'] / 1e6:g}MHz"
        place = f"{Path(target).stem}-{one['preset']}-{one['channels']}ch-{clock}"
        self.told[place] = one
        self.reports |= {f"{place}/{name}": folder for name, folder in reports.items()}


def everything(
    maker: Maker,
    targets: Sequence[str],
    fields: dict[str, Any],
    clock_hz: float | None,
    made: Made,
    progress: Progress,
) -> None:
    """Estimate every preset on every target; one that cannot be built there says why."""
    wanted = [(target, preset) for target in targets for preset in PRESETS]
    for done, (target, preset) in enumerate(wanted):
        progress("estimates", done, len(wanted))
        try:
            made.add(target, *maker(target, preset, fields, clock_hz, progress))
        except ConfigError as error:
            made.estimates.append({"target": target, "preset": preset, "problem": str(error)})
    progress("estimates", len(wanted), len(wanted))


def swept(
    maker: Maker,
    target: str,
    presets: Sequence[str],
    channels: Sequence[int],
    fields: dict[str, Any],
    made: Made,
    progress: Progress,
) -> list[Point]:
    """Return a sweep over presets, channels and clocks of one target.

    A clock slower than a target's own is asked of it, too: a clock is a choice here.
    """
    rate_hz, raw_bits = fields["rate_hz"], fields["sample_bits"]
    wanted, done = len(presets) * len(channels) * len(_CLOCKS), 0

    def cost(preset: str, count: int, clock_hz: float) -> Cost:
        nonlocal done
        progress("sweep", done, wanted)
        one, reports = maker(target, preset, fields | {"channels": count}, clock_hz, progress)
        made.keep(target, one, reports)
        done += 1
        progress("sweep", done, wanted)
        return cost_of(one)

    points: list[Point] = []
    for count in dict.fromkeys(channels):
        clocks = [count * rate_hz * cycles for cycles in _CLOCKS]
        for preset in presets:
            try:
                points += sweep(cost, [preset], [count], clocks, rate_hz=rate_hz, raw_bits=raw_bits)
            except ConfigError as error:
                problem = f"{count} channels: {error}"
                made.estimates.append({"target": target, "preset": preset, "problem": problem})
    return points


def cost_of(one: Estimate) -> Cost:
    """Return what an estimate says of rest, clock and samples; pins are the link's."""
    parts = {part: figure for part, figure in parts_of(one).items() if part != "io"}
    apart = (*_STATIC, *_TICKING)
    moving = total({part: figure for part, figure in parts.items() if part not in apart})
    static = total({part: parts[part] for part in _STATIC if part in parts})
    if is_late(one):
        static = unknown(f"it reaches {si(slowest(one), 'Hz')} only")
    return Cost(
        static_w=static,
        clock_w=total({part: parts[part] for part in _TICKING if part in parts}),
        dynamic_j_per_sample=moving.times(1 / one["samples_hz"], moving.method),
        bits_per_sample=one["bits_per_sample"],
    )
