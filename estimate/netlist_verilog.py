"""Writes a mapped netlist as Verilog, under names that later steps know by number."""

from __future__ import annotations

from .netlist import Instance, Netlist


def verilog(netlist: Netlist, top: str) -> str:
    """Return the netlist as Verilog: nets ``n<number>``, instances ``u<number>``."""
    ports = [("input", name, nets) for name, nets in netlist.inputs.items()]
    ports += [("output", name, nets) for name, nets in netlist.outputs.items()]
    lines = [f"module {top} ({', '.join(name for _, name, _ in ports)});"]
    for direction, name, nets in ports:
        span = f"[{len(nets) - 1}:0] " if len(nets) > 1 else ""
        lines.append(f"  {direction} {span}{name};")
    lines += [f"  wire n{n};" for n in range(len(netlist.drivers))]
    for direction, name, nets in ports:
        for n, net in enumerate(nets):
            bit = f"{name}[{n}]" if len(nets) > 1 else name
            pair = (f"n{net}", bit) if direction == "input" else (bit, _wire(net))
            lines.append(f"  assign {pair[0]} = {pair[1]};")
    for number, each in enumerate(netlist.instances):
        pins = ", ".join(_connection(each, port) for port in _bundles(each))
        lines.append(f"  {each.kind} u{number} ({pins});")
    return "\n".join([*lines, "endmodule", ""])


def _bundles(each: Instance) -> list[str]:
    return list(dict.fromkeys(pin.partition("[")[0] if not each.cell else pin for pin in each.pins))


def _connection(each: Instance, port: str) -> str:
    if each.cell:
        return f".{port}({_wire(each.pins[port])})"
    bits = [net for pin, net in each.pins.items() if pin.partition("[")[0] == port]
    wires = ", ".join(_wire(net) for net in reversed(bits))
    return f".{port}({{{wires}}})" if len(bits) > 1 else f".{port}({wires})"


def _wire(net: int) -> str:
    return f"n{net}" if net >= 0 else f"1'b{-1 - net}"
