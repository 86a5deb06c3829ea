"""ULX3S by Radiona: Lattice ECP5 with 56 pins on headers, FT231X for UART and programming."""

from dataclasses import replace

from .board import Board, Wires

_RHD = {"sclk": "gpio_0:0+", "cs_n": "gpio_0:1+", "mosi": "gpio_0:2+"}
_AUX = "gpio_0:26+ gpio_0:26- gpio_0:27+ gpio_0:27-"
_MISO = " ".join(f"gpio_0:{n}{sign}" for n in range(3, 9) for sign in "+-")

BOARD = Board(
    name="ulx3s",
    title="ULX3S 12F (Lattice ECP5)",
    platform="amaranth_boards.ulx3s:ULX3S_12F_Platform",
    crystal="clk25",
    crystal_hz=25e6,
    clock_hz=90e6,
    attrs={"IO_TYPE": "LVCMOS33"},
    hold={"L2": 1},  # GPIO0 of the ESP32: low, its firmware may load another bitstream
    defaults={"channels": 16, "input": "emulator", "link": "uart"},
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(pins={**_RHD, "miso": _MISO, "aux": _AUX}, settings={"half_period": 2}),
        "rhd2164": Wires(pins={**_RHD, "miso": _MISO, "aux": _AUX}, settings={"half_period": 2}),
        "multiplexed": Wires(
            pins={
                "lanes": " ".join(f"gpio_0:{n}{sign}" for n in range(16) for sign in "+-"),
                "bit_clock": "gpio_0:16+",
                "frame": "gpio_0:16-",
                "slot": "gpio_0:17-",
                "aux": _AUX,
            },
        ),
        "native": Wires(
            pins={
                "value": " ".join(f"gpio_0:{n}{sign}" for n in range(8) for sign in "+-"),
                "valid": "gpio_0:8+",
                "first": "gpio_0:8-",
                "aux": _AUX,
            },
            clock="gpio_0:12+",
            clock_hz=50e6,
        ),
    },
    links={
        "uart": Wires(pins={"tx": "L4"}, settings={"baud": 3e6}, note="the board's own USB"),
        "spi": Wires(
            pins={"cs_n": "gpio_0:18+", "miso": "gpio_0:18-", "ready": "gpio_0:19+"},
            clock="gpio_0:17+",
            clock_hz=50e6,
            note="the microcontroller that asks, on the header",
        ),
        "ft245": Wires(
            pins={
                "data": " ".join(f"gpio_0:{n}{sign}" for n in range(20, 24) for sign in "+-"),
                "txe_n": "gpio_0:24+",
                "wr_n": "gpio_0:24-",
                "oe_n": "gpio_0:25+",
                "rd_n": "gpio_0:25-",
                "siwu_n": "gpio_0:19-",
            },
            clock="gpio_0:17+",
            clock_hz=60e6,
            settings={"width": 8},
            note="an FT232H or FT2232H module on the header, in mode 245 synchronous FIFO",
        ),
        "rmii": Wires(
            pins={"txd": "gpio_0:24+ gpio_0:24-", "tx_en": "gpio_0:25+"},
            clock="gpio_0:17+",
            clock_hz=50e6,
            note="a LAN8720 module on the header, which gives the 50 MHz",
        ),
    },
    leds={"running": "B2", "fault": "C2"},
    button="R1",
    programmer="openFPGALoader -b ulx3s",
)

LARGE = replace(
    BOARD,
    name="ulx3s-85f",
    title="ULX3S 85F (Lattice ECP5)",
    platform="amaranth_boards.ulx3s:ULX3S_85F_Platform",
)
