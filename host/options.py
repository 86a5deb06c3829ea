"""Options that verbs of the command line share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..golden.config import PRESETS
from ..golden.format import Mode, Order

if TYPE_CHECKING:
    from .recording import Recording

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Failure(click.ClickException):
    """Ends the program with one sentence and exit status 2."""

    exit_code = 2


def gather(name: str, options: dict[str, Decorator]) -> Decorator:
    """Add ``options`` (argument: option) to a verb, which gets those given as one dict ``name``."""

    def decorate(verb: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(verb)
        def gathered(**values: Any) -> Any:
            pairs = {key: values.pop(key) for key in options}
            given = {key: value for key, value in pairs.items() if value is not None}
            return verb(**values, **{name: given})

        for option in reversed(options.values()):
            option(gathered)
        return gathered

    return decorate


def _modes(names: str) -> tuple[Mode, ...]:
    """The modes of a comma-separated list."""
    try:
        modes = tuple(Mode[name.strip().upper()] for name in names.split(","))
    except KeyError as error:
        known = ", ".join(mode.name.lower() for mode in Mode)
        name = error.args[0].lower()
        raise click.BadParameter(f"no mode is named {name!r}; there are {known}") from None
    if len(set(modes)) < len(modes):
        raise click.BadParameter(f"{names!r} names a mode twice")
    return modes


# A verb gets ``recording``: keyword arguments of `open_recording`.
recording_options = gather(
    "recording",
    {
        "channels": click.option(
            "--channels", type=int, help="Channels; needed for a .bin without a .meta."
        ),
        "sample_bits": click.option(
            "--sample-bits",
            type=int,
            help="Width of a sample; needed for a .bin without a .meta; for .npy 16 by default.",
        ),
        "rate_hz": click.option(
            "--rate", "rate_hz", type=float, help="Frames a second; 30000 where no .meta tells."
        ),
        "lsb_uv": click.option(
            "--lsb-uv", type=float, help="Microvolts of one ADC step; 0: unknown."
        ),
        "aux_bits": click.option(
            "--aux-bits", type=int, help="Width of the auxiliary word in the last column."
        ),
    },
)

# A verb gets ``config``: keyword arguments of `Recording.config`, ``preset`` among them.
config_options = gather(
    "config",
    {
        "preset": click.option(
            "--preset",
            type=click.Choice(list(PRESETS)),
            default="adaptive",
            show_default=True,
            help="Named configuration to begin with.",
        ),
        "modes": click.option(
            "--modes",
            metavar="A,B,…",
            callback=lambda context, option, names: None if names is None else _modes(names),
            help=f"Modes to build, the first active at reset, instead of the preset's: of "
            f"{', '.join(mode.name.lower() for mode in Mode)}.",
        ),
        "order": click.option(
            "--order",
            type=click.Choice([order.name.lower() for order in Order]),
            callback=lambda context, option, name: None if name is None else Order[name.upper()],
            help="Order in which the probe delivers its channels; sequential by default.",
        ),
        "packet_frames": click.option("--packet-frames", type=int, help="Frames in a packet."),
        "restart_interval": click.option(
            "--restart-interval",
            type=int,
            help="Packets (not frames) from one restart to the next; by default as many as have "
            "about 7,500 frames.",
        ),
        "fixed_bits": click.option(
            "--fixed-bits", type=int, help="Symbol width of the mode fixed."
        ),
        "stream_id": click.option("--stream-id", type=int, help="Names the probe, 0 to 255."),
    },
)


def tell_doubts(rec: Path, given: dict[str, Any], recording: Recording) -> None:
    """Say on stderr what looks wrong about a recording, and a rate assumed as nothing tells it."""
    from .recording import doubts

    for sentence in doubts(rec, recording):
        click.echo(sentence, err=True)
    if "rate_hz" not in given and not rec.with_suffix(".meta").is_file():
        rate = f"{recording.rate_hz:g} Hz"
        click.echo(f"{rec} does not tell its rate: {rate} assumed (--rate)", err=True)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
force_option = click.option("--force", is_flag=True, help="Replace files that exist.")


fill_option = click.option(
    "--fill",
    type=click.Choice(["zero", "hold", "nan", "error"]),
    default="zero",
    show_default=True,
    help="What stands for missing frames: zeros; the frame before; not-a-number (.npy, float32); "
    "or end with an error.",
)

# A verb gets ``opening``: keyword arguments of `open_capture`.
capture_options = gather(
    "opening",
    {
        "stream_id": click.option(
            "--stream-id", type=int, help="The probe, where there are more than one."
        ),
        "segment": click.option(
            "--segment", type=int, help="The segment, where there are more than one."
        ),
        "index": click.option(
            "--index",
            is_flag=True,
            default=None,
            help="Keep the index beside CAPTURE (CAPTURE.index), for the next time.",
        ),
    },
)
