"""The verb ``estimate``: what it shows, writes and refuses."""

import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.host.cli import main

from . import hand_library

SMALL = ("--preset", "tiny", "--channels", 16, "--sample-bits", 8, "--frames", 100)
BOARD = ("--board", "icebreaker", "--seeds", 1, *SMALL)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*words):
    result = CliRunner().invoke(main, ["estimate", *map(str, words)])
    assert result.exception is None, result.output
    return result.stdout


def fails(*words):
    """Return the one sentence of a failure, which writes nothing."""
    result = CliRunner().invoke(main, ["estimate", *map(str, words)])
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr.strip().splitlines()[-1]


def told(*words):
    return json.loads(run(*words, "--json"))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "hand.lib"
    path.write_text(hand_library.text())
    return path


class TestBoard:
    def test_json_and_table_agree(self):
        (one,) = told(*BOARD)["estimates"]
        text = run(*BOARD)
        assert one["kind"] == "fpga" and one["channels"] == 16 and one["sample_bits"] == 8
        assert one["clock_hz"] == 36e6 and one["samples_hz"] == 16 * 30e3
        assert f"{one['resources']['luts']['used']:,.0f} LUTs" in " ".join(text.split())
        assert one["fmax"]["low"] <= one["fmax"]["value"] and len(one["fmax_hz"]) == 1
        assert one["probes"] == int(one["fmax"]["low"] / one["samples_hz"])
        core = sum(
            one["power"][part]["value"] for part in ("static", "clock", "logic", "ram", "dsp")
        )
        assert one["energy_per_sample_j"]["value"] == pytest.approx(core / one["samples_hz"])
        assert one["power"]["total"]["value"] == pytest.approx(core)
        moving = sum(one["power"][part]["value"] for part in ("logic", "ram", "dsp"))
        assert sum(one["stages_w"].values()) == pytest.approx(moving)

    def test_files(self, folder):
        run(
            *(*BOARD, "--html", "r.html", "--markdown", "r.md", "--pictures", "pictures"),
            *("--sheet", "r.csv", "--keep", "kept"),
        )
        page = (folder / "r.html").read_text()
        HTMLParser().feed(page)
        assert "iCEBreaker" in page and "http://" not in page.replace("http://www.w3.org", "")
        assert "iCEBreaker" in (folder / "r.md").read_text()
        names = {path.name for path in (folder / "pictures").iterdir()}
        assert {"fmax.png", "fmax.svg", "icebreaker-tiny-16-power.png"} <= names
        rows = list(csv.DictReader((folder / "r.csv").read_text().splitlines()))
        clock = [row for row in rows if (row["sheet"], row["field"]) == ("clock", "frequency")]
        assert [row["value"] for row in clock] == ["36.0"]
        kept = {path.name for path in folder.glob("kept/*/*")}
        assert kept == {"synthesis", "stages", "seed-1", "activity", "estimate.json"}
        told_of = (folder / "kept").rglob("probecodec.report.json")
        reached = json.loads(next(told_of).read_text())["fmax"]
        (one,) = told(*BOARD)["estimates"]
        assert [clock["achieved"] * 1e6 for clock in reached.values()] == one["fmax_hz"]
        assert "exists" in fails(*BOARD, "--keep", "kept")
        assert "exists" in fails(*BOARD, "--html", "r.html")

    def test_recording_drives_it(self, folder):
        quiet = np.zeros((100, 16), "<i2")
        noise = np.random.default_rng(1).integers(-128, 128, quiet.shape).astype("<i2")
        for name, samples in (("quiet", quiet), ("noise", noise)):
            np.save(folder / f"{name}.npy", samples)
        (rest,), (busy,) = (
            told(*BOARD, "--rec", f"{name}.npy")["estimates"] for name in ("quiet", "noise")
        )
        assert rest["resources"] == busy["resources"] and rest["fmax_hz"] == busy["fmax_hz"]
        assert rest["power"]["static"] == busy["power"]["static"]
        assert rest["power"]["clock"] == busy["power"]["clock"]
        assert rest["power"]["logic"]["value"] < 0.5 * busy["power"]["logic"]["value"]
        assert rest["bits_per_sample"] < 3 < 8 < busy["bits_per_sample"]

    def test_sweep(self):
        points = told(*BOARD, "--sweep", "16,32")["sweep"]
        assert {(point["channels"], point["gated"]) for point in points} == {
            (count, gated) for count in (16, 32) for gated in (False, True)
        }
        for point in points:
            ratio = point["clock_hz"] / point["samples_hz"]
            assert ratio == pytest.approx(4) if point["gated"] else ratio in (1, pytest.approx(4))
        watts = {
            (p["channels"], round(p["clock_hz"]), p["gated"]): p["power_w"]["value"] for p in points
        }
        assert watts[16, 480_000, False] < watts[16, 1_920_000, True] < watts[16, 1_920_000, False]


def test_counts_only(folder):
    """Nothing places for an Artix-7 here: its clock is unknown, and so is its power."""
    asked = ("--board", "arty-a7", *SMALL)
    (one,) = told(*asked, "--sheet", "r.csv")["estimates"]
    assert one["fmax_hz"] == [] and one["probes"] is None and one["fmax"]["value"] is None
    assert one["resources"]["luts"]["there"] == 20_800
    assert one["power"]["logic"]["value"] is None and one["energy_per_sample_j"]["value"] is None
    assert (
        "Vivado" in one["fmax"]["method"]
        and "average fan-out" not in (folder / "r.csv").read_text()
    )


class TestChip:
    def test_any_library(self, library):
        (one,) = told("--asic", library, "--node", 180, *SMALL)["estimates"]
        assert one["clock_hz"] == one["samples_hz"] == 16 * 30e3
        parts = one["power"]
        whole = sum(part["value"] for part in parts.values())
        assert one["energy_per_sample_j"]["value"] == pytest.approx(whole / one["samples_hz"])
        assert one["power_per_channel_w"]["value"] == pytest.approx(whole / 16)
        per_bit = one["energy_per_input_bit_j"]["value"]
        assert per_bit == pytest.approx(one["energy_per_sample_j"]["value"] / 8)
        gates = one["resources"]["gates"]["used"]
        assert gates == pytest.approx(one["kgates"]["value"] * 1e3, abs=1)
        macros = sum(memory["power_w"]["value"] for memory in one["memories"])
        assert macros == pytest.approx(parts["memory"]["value"])
        assert sum(stage["gates"] for stage in one["stages"].values()) == pytest.approx(
            gates, rel=0.01
        )

    def test_memories_are_unknown_without_a_node(self, library):
        (one,) = told("--asic", library, *SMALL)["estimates"]
        assert (
            one["power"]["memory"]["value"] is None and one["energy_per_sample_j"]["value"] is None
        )
        assert one["power"]["logic"]["value"] > 0
        assert "unknown, at least" in run("--asic", library, *SMALL)

    def test_logger(self, library):
        asked = ("--asic", library, "--node", 180, *SMALL)
        (logger,) = told(*asked, "--link-energy", 1000, "--battery", 100, "--storage", 1)["logger"]
        raw, coded = logger["raw"], logger["tiny"]
        assert coded["battery_h"]["value"] > raw["battery_h"]["value"]
        assert raw["storage_h"]["value"] == pytest.approx(8e9 / (16 * 30e3 * 8) / 3600)
        assert "yours" in run(*asked, "--link-energy", 1000)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "give a --board"),
        (("--board", "nope"), "no board is named 'nope'; there are icebreaker"),
        (
            ("--board", "icebreaker", "--clock", 5),
            "use a clock of at least 11.52 MHz, or at most 166",
        ),
        (("--asic", "none.lib"), "there is no liberty file none.lib"),
        (("--asic", "osu018", "--channels", 2), "too few"),
        (("--board", "icebreaker", "--battery", 3), "--battery needs --link-energy"),
        (("--board", "icebreaker", "--front-end", 3), "give --battery"),
        (("--board", "icebreaker", "--sheet", "x.txt"), "does not end in .csv"),
        (("--all", "--sheet", "x.csv"), "--sheet is for one --board"),
        (("--board", "icebreaker", "--sweep", "8,x"), "is no list of channel counts"),
        (("--board", "icebreaker", "--rec", "none.npy"), "there is no file none.npy"),
    ],
)
def test_mistakes(words, sentence, folder):
    assert sentence in fails(*words)
    assert not list(folder.iterdir())


def test_recording_of_another_width(folder):
    np.save(folder / "r.npy", np.zeros((50, 12), "<i2"))
    assert "12 channels" in fails(*BOARD, "--rec", "r.npy")


def test_not_a_library(folder):
    (folder / "x.lib").write_text("library (x) { cell (A) { area : }")
    assert "x.lib" in fails("--asic", "x.lib", *SMALL)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--clock", "nan"), "no number"),
        (("--clock", "1e9"), "not in the range"),
        (("--link-energy", "inf"), "no number"),
        (("--html", "a.html", "--keep", "a.html"), "two outputs have the same name"),
        (("--asic", "x/icebreaker.lib"), "two targets are named icebreaker"),
    ],
)
def test_more_mistakes(words, sentence, folder):
    assert sentence in fails("--board", "icebreaker", *words)
    assert not list(folder.iterdir())


def test_auxiliary_words_reach_the_gates(library, folder):
    """Random ones cost bits, on a chip as on a board."""
    random = np.random.default_rng(2)
    samples = np.zeros((60, 41), "<i2")
    samples[:, 40] = random.integers(0, 1 << 15, 60)
    np.save(folder / "aux.npy", samples)
    core = ("--preset", "tiny", "--channels", 40, "--sample-bits", 8, "--aux-bits", 16)
    asked = (*core, "--rec", "aux.npy", "--seeds", 1)
    (chip,) = told("--asic", library, "--node", 180, *asked)["estimates"]
    (board,) = told("--board", "icebreaker", *asked)["estimates"]
    assert chip["bits_per_sample"] == board["bits_per_sample"]


def test_a_clock_too_fast_says_so():
    (one,) = told(*BOARD, "--clock", 200)["estimates"]
    assert one["remarks"][1].startswith("THE CLOCK OF 200 MHz IS TOO FAST")
    assert "TOO SLOW" in run(*BOARD, "--clock", 200)
