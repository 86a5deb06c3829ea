"""What Yosys needs to know of a library's cells: clock gates, full adders, flip-flops."""

from __future__ import annotations

from .boolean import table
from .cells import Cell, Library

CLOCK_GATE = "probecodec_clock_gate"
ADDER = "probecodec_full_adder"
_SUM = "a^b^c"
_CARRY = "(a b) + (c (a + b))"

# A register with reset beside an enable: the enable becomes "enable or reset", fit for clock gates.
FLIPFLOPS = """\
(* techmap_celltype = "$_SDFFE_PP0P_" *)
module clear_to_0(input D, C, R, E, output Q);
  $_DFFE_PP_ _TECHMAP_REPLACE_ (.D(D & ~R), .C(C), .E(E | R), .Q(Q));
endmodule
(* techmap_celltype = "$_SDFFE_PP1P_" *)
module clear_to_1(input D, C, R, E, output Q);
  $_DFFE_PP_ _TECHMAP_REPLACE_ (.D(D | R), .C(C), .E(E | R), .Q(Q));
endmodule
"""

# Adders ripple: at a cycle of tens of nanoseconds nothing is gained by looking ahead. Bits of
# constants need no full adder.
ADDERS = rf"""
(* techmap_celltype = "$fa" *)
module full_adders(A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  genvar i;
  generate for (i = 0; i < WIDTH; i = i + 1) begin:each
    {ADDER} fa (.A(A[i]), .B(B[i]), .C(C[i]), .X(X[i]), .Y(Y[i]));
  end endgenerate
endmodule

(* techmap_celltype = "$alu" *)
module ripple(A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_A_ = 0, _TECHMAP_CONSTMSK_B_ = 0, _TECHMAP_CONSTMSK_CI_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;
  wire [Y_WIDTH-1:0] a, b0, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) pa (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) pb (.A(B), .Y(b0));
  assign b = BI ? ~b0 : b0;
  assign X = a ^ b;
  wire [Y_WIDTH:0] c;
  assign c[0] = CI;
  genvar i;
  generate for (i = 0; i < Y_WIDTH; i = i + 1) begin:each
    localparam ka = i < A_WIDTH ? _TECHMAP_CONSTMSK_A_ >> i
                  : A_SIGNED ? _TECHMAP_CONSTMSK_A_ >> (A_WIDTH - 1) : 1;
    localparam kb = i < B_WIDTH ? _TECHMAP_CONSTMSK_B_ >> i
                  : B_SIGNED ? _TECHMAP_CONSTMSK_B_ >> (B_WIDTH - 1) : 1;
    if ((ka & 1) || (kb & 1) || (i == 0 && _TECHMAP_CONSTMSK_CI_)) begin
      assign Y[i] = X[i] ^ c[i];
      assign c[i+1] = (a[i] & b[i]) | ((a[i] | b[i]) & c[i]);
    end else begin
      {ADDER} fa (.A(a[i]), .B(b[i]), .C(c[i]), .X(c[i+1]), .Y(Y[i]));
    end
  end endgenerate
  assign CO = c[Y_WIDTH:1];
endmodule
"""

ADDER_BOX = f"""(* blackbox *)
module {ADDER}(input A, B, C, output X, Y);
endmodule
"""

# Where only sum or only carry is used, gates are smaller than a full adder's cell.
ADDER_GATES = f"""\
module {ADDER}(input A, B, C, output X, Y);
  assign Y = A ^ B ^ C;
  assign X = (A & B) | (C & (A | B));
endmodule
"""


def adder(library: Library) -> str | None:
    """Return Verilog of `ADDER` by the library's smallest full adder; None where it has none."""
    cell = library.smallest(_SUM, _CARRY)
    if cell is None:
        return None
    asked = table(_SUM, "abc")
    total = next(o for o in cell.outputs if table(cell.pins[o].function, cell.inputs) == asked)
    carry = next(pin for pin in cell.outputs if pin != total)
    ins = ", ".join(f".{pin}({n})" for pin, n in zip(cell.inputs, "ABC", strict=True))
    return f"""\
module {ADDER}(input A, B, C, output X, Y);
  {cell.name} fa ({ins}, .{carry}(X), .{total}(Y));
endmodule
"""


def clock_gate(library: Library) -> str | None:
    """Return Verilog of `CLOCK_GATE`: a latch that is open while the clock is low, and an AND.

    None where the library has no latch to make it of.
    """
    latch, gate = library.latch, library.smallest("a b")
    if latch is None or gate is None:
        return None
    plain = (pin for pin in latch.outputs if "!" not in latch.pins[pin].function)
    output = next(plain, None)
    if output is None:
        return None
    open_low = latch.enable.startswith("!") or latch.enable.endswith("'")
    enable = latch.enable.strip("!'() ")
    invert = "" if open_low else _instance(library.inverter, "invert", ("clk",), "open")
    pins = f".{enable}({'clk' if open_low else 'open'}), .{latch.data}(ce), .{output}(held)"
    a, b = gate.inputs
    return f"""\
module {CLOCK_GATE}(input clk, ce, output gclk);
  wire open, held;
  {invert}
  {latch.name} latch ({pins});
  {gate.name} gate (.{a}(clk), .{b}(held), .{gate.outputs[0]}(gclk));
endmodule
"""


def _instance(cell: Cell, name: str, inputs: tuple[str, ...], output: str) -> str:
    pins = [f".{pin}({net})" for pin, net in zip(cell.inputs, inputs, strict=True)]
    return f"{cell.name} {name} ({', '.join([*pins, f'.{cell.outputs[0]}({output})'])});"
