"""Resources and speed of the bare core on a board's FPGA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..boards.board import Board
from ..boards.build import Progress
from ..boards.verilog import generate, ports
from ..golden.config import EncoderConfig
from .fpga_measure import Measured, measure
from .latency import latency
from .question import check_clock, idle_share, sample_rate
from .result import Figure, unknown

SEEDS = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class FpgaEstimate:
    """Resources and speed of a core on a board.

    Attributes
    ----------
    board, device : str
        Name of the board; its FPGA.
    clock_hz : float
        The core's clock that was asked for.
    samples_hz : float
        Samples of all channels in a second.
    idle_share : float
        Share of cycles without a sample.
    measured : Measured
        What the tools found.
    latency : dict
        Cycles, as `probecodec.estimate.latency.latency` says.
    """

    board: str
    device: str
    clock_hz: float
    samples_hz: float
    idle_share: float
    measured: Measured
    latency: dict[str, int]

    @property
    def fmax(self) -> Figure:
        """The highest clock in hertz: the seeds' median, from the worst to the best.

        nextpnr takes the slowest silicon of the speed grade, so the bars are of the placement
        alone; where its clocks are known to be optimistic, the lower one is so much lower.
        """
        measured = self.measured
        clocks = measured.fmax_hz.values()
        if not clocks:
            return unknown(measured.method)
        worst = min(clocks) / measured.optimism
        return Figure(median(clocks), worst, max(clocks), measured.method)

    @property
    def slack(self) -> Figure:
        """Seconds of a cycle of ``clock_hz`` that are left, in the median and the worst (low).

        Below 0 the clock is too fast.
        """
        fmax = self.fmax
        clocks = (fmax.value, fmax.low, fmax.high)
        left = (None if hz is None else 1 / self.clock_hz - 1 / hz for hz in clocks)
        return Figure(*left, method=fmax.method)

    @property
    def probes(self) -> int | None:
        """Probes of so many channels whose samples one core takes in turns at the worst clock.

        By speed alone: the memories grow with the channels.
        """
        return None if self.fmax.low is None else int(self.fmax.low / self.samples_hz)

    def as_json(self) -> dict[str, Any]:
        """Return the estimate as JSON holds it; times in seconds."""
        measured = self.measured
        return {
            "board": self.board,
            "device": self.device,
            "method": measured.method,
            "clock_hz": self.clock_hz,
            "samples_hz": self.samples_hz,
            "idle_share": self.idle_share,
            "resources": {name: one.as_json() for name, one in measured.resources.items()},
            "stages": measured.stages,
            "staged": measured.staged,
            "fmax": self.fmax.as_json(),
            "fmax_hz": {str(seed): hz for seed, hz in measured.fmax_hz.items()},
            "slack": self.slack.as_json(),
            "slowest_path": measured.slowest_path and list(measured.slowest_path),
            "probes": self.probes,
            "latency_cycles": self.latency,
            "latency_s": {name: cycles / self.clock_hz for name, cycles in self.latency.items()},
        }


def estimate(
    board: Board,
    config: EncoderConfig,
    clock_hz: float,
    seeds: Sequence[int] = SEEDS,
    progress: Progress = lambda stage, done, total: None,
) -> FpgaEstimate:
    """Find resources and speed of the core of ``config`` on the FPGA of ``board``.

    Parameters
    ----------
    clock_hz : float
        The core's clock.
    seeds : sequence of int
        Of placements, at least one; unused where only Vivado places.

    Raises
    ------
    ConfigError
        Where samples come faster than the clock, or the core cannot be built or does not fit.
    ToolError
        Where a tool is missing or fails.
    """
    check_clock(config, clock_hz)
    return FpgaEstimate(
        board=board.name,
        device=_device(board),
        clock_hz=clock_hz,
        samples_hz=sample_rate(config),
        idle_share=idle_share(config, clock_hz),
        measured=measure(board, generate(config), ports(config), seeds, progress),
        latency=latency(config),
    )


def _device(board: Board) -> str:
    """The FPGA: device, package and, where it has one, speed grade."""
    platform = board.make_platform()
    if part := getattr(platform, "part", ""):
        return str(part)
    names = ("device", "package", "speed")
    return "-".join(getattr(platform, name) for name in names if hasattr(platform, name))
