"""The page: whole, self-contained, the same bytes each time, and nothing of users runs in it."""

import pytest

from probecodec.estimate.page import NOTES, page
from probecodec.estimate.published import links, works

from ..host.report.page_reader import Reader
from .sample_estimates import ASIC, BARE, FPGA, points

EVIL = '<script>alert("1")</script>&\'"'


@pytest.fixture(scope="module")
def html():
    return page(
        [FPGA, ASIC, BARE], "probecodec estimate --all", points=points(),
        versions={"yosys": "0.50", "nextpnr": None}, date="2030-01-02", notes=["a note of the run"],
    )  # fmt: skip


def test_whole_and_alone(html):
    read = Reader(html)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in read.sources)
    assert read.tags.count("img") == len(read.sources) == 1 + 2 + 2 + 2 + 1 + 2
    assert not {"script", "link", "iframe"} & set(read.tags)
    assert "url(" not in html and "@import" not in html
    run = ("probecodec estimate --all", "yosys 0.50", "nextpnr unknown", "2030-01-02")
    for told in (*run, "a note of the run", "unknown: link", "no figure for its pins", *NOTES):
        assert told in read.text, told
    for one in (*works(), *links()):
        assert one.source in read.text


def test_the_same_each_time_and_no_date_of_its_own():
    first, again = (page([ASIC], "c") for _ in range(2))
    assert first == again


def test_text_of_users_is_escaped():
    estimate = FPGA | {
        "target": EVIL,
        "preset": EVIL,
        "stages": {EVIL: {EVIL: 1}},
        "power": {EVIL: {"value": 1.0, "method": EVIL}},
    }
    made = page([estimate], EVIL, versions={EVIL: EVIL}, date=EVIL, notes=[EVIL])
    read = Reader(made)
    assert "script" not in read.tags and EVIL in "".join(read.told)
    assert "<script" not in made


def test_nothing_but_a_name_still_makes_a_page():
    read = Reader(page([BARE], "c"))
    assert "unknown" in read.text
