"""Runs a board's top on a recording, from pins to pins, and checks what the host received."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..golden.encoder import encode
from .capture import open_capture
from .timeline import Cause

if TYPE_CHECKING:
    from ..boards.design import Design

SPARE_FRAMES = 8  # of the recording, for a front end that takes some before it gives the first
_PACKETS = 8


@dataclass(frozen=True, kw_only=True)
class BoardCheck:
    """What came of a recording, through front end, encoder and link.

    Attributes
    ----------
    played, received, dropped : int
        Frames: at the inputs; decoded; dropped by the core. The rest was under way at the end.
    golden_equal : bool
        The link's bytes are the golden model's for the samples at the inputs.
    decoded_equal : bool
        What was decoded is what was at the inputs, frame by frame.
    capture : bytes
    """

    title: str
    played: int
    received: int
    dropped: int
    golden_equal: bool
    decoded_equal: bool
    capture: bytes

    @property
    def passed(self) -> bool:
        """Something came, and all of it is right."""
        return self.received > 0 and self.golden_equal and self.decoded_equal

    def as_json(self) -> dict[str, Any]:
        """Return the check as JSON holds it."""
        told = {name: value for name, value in vars(self).items() if name != "capture"}
        return told | {"capture_bytes": len(self.capture), "passed": self.passed}


def short_packets(design: Design, frames: int) -> Design:
    """Return ``design`` with packets so short that several end within ``frames``."""
    matrix = design.config.projection
    step = matrix.window if matrix else 1
    most = max(1, frames // _PACKETS // step) * step
    if design.config.packet_frames <= most:
        return design
    config = replace(design.config, packet_frames=most, restart_interval=2, fifo_words=0)
    return replace(design, config=config)


def check_board(
    design: Design,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    folder: Path,
    progress: Callable[[str, int, int], None],
) -> BoardCheck:
    """Play a recording at the pins of the front end; check what the host at the link received.

    Parameters
    ----------
    samples : int16 (frames, channels)
    folder : Path
        For logs; the model is kept in the user's cache.

    Raises
    ------
    SimulationError
        Where a model finds its rules broken; the message says which.
    ToolError
        Where the simulation cannot be built or run.
    """
    from platformdirs import user_cache_path

    from ..boards import board_files
    from ..sim import board_runner

    digest = hashlib.sha256(board_files.generate(design).encode()).hexdigest()[:16]
    progress("build", 0, 1)
    model = board_runner.build(design, user_cache_path("probecodec") / "boards" / digest)
    progress("build", 1, 1)
    progress("simulation from pins to pins", 0, 1)
    frames = max(1, len(samples) - SPARE_FRAMES)
    result = board_runner.run(
        design, model, folder, samples=samples, aux=aux, only=["recording"], frames=frames
    )
    progress("simulation from pins to pins", 1, 1)
    decoded = open_capture(result.capture, fill="zero")
    (segment,) = decoded.segments
    dropped = np.zeros(len(result.samples), bool)
    for gap in segment.gaps:
        dropped[gap.start : gap.stop] = gap.cause == Cause.DROPPED
    golden = b"".join(encode(design.config, result.samples, result.aux, dropped))
    rows = np.flatnonzero(segment.held(0, len(segment)))
    equal = np.array_equal(segment[:][rows], result.samples[rows])
    equal &= np.array_equal(segment.aux[:][rows], result.aux[rows])
    return BoardCheck(
        title=design.title,
        played=len(samples),
        received=len(rows),
        dropped=int(dropped.sum()),
        golden_equal=golden.startswith(result.capture),
        decoded_equal=bool(equal),
        capture=result.capture,
    )
