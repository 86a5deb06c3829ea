"""The command line: what it writes, what it says, and that an error leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import probecodec.golden.encoder
from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Order
from probecodec.host import cli
from probecodec.host.cli import main

RAW = ["--channels", "8", "--sample-bits", "10"]
FRAMES = 50
TABLE = np.random.default_rng(0).normal(0, 20, (FRAMES, 8)).astype(np.int16)
CONFIG = EncoderConfig(channels=8, sample_bits=10, packet_frames=5, restart_interval=2)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with a recording ``rec.bin`` and its capture ``rec.pcs``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec.bin").write_bytes(TABLE.tobytes())
    (tmp_path / "rec.pcs").write_bytes(b"".join(encode(CONFIG, TABLE)))
    return tmp_path


def run(*arguments, status=0):
    """Run in this process; return the result."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


def fails(*arguments):
    """The one sentence on stderr of a run that fails; nothing may have been written."""
    before = sorted(os.listdir())
    result = run(*arguments, status=2)
    assert result.stdout == ""
    assert sorted(os.listdir()) == before
    lines = result.stderr.splitlines()
    assert lines[-1].startswith("Error: ")
    assert "Traceback" not in result.stderr
    return lines[-1]


def command(*arguments, before=""):
    """The program as a process of its own, after the Python statement ``before``."""
    code = f"{before}\nfrom probecodec.host.cli import main; main()"
    return [sys.executable, "-c", code, *arguments]


def subprocess_run(*arguments, before=""):
    line = command(*arguments, before=before)
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


class TestEncode:
    def test_report(self, folder):
        result = run("encode", "rec.bin", "new.pcs", *RAW, "--packet-frames", 5, "--rate", 2500)
        size = (folder / "new.pcs").stat().st_size
        assert result.stderr == ""
        assert f"new.pcs: {size} bytes, 10 data packets" in result.stdout
        assert f"{size * 8 / 400:.3f} b/S" in result.stdout

    def test_json(self, folder):
        report = json.loads(run("encode", "rec.bin", "new.pcs", *RAW, "--json").stdout)
        size = (folder / "new.pcs").stat().st_size
        bits = size * 8 / 400
        assert report == {
            "recording": "rec.bin",
            "capture": "new.pcs",
            "frames": FRAMES,
            "channels": 8,
            "sample_bits": 10,
            "aux_bits": 0,
            "mode": "adaptive",
            "order": "sequential",
            "packets": 1,
            "bytes": size,
            "bits_per_sample": pytest.approx(bits),
            "ratio_int16": pytest.approx(16 / bits),
            "ratio_adc": pytest.approx(10 / bits),
        }

    def test_is_the_golden_encoder(self, folder):
        options = ["--preset", "tiny", "--packet-frames", 5, "--restart-interval", 2]
        run("encode", "rec.bin", "new.pcs", *RAW, *options)
        assert (folder / "new.pcs").read_bytes() == (folder / "rec.pcs").read_bytes()

    def test_order(self, folder):
        """A probe's own order; what is decoded is in channel order all the same."""
        table = np.random.default_rng(1).integers(-9, 9, (20, 48)).astype(np.int16)
        table.tofile("np.bin")
        raw = ("--channels", 48, "--sample-bits", 10)
        run("encode", "np.bin", "np.pcs", *raw, "--order", "np1")
        run("decode", "np.pcs", "back.bin")
        assert np.array_equal(np.fromfile("back.bin", np.int16).reshape(-1, 48), table)
        assert "np1 order, mode adaptive" in run("info", "np.pcs").stdout
        config = EncoderConfig.preset("adaptive", channels=48, sample_bits=10, order=Order.NP1)
        assert (folder / "np.pcs").read_bytes() == b"".join(encode(config, table))

    def test_an_order_that_does_not_fit(self, folder):
        result = run("encode", "rec.bin", "new.pcs", *RAW, "--order", "np1", status=2)
        assert "order np1 needs a multiple of 24 channels, not 8" in result.stderr
        assert not (folder / "new.pcs").exists()

    def test_modes(self, folder):
        run("encode", "rec.bin", "new.pcs", *RAW, "--modes", "huffman, rice")
        assert "mode huffman" in run("info", "new.pcs").stdout
        result = run("encode", "rec.bin", "x.pcs", *RAW, "--modes", "rice,best", status=2)
        assert "no mode is named 'best'; there are fixed, rice, huffman, adaptive" in result.stderr
        for names, complaint in (("", "no mode is named ''"), ("rice,rice", "names a mode twice")):
            result = run("encode", "rec.bin", "x.pcs", *RAW, "--modes", names, status=2)
            assert complaint in result.stderr

    def test_every_option_arrives(self, folder):
        options = "--preset fixed --packet-frames 7 --restart-interval 3 --fixed-bits 6 "
        options += "--stream-id 9 --rate 1250 --lsb-uv 2.5"
        run("encode", "rec.bin", "new.pcs", *RAW, *options.split())
        about = json.loads(run("info", "new.pcs", "--json").stdout)["segments"][0]
        assert (about["stream_id"], about["modes"], about["packets"]) == (9, ["fixed"], 8)
        assert about["metadata"] == {
            "rate_hz": 1250.0,
            "lsb_uv": 2.5,
            "probe": "",
            "packet_frames": 7,
            "restart_interval": 3,
        }
        config = EncoderConfig.preset(
            "fixed",
            channels=8,
            packet_frames=7,
            restart_interval=3,
            fixed_bits=6,
            stream_id=9,
            rate_hz=1250.0,
            lsb_uv=2.5,
        )
        assert (folder / "new.pcs").read_bytes() == b"".join(encode(config, TABLE))

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["rec.bin", "new.pcs"], "give channels (--channels) and sample_bits"),
            (["none.bin", "new.pcs", *RAW], "there is no file none.bin"),
            (["rec.bin", "new.bin", *RAW], "does not end in .pcs"),
            (["rec.bin", "rec.pcs", *RAW], "rec.pcs exists: choose another name, or --force"),
            (["rec.bin", "none/new.pcs", *RAW], "none/new.pcs: No such file or directory"),
            (["rec.bin", "new.pcs", "--channels", "7", "--sample-bits", "10"], "not a multiple"),
            (["rec.bin", "new.pcs", "--channels", "8", "--sample-bits", "4"], "sample_bits must"),
            (["rec.bin", "new.pcs", *RAW, "--packet-frames", "9999999"], "packet_frames must"),
            (["rec.bin", "new.pcs", *RAW, "--preset", "huge"], "Invalid value for '--preset'"),
            (["rec.bin", "new.pcs", *RAW, "--rate", "nan"], "rate_hz must"),
            (["rec.bin"], "Missing argument 'OUT'"),
        ],
    )
    def test_refused(self, folder, arguments, expected):
        assert expected in fails("encode", *arguments)

    def test_sample_out_of_range(self, folder):
        table = TABLE.copy()
        table[33, 2] = 700
        (folder / "rec.bin").write_bytes(table.tobytes())
        sentence = fails("encode", "rec.bin", "new.pcs", *RAW, "--packet-frames", 4)
        assert sentence == "Error: frame 33, channel 2: 700 does not fit a 10-bit sample"

    def test_a_wrong_count_of_channels_is_doubted(self, folder):
        """Once, on stderr; the capture is written all the same, and JSON stays JSON."""
        random = np.random.default_rng(1)
        table = random.normal(random.normal(0, 40, 8), 9, (400, 8)).astype(np.int16)
        (folder / "rec.bin").write_bytes(table.tobytes())
        told = ("--sample-bits", 10, "--rate", 30000, "--json")
        result = run("encode", "rec.bin", "new.pcs", "--channels", 16, *told)
        assert result.stderr == "rec.bin looks like 8 columns, not 16: correct --channels\n"
        assert json.loads(result.stdout)["channels"] == 16
        result = run("encode", "rec.bin", "new.pcs", "--channels", 8, *told, "--force")
        assert result.stderr == ""

    def test_force(self, folder):
        (folder / "new.pcs").write_text("old")
        run("encode", "rec.bin", "new.pcs", *RAW, "--force")
        assert (folder / "new.pcs").stat().st_size > 100


class TestDecode:
    @pytest.mark.parametrize("suffix", [".bin", ".npy"])
    def test_round_trip(self, folder, suffix):
        result = run("decode", "rec.pcs", f"back{suffix}")
        assert result.stderr == ""
        assert result.stdout == f"back{suffix}: 8 channels, frames 0 to 49, 0 of them missing\n"
        if suffix == ".bin":
            assert (folder / "back.bin").read_bytes() == TABLE.tobytes()
        else:
            np.testing.assert_array_equal(np.load("back.npy"), TABLE)

    def test_spikeglx_round_trip(self, folder):
        table = np.column_stack([TABLE, np.arange(FRAMES) // 9 * 64]).astype(np.int16)
        (folder / "sgl.bin").write_bytes(table.tobytes())
        (folder / "sgl.meta").write_text(
            f"nSavedChans=9\nfileSizeBytes={table.nbytes}\nsnsApLfSy=8,0,1\nimSampRate=30000\n"
            "imAiRangeMax=0.6\nimDatPrb_pn=NP1010\n~imroTbl=(0,384)(0 0 0 500 250 1)\n"
        )
        run("encode", "sgl.meta", "sgl.pcs")
        run("decode", "sgl.pcs", "back.bin")
        assert (folder / "back.bin").read_bytes() == table.tobytes()
        about = run("info", "sgl.pcs").stdout
        assert "8 channels of 10 bits, 16 auxiliary bits, sequential order, mode adaptive" in about
        assert "30000 Hz, 2.34375 uV a step, probe NP1010" in about

    def test_gaps_and_damage(self, folder):
        chunks = list(encode(CONFIG, TABLE))
        broken = chunks[8][:-1] + bytes([chunks[8][-1] ^ 1])
        (folder / "rec.pcs").write_bytes(b"".join([*chunks[:2], *chunks[3:8], broken, chunks[9]]))
        result = run("decode", "rec.pcs", "back.bin", status=1)
        back = np.fromfile("back.bin", np.int16).reshape(-1, 8)
        expected = TABLE.copy()
        expected[10:20] = expected[40:50] = 0
        np.testing.assert_array_equal(back, expected)
        at = sum(map(len, chunks[:8])) - len(chunks[2]) + 72
        assert result.stderr.splitlines() == [
            f"packet at byte {at}: CRC-32 does not match or packet is cut off",
            "frames 10 to 14 (5): lost or damaged in the capture",
            "frames 15 to 19 (5): waits for a restart",
            "frames 40 to 44 (5): lost or damaged in the capture",
            "frames 45 to 49 (5): waits for a restart",
        ]
        assert "frames 0 to 49, 20 of them missing" in result.stdout

    def test_json(self, folder):
        chunks = list(encode(CONFIG, TABLE))
        (folder / "rec.pcs").write_bytes(b"".join([*chunks[:2], *chunks[4:], chunks[9]]))
        result = run("decode", "rec.pcs", "back.bin", "--json", status=1)
        report = json.loads(result.stdout)
        assert report["output"] == "back.bin" and report["segment"] == 0
        assert (report["complete"], report["duplicates"], report["damaged"]) == (False, 1, [])
        assert report["segments"][0]["gaps"] == [
            {"start": 10, "stop": 20, "cause": "lost or damaged in the capture"}
        ]
        assert report["segments"][0]["missing"] == 10
        assert "1 duplicates of packets ignored" in result.stderr

    def test_damage_without_a_gap(self, folder):
        """The last packet cut off: no frame after it tells that frames are missing."""
        (folder / "rec.pcs").write_bytes((folder / "rec.pcs").read_bytes()[:-1])
        result = run("decode", "rec.pcs", "back.bin", status=1)
        assert "is cut off" in result.stderr and "frames" not in result.stderr
        assert (folder / "back.bin").read_bytes() == TABLE[:45].tobytes()

    def test_segments(self, folder):
        other = EncoderConfig(channels=4, sample_bits=8, stream_id=5)
        more = b"".join(encode(other, TABLE[:30, :4] // 2))
        (folder / "rec.pcs").write_bytes((folder / "rec.pcs").read_bytes() + more)
        listed = fails("decode", "rec.pcs", "back.bin")
        assert (
            "choose a segment (segment=…, --segment): it has 0 (stream 0, frames 0 to 49" in listed
        )
        assert "; 1 (stream 5, frames 0 to 29" in listed
        assert "no such segment: it has 0" in fails("decode", "rec.pcs", "b.bin", "--segment", 2)
        run("decode", "rec.pcs", "back.npy", "--segment", 1)
        np.testing.assert_array_equal(np.load("back.npy"), TABLE[:30, :4] // 2)
        assert "segment 1: stream 5" in run("info", "rec.pcs").stdout

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["none.pcs", "back.bin"], "none.pcs: No such file or directory"),
            ([".", "back.bin"], ".: Is a directory"),
            (["rec.bin", "back.bin"], "no probecodec packet found in rec.bin (800 bytes)"),
            (["rec.pcs", "back.wav"], "does not end in .bin or .npy"),
            (["rec.pcs", "rec.bin"], "rec.bin exists"),
            (["rec.pcs", "none/back.bin"], "none/back.bin: No such file or directory"),
        ],
    )
    def test_refused(self, folder, arguments, expected):
        assert expected in fails("decode", *arguments)

    def test_metadata_only(self, folder):
        (folder / "rec.pcs").write_bytes((folder / "rec.pcs").read_bytes()[:72])
        assert "holds no data packet" in fails("decode", "rec.pcs", "back.bin")
        assert "1 intact packets" in run("info", "rec.pcs").stdout


class TestInfo:
    def test_text(self, folder):
        lines = run("info", "rec.pcs").stdout.splitlines()
        assert lines[1] == "segment 0: stream 0, frames 0 to 49, 0 of them missing"
        assert lines[3].endswith("restart every 2 packets: 10 frames, 0.000333 s")
        assert lines[4].startswith("  10 data packets, ")

    def test_damaged_capture(self, folder):
        """It is told, and it is no error."""
        (folder / "rec.pcs").write_bytes((folder / "rec.pcs").read_bytes()[100:])
        result = run("info", "rec.pcs")
        assert "belong to no intact packet" in result.stderr
        assert "frames 5 to 9 (5): waits for a restart" in result.stderr
        report = json.loads(run("info", "rec.pcs", "--json").stdout)
        assert report["complete"] is False and report["damaged"][0]["offset"] == 0

    def test_nothing_decodable(self, folder):
        chunks = list(encode(CONFIG, TABLE))
        (folder / "rec.pcs").write_bytes(chunks[1])
        lines = run("info", "rec.pcs").stdout.splitlines()
        assert "unknown: no metadata packet" in lines[3]


class TestErrors:
    def test_interrupt(self, folder, monkeypatch):
        def interrupted(*_):
            yield b"half"
            raise KeyboardInterrupt

        monkeypatch.setattr(probecodec.golden.encoder.Encoder, "packets", interrupted)
        run("encode", "rec.bin", "new.pcs", *RAW, status=1)
        assert sorted(os.listdir()) == ["rec.bin", "rec.pcs"]

    @pytest.mark.parametrize(
        ("error", "expected"),
        [(MemoryError(), "out of memory"), (PermissionError(13, "Permission denied", "x"), "x: P")],
    )
    def test_one_sentence(self, folder, monkeypatch, error, expected):
        def broken(*_, **__):
            raise error

        monkeypatch.setattr("probecodec.host.capture.load", broken)
        assert fails("info", "rec.pcs").startswith(f"Error: {expected}")

    def test_verb_in_another_file(self, folder, monkeypatch):
        monkeypatch.setitem(cli.ELSEWHERE, "again", ".decode_command:info")
        assert "again" in run("--help").stdout
        assert run("again", "rec.pcs").stdout == run("info", "rec.pcs").stdout

    def test_every_verb_has_help(self):
        context = click.Context(main)
        for verb in main.list_commands(context):
            assert "Usage" in run(verb, "--help").stdout
        assert "probecodec" in run("--version").stdout


class TestProcess:
    """The same in a process of its own."""

    def test_round_trip(self, folder):
        encoded = subprocess_run("encode", "rec.bin", "new.pcs", *RAW)
        assumed = "rec.bin does not tell its rate: 30000 Hz assumed (--rate)\n"
        assert (encoded.returncode, encoded.stderr) == (0, assumed)
        decoded = subprocess_run("decode", "new.pcs", "back.bin")
        assert (decoded.returncode, decoded.stderr) == (0, "")
        assert (folder / "back.bin").read_bytes() == TABLE.tobytes()

    def test_bad_input(self, folder):
        result = subprocess_run("decode", "rec.bin", "back.bin")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1 and "Traceback" not in result.stderr

    def test_full_disk(self, folder):
        """A limit on the size of files stands for it."""
        before = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (300, 300))"
        result = subprocess_run("decode", "rec.pcs", "back.bin", before=before)
        assert result.returncode == 2
        assert result.stderr == "Error: back.bin: File too large\n"
        assert sorted(os.listdir()) == ["rec.bin", "rec.pcs"]

    def test_interrupt(self, folder, monkeypatch):
        """Ctrl-C while a long recording is encoded."""
        monkeypatch.setenv("PROBECODEC_NO_NUMBA", "1")  # slow enough to be caught at it
        np.save("long.npy", np.random.default_rng(0).integers(-9, 9, (1_000_000, 8), np.int16))
        with subprocess.Popen(
            command("encode", "long.npy", "new.pcs"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            deadline = time.monotonic() + 30
            while not list(folder.glob(".new.pcs.*.part")) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
        assert process.returncode == 1
        assert b"Traceback" not in error
        assert sorted(os.listdir()) == ["long.npy", "rec.bin", "rec.pcs"]

    def test_reader_of_the_output_gone(self, folder):
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run(command("info", "rec.pcs"), stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert (result.returncode, result.stderr) == (1, b"")

    def test_progress_only_on_a_terminal(self, folder):
        reader, terminal = os.openpty()
        try:
            subprocess.run(
                command("encode", "rec.bin", "new.pcs", *RAW), stderr=terminal, check=True
            )
            assert b"encoding" in os.read(reader, 10_000)
        finally:
            os.close(reader)
            os.close(terminal)

    def test_imports_no_hardware_package(self):
        code = "import sys, probecodec.host.cli, probecodec.host.capture, probecodec.host.recording"
        check = "print([m for m in sys.modules if m.split('.')[0] in ('amaranth', 'cocotb')])"
        result = subprocess.run(
            [sys.executable, "-c", f"{code}; {check}"], capture_output=True, text=True, check=True
        )
        assert result.stdout == "[]\n"


def test_many_gaps_are_summed_up(folder, monkeypatch):
    """One line for each of the first gaps; the JSON has them all."""
    config = EncoderConfig(channels=8, packet_frames=4)
    samples = np.zeros((160, 8), np.int16)
    Path("gaps.pcs").write_bytes(b"".join(encode(config, samples, dropped=np.arange(160) % 4 == 3)))
    lines = run("info", "gaps.pcs").stderr.splitlines()
    assert len(lines) == 21
    assert lines[0] == "frames 3 to 3 (1): dropped at the source"
    assert lines[-1] == "and 19 frames in 19 more gaps; --json tells all"
    assert len(json.loads(run("info", "gaps.pcs", "--json").stdout)["segments"][0]["gaps"]) == 39


def test_the_help_needs_no_extra():
    """Every verb tells what it does, with all barred that a bare install lacks."""
    barred = (
        "scipy",
        "sklearn",
        "pywt",
        "numba",
        "matplotlib",
        "amaranth",
        "zarr",
        "spikeinterface",
        "serial",
        "usb",
        "pyftdi",
    )
    before = f"import sys; sys.modules.update(dict.fromkeys({barred!r}))"
    code = f"{before}\nfrom click.testing import CliRunner\nfrom probecodec.host.cli import main\n"
    code += "for verb in [None, *main.list_commands(None)]:\n"
    code += "    done = CliRunner().invoke(main, [*filter(None, [verb]), '--help'])\n"
    code += "    assert done.exit_code == 0, (verb, done.exception)\n"
    code += "    print(verb)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"None", "bench", "boards", "build", "capture", "project", "sim", "verilog"} <= set(
        done.stdout.split()
    )
