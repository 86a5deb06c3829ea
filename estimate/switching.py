"""SAIF of the bulk bench, summed up by stage of the core, by memory and by port."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..boards.verilog import ports
from ..golden.config import EncoderConfig
from ..golden.errors import ToolError
from .saif import Net, Saif
from .structure import Memory, find_memories, find_registers

CORE = "TOP/bulk/encoder"
UNITS_PER_CYCLE = 2  # of the bench's time


@dataclass(frozen=True, kw_only=True)
class StageActivity:
    """What changes in one stage of the pipeline.

    Attributes
    ----------
    register_bits, net_bits : int
        Bits of registers, and of all signals but the clock, outputs of registers included.
    register_rate, net_rate : float
        Changes per bit and clock cycle, mean.
    """

    register_bits: int = 0
    net_bits: int = 0
    register_rate: float = 0.0
    net_rate: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MemoryActivity:
    """How often a memory is accessed: reads and writes per clock cycle."""

    stage: str
    name: str
    words: int
    bits: int
    reads: float
    writes: float


def sums(config: EncoderConfig, verilog: str, saif: Saif) -> dict[str, Any]:
    """Return what `activity.Activity` tells of signals, by the names of its fields."""
    cycles = saif.duration / UNITS_PER_CYCLE
    registers = find_registers(verilog)
    widths = {port.name: port.bits for port in ports(config)}
    pins = dict.fromkeys(widths, 0.0)
    toggles: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    nets: dict[tuple[str, str], Net] = {}
    for net in saif.nets:
        if not net.path.startswith(CORE):
            continue
        inside = net.path[len(CORE) + 1 :].replace("/", ".")
        signal = net.name.partition("[")[0]
        nets[inside, net.name] = net
        if not inside and signal in pins:
            pins[signal] += net.toggles / cycles
        if signal == "clk":
            continue
        counted = toggles[_stage(inside)]
        counted[0] += 1
        counted[1] += net.toggles
        if signal in registers.get(inside, ()):
            counted[2] += 1
            counted[3] += net.toggles
    stages = {
        name: StageActivity(
            register_bits=registered,
            net_bits=bits,
            register_rate=changed / max(1, registered) / cycles,
            net_rate=all_changed / bits / cycles,
        )
        for name, (bits, all_changed, registered, changed) in sorted(toggles.items())
    }
    memories = tuple(_access(memory, nets, saif.duration) for memory in find_memories(verilog))
    return {
        "stages": stages,
        "memories": memories,
        "pins": pins,
        "widths": widths,
        "outputs": frozenset(p.name for p in ports(config) if p.direction == "output"),
    }


def _stage(path: str) -> str:
    """The stage of an instance: the pipeline's instances are stages of their own."""
    first, _, rest = path.partition(".")
    return (rest.split(".")[0] if first == "pipeline" else "") or first or "encoder"


def _access(memory: Memory, nets: Mapping[tuple[str, str], Net], duration: int) -> MemoryActivity:
    def share(enable: str) -> float:
        if enable == "1":
            return 1.0
        net = nets.get((memory.path, enable))
        if net is None:
            raise ToolError(f"no activity of {enable!r}, which enables {memory.path}.{memory.name}")
        return net.high / duration

    return MemoryActivity(
        stage=_stage(memory.path),
        name=memory.name,
        words=memory.words,
        bits=memory.bits,
        reads=sum(map(share, memory.reads)),
        writes=sum(map(share, memory.writes)),
    )
