"""What a run of the evaluation is made of.

The defaults take a quarter of an hour; all of `NOISE_UV`, `RATIOS` and `RECOVERIES` take hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

NEEDS = {"scipy": "scipy", "sklearn": "scikit-learn", "pywt": "PyWavelets"}  # module: package
NOISE_UV = (6.0, 8.0, 10.0, 15.0, 20.0)
RATIOS = (4.0, 8.0, 12.0, 16.0, 20.0)
FAST = "detector", "lmmse"
RECOVERIES = (*FAST, "omp", "lista")
BRIEF = (
    "steps",
    "wavpack-hybrid",
    "wavelet",
    "pca",
    "vq",
    "predictive-vq",
    "dictionary",
    "autoencoder",
    "sparse-64-hold4",
    "dense-64-hold4",
    "loaded-64",
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Sizes and choices of one run; the same options give the same results.

    Parameters
    ----------
    source : str
        ``"synthetic"``, ``"spikeinterface"``, or ``"real"`` for a recording without known spikes,
        to which spikes are added. Its own noise counts, not `noise_uv`.
    path : Path, optional
        Of that recording, unless it is given as such.
    channels : int
        Neighbours along the probe, at most as many as a real recording has.
    units : int
        Neurons; 0 takes one for two channels, 20 at least.
    noise_uv : tuple of float
        Levels of the noise, rms in uV behind the high-pass.
    train_seconds, test_seconds : float
        The stretch from which all is learned, sent lossless, and the one that is judged.
    ratios : tuple of float
        Targets: ADC bits over bits on the link.
    families : tuple of str
        Keys of `probecodec.bench.projection.families.FAMILIES`; empty for all.
    recoveries : tuple of str
        Of `RECOVERIES`: how measurements become spikes. The last three make traces, which are
        sorted as those of all other families.
    highpass_shift : int
        Of the integer high-pass that all families share; 5 is 149 Hz at 30 kHz.
    seed : int
        Of everything random.
    """

    source: str = "synthetic"
    path: Path | None = None
    channels: int = 64
    units: int = 0
    noise_uv: tuple[float, ...] = (6.0, 10.0)
    train_seconds: float = 20.0
    test_seconds: float = 30.0
    ratios: tuple[float, ...] = (8.0, 16.0)
    families: tuple[str, ...] = ()
    recoveries: tuple[str, ...] = FAST
    highpass_shift: int = 5
    seed: int = 1

    def quick(self) -> Options:
        """The same with seconds instead of minutes of work: a smoke test, no figures to quote."""
        return replace(
            self,
            channels=min(self.channels, 16),
            units=self.units or 6,
            noise_uv=self.noise_uv[:1],
            train_seconds=3.0,
            test_seconds=2.0,
            ratios=(8.0,),
            recoveries=tuple(r for r in self.recoveries if r in FAST) or self.recoveries,
            families=self.families or ("steps", "wavelet", "sparse-64", "loaded-64"),
        )

    def brief(self) -> Options:
        """The same with each published family once, at its best: two minutes on two cores."""
        return replace(
            self,
            channels=min(self.channels, 32),
            noise_uv=self.noise_uv[:1],
            train_seconds=8.0,
            test_seconds=8.0,
            ratios=(4.0, 8.0, 16.0),
            recoveries=FAST,
            families=self.families or BRIEF,
        )
