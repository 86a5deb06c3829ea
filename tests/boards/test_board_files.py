"""The files of a board's design: what they hold agrees, and comes again byte for byte."""

import re
import subprocess
import sys

import pytest

from probecodec.boards import build_plan
from probecodec.boards.board_files import TOP, files, generate, pin_table, ports
from probecodec.boards.design import make
from probecodec.boards.targets import board
from probecodec.boards.verilog import TOP as CORE

CONSTRAINTS = {
    "icebreaker": (".pcf", r"set_io (\S+) (\S+)"),
    "ulx3s": (".lpf", r'LOCATE COMP "(\S+)" SITE "(\S+)"'),
    "orangecrab": (".lpf", r'LOCATE COMP "(\S+)" SITE "(\S+)"'),
    "cynthion": (".lpf", r'LOCATE COMP "(\S+)" SITE "(\S+)"'),
    "arty-a7": (".xdc", r'LOC (\S+) \[get_ports "(\S+)"\]'),
    "tang-nano-9k": (".cst", r'IO_LOC "(\S+)" (\S+);'),
}


def design(name, **fields):
    """A small one, with a button where the board has one."""
    return make(board(name), **{"preset": "dual", "channels": 8, "input": "emulator"} | fields)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_and_table_name_the_same_pins(name):
    """As many pins in the table as the tools are told to place; each ball is there once."""
    chosen = design(name)
    suffix, pattern = CONSTRAINTS[name]
    texts = build_plan.prepare(chosen).files
    text = texts[f"{build_plan.NAME}{suffix}"]
    text = text if isinstance(text, str) else text.decode()
    placed = [match.groups() for match in re.finditer(pattern, text)]
    table = pin_table(chosen)
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert len(placed) == len(rows) > 3
    balls = [place for pair in placed for place in pair if "__io" not in place]
    assert len(set(balls)) == len(placed)
    for row in rows:  # a ball in the table is a ball in the constraints
        pin = re.match(r"\| `!?(\S+?)` \|", row)[1]
        if ":" not in pin and pin != chosen.board.crystal:
            assert pin in balls


def test_table_tells_what_every_pin_is():
    table = pin_table(design("icebreaker", link="spi"))
    assert "| `clk12` | clock, 12 MHz | the board |" in table
    assert "| `pmod_2:9` | spi: clock in, 24 MHz | PMOD2, a microcontroller that asks |" in table
    assert "| `pmod_2:8` | spi: `miso` |" in table
    assert "| `!37` | LED running | the board |" in table and "button: next mode" in table
    alone = pin_table(design("icebreaker", preset="fixed"))
    assert "button" not in alone
    arty = pin_table(design("arty-a7", link="mii"))
    assert "| `G18` | mii: clock out, 25 MHz |" in arty and "| `C16` | mii: always 1 |" in arty
    assert "| `J14` | mii: `txd[1]` |" in arty
    assert "| `L2` | always 1 | the board |" in pin_table(design("ulx3s"))


def test_files():
    texts = files(design("icebreaker"))
    names = {f"{TOP}.v", "icebreaker.v", "icebreaker.pcf", "pins.md", f"{CORE}.v"}
    assert names <= set(texts)
    assert f"module {TOP}(" in texts[f"{TOP}.v"] and "SB_PLL40_PAD" in texts["icebreaker.v"]
    assert not re.search(r"\.py|/home|/tmp|/root|\(\* src", "".join(texts.values()))
    arty = files(design("arty-a7"))
    assert {"arty_a7.v", "arty_a7.xdc", "arty_a7.tcl"} <= set(arty)


def test_ports_have_clocks_and_resets_of_their_own():
    def names(**fields):
        return [port.name for port in ports(design(**fields))]

    assert names(name="icebreaker", link="uart")[:3] == ["clk", "rst", "link_tx"]
    both = names(name="icebreaker", input="native", link="spi")
    assert both[:6] == ["clk", "rst", "input_clk", "input_rst", "link_clk", "link_rst"]
    assert "link_clk" in names(name="cynthion")
    assert "button" in both
    assert "button" not in names(name="icebreaker", preset="fixed")


CODE = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
from probecodec.boards.board_files import generate
from probecodec.boards.design import make
from probecodec.boards.targets import board
print(generate(make(board("cynthion"), preset="fixed", channels=8)), end="")
"""


def test_same_bytes_in_every_process():
    """Even with LUNA's cores; `test_build` has it for whole boards."""
    elsewhere = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "1", "PATH": ""},
    ).stdout
    assert elsewhere == generate(design("cynthion", preset="fixed"))


def test_generated_again_in_one_process():
    """A design can be asked twice: its parts are made anew."""
    assert generate(design("icebreaker")) == generate(design("icebreaker"))
