"""The verb ``projection``: a whole quick run, its files, what the notes say, errors."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.bench.projection import plots, wavpack
from probecodec.bench.projection.coding import Bits
from probecodec.bench.projection.command import projection
from probecodec.bench.projection.families import FAMILIES
from probecodec.bench.projection.metrics import SpikeScore, TraceScore
from probecodec.bench.projection.notes import notes
from probecodec.bench.projection.options import BRIEF, Options
from probecodec.bench.projection.plots import rate_distortion
from probecodec.bench.projection.report import claims, tables
from probecodec.bench.projection.result import Results, Row
from probecodec.bench.projection.run import run
from probecodec.host.recording import Recording


def invoke(*arguments):
    return CliRunner().invoke(projection, [*map(str, arguments)])


def row(family, recovery, correct, bits=1.2, target=8.0, kind=Bits.LINK, traces=None):
    score = SpikeScore(true=100, found=100, correct=correct, wrong=0)
    return Row(
        family=family, recovery=recovery, noise_uv=6.0, target=target, bits=bits,
        ratio_adc=10 / bits, ratio_int16=16 / bits, kind=kind, encode_mb_s=4.5, decode_mb_s=67.5,
        setting="", spikes=score, traces=traces,
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
    assert wavelet["kind"] == "entropy" and 0.5 < wavelet["traces"]["correlation"] < 1
    assert all(one["encode_mb_s"] > 0 and one["decode_mb_s"] > 0 for one in rows)
    assert told["schema"] == 2 and told["families"]["pca"]["claim"].startswith("5–15:1")
    bits = {name: family["bits"] for name, family in told["families"].items()}
    assert [bits[name] for name in ("steps", "wavpack-hybrid", "vq")] == ["link", "file", "entropy"]
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
        rows = row("pca", "sorter", 99, kind=Bits.ENTROPY), row("sparse-64", "detector", 97)
        text = "\n".join(notes(results(*rows)))
        assert "by an entropy: pca WINS" in text and "on the link: no other family" in text

    @pytest.mark.parametrize(("correct", "verdict"), [(97, "met"), (96, "MISSED")])
    def test_targets(self, correct, verdict):
        (told,) = (n for n in notes(results(row("dense-64", "detector", correct))) if "target" in n)
        assert told.endswith(f"target {verdict} (at most 2 points).") and "detector" in told

    def test_a_file_is_told_apart(self):
        rows = row("wavpack-hybrid", "sorter", 98, kind=Bits.FILE), row("sparse-64", "lmmse", 95)
        text = "\n".join(notes(results(*rows)))
        assert "in a file: wavpack-hybrid WINS over the best projection by 3.0 points" in text
        assert "on the link: no other family" in text

    def test_left_out(self):
        made = results(row("sparse-64", "detector", 97))
        made.left_out.append("low-bits at 16:1")
        made.missing.append("autoencoder: torch was not found; install it: x")
        told = notes(made)
        assert "Out of reach, so left out: low-bits at 16:1." in told
        assert "Left out: autoencoder: torch was not found; install it: x." in told


def test_table_has_each_row_its_speeds_and_its_distance_from_lossless():
    rows = row("sparse-64", "lmmse", 95), row("wavpack-hybrid", "sorter", 98, kind=Bits.FILE)
    (table,) = tables(results(*rows))
    assert [cells[6] for cells in table.rows] == ["–", "–", "+4.0", "+1.0"]
    assert [cells[2] for cells in table.rows] == ["3.400", "3.400", "1.200", "*1.200"]
    speeds = table.headings.index("enc.\nMB/s"), table.headings.index("dec.\nMB/s")
    assert [table.rows[2][n] for n in speeds] == ["4.5", "67.5"]
    assert all(len(cells) == len(table.headings) for cells in table.rows)


def test_claims_stand_beside_the_best_recovery():
    rows = row("sparse-64", "detector", 90), row("sparse-64", "lmmse", 96), row("vq", "sorter", 99)
    told = {line[0]: line[1:] for line in claims(results(*rows)).rows}
    assert told["sparse-64"] == ("13.3:1 +3.0", FAMILIES["sparse-64"].claim)
    assert told["vq"][0] == "13.3:1 +0.0" and "lossless" not in told


def test_brief_has_all_that_is_published():
    assert {FAMILIES[name].claim for name in BRIEF} >= {one.claim for one in FAMILIES.values()} - {
        ""
    }
    brief = Options(source="real", families=("pca",)).brief()
    assert brief.families == ("pca",) and brief.ratios == (4.0, 8.0, 16.0)


class TestRateDistortion:
    def made(self):
        traces = TraceScore(snr_db=12.0, correlation=0.9, nrmse=0.25, spike_nrmse=0.2)
        rows = row("pca", "sorter", 99, kind=Bits.ENTROPY, traces=traces)
        return results(rows, row("sparse-64", "detector", 95), row("sparse-64", "lmmse", 96))

    def test_same_bytes(self):
        one = rate_distortion(self.made(), "svg")
        assert one == rate_distortion(self.made(), "svg") and b"<svg" in one
        assert rate_distortion(self.made()).startswith(b"\x89PNG")

    def test_shows_every_family_and_lossless(self, monkeypatch):
        drawn = []
        monkeypatch.setattr(plots, "save", lambda figure, kind: drawn.append(figure) or b"")
        rate_distortion(self.made())
        fidelity, errors = drawn[0].axes
        lines = {line.get_label(): line.get_xydata().tolist() for line in errors.lines}
        assert lines["pca"] == [[1.2, pytest.approx(1)]]
        assert lines["sparse-64, lmmse"] == [[1.2, pytest.approx(4)]]
        assert {"lossless, sorter", "lossless, detector", "sparse-64, detector"} <= set(lines)
        drawn_snr = [line.get_xydata().tolist() for line in fidelity.lines]
        assert [[1.2, 12.0]] in drawn_snr
        plots.pyplot().close(drawn[0])


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


def small(*families, **rest):
    return Options(
        channels=8, units=3, noise_uv=(6.0,), train_seconds=2, test_seconds=0.6, ratios=(8.0,),
        families=families, recoveries=("lmmse",), **rest,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("family", "name", "how"),
    [
        ("autoencoder", "torch", "pip install 'probecodec[autoencoder]'"),
        ("wavpack-hybrid", "wavpack", "apt-get install wavpack"),
    ],
)
def test_what_is_not_there_is_told(family, name, how, monkeypatch):
    monkeypatch.setattr("probecodec.bench.projection.families.importable", lambda module: False)
    monkeypatch.setattr(shutil, "which", lambda command: None)
    made = run(small(family, "pca"))
    assert [one.family for one in made.rows] == ["lossless", "pca"]
    assert made.missing == [f"{family}: {name} was not found; install it: {how}"]
    assert made.as_json()["missing"] == made.missing


def test_a_tool_that_fails_stops_nothing(monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("wavpack ended with status 1: bad")

    monkeypatch.setattr(wavpack, "wavpack_encode", fails)
    monkeypatch.setattr(shutil, "which", lambda command: "/usr/bin/wavpack")
    made = run(small("wavpack-hybrid", "pca"))
    assert [one.family for one in made.rows] == ["lossless", "pca"]
    (told,) = made.missing
    assert told == "wavpack-hybrid at 8:1 failed: wavpack ended with status 1: bad"


def test_a_recording_in_memory():
    noise = np.random.default_rng(0).normal(0, 60, (2400, 12)).astype(np.int16)  # 80 ms
    recording = Recording(samples=noise, sample_bits=14, rate_hz=30_000.0, lsb_uv=0.2)
    made = run(small("pca", source="real"), recording=recording)
    assert made.rows[0].noise_uv == pytest.approx(12, rel=0.05)
    assert made.rows[1].ratio_adc == pytest.approx(14 / made.rows[1].bits)
    told = made.as_json()
    assert told["options"]["path"] is None and json.dumps(told, allow_nan=False)


def test_names_need_no_package():
    """What the general benchmark lists is known without SciPy and scikit-learn."""
    code = "import sys; sys.modules.update(scipy=None, sklearn=None, pywt=None, threadpoolctl=None)"
    code += "; from probecodec.bench.projection.run import FAMILIES; print(*FAMILIES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[:2] == ["low-bits", "steps"]


def test_progress_reaches_its_end():
    told = []
    made = run(small("ideal-steps"), lambda what, done, total: told.append((done, total)))
    assert told[0] == (0, 2) and told[-1] == (2, 2)
    assert [one.family for one in made.rows] == ["lossless", "ideal-steps"]
    assert (
        np.isinf(made.rows[0].traces.snr_db)
        and made.as_json()["rows"][0]["traces"]["snr_db"] is None
    )
