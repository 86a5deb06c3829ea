"""How often a core's signals change with a recording, by the bulk bench's SAIF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..boards.verilog import generate
from ..golden.config import EncoderConfig
from ..golden.errors import require
from .driven import drive
from .question import check_clock
from .saif import read
from .switching import MemoryActivity, StageActivity, sums


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a recording makes a core do.

    Attributes
    ----------
    clock_hz : float
    cycles, samples : int
        Simulated.
    bits_per_sample : float
        Of the stream, all overhead included.
    stages : mapping
        Stage to what changes in it; ``"encoder"`` and ``"pipeline"`` are what stands between
        their stages.
    memories : tuple
    pins : mapping
        Port of the core to changes per clock cycle of all its bits together.
    widths : mapping
        Bits of each of ``pins``.
    outputs : frozenset
        Those of ``pins`` that the core drives.
    folder : Path, optional
        Where the SAIF is kept.
    """

    clock_hz: float
    cycles: int
    samples: int
    bits_per_sample: float
    stages: Mapping[str, StageActivity]
    memories: tuple[MemoryActivity, ...]
    pins: Mapping[str, float]
    widths: Mapping[str, int]
    outputs: frozenset[str]
    folder: Path | None = None

    @property
    def whole(self) -> StageActivity:
        """All stages together."""
        registers = sum(s.register_bits for s in self.stages.values())
        nets = sum(s.net_bits for s in self.stages.values())
        register_toggles = sum(s.register_bits * s.register_rate for s in self.stages.values())
        net_toggles = sum(s.net_bits * s.net_rate for s in self.stages.values())
        return StageActivity(
            register_bits=registers,
            net_bits=nets,
            register_rate=register_toggles / max(1, registers),
            net_rate=net_toggles / max(1, nets),
        )

    def stage(self, name: str) -> StageActivity:
        """Return a stage's activity; that of the whole core where ``name`` is no stage."""
        return self.stages.get(name) or self.whole

    def accesses(self, stage: str) -> float:
        """Return reads and writes per cycle of a stage's memories, mean weighted by their bits."""
        here = [memory for memory in self.memories if memory.stage == stage] or self.memories
        size = sum(memory.words * memory.bits for memory in here)
        work = sum(m.words * m.bits * (m.reads + m.writes) for m in here)
        return work / size if size else 0.0


def measure(
    config: EncoderConfig,
    samples: NDArray[np.int16],
    clock_hz: float,
    aux: NDArray[np.uint16] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Activity:
    """Run the core on a recording, a sample every so many cycles as they come at ``clock_hz``.

    Parameters
    ----------
    samples : int16 (frames, channels)
        300 frames are enough where the weights of `lms` settle soon: with 1,500 no stage of
        ``tiny`` differs by more than 2 %, none of ``adaptive`` by more than 5 %.
    clock_hz : float
        Of the core; ``config.rate_hz`` frames come in a second.
    aux : uint16 (frames,), optional
    progress : callable, optional
        Called with the number of frames fed since the last call; not where the result is kept.

    Raises
    ------
    ConfigError
        Where the recording does not fit the core, or the clock is below one cycle a sample.
    ToolError
        Where a tool is missing or fails.
    """
    asked = config.channels * config.rate_hz
    require(len(samples) > 0, "the recording has no frame; activity needs some hundred")
    require(
        samples.shape[1] == config.channels,
        f"the recording has {samples.shape[1]} channels, the core {config.channels}",
    )
    check_clock(config, clock_hz)
    verilog = generate(config)
    spacing = max(1.0, clock_hz / asked)

    driven = drive(config, samples, aux, verilog, spacing=spacing, progress=progress)
    return Activity(
        clock_hz=clock_hz,
        cycles=driven.cycles,
        samples=samples.size,
        bits_per_sample=driven.stream_bits / samples.size,
        folder=driven.folder,
        **sums(config, verilog, read(driven.saif)),
    )
