"""The families that are compared, by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ...golden.format import Family
from ..method import COMMANDS, importable
from .autoencoder import autoencoder
from .coding import Bits, Coded
from .ground_truth import GroundTruth
from .learned import dictionary
from .matched import Design
from .near_lossless import ideal_steps, low_bits, steps
from .projecting import project
from .quantising import predictive_vq, vq
from .transforms import pca, wavelet
from .wavpack import wavpack_hybrid

_HOW = COMMANDS | {"torch": "pip install 'probecodec[autoencoder]'"}


@dataclass(frozen=True, kw_only=True)
class Compression:
    """One family.

    Attributes
    ----------
    title : str
    kind : Bits
        What its bits are.
    code : callable
        (truth, bits a sample) to `Coded`, or None where it cannot have so few or use so many.
    projects : bool
        Does it give measurements? Else traces.
    claim : str
        The ratio to int16 that is published for such families, in words; "" where none is.
    needs : str
        A module or command beyond what all need; "" for none.
    """

    title: str
    kind: Bits
    code: Callable[[GroundTruth, float], Coded | None]
    projects: bool = False
    claim: str = ""
    needs: str = ""

    def missing(self) -> str:
        """Say what to install; "" where all is there."""
        found = shutil.which if self.needs in COMMANDS else importable
        if not self.needs or found(self.needs):
            return ""
        return f"{self.needs} was not found; install it: {_HOW[self.needs]}"


def _projection(title: str, design: Design) -> Compression:
    return Compression(
        title=title,
        kind=Bits.LINK,
        code=partial(_project, design),
        projects=True,
        claim="4–10:1; a chip at 8:1 with < 5 % of spikes misclassified",
    )


def _project(design: Design, truth: GroundTruth, bits: float) -> Coded | None:
    return project(design, truth, bits)


_NEAR_LOSSLESS = "2–5:1 (DPCM, AR predictors; lossless or near-lossless)"
_VQ = "high, no figure (needs a trained codebook)"

FAMILIES = {
    "low-bits": Compression(
        title="low bits dropped, adaptive coder",
        kind=Bits.LINK,
        code=low_bits,
        claim=_NEAR_LOSSLESS,
    ),
    "steps": Compression(
        title="coarser steps, adaptive coder", kind=Bits.LINK, code=steps, claim=_NEAR_LOSSLESS
    ),
    "wavpack-hybrid": Compression(
        title="WavPack, hybrid mode",
        kind=Bits.FILE,
        code=wavpack_hybrid,
        claim="7:1 without harm to sorting (Buccino et al., 2023)",
        needs="wavpack",
    ),
    "ideal-steps": Compression(
        title="coarser steps behind the high-pass, ideal coder",
        kind=Bits.ENTROPY,
        code=ideal_steps,
    ),
    "wavelet": Compression(
        title="wavelet and threshold, ideal coder",
        kind=Bits.ENTROPY,
        code=wavelet,
        claim="4–8:1 (low compute, loses small events)",
    ),
    "pca": Compression(
        title="PCA of patches, cut off, ideal coder",
        kind=Bits.ENTROPY,
        code=pca,
        claim="5–15:1 (assumes stationarity)",
    ),
    "vq": Compression(
        title="vector quantisation, ideal coder", kind=Bits.ENTROPY, code=vq, claim=_VQ
    ),
    "predictive-vq": Compression(
        title="vector quantisation behind a linear prediction, ideal coder",
        kind=Bits.ENTROPY,
        code=predictive_vq,
        claim=_VQ,
    ),
    "dictionary": Compression(
        title="learned dictionary, ideal coder",
        kind=Bits.ENTROPY,
        code=dictionary,
        claim="10–25:1 (K-SVD dictionary, LISTA)",
    ),
    "autoencoder": Compression(
        title="autoencoder of patches, ideal coder",
        kind=Bits.ENTROPY,
        code=autoencoder,
        claim="8–20:1; 16:1 on ECoG",
        needs="torch",
    ),
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
