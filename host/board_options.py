"""Options that describe a design: the core, its front end, its link."""

from __future__ import annotations

import ast
from typing import Any

import click

from .options import gather


def _settings(pairs: tuple[str, ...]) -> dict[str, Any] | None:
    """``NAME=VALUE`` as a dict; numbers as numbers."""
    found = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name.partition(".")[0] not in ("input", "link"):
            raise click.BadParameter(f"{pair!r} is not input.NAME=VALUE or link.NAME=VALUE")
        try:
            found[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found or None


# A verb gets ``core``: fields of `EncoderConfig`.
core_options = gather(
    "core",
    {
        "channels": click.option(
            "--channels", type=int, help="Channels, up to 4096; 384, or the board's."
        ),
        "sample_bits": click.option(
            "--sample-bits", type=int, help="Width of a sample, 8 to 16; 10, or the front end's."
        ),
        "aux_bits": click.option(
            "--aux-bits", type=int, help="Width of the auxiliary word, 0 to 16; 0."
        ),
        "fifo_words": click.option(
            "--fifo-words", type=int, help="Depth of the output FIFO in 32-bit words."
        ),
        "rate_hz": click.option(
            "--rate", "rate_hz", type=float, help="Frames a second; 30000, with RHD chips 20000."
        ),
        "lsb_uv": click.option(
            "--lsb-uv", type=float, help="Microvolts of one ADC step, for the metadata packet."
        ),
        "probe": click.option("--probe", help="Probe name, for the metadata packet."),
    },
)

# A verb gets ``parts``: arguments of `probecodec.boards.design.make`.
part_options = gather(
    "parts",
    {
        "input": click.option("--input", help="The board's front end; its default's."),
        "link": click.option("--link", help="The board's link; its default's."),
        "settings": click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="PART.NAME=VALUE",
            callback=lambda context, option, pairs: _settings(pairs),
            help="A setting of front end or link, as link.baud=3000000; docs/boards.md lists them.",
        ),
    },
)
