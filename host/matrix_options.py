"""Options that describe the matrix of mode PROJECTION."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..golden.config import PRESETS
from ..golden.format import Family
from ..golden.projection_config import ProjectionConfig
from .options import Failure, gather

_PATH = click.Path(path_type=Path)


def read_rows(path: Path) -> tuple[tuple[int, ...], ...]:
    """Return the coefficients of family LOADED; `Failure` where the file has none."""
    try:
        with path.open("rb") as file:
            rows = np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        raise Failure(f"there is no file {path}: check the path") from None
    except Exception:  # NumPy reads the header as Python, so a damaged one raises what it likes
        raise Failure(f"{path} is no .npy file: give one of whole numbers, M x N") from None
    if (
        not isinstance(rows, np.ndarray)
        or rows.ndim != 2
        or not rows.size
        or rows.dtype.kind not in "iu"
    ):
        raise Failure(f"{path} does not hold M x N whole numbers: round them first")
    return tuple(map(tuple, rows.tolist()))


def projection_of(matrix: dict[str, Any], sample_bits: int) -> ProjectionConfig | None:
    """Return the preset's matrix with what the options say of it; None where they say nothing.

    ``sample_bits`` is the recording's. Coefficients tell their own family, shape and width.
    """
    if not matrix:
        return None
    preset = PRESETS["projection"].projection
    assert preset is not None
    told: dict[str, Any] = {} if matrix.get("family") == Family.LOADED else {"hold": preset.hold}
    if rows := matrix.get("coefficients"):
        widest = max(
            (value if value >= 0 else ~value).bit_length() for row in rows for value in row
        )
        told = {
            "family": Family.LOADED,
            "measurements": len(rows),
            "window": len(rows[0]),
            "coefficient_bits": max(2, widest + 1),
            "row_sum": max(1, *(sum(map(abs, row)) for row in rows)),
        }
    return ProjectionConfig(sample_bits=sample_bits, **told | matrix)


# A verb gets ``matrix``: keyword arguments of `ProjectionConfig`.
matrix_options = gather(
    "matrix",
    {
        "family": click.option(
            "--family",
            type=click.Choice([family.name.lower() for family in Family]),
            callback=lambda context, option, name: None if name is None else Family[name.upper()],
            help="How the matrix is made; sparse by default.",
        ),
        "window": click.option("--window", type=int, help="Frames N of a window; 64 by default."),
        "measurements": click.option(
            "--measurements", type=int, help="Measurements M of a window; 8 by default."
        ),
        "hold": click.option("--hold", type=int, help="Frames that share signs; 4 by default."),
        "shift": click.option(
            "--shift", type=int, help="Lowest bits of a measurement that are not sent."
        ),
        "seed": click.option(
            "--seed",
            type=click.IntRange(1, (1 << 32) - 1),
            help="Of the pseudo-random families; 1.",
        ),
        "highpass_shift": click.option(
            "--highpass", "highpass_shift", type=int, help="Shift of the running mean; 5, 0: none."
        ),
        "coefficients": click.option(
            "--coefficients",
            type=_PATH,
            callback=lambda context, option, path: None if path is None else read_rows(path),
            help="Of family loaded: a .npy of whole numbers, M x N.",
        ),
    },
)
