# amaranth: UnusedElaboratable=no
"""The front ends and links by name, and how each is made for a design."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from amaranth import Elaboratable
from amaranth.lib import wiring

from ..golden.errors import ConfigError, require
from ..hdl.links.limits import is_whole, shown

if TYPE_CHECKING:
    from .design import Design

_MAC = "02:70:72:6f:62:65"  # locally administered, so that it needs no registration; "probe"


def _emulator(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.inputs.emulator import Emulator

    return Emulator(
        design.config,
        frame_cycles=design.frame_cycles,
        clock_hz=design.board.clock_hz,
        **settings,
    )


def _native(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.inputs.native import Native

    return Native(design.config, **settings)


def _multiplexed(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.inputs.multiplexed import Multiplexed

    return Multiplexed(design.config, **settings)


def _rhd(per_chip: int) -> Callable[..., wiring.Component]:
    def make(design: Design, **settings: Any) -> wiring.Component:
        from ..golden.rhd import RhdSettings
        from ..hdl.inputs.rhd import Rhd

        names = RhdSettings.__dataclass_fields__.keys() & settings.keys()
        amplifiers = RhdSettings(**{name: settings.pop(name) for name in names})
        return Rhd(
            design.config,
            chips=-(-design.config.channels // per_chip),
            frame_cycles=design.frame_cycles,
            clock_hz=design.board.clock_hz,
            double_rate=per_chip == 64,
            settings=amplifiers,
            **settings,
        )

    return make


def _uart(design: Design, *, baud: float, **settings: Any) -> wiring.Component:
    from ..hdl.links.uart import Uart, uart_divisor

    divisor = uart_divisor(design.board.clock_hz, baud)
    return Uart(divisor=divisor, **settings)


def _spi(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.links.spi import Spi

    return Spi(**settings)


def _fifo(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.links.fifo import FtFifo

    return FtFifo(**settings)


def _ethernet(module: str, name: str) -> Callable[..., wiring.Component]:
    def make(design: Design, source_mac: str = _MAC, **settings: Any) -> wiring.Component:
        from importlib import import_module

        from ..golden.udp import UdpConfig

        component = getattr(import_module(f"..hdl.links.{module}", __package__), name)
        return component(config=UdpConfig(source_mac=source_mac, **settings))

    return make


def _usb(design: Design, **settings: Any) -> wiring.Component:
    from ..hdl.links.usb import Usb

    return Usb(**settings)


INPUTS: dict[str, Callable[..., wiring.Component]] = {
    "emulator": _emulator,
    "native": _native,
    "multiplexed": _multiplexed,
    "rhd2132": _rhd(32),
    "rhd2164": _rhd(64),
}

LINKS: dict[str, Callable[..., wiring.Component]] = {
    "uart": _uart,
    "spi": _spi,
    "ft245": _fifo,
    "ft600": _fifo,
    "ft601": _fifo,
    "mii": _ethernet("mii", "MiiLink"),
    "rmii": _ethernet("rmii", "RmiiLink"),
    "rgmii": _ethernet("rgmii", "RgmiiLink"),
    "usb": _usb,
}


def make_part(
    design: Design, kind: str, name: str, settings: Mapping[str, Any]
) -> wiring.Component:
    """Return a new front end (``kind`` "input") or link (``kind`` "link")."""
    maker = (INPUTS if kind == "input" else LINKS)[name]
    part = f"the {'front end' if kind == 'input' else 'link'} {name}"
    try:
        component = maker(design, **settings)
    except ConfigError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        if unknown := _UNKNOWN.search(str(error)):
            raise ConfigError(f"{part} has no setting {unknown[1]!r}") from None
        told = ", ".join(f"{key} = {shown(value, _ECHO)}" for key, value in settings.items())
        if missing := _MISSING.search(str(error)):
            raise ConfigError(
                f"{part} needs the setting {missing[1]!r}; it has {told or 'none'}"
            ) from None
        raise ConfigError(f"{part} does not take {told} ({error})") from None
    quiet(component)
    parameters = signature(type(component).__init__).parameters
    for key, value in settings.items():
        kind_of_value = parameters[key].annotation if key in parameters else None
        require(
            kind_of_value is not int or is_whole(value),
            f"{part} needs a whole number for {key}, not {shown(value, _ECHO)}",
        )
        require(
            kind_of_value is bool or not isinstance(value, bool),
            f"{part} does not take {key} = {value}: it is no switch",
        )
    return component


_ECHO = 60  # characters of a value that a message repeats
_MISSING = re.compile(r"missing \d+ required keyword-only arguments?: '(\w+)'")
_UNKNOWN = re.compile(r"(?:unexpected keyword argument|multiple values for .*argument) '(\w+)'")


def quiet(component: Elaboratable) -> None:
    """Keep Amaranth from warning that a component, made only to be asked, is never used."""
    component._MustUse__used = True
    for part in vars(component).values():
        if isinstance(part, Elaboratable):
            quiet(part)


# Front ends that make the frames' time themselves; the others take it from what is at their pins.
TIMEKEEPERS = ("emulator", "rhd2132", "rhd2164")
