"""iCEBreaker 1.0 by 1BitSquared: Lattice iCE40 UP5K, FT2232H for UART and programming."""

from .board import Board, Wires

BOARD = Board(
    name="icebreaker",
    title="iCEBreaker (Lattice iCE40 UP5K)",
    platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
    crystal="clk12",
    crystal_hz=12e6,
    clock_hz=36e6,  # every preset meets it; a third of it is 12 Mbaud
    attrs={"IO_STANDARD": "SB_LVCMOS"},
    defaults={
        "channels": 48,
        "sample_bits": 10,
        "input": "emulator",
        "link": "uart",
    },
    inputs={
        "emulator": Wires(),
        "rhd2132": Wires(
            pins={
                "sclk": "pmod_0:1",
                "cs_n": "pmod_0:2",
                "mosi": "pmod_0:3",
                "miso": "pmod_0:4 pmod_0:7 pmod_0:8 pmod_0:9 pmod_0:10",
            },
            note="PMOD1A, an LVDS receiver board for the headstages",
        ),
        "native": Wires(
            pins={
                "value": "pmod_1:1 pmod_1:2 pmod_1:3 pmod_1:4 pmod_1:7 pmod_1:8 pmod_1:9 pmod_1:10 "
                "pmod_0:1 pmod_0:2 pmod_0:3 pmod_0:4",
                "valid": "pmod_0:7",
                "first": "pmod_0:8",
            },
            clock="pmod_0:10",  # ball 44, a global buffer's
            clock_hz=24e6,
            note="PMOD1B and PMOD1A, up to 12 bits",
        ),
    },
    links={
        "uart": Wires(pins={"tx": "9"}, settings={"baud": 12e6}, note="the board's own USB"),
        "spi": Wires(
            pins={"cs_n": "pmod_2:7", "miso": "pmod_2:8", "ready": "pmod_2:10"},
            clock="pmod_2:9",  # ball 20, a global buffer's
            clock_hz=24e6,
            note="PMOD2, a microcontroller that asks",
        ),
    },
    leds={"running": "!37", "fault": "!11"},
    button="!10",
    programmer="iceprog",
)
