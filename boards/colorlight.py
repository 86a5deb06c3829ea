"""Colorlight 5A-75B r7.0: Lattice ECP5 with two gigabit Ethernet PHYs, made to drive LED panels.

Its panel connectors are outputs, so that it shows itself with the emulator.
"""

from .board import Board, Wires

BOARD = Board(
    name="colorlight",
    title="Colorlight 5A-75B r7.0 (Lattice ECP5)",
    platform="amaranth_boards.colorlight_5a75b_r7_0:Colorlight_5A75B_R70Platform",
    crystal="clk25",
    crystal_hz=25e6,
    clock_hz=75e6,
    attrs={"IO_TYPE": "LVCMOS33"},
    defaults={"channels": 384, "input": "emulator", "link": "rgmii"},
    inputs={"emulator": Wires()},
    links={
        "rgmii": Wires(
            pins={"txd": "L1 L3 P2 L4", "tx_ctl": "M3", "txc": "M2"},
            clock_hz=125e6,
            hold={"P5": 1},  # reset of the PHYs
            attrs={"SLEWRATE": "FAST"},
            note="the first Ethernet socket",
        ),
    },
    leds={"running": "!P11"},
    button="!M13",
    programmer="openFPGALoader -c ft232",
)
