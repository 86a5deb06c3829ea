"""A core, or a netlist of it, driven by a recording: its stream, and how often signals change."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from ..sim import bulk
from .cache import kept

_SAIF, _ABOUT = "activity.saif.gz", "activity.json"


@dataclass(frozen=True, kw_only=True)
class Driven:
    """A simulation that is kept.

    Attributes
    ----------
    folder : Path
        With the SAIF and the Verilog.
    cycles, stream_bits : int
        Simulated; of the stream, all overhead included.
    """

    folder: Path
    cycles: int
    stream_bits: int

    @property
    def saif(self) -> Path:
        """How often each signal changes."""
        return self.folder / _SAIF


def drive(
    config: EncoderConfig,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    verilog: str,
    *,
    spacing: float,
    check: Callable[[bytes], None] = lambda stream: None,
    progress: Callable[[int], None] | None = None,
) -> Driven:
    """Run ``verilog``, a core of ``config``, on a recording; once for the same of all of them.

    Parameters
    ----------
    samples : int16 (frames, channels)
    aux : uint16 (frames,), optional
    spacing : float
        Clock cycles from sample to sample.
    check : callable
        Is given the stream; raises where it is wrong, and then nothing is kept.
    progress : callable, optional
        Called with the number of frames fed since the last call; not where the result is kept.

    Raises ``ToolError`` where a tool is missing or fails.
    """
    program = bulk.build(config, ".saif", verilog)  # its folder's name is a digest of all in it

    def simulate(folder: Path) -> None:
        saif, capture = folder / "activity.saif", folder / "capture.pcs"
        (folder / "simulated.v").write_text(verilog)
        result = bulk.run(
            config,
            samples,
            aux,
            capture,
            spacing=spacing,
            waves=saif,
            verilog=verilog,
            progress=progress,
        )
        stream = capture.read_bytes()
        check(stream)
        about = {"cycles": result.cycles, "stream_bits": 8 * len(stream)}
        (folder / _ABOUT).write_text(json.dumps(about))
        (folder / _SAIF).write_bytes(gzip.compress(saif.read_bytes(), 6, mtime=0))
        saif.unlink()
        capture.unlink()

    given = [_digest(each) for each in (samples, aux) if each is not None]
    folder = kept(["driven", program.parent.name, repr(config), repr(spacing), *given], simulate)
    return Driven(folder=folder, **json.loads((folder / _ABOUT).read_text()))


def _digest(values: NDArray[np.integer]) -> str:
    data = np.ascontiguousarray(values)
    return hashlib.sha256(repr((data.shape, data.dtype.str)).encode() + data.tobytes()).hexdigest()
