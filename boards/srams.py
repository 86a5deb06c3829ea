"""SRAM wrappers of the `asic` target: what there are, their behavioural models, their map."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any, NamedTuple


class Sram(NamedTuple):
    """A kind of memory: words, bits of a word, and the instances, from the top on."""

    depth: int
    width: int
    instances: list[str]

    @property
    def name(self) -> str:
        """The wrapper module."""
        return f"probecodec_sram_{self.depth}x{self.width}"


def find_srams(text: str) -> list[Sram]:
    """Find the SRAM wrappers in RTLIL, whose modules are named by their place in the hierarchy."""
    found = defaultdict(list)
    pattern = r"(?m)^module \\(\S+)|^ *cell \\probecodec_sram_(\d+)x(\d+) \\(\S+)"
    module = ""
    for match in re.finditer(pattern, text):
        if match[1]:
            module = match[1]
        else:
            found[int(match[2]), int(match[3])].append(f"{module}.{match[4]}")
    return [Sram(depth, width, sorted(paths)) for (depth, width), paths in sorted(found.items())]


def sram_models(srams: list[Sram]) -> str:
    """Return behavioural models of the wrappers, in Verilog."""
    return "\n".join(_model(sram) for sram in srams)


def _model(sram: Sram) -> str:
    address = max(1, (sram.depth - 1).bit_length())
    return f"""\
// {sram.depth} words of {sram.width} bits, one read port, one write port, one clock.
// r_data is the word at r_addr one cycle after r_en, and stays while r_en is low. The core never
// uses what is read from an address that is written in the same cycle, or was never written:
// unknown here. w_en writes the whole word.
module {sram.name} (
    input  wire clk,
    input  wire r_en,
    input  wire [{address - 1}:0] r_addr,
    output reg  [{sram.width - 1}:0] r_data,
    input  wire w_en,
    input  wire [{address - 1}:0] w_addr,
    input  wire [{sram.width - 1}:0] w_data
);
    reg [{sram.width - 1}:0] words [0:{sram.depth - 1}];
    always @(posedge clk) begin
        if (w_en) words[w_addr] <= w_data;
        if (r_en) r_data <= (w_en && r_addr == w_addr) ? {{{sram.width}{{1'bx}}}} : words[r_addr];
    end
endmodule
"""


def sram_map(srams: list[Sram]) -> str:
    """Return the wrappers as JSON: a list of objects."""
    return json.dumps([_row(sram) for sram in srams], indent=2) + "\n"


def _row(sram: Sram) -> dict[str, Any]:
    count = len(sram.instances)
    bits = count * sram.depth * sram.width
    return {"module": sram.name, **sram._asdict(), "count": count, "bits": bits}


def sram_table(srams: list[Sram]) -> str:
    """Return the wrappers as a Markdown table."""
    lines = ["| module | words | bits a word | count | bits in all | instances |"]
    lines.append("|---|---|---|---|---|---|")
    for row in map(_row, srams):
        cells = [f"`{row['module']}`", row["depth"], row["width"], row["count"], row["bits"]]
        cells.append(", ".join(f"`{path}`" for path in row["instances"]))
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines.append(f"| in all | | | {_sum(srams, 'count')} | {_sum(srams, 'bits')} | |")
    return "\n".join(lines) + "\n"


def _sum(srams: list[Sram], what: str) -> int:
    return sum(_row(sram)[what] for sram in srams)
