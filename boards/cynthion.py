"""Cynthion r1.4 by Great Scott Gadgets: Lattice ECP5 with three USB 2.0 high-speed PHYs.

Pins and PHY settings are those of its maker's `cynthion` package (``cynthion_r1_4.py``).
"""

from .board import Board, Wires

_MISO = " ".join(f"pmod_1:{n}" for n in (1, 2, 3, 4, 7, 8, 9, 10)) + " pmod_0:7 pmod_0:8 pmod_0:9"

BOARD = Board(
    name="cynthion",
    title="Cynthion r1.4 (Lattice ECP5)",
    platform="probecodec.boards.cynthion_platform:Cynthion",
    crystal="clk_60MHz",
    crystal_hz=60e6,
    clock_hz=60e6,
    attrs={"IO_TYPE": "LVCMOS33"},
    defaults={"channels": 384, "input": "emulator", "link": "usb"},
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(
            pins={"sclk": "pmod_0:1", "cs_n": "pmod_0:2", "mosi": "pmod_0:3", "miso": _MISO},
            settings={"half_period": 2},
            note="PMOD A and B",
        ),
        "rhd2164": Wires(
            pins={"sclk": "pmod_0:1", "cs_n": "pmod_0:2", "mosi": "pmod_0:3", "miso": _MISO},
            settings={"half_period": 2},
            note="PMOD A and B",
        ),
    },
    links={
        "usb": Wires(
            pins={
                "data": "F16 G15 G16 H15 J15 J16 K15 K16",
                "dir": "E16",
                "nxt": "F15",
                "stp": "E15",
                "reset": "!J13",
            },
            clock_out="D16",
            clock_out_hz=60e6,
            attrs={"SLEWRATE": "FAST"},
            settings={"phy_registers": {0x39: 0b110}},  # the board swaps D+ and D-
            # Power comes in by AUX, and goes to no other port.
            hold={"L13": 0, "K13": 0, "K5": 0, "L1": 0, "L2": 0, "K4": 0},
            note="the USB-C socket AUX",
        ),
    },
    leds={"running": "!E13", "fault": "!C13"},
    button="!M14",
    programmer="apollo configure",
)
