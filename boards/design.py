"""A design: a board, the core's configuration, a front end and a link, that go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from typing import Any

from amaranth.lib import wiring

from ..golden.config import EncoderConfig
from ..golden.errors import ConfigError, require
from ..golden.format import Mode, Order
from ..hdl.encoder import check
from .board import Board, Wires
from .parts import TIMEKEEPERS, make_part
from .pins import check_pins, check_shared
from .rates import Rate, rate, typical_bits


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is built for a board; `make` fills in the board's defaults.

    Parameters
    ----------
    board : Board
    config : EncoderConfig
    input, link : str
        Names in `probecodec.boards.parts`.
    settings : mapping
        Arguments of the front end and of the link that differ from the board's:
        ``{"link.baud": 3e6}``.
    """

    board: Board
    config: EncoderConfig
    input: str
    link: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The design in one line."""
        return (
            f"{self.board.title}: {self.input} ► {self.config.channels} channels of "
            f"{self.config.sample_bits} bits at {self.config.rate_hz:,.0f} Hz ► {self.link}"
        )

    @property
    def input_wires(self) -> Wires:
        """How the front end is wired."""
        return self.board.wires("input", self.input)

    @property
    def link_wires(self) -> Wires:
        """How the link is wired."""
        return self.board.wires("link", self.link)

    @property
    def frame_cycles(self) -> int:
        """Clock cycles from one frame to the next, of a front end that keeps time."""
        return round(self.board.clock_hz / self.config.rate_hz)

    @cached_property
    def input_component(self) -> wiring.Component:
        """A new front end."""
        return make_part(self, "input", self.input, self.settings_of("input"))

    @cached_property
    def link_component(self) -> wiring.Component:
        """A new link."""
        return make_part(self, "link", self.link, self.settings_of("link"))

    def settings_of(self, kind: str) -> dict[str, Any]:
        """Return the arguments of the front end (``kind`` "input") or the link."""
        prefix = f"{kind}."
        own = {
            key.removeprefix(prefix): value
            for key, value in self.settings.items()
            if key.startswith(prefix)
        }
        wires = self.input_wires if kind == "input" else self.link_wires
        return {**wires.settings, **own}

    @property
    def rate(self) -> Rate:
        """What the link must carry, and what it can, bits a second."""
        wires = self.link_wires
        clock_hz = wires.clock_hz or wires.clock_out_hz or self.board.clock_hz
        return rate(self.config, self.link_component.capacity(clock_hz))


def make(
    board: Board,
    *,
    preset: str = "adaptive",
    input: str | None = None,
    link: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Design:
    """Return a design for ``board``: its defaults, with what is given instead.

    Parameters
    ----------
    preset : str
        Of `probecodec.golden.config.PRESETS`.
    input, link : str
        A front end and a link that the board has.
    settings : mapping
        As in `Design`.
    **changes
        Fields of `EncoderConfig`. The rate becomes the nearest that the clock divides into.

    Raises
    ------
    ConfigError
        Where the board has no such front end or link, it has too few pins, the settings do not go
        together, or the link cannot carry the typical rate; the message says what would do.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    input, link = input or board.defaults["input"], link or board.defaults["link"]
    for kind, name in (("input", input), ("link", link)):
        board.wires(kind, name)
    for key in settings or {}:
        part, _, name = key.partition(".")
        require(
            part in ("input", "link") and bool(name),
            f"{key!r} is no setting's name; use input.NAME or link.NAME",
        )
    fields = {"rate_hz": 30_000.0, "channels": 32, "sample_bits": 10}
    fields |= {k: v for k, v in board.defaults.items() if k in EncoderConfig.__dataclass_fields__}
    fields |= _FIELDS.get(input, {}) | given

    def assemble(**other: Any) -> Design:
        config = EncoderConfig.preset(preset, **fields | other)
        check(config)
        if input in TIMEKEEPERS:
            cycles = max(1, round(board.clock_hz / config.rate_hz))
            config = replace(config, rate_hz=board.clock_hz / cycles)
        design = Design(board=board, config=config, input=input, link=link, settings=settings or {})
        for kind in ("input", "link"):
            check_pins(design, kind)
        check_shared(design)
        return design

    design = assemble()
    _check_rate(design, assemble)
    return design


# What a front end asks of the configuration, unless told otherwise.
_FIELDS: dict[str, dict[str, Any]] = {
    "multiplexed": {"order": Order.NP1, "channels": 384, "sample_bits": 10, "probe": "np1-like"},
    "rhd2132": {
        "channels": 32,
        "sample_bits": 16,
        "lsb_uv": 0.195,
        "probe": "RHD2132",
        "rate_hz": 20_000.0,
    },
    "rhd2164": {
        "channels": 64,
        "sample_bits": 16,
        "lsb_uv": 0.195,
        "probe": "RHD2164",
        "rate_hz": 20_000.0,
    },
}


def _check_rate(design: Design, assemble: Callable[..., Design]) -> None:
    """Does the link carry the typical rate? ``assemble`` makes the design with other fields."""
    found, config = design.rate, design.config
    if found.typical <= found.capacity:
        return
    share = found.capacity / found.typical
    others = [name for name in design.board.links if name != design.link and _carries(design, name)]
    cures = [f"the link {' or '.join(others)}"] if others else []
    thinner = [mode for mode in config.modes[1:] if _fits(design, mode)]
    if thinner:
        first = ",".join(
            m.name.lower() for m in sorted(config.modes, key=lambda m: m not in thinner)
        )
        cures.append(f"the mode {thinner[0].name.lower()} first (--modes {first})")
    most = _most_channels(int(config.channels * share), assemble)
    if most:
        cures.append(f"at most {most} channels")
    else:  # a frame takes whole clock cycles
        cycles = ceil(design.board.clock_hz / (config.rate_hz * share))
        slower = int(design.board.clock_hz / cycles)
        cures.append(f"at most {slower:,} frames a second" if slower else "another link")
    raise ConfigError(
        f"the link {design.link} carries {found.capacity / 1e6:.1f} Mbit/s, and "
        f"{config.channels} channels at {config.rate_hz:,.0f} Hz typically need "
        f"{found.typical / 1e6:.1f} Mbit/s ({typical_bits(config):.2f} bits a sample); use "
        f"{', or '.join(cures)}"
    )


def _most_channels(limit: int, assemble: Callable[..., Design]) -> int:
    """Return the most channels up to ``limit`` that the front end can have; 0 where none."""
    for channels in range(limit, 1, -1):
        with suppress(ConfigError):
            design = assemble(channels=channels)
            if design.rate.typical <= design.rate.capacity:
                return channels
    return 0


def _fits(design: Design, mode: Mode) -> bool:
    """Would the link carry ``mode``?"""
    modes = (mode, *(other for other in design.config.modes if other != mode))
    first = replace(design, config=replace(design.config, modes=modes)).rate
    return first.typical <= first.capacity


def _carries(design: Design, link: str) -> bool:
    """Would ``link`` do, with its own settings and pins?"""
    kept = {key: value for key, value in design.settings.items() if key.startswith("input.")}
    other = replace(design, link=link, settings=kept)
    with suppress(ConfigError):
        check_pins(other, "link")
        check_shared(other)
        return other.rate.typical <= other.rate.capacity
    return False
