"""Checks of what the recoveries are given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def finite(what: str, values: NDArray[np.generic], dimensions: int) -> NDArray[np.float32]:
    """Return ``values`` as float32.

    Raises
    ------
    ValueError
        Where a value is not finite, or the dimensions are not as many.
    """
    values = np.asarray(values, np.float32)
    if values.ndim != dimensions:
        raise ValueError(f"{what} must have {dimensions} dimensions, not {values.ndim}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{what} has values that are not finite.")
    return values


def agreeing(channels: int, matrix: NDArray[np.int64]) -> None:
    """Refuse a projection that has not as many channels as the statistics.

    Raises
    ------
    ValueError
    """
    if matrix.ndim != 3 or len(matrix) != channels:
        raise ValueError(
            f"The statistics are of {channels} channels, the projection's matrix is of shape "
            f"{matrix.shape}; it must be (channels, M, N) with as many channels."
        )


def measurements(measured: NDArray[np.generic], matrix: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return measurements as float32 (windows, channels, M).

    Raises
    ------
    ValueError
        Where they are not finite, or do not belong to ``matrix`` (channels, M, N).
    """
    measured = finite("The measurements", measured, 3)
    if measured.shape[1:] != matrix.shape[:2]:
        raise ValueError(
            f"The measurements are of shape {measured.shape}; the projection gives "
            f"(windows, {matrix.shape[0]}, {matrix.shape[1]})."
        )
    return measured
