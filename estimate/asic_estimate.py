"""What an estimate of a core on a chip of one's own tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .result import Figure, total, unknown


@dataclass(frozen=True, kw_only=True)
class AsicEstimate:
    """An estimate of the core's logic and memories.

    Attributes
    ----------
    library : str
        The library's name.
    node_nm : float, optional
    supply_v, clock_hz : float
    area_um2 : Figure
        Of the cells; neither routing nor memories.
    kgates : Figure
        The same in thousands of the smallest NAND of two inputs.
    nand_um2 : float
    flipflops, latches, cells : int
    critical_s, fmax_hz : Figure
    path : tuple of str
        Instances of the slowest path.
    stages_um2, stages_w : dict
        Stage to area and watts. Areas add up to the logic's; watts, with the parts "clock tree" and
        "leakage", to `logic_w`.
    power : dict
        Watts: "clock", "clock tree", "registers", "logic", "leakage", "memory".
    memories : tuple of dict
        Each macro: name, module, depth, width, ports, reads and writes per clock cycle; and, as
        JSON holds figures, area_um2, read_j, write_j, leakage_w, power_w.
    memory_um2 : Figure
        Of all macros.
    samples_hz, channels, sample_bits, stream_bits_per_sample
        What energies refer to; the last is None where nothing was simulated.
    clock_gates : int
    recipe : str
        The one of `mapping.RECIPES` that gave the netlist.
    second_opinion : dict, optional
        `opensta.Opinion`, where OpenSTA is installed.
    areas_corrected : dict
        Cells whose area the LEF tells otherwise: name to (told, LEF's).
    notes : tuple of str
    reports : dict
        Name to folder of tools' reports.
    """

    library: str
    node_nm: float | None
    supply_v: float
    clock_hz: float
    area_um2: Figure
    kgates: Figure
    nand_um2: float
    flipflops: int
    latches: int
    cells: int
    clock_gates: int
    recipe: str
    critical_s: Figure
    fmax_hz: Figure
    path: tuple[str, ...]
    stages_um2: dict[str, float]
    stages_w: dict[str, float]
    power: dict[str, Figure]
    memories: tuple[dict[str, Any], ...]
    memory_um2: Figure
    samples_hz: float
    channels: int
    sample_bits: int
    stream_bits_per_sample: float | None
    second_opinion: dict[str, Any] | None
    areas_corrected: dict[str, tuple[float, float]]
    notes: tuple[str, ...]
    reports: dict[str, Path]

    @property
    def power_w(self) -> Figure:
        """All parts together."""
        return total(self.power)

    @property
    def logic_w(self) -> Figure:
        """All but the memories."""
        return total({name: part for name, part in self.power.items() if name != "memory"})

    @property
    def slack_s(self) -> float:
        """What a cycle leaves; below 0 the clock is too fast."""
        assert self.critical_s.value is not None
        return 1 / self.clock_hz - self.critical_s.value

    def energies(self) -> dict[str, Figure]:
        """Return joules per sample, per bit in and out; and watts per channel."""
        power, rate = self.power_w, self.samples_hz
        out = self.stream_bits_per_sample
        return {
            "j_per_sample": power.times(1 / rate),
            "j_per_input_bit": power.times(1 / rate / self.sample_bits),
            "j_per_output_bit": power.times(1 / rate / out)
            if out
            else unknown("nothing was simulated"),
            "w_per_channel": power.times(1 / self.channels),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the estimate as JSON holds it."""
        told = {
            name: value.as_json() if isinstance(value, Figure) else value
            for name, value in vars(self).items()
        }
        return told | {
            "power": {name: part.as_json() for name, part in self.power.items()},
            "power_w": self.power_w.as_json(),
            "logic_w": self.logic_w.as_json(),
            "slack_s": self.slack_s,
            **{name: figure.as_json() for name, figure in self.energies().items()},
            "reports": {name: str(folder) for name, folder in self.reports.items()},
        }
