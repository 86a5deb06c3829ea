"""The families that are compared, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ...golden.format import Family
from .coding import Coded
from .ground_truth import GroundTruth
from .learned import dictionary
from .matched import Design
from .near_lossless import ideal_steps, low_bits, steps
from .projecting import project
from .transforms import pca, wavelet


@dataclass(frozen=True, kw_only=True)
class Compression:
    """One family.

    Attributes
    ----------
    title : str
    link : bool
        Are its bits those on the link, packets included? Else an entropy, which no coder reaches.
    code : callable
        (truth, bits a sample) to `Coded`, or None where it cannot have so few or use so many.
    projects : bool
        Does it give measurements? Else traces.
    """

    title: str
    link: bool
    code: Callable[[GroundTruth, float], Coded | None]
    projects: bool = False


def _projection(title: str, design: Design) -> Compression:
    return Compression(title=title, link=True, code=partial(_project, design), projects=True)


def _project(design: Design, truth: GroundTruth, bits: float) -> Coded | None:
    return project(design, truth, bits)


FAMILIES = {
    "low-bits": Compression(title="low bits dropped, adaptive coder", link=True, code=low_bits),
    "steps": Compression(title="coarser steps, adaptive coder", link=True, code=steps),
    "ideal-steps": Compression(
        title="coarser steps behind the high-pass, ideal coder", link=False, code=ideal_steps
    ),
    "wavelet": Compression(title="wavelet and threshold, ideal coder", link=False, code=wavelet),
    "pca": Compression(title="PCA of patches, cut off, ideal coder", link=False, code=pca),
    "dictionary": Compression(title="learned dictionary, ideal coder", link=False, code=dictionary),
} | {
    f"{family.name.lower()}-{window}" + (f"-hold{hold}" if hold > 1 else ""): _projection(
        f"{family.name}, N {window}" + (f", hold {hold}" if hold > 1 else ""),
        Design(family=family, window=window, hold=hold),
    )
    for family in (Family.SPARSE, Family.DENSE)
    for window in (64, 128)
    for hold in (1, 4)
}
for _window in (32, 64):
    FAMILIES[f"loaded-{_window}"] = _projection(
        f"LOADED, generalised eigenvectors, N {_window}",
        Design(family=Family.LOADED, window=_window),
    )
FAMILIES["loaded-64-pca"] = _projection(
    "LOADED, PCA, N 64", Design(family=Family.LOADED, window=64, generalised=False)
)
