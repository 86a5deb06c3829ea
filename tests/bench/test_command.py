"""The verb ``bench``: recordings and their sidecars, tables, files, errors."""

import json
import os
import re

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.bench.methods import METHODS
from probecodec.bench.ours import OURS
from probecodec.bench.recordings import load, sidecar
from probecodec.host.cli import main
from probecodec.host.spikeglx import RecordingError
from probecodec.host.synthetic import synthesize

SAMPLES = synthesize("np1", frames=300, channels=16).samples
QUICK = ("--methods", "tiny,bzip2-9")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: ``a.bin`` and ``b.bin``, of different shapes, with sidecars."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")
    SAMPLES.tofile("a.bin")
    SAMPLES.tofile("b.bin")
    describe("a", channels=16, adc_bits=10, rate_hz=2500, probe=None)
    describe("b", channels=8, sample_bits=12, rate_hz=None)
    return tmp_path


def describe(name, **about):
    with open(f"{name}.json", "w") as file:
        json.dump(about, file)


def run(*arguments, status=0):
    result = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result


def fails(*arguments):
    before = sorted(os.listdir())
    result = run(*arguments, status=2)
    assert result.stdout == "" and sorted(os.listdir()) == before
    error = result.stderr.splitlines()[-1]
    assert error.startswith("Error: ") and "Traceback" not in result.stderr
    return error


def rows(text):
    """First words of lines to the words after them; a table's later rows win."""
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


class TestSidecar:
    def test_keys(self, folder):
        assert sidecar(folder / "a.bin") == {"channels": 16, "sample_bits": 10, "rate_hz": 2500}
        assert sidecar(folder / "b.bin") == {"channels": 8, "sample_bits": 12}

    def test_recording(self, folder):
        a = load(folder / "a.bin", {}, 7)
        assert np.array_equal(a.samples, SAMPLES[:7])
        assert (a.sample_bits, a.rate_hz, a.aux_bits) == (10, 2500, 0)

    def test_repeated_until_it_is_long_enough(self, folder):
        a = load(folder / "a.bin", {}, 7, 0.008)  # at 2,500 Hz
        assert np.array_equal(a.samples, np.tile(SAMPLES[:7], (3, 1))[:20])
        assert "a: 25 frames" in run("a.bin", *QUICK, "--seconds", 0.01).stdout

    def test_options_go_before_it(self, folder):
        b = load(folder / "b.bin", {"channels": 4, "rate_hz": 10.0}, None)
        assert (b.samples.shape, b.sample_bits, b.rate_hz) == ((1200, 4), 12, 10.0)

    @pytest.mark.parametrize("bits", [-3, 0, 17, 10**30])
    def test_an_impossible_width(self, folder, bits):
        describe("a", channels=16, sample_bits=bits)
        assert "a sample cannot have" in fails("a.bin")

    def test_one_without_end(self, folder):
        (folder / "a.json").write_text("[" * 200_000)
        assert "is not JSON" in fails("a.bin")

    def test_the_auxiliary_column_is_left_out(self, folder):
        describe("a", channels=15, adc_bits=10, aux_bits=16)
        a = load(folder / "a.bin", {}, None)
        assert np.array_equal(a.samples, SAMPLES[:, :15]) and a.aux_bits == 0

    def test_without(self, folder):
        (folder / "a.json").unlink()
        assert sidecar(folder / "a.bin") == {}
        assert "give channels (--channels)" in fails("a.bin")

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("{", "a.json is not JSON"),
            ("[1]", "a.json is no JSON object"),
            ('{"channels": "16"}', "channels is '16', not a whole number"),
            ('{"channels": 16.5}', "channels is 16.5, not a whole number"),
            ('{"channels": true}', "channels is True, not a whole number"),
            ('{"rate_hz": "fast"}', "rate_hz is 'fast', not a number"),
        ],
    )
    def test_broken(self, folder, text, sentence):
        (folder / "a.json").write_text(text)
        assert sentence in fails("a.bin")

    def test_samples_must_fit(self, folder):
        with pytest.raises(RecordingError, match=r"does not fit 8 bits: correct"):
            load(folder / "a.bin", {"sample_bits": 8}, None)


class TestBadRecordings:
    def test_constant(self, folder):
        np.full((300, 16), 7, np.int16).tofile("a.bin")
        assert "a.bin is constant, all samples are 7: there is nothing" in fails("a.bin", *QUICK)

    def test_one_frame(self, folder):
        assert "a.bin: one frame has no differences" in fails("a.bin", *QUICK, "--frames", 1)

    def test_wrong_channels_are_doubted_where_figures_are(self, folder):
        synthesize("np1", frames=800, channels=24, seed=3).samples.tofile("w.bin")
        describe("w", channels=12, adc_bits=10)
        text = " ".join(run("w.bin", *QUICK, "--json", "w.js.json").stdout.split())
        assert "looks like 24 columns, not 12" in text
        told = json.loads((folder / "w.js.json").read_text())["benches"][0]
        assert any("looks like 24 columns" in note for note in told["notes"])
        describe("w", channels=24, adc_bits=10)
        assert "looks like" not in run("w.bin", *QUICK).stdout


class TestReport:
    def test_json(self, folder):
        run("a.bin", "b.bin", *QUICK, "--json", "out.json")
        told = json.loads((folder / "out.json").read_text())
        assert set(told) == {"schema", "command", "date", "machine", "versions", "benches"}
        assert set(told["machine"]) == {"platform", "processor", "cores", "python"}
        assert {"probecodec", "numpy", "wavpack", "bz2", "soundfile"} <= set(told["versions"])
        a, b = told["benches"]
        shape = [a[key] for key in ("recording", "frames", "channels", "sample_bits")]
        assert shape == ["a.bin", 300, 16, 10]
        assert (b["frames"], b["channels"], b["rate_hz"]) == (600, 8, 30_000)
        other, tiny = a["results"]
        assert (tiny["method"], other["method"]) == ("tiny", "bzip2-9")
        assert (tiny["kind"], other["kind"]) == ("ours", "study")
        assert tiny["passed"] and other["passed"] and a["lossy"] is None
        assert a["gain_percent"] == pytest.approx(100 * (1 - tiny["size"] / other["size"]))
        assert (a["best_ours"], a["best_other"]) == ("tiny", "bzip2-9")
        payload = sum(tiny["channel_bits"]) * 300 / 8  # the rest are headers
        assert 0.8 * tiny["size"] < payload < tiny["size"]

    def test_tables_hold_the_numbers(self, folder):
        text = run("a.bin", *QUICK, "--json", "out.json").stdout
        (a,) = json.loads((folder / "out.json").read_text())["benches"]
        found = rows(text)
        for result, of in zip(a["results"], (["study"], ["this", "project"]), strict=True):
            bits = result["bits_per_sample"]
            told = [f"{bits:.3f}", f"{16 / bits:.2f}", f"{10 / bits:.2f}"]
            assert found[result["method"]][: len(of) + 3] == [*of, *told]
        other, tiny = (f"{result['bits_per_sample']:.3f}" for result in a["results"])
        gain = [tiny, "bzip2-9", other, f"{a['gain_percent']:.1f}", "%"]
        assert found["a"] == ["16", "ch", "×", "0.12", "s", "10", "bit", *gain]

    def test_remarks_say_who_wins_and_who_loses(self, folder):
        text = " ".join(run("a.bin", "--methods", "raw,fixed,tiny,diff8").stdout.split())
        assert re.search(r"- tiny \(\d\.\d\d b/S\) is \d+\.\d % smaller than the best", text)
        SAMPLES[:, :1].repeat(16, axis=1).tofile("a.bin")  # every column is the first
        text = " ".join(run("a.bin", *QUICK).stdout.split())
        assert re.search(r"tiny .* is \d+\.\d % LARGER than the best of all others", text)
        assert re.search(r"tiny \(\d\.\d\d b/S\) loses to bzip2-9\.", text)

    def test_few_frames_are_told(self, folder):
        text = " ".join(run("a.bin", *QUICK, "--frames", 20).stdout.split())
        assert "Only 20 frames" in text

    @pytest.mark.parametrize(("name", "begin"), [("o.png", b"\x89PNG"), ("o.svg", b"<?xml")])
    def test_plot(self, folder, name, begin):
        run("a.bin", "b.bin", *QUICK, "--frames", 20, "--plot", name)
        assert (folder / name).read_bytes().startswith(begin)

    def test_document_and_its_picture(self, folder):
        run("a.bin", *QUICK, "--markdown", "out.md")
        document = (folder / "out.md").read_text()
        assert "![" in document and "(out.svg)" in document and (folder / "out.svg").is_file()
        assert "## Lossless: a: 300 frames (0.12 s), 16 channels, 10 bits" in document
        assert "| bzip2-9 | study |" in document.replace("**", "")

    def test_frames(self, folder):
        text = run("a.bin", *QUICK, "--frames", 20).stdout
        assert "a: 20 frames (8 ms), 16 channels, 10 bits" in text

    def test_a_folder_is_its_recordings(self, folder):
        np.save("c.npy", SAMPLES)
        text = run(".", *QUICK, "--frames", 20).stdout
        assert all(f"Lossless: {name}: 20 frames" in text for name in "abc")
        (folder / "empty").mkdir()
        assert "empty holds no recording (.bin, .npy)" in fails("empty")

    def test_synthetic_without_a_recording_or_beside_one(self, folder):
        for arguments in ((), ("a.bin", "--synthetic")):
            text = run(*arguments, "--frames", 30, "--methods", "fixed").stdout
            for probe, channels in (("np1", 384), ("np2", 384), ("intan", 32)):
                assert re.search(rf"synthetic {probe}: 30 frames .*, {channels} channels", text)
        assert "Lossless: a: 30 frames" in text

    def test_no_peers(self, folder):
        text = run("a.bin", "--no-peers", "--no-lossy", "--frames", 20).stdout
        assert set(OURS) <= set(rows(text)) and not set(METHODS) & set(rows(text))

    def test_a_missing_tool_is_a_line(self, folder, monkeypatch):
        monkeypatch.setenv("PATH", "")
        text = run("a.bin", "--methods", "wavpack-1,tiny", "--frames", 20).stdout
        assert "wavpack-1: wavpack was not found; install it: apt-get install wavpack" in text

    def test_a_row_that_is_not_equal_ends_with_status_1(self, folder, monkeypatch):
        zeros = np.zeros_like(SAMPLES)
        monkeypatch.setattr("probecodec.bench.ours.open_capture", lambda *_, **__: zeros)
        text = run("a.bin", *QUICK, "--json", "out.json", status=1).stdout
        assert rows(text)["tiny"][-1] == "NO"
        (a,) = json.loads((folder / "out.json").read_text())["benches"]
        assert a["best_ours"] is None and a["gain_percent"] is None


class TestOutputs:
    def test_a_document_s_picture_replaces_nothing(self, folder):
        (folder / "out.svg").write_text("precious")
        assert "out.svg exists" in fails("a.bin", *QUICK, "--markdown", "out.md")
        assert (folder / "out.svg").read_text() == "precious"

    def test_two_outputs_of_one_name(self, folder):
        error = fails("a.bin", *QUICK, "--markdown", "out.md", "--plot", "out.svg")
        assert "out.svg would be written twice" in error

    def test_a_description_is_not_replaced(self, folder):
        error = fails("a.bin", *QUICK, "--json", "a.json", "--force")
        assert "a.json describes a recording" in error

    def test_names_are_no_markup(self, folder):
        name = "<b>`x`.bin"
        (folder / name).write_bytes((folder / "a.bin").read_bytes())
        run(name, "--channels", 16, "--sample-bits", 10, *QUICK, "--markdown", "out.md")
        document = (folder / "out.md").read_text()
        assert "<b>" not in document.partition("\n\n![")[2]


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (
                ("a.bin", "--methods", "tiny,zip"),
                "no method is named 'zip'; there are raw,",
            ),
            (("a.bin", "--methods", "xz-9", "--no-peers"), "no method is left"),
            (("--channels", "3"), "give REC"),
            (("none.bin",), "there is no file none.bin"),
            (("a.bin", "--channels", "7"), "not a multiple of its 7 columns"),
            (("a.bin", "--json", "out.txt"), "out.txt does not end in .json"),
            (("a.bin", "--json", "b.json"), "b.json exists"),
            (("a.bin", "--rate", "0"), "0 frames a second cannot be"),
            (("a.bin", "--rate", "nan"), "nan frames a second cannot be"),
            (("a.bin", "--lsb-uv", "nan"), "a step of nan uV cannot be"),
            (("a.bin", "--channels", "15", "--aux-bits", "-1"), "cannot have -1 bits"),
            (("a.bin", "--seconds", "inf"), "--seconds"),
            (("a.bin", "--plot", "out.pdf"), "out.pdf does not end in .png or .svg"),
            (("a.bin", "--plot", "no/out.png"), "no/out.png: No such file"),
        ],
    )
    def test_one_sentence(self, folder, arguments, sentence):
        assert sentence in fails(*arguments)

    def test_one_bad_recording_stops_all(self, folder):
        (folder / "c.bin").write_bytes(b"")
        describe("c", channels=2, sample_bits=8)
        assert "c.bin is empty" in fails("a.bin", "c.bin", "--json", "out.json")
