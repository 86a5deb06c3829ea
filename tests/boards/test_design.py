"""Designs: what goes together, what does not, and what is said of it."""

import gc
import re
import warnings
from dataclasses import replace
from itertools import product

import pytest
from amaranth.hdl import UnusedElaboratable

from probecodec.boards.board import Wires
from probecodec.boards.build_plan import prepare
from probecodec.boards.design import make
from probecodec.boards.parts import TIMEKEEPERS
from probecodec.boards.pins import pins_of
from probecodec.boards.targets import BOARDS, board
from probecodec.golden.config import PRESETS
from probecodec.golden.errors import ConfigError
from probecodec.golden.format import Mode

ALL = [
    (name, input, link)
    for name, one in BOARDS.items()
    for input, link in product(one.inputs, one.links)
]
# Pins of iCE40UP5K-SG48 that drive a global buffer (FPGA-DS-02008, pinout: IOT_46b_G0 …).
ICE40_CLOCKS = {"35", "37", "20", "44"}
# Pins of the Arty that are clock-capable and the P side of their pair (Digilent's constraints:
# IO_…P_…_MRCC or SRCC).
ARTY_CLOCKS = {"E3", "H16", "F15", "E15", "D15", "F4", "E2", "C10", "C11"}


def error(name, **fields):
    """The one sentence with which ``fields`` are refused."""
    with pytest.raises(ConfigError) as caught:
        make(board(name), **fields)
    text = str(caught.value)
    assert text and "\n" not in text
    return text


@pytest.mark.parametrize(("name", "input", "link"), ALL)
def test_defaults_work_or_tell_what_does(name, input, link):
    try:
        design = make(board(name), input=input, link=link)
    except ConfigError as refused:
        text = str(refused)
    else:
        assert design.rate.typical <= design.rate.capacity
        assert not set(pins_of(design, "input")) & set(pins_of(design, "link"))
        return
    if "both take the pins" in text:
        return
    # What the sentence offers does work, and one more does not.
    names, channels, rate = re.search(
        r"use (?:the link (.+?), or )?at most (?:([\d,]+) channels|([\d,]+) frames a second)$", text
    ).groups()
    for other in names.split(" or ") if names else []:
        make(board(name), input=input, link=other)
    key, value = ("channels", channels) if channels else ("rate_hz", rate)
    most = int(value.replace(",", ""))
    make(board(name), input=input, link=link, **{key: most})
    with pytest.raises(ConfigError):
        make(board(name), input=input, link=link, **{key: most + most // 500 + 1})


@pytest.mark.parametrize("name", BOARDS)
def test_board_alone_works(name):
    """With its defaults, for every preset."""
    for preset in PRESETS:
        if preset in ("adaptive", "projection") or name not in ("ulx3s", "ulx3s-85f"):
            try:
                make(board(name), preset=preset)
            except ConfigError as refused:
                assert preset != "adaptive" and "typically need" in str(refused)


def balls(one):
    """Every pin that the board's file names: (what it is for, ball)."""
    platform = one.make_platform()

    def ball(pin):
        connector, colon, pad = pin.lstrip("!").rpartition(":")
        if not colon:
            return pad
        name, number = connector.rsplit("_", 1)
        return platform.connectors[name, int(number)].mapping[pad]

    crystal = platform.resources[one.crystal, 0].ios[0].names
    found = {"own": [*crystal, *map(ball, [*one.leds.values(), *one.hold])]}
    if one.button:
        found["own"].append(ball(one.button))
    for kind, parts in (("input", one.inputs), ("link", one.links)):
        for part, wires in parts.items():
            pins = [pin for names in wires.pins.values() for pin in names.split()]
            pins += [pin for pin in (wires.clock, wires.clock_out) if pin]
            found[f"{kind}.{part}"] = list(map(ball, [*pins, *wires.hold]))
    return found


@pytest.mark.parametrize("name", BOARDS)
def test_pins_exist_and_none_is_taken_twice(name):
    """By ball, whatever name it has; parts that share some are refused together."""
    found = balls(board(name))
    for part, pins in found.items():
        assert len(set(pins)) == len(pins), part
        assert not set(pins) & set(found["own"]) or part == "own", part
    one = board(name)
    for input, link in product(one.inputs, one.links):
        if set(found[f"input.{input}"]) & set(found[f"link.{link}"]):
            channels = {"rhd2132": 192, "rhd2164": 384}[input]  # all its pins
            assert "both take the pins" in error(name, input=input, link=link, channels=channels)


def test_clock_pins_reach_clock_networks():
    """Directly, as the vendors' pin lists have it."""

    def clocks(name):
        one = board(name)
        platform = one.make_platform()
        for wires in (*one.inputs.values(), *one.links.values()):
            if wires.clock:
                connector, colon, pad = wires.clock.rpartition(":")
                label, _, number = connector.rpartition("_")
                yield platform.connectors[label, int(number)].mapping[pad] if colon else pad

    assert set(clocks("icebreaker")) <= ICE40_CLOCKS
    assert set(clocks("arty-a7")) <= ARTY_CLOCKS
    assert set(clocks("ulx3s")) == {"G3", "L16"}  # PCLKT7_1, GR_PCLK3_0
    assert set(clocks("orangecrab")) == {"B9"}  # PCLKT1_1
    assert set(clocks("tang-nano-9k")) == {"35"}  # GCLKT_4


def test_ethernet_of_arty_is_that_of_its_platform():
    """Pins of another source: amaranth-boards."""
    platform = board("arty-a7").make_platform()
    wires = board("arty-a7").links["mii"]
    mii = {each.name: each.ios[0].names for each in platform.resources["eth_mii", 0].ios}
    assert wires.pins["txd"].split() == mii["tx_data"]
    assert [wires.pins["tx_en"]] == mii["tx_en"] and [wires.clock] == mii["tx_clk"]
    assert list(wires.hold) == mii["rst"] and wires.hold[mii["rst"][0]] == 1  # active low
    assert [wires.clock_out] == platform.resources["eth_clk25", 0].ios[0].names


def test_too_few_pins():
    text = error("icebreaker", input="rhd2132", channels=320)
    assert "has 5 pins wired for miso of rhd2132, which needs 10; use fewer channels" in text
    assert "use fewer bits a sample" in error("icebreaker", input="native", sample_bits=14)
    assert "use fewer auxiliary bits" in error("icebreaker", input="native", aux_bits=2)
    assert "0 pins wired for cts_n" in error("icebreaker", settings={"link.flow_control": True})


def test_same_pins():
    text = error("orangecrab", input="rhd2132", link="ft245")
    assert "the front end rhd2132 and the link ft245 both take the pins" in text
    assert "io_0:sck" in text and "choose another" in text


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"input": "rhd2164"}, "has no front end 'rhd2164'; it has emulator, rhd2132, native"),
        ({"link": "usb"}, "has no link 'usb'; it has uart, spi"),
        ({"preset": "huge"}, "no preset is named 'huge'"),
        ({"settings": {"baud": 3e6}}, "'baud' is no setting's name; use input.NAME or link.NAME"),
        ({"settings": {"links.baud": 3e6}}, "'links.baud' is no setting's name"),
        ({"settings": {"link.": 3e6}}, "'link.' is no setting's name"),
        ({"settings": {"link.bauds": 3e6}}, "the link uart has no setting 'bauds'"),
        ({"settings": {"link.divisor": 3}}, "the link uart has no setting 'divisor'"),
        ({"settings": {"link.baud": "x"}}, "baud must be a number above 0, not 'x'"),
        ({"settings": {"link.baud": None}}, "baud must be a number above 0, not None"),
        ({"settings": {"link.baud": 35e6}}, "cannot be made of a 36 MHz clock; use"),
        ({"settings": {"link.baud": 0}}, "baud must be a number above 0"),
        ({"settings": {"link.baud": 115200}}, "carries 0.1 Mbit/s"),
        ({"settings": {"input.length": 1000}}, "length must be a power of two"),
        ({"settings": {"input.channels": 3}}, "the front end emulator has no setting 'channels'"),
        ({"link": "spi", "settings": {"link.chunk": "x"}}, "chunk must be a whole number"),
        ({"link": "spi", "settings": {"link.timeout": 1.5}}, "timeout must be a whole number"),
        ({"input": "rhd2132", "settings": {"input.chips": 2}}, "has no setting 'chips'"),
        ({"input": "rhd2132", "settings": {"input.settings": 1}}, "has no setting 'settings'"),
        ({"input": "rhd2132", "settings": {"input.upper_hz": 1}}, "none of the RHD2000's: use"),
        ({"rate_hz": 0.0}, "rate_hz must be from"),
        ({"channels": 5000}, "channels must be"),
        ({"channels": 8}, "too few for the core's pipeline"),
        ({"channels": 1201, "link": "spi"}, "too short for 1201 channels"),
    ],
)
def test_what_cannot_be(fields, part):
    assert part in error("icebreaker", **fields)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, None),
        ({"settings": {"link.bauds": 1}}, "no setting"),  # before the constructor begins
        ({"link": "spi", "settings": {"link.depth": 5}}, "depth must be"),  # within it
        ({"link": "spi", "settings": {"link.timeout": 1.5}}, "a whole number"),  # behind it
        ({"link": "spi", "channels": 999}, "typically need"),
    ],
)
def test_amaranth_does_not_warn(fields, refused, monkeypatch):
    """Of parts that were made to be asked, and never used: nobody would know what it means."""
    monkeypatch.setattr(UnusedElaboratable, "_MustUse__silence", False)  # as after an elaboration
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if refused:
            assert refused in error("icebreaker", **fields)
        else:
            make(board("icebreaker"), **fields).rate  # noqa: B018
        gc.collect()
    assert not [str(each.message) for each in said]


def test_unknown_board():
    with pytest.raises(ConfigError, match=r"no board is named 'ice'; there are icebreaker, ulx3s"):
        board("ice")


@pytest.mark.parametrize("rate_hz", [30_000.0, 29_999.0, 20_000.0, 12_345.678])
@pytest.mark.parametrize("name", ["icebreaker", "orangecrab", "tang-nano-9k"])
def test_rate_is_what_the_clock_divides_into(name, rate_hz):
    """Whole cycles; the nearest such rate; told so by the metadata, to a microhertz."""
    design = make(board(name), channels=16, rate_hz=rate_hz, input="emulator", link="uart")
    clock_hz = design.board.clock_hz
    assert design.config.rate_hz == clock_hz / design.frame_cycles
    nearest = min(
        (design.frame_cycles + step for step in (-1, 0, 1)),
        key=lambda cycles: abs(clock_hz / cycles - rate_hz),
    )
    assert abs(nearest - clock_hz / rate_hz) <= 1 and nearest == design.frame_cycles
    told = int.from_bytes(design.config.metadata[:8], "big")
    assert abs(told - clock_hz * 1e6 / design.frame_cycles) <= 0.5 + 1e-3


def test_rate_of_others_is_as_given():
    """A front end that takes its time from the pins runs at any rate."""
    assert "native" not in TIMEKEEPERS
    assert make(board("icebreaker"), input="native", rate_hz=29_999.0).config.rate_hz == 29_999.0


def test_settings_replace_the_board_s():
    slow = make(board("icebreaker"), channels=16, settings={"link.baud": 3e6})
    assert slow.settings_of("link") == {"baud": 3e6} and slow.settings_of("input") == {}
    assert slow.rate.capacity == 36e6 / 12 * 8 / 10
    assert make(board("icebreaker"), channels=16).rate.capacity == 12e6 * 8 / 10


def test_link_s_own_clock_counts():
    """Of the pins, not of the core: USB's 60 MHz, MII's 25."""
    rates = {name: make(board(name)).rate.capacity for name in ("cynthion", "arty-a7")}
    assert 90e6 < rates["arty-a7"] < 100e6 and rates["cynthion"] > 300e6


def test_title_tells_all():
    title = make(board("icebreaker"), channels=16).title
    for part in ("iCEBreaker", "emulator", "16 channels of 10 bits", "30,000 Hz", "uart"):
        assert part in title


def test_a_board_begins_with_its_first_mode():
    """What a button might choose later does not count."""
    sentence = error("icebreaker", link="uart", preset="projection", channels=256)
    assert "use the mode projection first (--modes projection,huffman), or at most" in sentence
    modes = (Mode.PROJECTION, Mode.HUFFMAN)
    made = make(board("icebreaker"), link="uart", preset="projection", modes=modes, channels=256)
    assert made.rate.typical <= made.rate.capacity


def _mistaken(**changes):
    """The iCEBreaker with a mistake in its file."""
    return replace(board("icebreaker"), **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"crystal": "clk13"}, "clk13"),
        ({"crystal_hz": 13e6}, "crystal_hz is 1.3e+07, and its platform says"),
        ({"links": {"uart": Wires(pins={"tx": "pmod_0:99"}, settings={"baud": 12e6})}}, "99"),
        ({"links": {"uart": Wires(pins={"tx": "35"}, settings={"baud": 12e6})}}, "35"),
        ({"links": {"uart": Wires(pins={"tz": "9"}, settings={"baud": 12e6})}}, "(it names tz)"),
        (
            {"links": {"uart": Wires(pins={"tx": "9"}, settings={"bauds": 12e6})}},
            "setting 'baud'",
        ),
    ],
)
def test_mistakes_in_a_board_s_file(changes, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)) as caught:
        prepare(make(_mistaken(**changes)))
    assert "\n" not in str(caught.value)
