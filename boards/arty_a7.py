"""Arty A7-35T by Digilent: AMD Artix-7, 100 Mbit/s Ethernet; built by Vivado."""

from .board import Board, Wires

_JA = " ".join(f"pmod_0:{n}" for n in (1, 2, 3, 4, 7, 8, 9, 10))
_JB = " ".join(f"pmod_1:{n}" for n in (1, 2, 3, 4, 7, 8, 9, 10))
_JC = " ".join(f"pmod_2:{n}" for n in (1, 2, 3, 4, 7, 8, 9, 10))

BOARD = Board(
    name="arty-a7",
    title="Arty A7-35T (AMD Artix-7)",
    platform="amaranth_boards.arty_a7:ArtyA7_35Platform",
    crystal="clk100",
    crystal_hz=100e6,
    clock_hz=75e6,
    attrs={"IOSTANDARD": "LVCMOS33"},
    # The Ethernet PHY takes its address and mode from pulls at pins that else are unused.
    tool_options={
        "script_after_place": "set_property BITSTREAM.CONFIG.UNUSEDPIN PULLNONE [current_design]"
    },
    defaults={"channels": 384, "input": "emulator", "link": "mii"},
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(
            pins={
                "sclk": "pmod_0:1",
                "cs_n": "pmod_0:2",
                "mosi": "pmod_0:3",
                "miso": f"{_JB} pmod_0:4 pmod_0:7 pmod_0:8 pmod_0:9",
            },
            settings={"half_period": 2},
        ),
        "rhd2164": Wires(
            pins={"sclk": "pmod_0:1", "cs_n": "pmod_0:2", "mosi": "pmod_0:3", "miso": _JB},
            settings={"half_period": 2},
        ),
        "native": Wires(
            pins={"value": f"{_JA} {_JC}", "valid": "pmod_1:2", "first": "pmod_1:3"},
            clock="pmod_1:1",
            clock_hz=50e6,
            note="JA and JC, and JB for the clock",
        ),
    },
    links={
        "uart": Wires(pins={"tx": "D10"}, settings={"baud": 3e6}, note="the board's own USB"),
        "mii": Wires(
            pins={"txd": "H14 J14 J13 H17", "tx_en": "H15"},
            clock="H16",
            clock_hz=25e6,
            clock_out="G18",
            clock_out_hz=25e6,
            hold={"C16": 1},  # reset of the PHY
            note="the board's Ethernet socket",
        ),
        "spi": Wires(
            pins={"cs_n": "pmod_3:1", "miso": "pmod_3:2", "ready": "pmod_3:4"},
            clock="pmod_3:3",
            clock_hz=50e6,
            note="the microcontroller that asks, on JD",
        ),
    },
    leds={"running": "H5", "fault": "J5"},
    button="D9",
    programmer="openFPGALoader -b arty",
)
