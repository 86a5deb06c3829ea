"""Pin-level simulation of a board: its top in Verilator, cocotb models at its pins."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..boards import board_files
from ..boards.design import Design
from ..golden.config import EncoderConfig
from . import board_bench
from .cocotb_runner import build_model, run_model


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
    waves: bool = False,
    seed: int = 1,
    **options: Any,
) -> bytes:
    """Run cocotb tests of a design; return what the host at the link received.

    Parameters
    ----------
    model : Path
        What `build` returned.
    folder : Path
        Where results go.
    tests : str or Path
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
    run_model(board_files.TOP, model, folder, tests, told, seed=seed, waves=waves)
    return (folder / "capture.pcs").read_bytes()


def design_of(told: dict[str, Any]) -> Design:
    """Return the design that `run` told; takes what it used out of ``told``."""
    from ..boards.targets import board

    return Design(
        board=board(told.pop("board")),
        config=EncoderConfig.from_json(told.pop("config")),
        input=told.pop("input"),
        link=told.pop("link"),
        settings=told.pop("settings"),
    )
