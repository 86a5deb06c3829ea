"""The verb ``projection``: a whole quick run, its files, what the notes say, errors."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.bench.projection.command import projection
from probecodec.bench.projection.metrics import SpikeScore
from probecodec.bench.projection.notes import notes
from probecodec.bench.projection.options import Options
from probecodec.bench.projection.report import tables
from probecodec.bench.projection.result import Results, Row
from probecodec.bench.projection.run import run


def invoke(*arguments):
    return CliRunner().invoke(projection, [*map(str, arguments)])


def row(family, recovery, correct, bits=1.2, target=8.0, link=True):
    score = SpikeScore(true=100, found=100, correct=correct, wrong=0)
    return Row(
        family=family, recovery=recovery, noise_uv=6.0, target=target, bits=bits,
        ratio_adc=10 / bits, ratio_int16=16 / bits, link=link, setting="", spikes=score,
        traces=None,
    )  # fmt: skip


def results(*rows):
    lossless = [row("lossless", way, 99, 3.4, 0.0) for way in ("detector", "sorter")]
    return Results(options=Options(ratios=(8.0,)), rows=[*lossless, *rows])


def test_quick_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")
    outcome = invoke("--quick", "--json", "a.json", "--plot", "a.png", "--html", "a.html")
    assert outcome.exit_code == 0, outcome.output
    told = json.loads((tmp_path / "a.json").read_text())
    assert {"machine", "versions", "command", "notes", "families", "results"} <= set(told)
    rows = told["results"]["rows"]
    found = {(one["family"], one["recovery"]) for one in rows}
    assert {("lossless", "detector"), ("lossless", "sorter"), ("steps", "sorter")} <= found
    assert {("sparse-64", "detector"), ("sparse-64", "lmmse"), ("loaded-64", "lmmse")} <= found
    for one in rows:
        assert one["ratio_adc"] == pytest.approx(10 / one["bits"])
        assert one["ratio_int16"] == pytest.approx(16 / one["bits"])
        assert one["family"] == "lossless" or one["bits"] < 1.1 * 1.25
        assert 0 <= one["spikes"]["error"] < 0.3, one
    wavelet = next(one for one in rows if one["family"] == "wavelet")
    assert not wavelet["link"] and 0.5 < wavelet["traces"]["correlation"] < 1
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "a.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 2 and "sparse-64" in page
    for note in told["notes"]:
        assert note in " ".join(outcome.output.split())
    assert f"~{wavelet['bits']:.3f}" in outcome.output


class TestNotes:
    def test_another_family_wins(self):
        text = "\n".join(notes(results(row("steps", "sorter", 98), row("sparse-64", "lmmse", 95))))
        assert "on the link: steps WINS over the best projection by 3.0 points" in text

    def test_the_projection_wins(self):
        text = "\n".join(notes(results(row("steps", "sorter", 94), row("sparse-64", "lmmse", 95))))
        assert "the best projection wins over steps by 1.0 points" in text and "WINS" not in text

    def test_link_and_entropy_are_told_apart(self):
        rows = row("pca", "sorter", 99, link=False), row("sparse-64", "detector", 97)
        text = "\n".join(notes(results(*rows)))
        assert "by an entropy: pca WINS" in text and "on the link: no other family" in text

    @pytest.mark.parametrize(("correct", "verdict"), [(97, "met"), (96, "MISSED")])
    def test_targets(self, correct, verdict):
        (told,) = (n for n in notes(results(row("dense-64", "detector", correct))) if "target" in n)
        assert told.endswith(f"target {verdict} (at most 2 points).") and "detector" in told

    def test_left_out(self):
        made = results(row("sparse-64", "detector", 97))
        made.left_out.append("low-bits at 16:1")
        assert "Out of reach, so left out: low-bits at 16:1." in notes(made)


def test_table_has_each_row_and_its_distance_from_lossless():
    (table,) = tables(results(row("sparse-64", "lmmse", 95)))
    assert table.row_count == 3
    assert list(table.columns[6].cells) == ["–", "–", "+4.0"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--families", "zip"), "no family is named 'zip'; there are low-bits,"),
        (("--recoveries", "guess"), "no recovery is named 'guess'; there are detector,"),
        (("--noise", "6,x"), "no numbers"),
        (("--ratios", "0"), "above 0"),
        (("--json", "a.txt"), "does not end in .json"),
        (("--test", "0.1", "--channels", "8"), "half a second"),
    ],
)
def test_one_sentence(arguments, sentence):
    outcome = invoke(*arguments)
    assert outcome.exit_code != 0 and "Traceback" not in outcome.output
    assert sentence in outcome.output + str(outcome.exception or "")


def test_progress_reaches_its_end():
    told = []
    options = Options(
        channels=8, units=3, noise_uv=(6.0,), train_seconds=2, test_seconds=0.6, ratios=(8.0,),
        families=("ideal-steps",), recoveries=("lmmse",),
    )  # fmt: skip
    made = run(options, lambda what, done, total: told.append((done, total)))
    assert told[0] == (0, 2) and told[-1] == (2, 2)
    assert [one.family for one in made.rows] == ["lossless", "ideal-steps"]
    assert (
        np.isinf(made.rows[0].traces.snr_db)
        and made.as_json()["rows"][0]["traces"]["snr_db"] is None
    )
