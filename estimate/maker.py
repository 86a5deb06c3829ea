"""From a target's name to its estimate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..boards.build import Progress
from ..boards.targets import board
from ..golden.config import PRESETS, EncoderConfig
from . import estimates, recordings
from .matrix import Estimate, Maker


def maker_of(
    libraries: Sequence[str],
    node_nm: float | None,
    rec: Path | None,
    frames: int,
    seeds: Sequence[int],
) -> Maker:
    """Return what makes estimates; of a target in ``libraries`` as an ASIC, else of a board.

    Parameters
    ----------
    node_nm : float, optional
        Of the process of ``libraries``.
    rec : Path, optional
        Recording that drives the core; a synthetic one where there is none.
    """
    told: set[str] = set()

    def make(
        target: str, preset: str, fields: dict[str, Any], clock_hz: float | None, progress: Progress
    ) -> tuple[Estimate, dict[str, Path]]:
        config = EncoderConfig.preset(preset, **fields)
        if config.modes != PRESETS[preset].modes:
            preset = "+".join(mode.name.lower() for mode in config.modes)
        chosen = None if target in libraries else board(target)
        if rec is None:
            drive = recordings.synthetic(config, frames)
        else:
            drive = recordings.recorded(rec, config, frames)
        for sentence in drive.doubts:
            if sentence not in told:  # by another target
                click.echo(sentence, err=True)
        told.update(drive.doubts)
        asked: dict[str, Any] = {"preset": preset, "clock_hz": clock_hz, "progress": progress}
        if chosen is None:
            return estimates.on_chip(target, config, drive, node_nm=node_nm, **asked)
        return estimates.on_board(chosen, config, drive, seeds=seeds, **asked)

    return make
