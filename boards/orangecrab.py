"""OrangeCrab r0.2 by Good Stuff Department: Lattice ECP5 in the Feather format."""

from dataclasses import replace

from .board import Board, Wires

_RHD = {"sclk": "io_0:sck", "cs_n": "io_0:5", "mosi": "io_0:copi"}
_MISO = "io_0:cipo io_0:a0 io_0:a1 io_0:a2 io_0:a3 io_0:a4"

BOARD = Board(
    name="orangecrab",
    title="OrangeCrab r0.2 25F (Lattice ECP5)",
    platform="amaranth_boards.orangecrab_r0_2:OrangeCrabR0_2_25FPlatform",
    crystal="clk",
    crystal_hz=48e6,
    clock_hz=96e6,
    attrs={"IO_TYPE": "LVCMOS33"},
    defaults={"channels": 384, "input": "emulator", "link": "ft245"},
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(pins={**_RHD, "miso": _MISO}, settings={"half_period": 2}),
        "rhd2164": Wires(pins={**_RHD, "miso": _MISO}, settings={"half_period": 2}),
    },
    links={
        "uart": Wires(
            pins={"tx": "io_0:1"}, settings={"baud": 12e6}, note="an FT232H or FT2232H module"
        ),
        "spi": Wires(
            pins={"cs_n": "io_0:10", "miso": "io_0:11", "ready": "io_0:12"},
            clock="io_0:6",
            clock_hz=50e6,
            note="the microcontroller that asks",
        ),
        "ft245": Wires(
            pins={
                "data": "io_0:a0 io_0:a1 io_0:a2 io_0:a3 io_0:a4 io_0:cipo io_0:copi io_0:sck",
                "txe_n": "io_0:5",
                "wr_n": "io_0:9",
                "oe_n": "io_0:10",
                "rd_n": "io_0:11",
                "siwu_n": "io_0:12",
            },
            clock="io_0:6",
            clock_hz=60e6,
            settings={"width": 8},
            note="an FT232H module in mode 245 synchronous FIFO; it leaves no pins for amplifiers",
        ),
    },
    leds={"running": "!M3", "fault": "!K4"},
    programmer="dfu-util -a 0 -D",
    dfu_id=(0x1209, 0x5AF0),
)

LARGE = replace(
    BOARD,
    name="orangecrab-85f",
    title="OrangeCrab r0.2 85F (Lattice ECP5)",
    platform="amaranth_boards.orangecrab_r0_2:OrangeCrabR0_2_85FPlatform",
)
