"""A small liberty file, made by hand: round numbers in units other than those of OSU's."""


def _table(kind, template, values):
    rows = ", ".join(f'"{row}"' for row in values)
    return f"{kind}({template}) {{ values({rows}); }}"


def _gate(name, area, inputs, function, sense, capacitance=10):
    pins = "".join(
        f"pin({pin}) {{ direction: input; capacitance: {capacitance}; }}\n" for pin in inputs
    )
    arcs = "".join(
        f"""timing() {{ related_pin: "{pin}"; timing_sense: {sense};
        {_table("cell_rise", "delays", ("100, 190", "200, 290"))}
        {_table("cell_fall", "delays", ("100, 190", "200, 290"))}
        {_table("rise_transition", "delays", ("50, 50", "150, 150"))}
        {_table("fall_transition", "delays", ("50, 50", "150, 150"))} }}
        internal_power() {{ related_pin: "{pin}";
        {_table("rise_power", "energies", ("800, 800", "800, 800"))}
        {_table("fall_power", "energies", ("1600, 1600", "1600, 1600"))} }}
        """
        for pin in inputs
    )
    return f"""cell({name}) {{ area: {area}; cell_leakage_power: 3;
    {pins} pin(Y) {{ direction: output; function: "{function}"; {arcs} }} }}
    """


_FLIPFLOP = f"""cell(DFF) {{ area: 8; cell_leakage_power: 5;
ff(IQ, IQN) {{ clocked_on: "CK"; next_state: "D"; }}
pin(CK) {{ direction: input; clock: true; capacitance: 10;
  internal_power() {{
    rise_power(scalar) {{ values("2400"); }} fall_power(scalar) {{ values("800"); }} }} }}
pin(D) {{ direction: input; capacitance: 10;
  timing() {{ related_pin: "CK"; timing_type: setup_rising;
    rise_constraint(scalar) {{ values("70"); }} fall_constraint(scalar) {{ values("40"); }} }} }}
pin(Q) {{ direction: output; function: "IQ";
  timing() {{ related_pin: "CK"; timing_type: rising_edge;
    {_table("cell_rise", "delays", ("120, 210", "220, 310"))}
    {_table("cell_fall", "delays", ("100, 190", "200, 290"))}
    {_table("rise_transition", "delays", ("50, 50", "150, 150"))}
    {_table("fall_transition", "delays", ("50, 50", "150, 150"))} }} }}
}}
"""
_RESET = """cell(DFFS) { area: 12;
ff(IQ, IQN) { clocked_on: "CK"; next_state: "D"; preset: "S"; clear: "R"; }
pin(CK) { direction: input; clock: true; capacitance: 10; }
pin(D) { direction: input; capacitance: 10; }
pin(S) { direction: input; capacitance: 10; }
pin(R) { direction: input; capacitance: 10; }
pin(Q) { direction: output; function: "IQ";
  timing() { related_pin: "CK"; timing_type: rising_edge;
    cell_rise(scalar) { values("100"); } cell_fall(scalar) { values("100"); }
    rise_transition(scalar) { values("50"); } fall_transition(scalar) { values("50"); } } }
}
"""
_LATCH = """cell(LATCH) { area: 5; cell_leakage_power: 5;
latch(IQ, IQN) { enable: "G'"; data_in: "D"; }
pin(G) { direction: input; clock: true; capacitance: 10; }
pin(D) { direction: input; capacitance: 10; }
pin(Q) { direction: output; function: "IQ"; }
}
"""
THRESHOLDS = "".join(
    f"{kind}_{edge}: {percent}; "
    for edge in ("rise", "fall")
    for kind, percent in (
        ("slew_lower_threshold_pct", 20),
        ("slew_upper_threshold_pct", 80),
        ("input_threshold_pct", 50),
        ("output_threshold_pct", 50),
    )
)
GATES = {
    "INV": _gate("INV", 1, "A", "A'", "negative_unate"),
    "BUF": _gate("BUF", 2, "A", "A", "positive_unate"),
    "NAND": _gate("NAND", 2, "AB", "(A & B)'", "negative_unate", 15),
    "NAND_BIG": _gate("NAND_BIG", 3, "AB", "!A + !B", "negative_unate"),
    "NOR": _gate("NOR", 2, "AB", "!(A | B)", "negative_unate"),
    "AND": _gate("AND", 3, "AB", "A*B", "positive_unate"),
    "DFF": _FLIPFLOP,
    "DFFS": _RESET,
    "LATCH": _LATCH,
}


def text(*without):
    """Return the library: 10 ps, 1 fF, 100 mV (so energies in 10 aJ), pW; without some cells."""
    cells = "\n".join(cell for name, cell in GATES.items() if name not in without)
    return f"""/* made by hand */
library(hand) {{
  delay_model: table_lookup;
  time_unit: "10ps"; voltage_unit : "100mV" ; leakage_power_unit: 1pW;
  capacitive_load_unit(1, ff);
  nom_voltage: 20;
  operating_conditions(usual) {{ process: 1; voltage: 20; temperature: 25; }}
  default_operating_conditions: usual;
  {THRESHOLDS}
  lu_table_template(delays) {{ variable_1: total_output_net_capacitance;
    variable_2: input_net_transition; index_1("0, 100"); index_2("10, 100"); }}
  power_lut_template(energies) {{ variable_1: total_output_net_capacitance;
    variable_2: input_transition_time; index_1("0, 100"); index_2("10, 100"); }}
  {cells}
}}
"""
