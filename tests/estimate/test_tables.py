"""Tables: numbers as text, unknown is told, one content in three forms."""

import pytest

from probecodec.estimate import tables
from probecodec.estimate.published import links, works
from probecodec.estimate.reading import area, figure_of, parts_of, power_of, si, text
from probecodec.estimate.result import Figure, unknown

from .sample_estimates import ASIC, BARE, FPGA, points


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.234e-3, "1.23 mW"), (0.0, "0 W"), (-9.82e-4, "−982 µW"), (999.6e-6, "1.00 mW"),
        (1e-12, "1.00 pW"), (120.0, "120 W"), (12.0, "12.0 W"), (4.5e-17, "0.0450 fW"),
        (3.2e13, "32000 GW"), (None, "unknown"), (1e3, "1.00 kW"), (2e7, "20.0 MW"),
    ],
)  # fmt: skip
def test_si(value, told):
    assert si(value, "W") == told


def test_si_never_changes_the_number():
    powers = {"f": -15, "p": -12, "n": -9, "µ": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}
    for exponent in range(-15, 10):
        for digits in (1.0, 1.5, 9.994, 9.996):
            value = digits * 10.0**exponent
            number, name = si(value, "J").split()
            assert float(number) * 10.0 ** powers[name[:-1]] == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (Figure(1.5e-3, 0.9e-3, 2.1e-3), "1.50 mW (0.90 to 2.1)"),
        (Figure(1.5e-3), "1.50 mW"),
        (Figure(1.5e-3, None, 1.5e-3), "≤ 1.50 mW"),
        (Figure(None, 54e-3), "unknown, at least 54 mW"),
        (unknown("why"), "unknown"),
        (Figure(2e-3, 0.0, 1.2), "2.00 mW (0 to 1200)"),
    ],
)
def test_bars_as_text(figure, told):
    assert text(figure, "W") == told


def test_reading():
    assert figure_of(FPGA["power"]["static"]) == Figure(62e-3, 50e-3, 80e-3, "vendor sheet")
    assert figure_of(3) == Figure(3.0) and not figure_of(None).is_known
    assert not power_of(FPGA).is_known and power_of(FPGA).low == pytest.approx(52e-3)
    assert power_of(ASIC).value == pytest.approx(1.4e-3)
    whole = FPGA | {"power": FPGA["power"] | {"total": 0.1}}
    assert power_of(whole).value == 0.1 and "total" not in parts_of(whole)
    assert not power_of(BARE).is_known and area(BARE) == "unknown"
    assert area(ASIC) == "1.10 mm² (0.85 to 2.0)"


def test_summary_and_matrix():
    grid = tables.summary([FPGA, ASIC, BARE])
    assert [len(row) for row in grid.rows] == [len(grid.headings)] * 3
    assert "2,411 LUT, 6.5 BRAM" in grid.rows[0] and "88.0 MHz (best 93.1 MHz)" in grid.rows[0]
    assert "14.2 kgates: cells 1.10 mm² (0.85 to 2.0)" in grid.rows[1]
    assert grid.rows[2][3:] == ("unknown",) * 6
    turned = grid.turned()
    assert turned.headings == ("target", *(row[0] for row in grid.rows))
    assert [row[0] for row in turned.rows] == list(grid.headings[1:])
    assert turned.rows[-1][1] == grid.rows[0][-1]
    matrix = tables.matrix([FPGA, ASIC, FPGA | {"preset": "tiny", "target": "icebreaker"}])
    assert matrix.headings == ("preset", "arty-a7", "gf180mcu", "icebreaker")
    assert [row[0] for row in matrix.rows] == ["adaptive", "tiny"]
    assert matrix.rows[0][2] == "–" and "120 pJ a sample" in matrix.rows[1][2]
    assert [row[0] for row in tables.matrix([FPGA, BARE]).rows] == [
        "adaptive, 384 ch",
        "delta, 96 ch",
    ]


def test_resources_and_power():
    grid = tables.resources(FPGA)
    assert grid.headings == ("stage", "LUT", "BRAM")
    assert grid.rows[1] == ("pipeline.lms", "901", "–")
    assert grid.rows[-2:] == [("in all", "2,411", "6.5"), ("on the chip", "20,800", "–")]
    parts = {row[0]: row[1:] for row in tables.power(FPGA).rows}
    assert parts["link"] == ("unknown", "no figure for its pins")
    assert parts["in all"] == ("unknown, at least 52 mW", "unknown: link")


def test_links():
    rows = {row[0]: row for row in tables.system(ASIC, links()).rows}
    assert len(rows) == len(links())
    assert rows["backscatter"][4].startswith("−")  # it costs more than it saves there
    assert "Pays above 24.0 pJ/bit (12 to 60)" in tables.system(ASIC, links()).note
    none = tables.system(ASIC | {"bits_per_sample": 10.5}, links())
    assert "never pays" in none.note
    assert tables.system(BARE, links()).rows == []


def test_net_saving_by_hand():
    (row,) = (r for r in tables.system(ASIC, links()).rows if r[0] == "flash card")
    assert row[4].startswith(si((5 * 3e-9 - 120e-12) * 384 * 30e3, "W"))


def test_published_stands_as_published():
    grid = tables.published(works(), [ASIC, BARE])
    rows = {row[0]: row for row in grid.rows}
    assert rows["Tsai 2020"][3] == "27.2 pJ" and rows["Luo 2018"][3] == "unknown"
    assert rows["Zhang 2014"][-1].startswith("lossy; ") and rows["HALO"][3].startswith("≤ ")
    assert rows["Bihr 2014"][2] == "9.70 µW"
    assert rows["this: gf180mcu, tiny, 384 channels"][2:5] == (
        "3.60 µW (1.8 to 9.0)",
        "120 pJ (60 to 300)",
        "12.0 pJ (6.0 to 30)",
    )
    assert len(grid.rows) == len(works()) + 2
    brief = tables.published(works(), [ASIC], brief=True)
    assert {len(row) for row in brief.rows} == {len(brief.headings)}
    names = {row[0] for row in brief.rows}
    assert {"Bihr 2014", "Tsai 2020"} < names and "LOCO-ANS" not in names


def test_sweep():
    grid = tables.sweeping(points())
    assert [row[3] for row in grid.rows] == ["no", "no", "yes"] * 2
    assert "yes" not in [row[3] for row in tables.sweeping(points()[:2]).rows]
