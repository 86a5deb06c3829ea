"""The verb decode: what it writes, and what it leaves behind where it fails."""

import errno
import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.host import blocks, fast, planner, reader
from probecodec.host.cli import main
from probecodec.host.source import Source

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    FRAMES,
    OFFSETS,
    SAMPLES,
    data_packet,
    forge,
)
from .program import fails, program, run

TABLE = np.column_stack([SAMPLES, AUX.view(np.int16)])
LOST = b"".join(CHUNKS[:5] + CHUNKS[6:])  # frames 30-35 lost, 36-47 wait
THERE = np.ones(FRAMES, bool)
THERE[30:48] = False
OTHER = b"".join(encode(EncoderConfig(channels=2, stream_id=5), SAMPLES[:9, :2]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with a capture ``a.pcs``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pcs").write_bytes(CAPTURE)
    return tmp_path


class TestDecode:
    @pytest.mark.parametrize("fill", ["zero", "hold", "nan"])
    def test_fill(self, folder, fill):
        (folder / "a.pcs").write_bytes(LOST)
        run("decode", "a.pcs", "a.npy", "--fill", fill, status=1)
        expected = TABLE.astype(np.float32 if fill == "nan" else np.int16)
        expected[~THERE] = {"zero": 0, "hold": TABLE[29], "nan": [np.nan] * 8 + [0]}[fill]
        found = np.load("a.npy")
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)

    def test_fill_by_default(self, folder):
        (folder / "a.pcs").write_bytes(LOST)
        run("decode", "a.pcs", "a.bin", status=1)
        expected = np.where(THERE[:, np.newaxis], TABLE, 0)
        assert (folder / "a.bin").read_bytes() == expected.tobytes()

    def test_error_rather_than_fill(self, folder):
        (folder / "a.pcs").write_bytes(LOST)
        assert "frames 30 to 35 are missing (lost" in fails(
            "decode", "a.pcs", "a.bin", "--fill", "error"
        )
        (folder / "a.pcs").write_bytes(CAPTURE)
        run("decode", "a.pcs", "a.bin", "--fill", "error")
        assert (folder / "a.bin").read_bytes() == TABLE.tobytes()

    def test_not_a_number_needs_npy(self, folder):
        expected = "a.bin holds int16: not-a-number needs .npy, or fill otherwise"
        assert expected in fails("decode", "a.pcs", "a.bin", "--fill", "nan")

    def test_stream(self, folder):
        (folder / "a.pcs").write_bytes(LOST + OTHER)
        run("decode", "a.pcs", "a.npy", "--stream-id", 5)  # it is complete
        np.testing.assert_array_equal(np.load("a.npy"), SAMPLES[:9, :2])
        run("decode", "a.pcs", "b.bin", "--stream-id", 0, status=1)
        assert "no such segment" in fails("decode", "a.pcs", "c.bin", "--stream-id", 7)
        assert "choose a segment" in fails("decode", "a.pcs", "c.bin")

    def test_a_segment_of_no_frames(self, folder):
        empty = forge(data_packet(0), frames=0, payload=b"", frame_index=1 << 40, sequence=99)
        (folder / "a.pcs").write_bytes(CAPTURE + empty)
        run("decode", "a.pcs", "a.npy", "--segment", 1, status=1)
        assert np.load("a.npy").shape == (0, 9)

    def test_index(self, folder, monkeypatch):
        run("decode", "a.pcs", "a.bin", "--index")
        assert sorted(os.listdir()) == ["a.bin", "a.pcs", "a.pcs.index"]
        monkeypatch.setattr("probecodec.host.index.Indexer.extend", None)  # no scan
        run("decode", "a.pcs", "b.bin", "--index")
        assert (folder / "b.bin").read_bytes() == TABLE.tobytes()
        assert "complete: every packet" in run("info", "a.pcs", "--index").stdout

    def test_verify_scans_whatever_the_index_says(self, folder):
        run("info", "a.pcs", "--index")
        about, data = os.stat("a.pcs"), bytearray((folder / "a.pcs").read_bytes())
        data[len(data) // 2] ^= 1
        (folder / "a.pcs").write_bytes(data)
        os.utime("a.pcs", ns=(about.st_atime_ns, about.st_mtime_ns))
        assert "not complete" in run("verify", "a.pcs", "--index", status=1).stdout

    def test_numba_missing_is_told_where_samples_are_decoded(self, folder, monkeypatch):
        monkeypatch.setattr("probecodec.host.fast._compiled", lambda: False)
        monkeypatch.delenv("PROBECODEC_NO_NUMBA", raising=False)
        assert "Numba is missing" in run("decode", "a.pcs", "a.bin").stderr
        assert "Numba is missing" not in run("info", "a.pcs").stderr

    def test_json_tells_of_all_segments(self, folder):
        (folder / "a.pcs").write_bytes(LOST + OTHER)
        told = json.loads(run("decode", "a.pcs", "a.npy", "--segment", 1, "--json").stdout)
        assert (told["output"], told["segment"], len(told["segments"])) == ("a.npy", 1, 2)


class TestErrors:
    """The output is whole, or not there; and what an error names is what failed."""

    @pytest.fixture(autouse=True)
    def small_blocks(self, monkeypatch):
        monkeypatch.setattr(planner, "_BLOCK_SAMPLES", 0)

    def test_the_input_cannot_be_read(self, folder, monkeypatch):
        def read(self, file, start, size, real=Source._read):
            if broken and start + size > OFFSETS[8]:
                raise OSError(errno.EIO, "Input/output error")
            return real(self, file, start, size)

        broken = []
        monkeypatch.setattr(Source, "_read", read)
        monkeypatch.setattr(blocks.fast, "decoder", lambda c: broken.append(c) or fast.Decoder(c))
        for out in ("a.bin", "a.npy"):
            broken.clear()
            assert fails("decode", "a.pcs", out) == "Error: a.pcs: Input/output error"
        assert fails("verify", "a.pcs") == "Error: a.pcs: Input/output error"
        assert fails("info", "a.pcs") == "Error: a.pcs: Input/output error"

    def test_the_input_is_cut_meanwhile(self, folder, monkeypatch):
        def decoder(config):
            os.truncate("a.pcs", OFFSETS[8] + 3)
            return fast.Decoder(config)

        monkeypatch.setattr(blocks.fast, "decoder", decoder)
        monkeypatch.setattr(reader.os, "cpu_count", lambda: 1)
        assert "a.pcs: bytes " in fails("decode", "a.pcs", "a.bin")

    @pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, SystemExit(143)])
    def test_interrupted(self, folder, monkeypatch, error):
        count = []

        def decoder(config):
            count.append(config)
            if len(count) == 3:
                raise error
            return fast.Decoder(config)

        monkeypatch.setattr(blocks.fast, "decoder", decoder)
        (folder / "a.npy").write_bytes(b"before")
        result = CliRunner().invoke(main, ["decode", "a.pcs", "a.npy", "--force"])
        assert result.exit_code in (1, 2, 143) and len(count) >= 3
        assert sorted(os.listdir()) == ["a.npy", "a.pcs"]
        assert (folder / "a.npy").read_bytes() == b"before"

    def test_what_stands_in_the_way(self, folder):
        (folder / "a.bin").write_bytes(b"before")
        assert fails("decode", "a.pcs", "a.bin").startswith("Error: a.bin exists")
        run("decode", "a.pcs", "a.bin", "--force")
        assert (folder / "a.bin").read_bytes() == TABLE.tobytes()

    @pytest.mark.parametrize("out", ["a.bin", "a.npy"])
    def test_full_disk(self, folder, out):
        """A limit on the size of files stands for it."""
        before = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (900, 900))"
        result = subprocess.run(program("decode", "a.pcs", out, before=before), capture_output=True)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr == f"Error: {out}: File too large\n".encode()
        assert os.listdir() == ["a.pcs"]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_signal(self, folder, number):
        """While the output is half written: each chunk takes a while."""
        before = (
            "import time, probecodec.host.capture as c\nreal = c.Capture.chunks\n"
            "def slow(self):\n    for chunk in real(self):\n        yield chunk\n"
            "        time.sleep(60)\n"
            "c.Capture.chunks = slow"
        )
        line = program("decode", "a.pcs", "a.npy", before=before)
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 30
            while not list(folder.glob(".a.npy.*.part")) and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(number)
            out, error = process.communicate(timeout=30)
        assert process.returncode == (1 if number == signal.SIGINT else 128 + number)
        assert (out, b"Traceback" in error) == (b"", False)
        assert os.listdir() == ["a.pcs"]
