"""Tang Nano 9K by Sipeed: Gowin GW1NR-9, a BL702 for UART and programming."""

from .board import Board, Wires

BOARD = Board(
    name="tang-nano-9k",
    title="Tang Nano 9K (Gowin GW1NR-9)",
    platform="probecodec.boards.gowin:TangNano9k",
    crystal="clk27",
    crystal_hz=27e6,
    clock_hz=27e6,
    attrs={"IO_TYPE": "LVCMOS33"},
    own_attrs={"IO_TYPE": "LVCMOS18"},  # their bank has the 1.8 V of the PSRAM
    defaults={"channels": 16, "input": "emulator", "link": "uart"},
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(
            pins={"sclk": "25", "cs_n": "26", "mosi": "27", "miso": "28 29 30 33"},
            settings={"half_period": 1},
        ),
    },
    links={
        "uart": Wires(pins={"tx": "17"}, settings={"baud": 3e6}, note="the board's own USB"),
        "spi": Wires(
            pins={"cs_n": "34", "miso": "40", "ready": "41"},
            clock="35",
            clock_hz=24e6,
            note="the microcontroller that asks, on the header",
        ),
    },
    leds={"running": "!10", "fault": "!11"},
    button="!3",
    programmer="openFPGALoader -b tangnano9k",
)
