"""Pin-level simulation of a board: its top in Verilator, cocotb models at its pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..boards import board_files
from ..boards.design import Design
from . import board_bench
from .cocotb_runner import build_model, run_model


class BoardResult(NamedTuple):
    """What a simulation gave.

    Attributes
    ----------
    capture : bytes
        What the host at the link received.
    samples, aux : (frames, channels), (frames,)
        What was at the inputs, from the first frame on; the emulator's own where it plays.
    """

    capture: bytes
    samples: NDArray[np.int16]
    aux: NDArray[np.uint16]


def build(design: Design, folder: Path, *, waves: bool = False) -> Path:
    """Build the model of a design's top, as `cocotb_runner.build_model` does; return its path."""
    names = [port.name for port in board_files.ports(design)]
    verilog = board_files.generate(design)
    return build_model(verilog, board_files.TOP, names, folder, waves=waves)


def run(
    design: Design,
    model: Path,
    folder: Path,
    tests: str | Path = board_bench.__name__,
    *,
    samples: NDArray[np.int16] | None = None,
    aux: NDArray[np.uint16] | None = None,
    only: Sequence[str] = (),
    seed: int = 1,
    waves: bool = False,
    **options: Any,
) -> BoardResult:
    """Run a cocotb test of a design.

    Parameters
    ----------
    model : Path
        What `build` returned.
    folder : Path
        Where results go.
    tests : str or Path
        As for `cocotb_runner.run_model`; the test ends with `BoardBench.keep`.
    samples, aux : (frames, channels), (frames,), optional
        What to play; the emulator needs nothing.
    only, seed, waves
        As for `cocotb_runner.run_model`.
    **options
        For the bench, as `BoardBench.options`; what JSON can hold.

    Raises
    ------
    SimulationError
        Where a test fails.
    ToolError
        Where the simulation did not come to its end.
    """
    told = {
        "board": design.board.name,
        "config": asdict(design.config),
        "input": design.input,
        "link": design.link,
        "settings": dict(design.settings),
        **options,
    }
    folder.mkdir(parents=True, exist_ok=True)
    if samples is None:
        samples = np.zeros((0, design.config.channels), np.int16)
    np.save(folder / "samples.npy", samples)
    np.save(folder / "aux.npy", np.zeros(len(samples), np.uint16) if aux is None else aux)
    run_model(board_files.TOP, model, folder, tests, told, only=only, seed=seed, waves=waves)
    played = (np.load(folder / f"{name}.npy") for name in ("samples", "aux"))
    return BoardResult((folder / "capture.pcs").read_bytes(), *played)
