"""A harness around the core: three pins, whatever ports the core has.

::

    in ─► shift register ─► core's inputs    core's outputs ─► registers ─► parity chain ─► out

Between a port of the core and the harness's logic there is always a register, so that no path of
the harness is longer than from one register through one XOR to the next; a path that begins or
ends in a register of the harness is a path of the core's ports.

The core's instance is `CORE`: names of its cells begin with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..boards.build_plan import NAME
from ..boards.verilog import TOP, Port

CORE = "core"
CLOCK = "clk"


def verilog(ports: Sequence[Port]) -> str:
    """Return the module `NAME`, with the pins clk, in and out, and the core as a black box.

    Parameters
    ----------
    ports : sequence of Port
        Of the core, its clock `CLOCK` among them.
    """
    inputs, outputs = _sides(ports)
    driven, given = _bits(inputs), _bits(outputs)
    wired = [f".{CLOCK}({CLOCK})", *_connect(inputs, "driven"), *_connect(outputs, "given")]
    return f"""\
(* blackbox *)
module {TOP} (
    {_lines(port.declaration for port in ports)}
);
endmodule

module {NAME} (
    input  wire {CLOCK},
    input  wire in,
    output wire out
);
    reg  [{driven - 1}:0] driven;
    wire [{given - 1}:0] given;
    reg  [{given - 1}:0] taken, folded;
    always @(posedge {CLOCK}) begin
        driven <= {{driven, in}};
        taken  <= given;
        folded <= taken ^ {{folded, 1'b0}};
    end
    assign out = folded[{given - 1}];
    {TOP} {CORE} (
        {_lines(wired, 8)}
    );
endmodule
"""


def _sides(ports: Sequence[Port]) -> tuple[list[Port], list[Port]]:
    """The inputs but for the clock, and the outputs."""
    inputs = [port for port in ports if port.direction == "input" and port.name != CLOCK]
    return inputs, [port for port in ports if port.direction == "output"]


def _bits(ports: Sequence[Port]) -> int:
    return sum(port.bits for port in ports)


def _connect(ports: Sequence[Port], bus: str) -> list[str]:
    """Each port to its bits of ``bus``."""
    rows, low = [], 0
    for port in ports:
        rows.append(f".{port.name}({bus}[{low + port.bits - 1}:{low}])")
        low += port.bits
    return rows


def _lines(rows: Iterable[str], indent: int = 4) -> str:
    return f",\n{' ' * indent}".join(rows)
