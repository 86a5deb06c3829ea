"""Settings of front ends and links: wrong ones, from wherever, are refused in one sentence."""

from dataclasses import replace

import pytest

from probecodec.boards.design import make
from probecodec.boards.targets import board
from probecodec.golden.errors import ConfigError


def refusal(name, **changes):
    with pytest.raises(ConfigError) as caught:
        make(board(name), **changes)
    text = str(caught.value)
    assert text and "\n" not in text and len(text) < 250
    return text


@pytest.mark.parametrize(
    ("part", "settings", "message"),
    [
        ("uart", {"bauds": 3e6}, "the link uart has no setting 'bauds'"),
        ("uart", {}, "the link uart needs the setting 'baud'"),
        ("uart", {"baud": "fast"}, "baud must be a number above 0, not 'fast'"),
        ("spi", {"chunk": [0] * 1000}, "chunk must be a whole number"),
    ],
)
def test_wrong_setting_in_a_board_file(part, settings, message):
    """Without any setting given at the command line."""
    one = board("icebreaker")
    given = {"baud": 12e6} if part == "uart" and "bauds" in settings else {}
    wires = replace(one.links[part], settings=given | settings)
    one = replace(one, links=one.links | {part: wires})
    with pytest.raises(ConfigError, match=message) as caught:
        make(one, link=part)
    assert len(str(caught.value)) < 200


def test_wrong_setting_of_a_front_end_in_a_board_file():
    one = board("icebreaker")
    wires = replace(one.inputs["rhd2132"], settings={"half_periods": 2})
    one = replace(one, inputs=one.inputs | {"rhd2132": wires})
    with pytest.raises(ConfigError, match="the front end rhd2132 has no setting 'half_periods'"):
        make(one, input="rhd2132")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("icebreaker", {"settings": {"link.baud": True}}, "baud must be a number above 0"),
        ("icebreaker", {"settings": {"input.seed": True}}, "seed"),
        ("icebreaker", {"rate_hz": 0.001}, "too long; use at most 4294967295 cycles"),
        ("icebreaker", {"rate_hz": 2e6}, "a frame rate of 750,000 Hz or less"),
        ("arty-a7", {"link": "mii", "settings": {"link.payload_words": True}}, "payload_words"),
        ("arty-a7", {"link": "mii", "settings": {"link.flush_cycles": True}}, "flush_cycles"),
    ],
)
def test_refused(name, changes, message):
    assert message in refusal(name, **changes)
