"""The verbs that need the hardware extras."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.host.cli import main
from probecodec.host.synthetic import synthesize

RAW = ("--channels", "32", "--sample-bits", "16")


def run(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


@pytest.fixture
def rec(tmp_path):
    path = tmp_path / "rec.bin"
    synthesize("intan", frames=400).samples.tofile(path)
    return path


class TestVerilog:
    def test_files(self, tmp_path):
        out = tmp_path / "out"
        report = json.loads(run("verilog", "--channels", 32, "-o", out, "--json").stdout)
        assert [path.name for path in sorted(out.iterdir())] == [
            "ports.md",
            "probecodec_encoder.v",
            "probecodec_example.v",
            "probecodec_registers.h",
            "probecodec_registers.py",
            "probecodec_tb.v",
            "registers.md",
            "samples.hex",
            "testbench.md",
            "words.hex",
        ]
        assert sorted(report["files"]) == [str(path) for path in sorted(out.iterdir())]

    def test_settings_reach_the_core(self, tmp_path):
        run("verilog", "--channels", 64, "--sample-bits", 12, "--aux-bits", 3, "-o", tmp_path)
        ports = (tmp_path / "ports.md").read_text()
        assert "| `sample_value` | input | 12, signed |" in ports
        assert "| `sample_aux` | input | 3 |" in ports

    def test_nothing_is_replaced_unless_told(self, tmp_path):
        run("verilog", "--channels", 32, "-o", tmp_path)
        assert "exists" in run("verilog", "--channels", 32, "-o", tmp_path, status=2).stderr
        run("verilog", "--channels", 32, "-o", tmp_path, "--force")

    @pytest.mark.parametrize(
        ("option", "value", "sentence"),
        [
            ("--channels", 2, "channels = 2 is too few for the core's pipeline: use at least"),
            ("--channels", 5000, "channels must be a whole number from 2 to 4096"),
            ("--fifo-words", 32, "fifo_words = 32 is too small"),
            ("--sample-bits", 17, "sample_bits must be a whole number from 8 to 16"),
        ],
    )
    def test_what_cannot_be_built(self, tmp_path, option, value, sentence):
        out = tmp_path / "out"
        error = run("verilog", option, value, "-o", out, status=2).stderr
        assert error.startswith("Error: ") and sentence in error and "Traceback" not in error
        assert not out.exists()


class TestSim:
    def test_both_modes_pass(self, rec, tmp_path):
        report = json.loads(run("sim", rec, *RAW, "--preset", "dual", "--json").stdout)
        assert [check["mode"] for check in report["checks"]] == ["rice", "fixed"]
        for check in report["checks"]:
            assert check["passed"] and check["dropped"] == 0 and check["samples_per_clock"] == 1

    def test_the_capture_is_kept_and_decodes(self, rec, tmp_path):
        run("sim", rec, *RAW, "--frames", 100, "--capture", tmp_path / "link.pcs")
        run("decode", tmp_path / "link.pcs", tmp_path / "back.npy")
        kept = np.fromfile(rec, "<i2").reshape(-1, 32)[:100]
        assert np.array_equal(np.load(tmp_path / "back.npy"), kept)

    def test_table(self, rec):
        text = run("sim", rec, *RAW, "--frames", 100).stdout
        assert "RTL bytes = golden bytes" in text and "NO" not in text

    def test_a_failed_check_ends_with_status_1(self, rec, monkeypatch):
        monkeypatch.setattr("probecodec.host.reader.decode", lambda *_: iter(()))  # all zeros
        text = run("sim", rec, *RAW, "--frames", 100, status=1).stdout
        assert "NO" in text

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (("--preset", "dual", "--waves", "w.vcd"), "take one mode"),
            (("--waves", "w.txt"), ".vcd"),
            (("--capture", "c.bin"), ".pcs"),
        ],
    )
    def test_bad_usage(self, rec, options, sentence):
        assert sentence in run("sim", rec, *RAW, *options, status=2).stderr

    def test_a_missing_tool_is_one_sentence(self, rec, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing built yet
        monkeypatch.setenv("PATH", "")
        missing = "Error: g++ was not found; install it: apt-get install g++\n"
        assert run("sim", rec, *RAW, "--rate", 30000, status=2).stderr == missing
        wrong = ("--channels", 16, "--sample-bits", 16)
        told = run("sim", rec, *wrong, status=2).stderr.splitlines()
        assert told == [
            f"{rec} looks like 32 columns, not 16: correct --channels",
            f"{rec} does not tell its rate: 30000 Hz assumed (--rate)",
            missing.rstrip(),
        ]


def test_a_missing_extra_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "probecodec.boards.verilog", None)
    monkeypatch.delattr("probecodec.boards.verilog", raising=False)
    error = run("verilog", "-o", tmp_path / "out", status=2).stderr
    assert error.endswith("install it: pip install 'probecodec[hdl]'\n")


def test_demo(tmp_path):
    out = tmp_path / "demo"
    text = run("demo", "--probe", "intan", "--frames", 400, "--out", out).stdout
    assert "decoded = recorded" in text and "NO" not in text
    assert (out / "demo.png").read_bytes().startswith(b"\x89PNG")
    info = json.loads(run("info", out / "demo.pcs", "--json").stdout)
    assert info["complete"]
    assert "exists" in run("demo", "--probe", "intan", "--out", out, status=2).stderr
