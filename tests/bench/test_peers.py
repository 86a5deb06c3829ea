"""The peers and our codec on one recording: what comes back, what it takes, what is missing."""

import numpy as np
import pytest

from probecodec.bench import codecs, ours
from probecodec.bench.method import Method
from probecodec.bench.peers import PEERS
from probecodec.bench.result import Kind
from probecodec.golden.encoder import encode
from probecodec.host.recording import Recording
from probecodec.host.synthetic import synthesize


def recording(channels=19, frames=700, rate_hz=30_000.0):
    """Channels that no group size divides."""
    made = synthesize("np2", frames=frames, channels=channels)
    return Recording(samples=made.samples, sample_bits=14, rate_hz=rate_hz)


def peer_result(name, source):
    return PEERS[name].result(name, Kind.PEER, source)


def installed(name):
    if note := PEERS[name].missing():
        pytest.skip(note)
    return name


@pytest.mark.parametrize("name", PEERS)
class TestPeers:
    def test_round_trip(self, name):
        source = recording()
        result = peer_result(installed(name), source)
        assert result.passed and not result.failed and result.note == ""
        assert result.verified_frames == len(source.samples)
        assert result.bits_per_sample == 8 * result.size / source.samples.size
        assert result.ratio_int16 == 16 / result.bits_per_sample
        assert result.ratio_adc == 14 / result.bits_per_sample
        assert result.encode_mb_s > 0 and result.decode_mb_s > 0

    @pytest.mark.parametrize("shape", [(1, 1), (3, 9), (40, 257)])
    def test_extremes_come_back(self, name, shape):
        samples = np.random.default_rng(0).choice([-32768, -1, 0, 32767], shape).astype(np.int16)
        source = Recording(samples=samples, sample_bits=16, rate_hz=2500.0)
        assert peer_result(installed(name), source).passed


def test_longer_than_a_block(monkeypatch):
    monkeypatch.setattr(codecs, "_BLOSC_BYTES", 1 << 10)
    monkeypatch.setattr(codecs, "_WAVPACK_BLOCK_FRAMES", 200)
    for name in ("blosc-zstd9", "wavpack-1"):
        assert peer_result(installed(name), recording()).passed
    assert peer_result(installed("mtscomp"), recording(rate_hz=100.0)).passed  # chunks of 1 s


def test_a_missing_command_is_a_row(monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = peer_result("wavpack-1", recording(frames=2))
    assert result.note == "wavpack was not found; install it: apt-get install wavpack"
    assert result.size is None and result.passed is None and not result.failed


def test_a_missing_package_is_a_row(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    result = peer_result("zstd-19", recording(frames=2))
    assert result.note == "zstandard was not found; install it: pip install 'probecodec[bench]'"
    assert result.size is None and not result.failed


@pytest.mark.parametrize(
    ("decode", "note"),
    [(lambda *_: np.zeros((5, 19), np.int16), ""), (lambda *_: 1 / 0, "failed: division by zero")],
)
def test_a_peer_that_does_wrong(monkeypatch, decode, note):
    bad = Method("", "bz2", lambda *_: [b"1234"], decode)
    result = bad.result("bad", Kind.PEER, recording(frames=5))
    assert result.failed and not result.passed and result.note == note


def test_a_command_that_fails_says_why(monkeypatch, tmp_path):
    tool = tmp_path / "wavpack"
    tool.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = peer_result("wavpack-2", recording(frames=5))
    assert result.failed
    assert result.note == "failed: wavpack ended with status 3: no such thing"


@pytest.mark.parametrize("name", ours.OURS)
class TestOurs:
    def test_size_is_all_that_the_encoder_yields(self, name):
        source = recording(96, 200)
        preset, order = ours.OURS[name]
        config = source.config(preset, order=order)
        result = ours.our_result(name, source)
        assert result.size == len(b"".join(encode(config, source.samples)))
        assert result.bits_per_sample == 8 * result.size / source.samples.size
        assert result.passed and result.verified_frames == 200
        restart = config.restart_interval * config.packet_frames
        assert result.settings["restart_frames"] == restart

    def test_a_method_that_does_not_fit_is_a_row(self, name):
        one = Recording(samples=np.zeros((5, 1), np.int16), sample_bits=14)
        result = ours.our_result(name, one)
        assert result.note.startswith("skipped: ") and not result.failed


def test_a_wrong_decoder_is_told(monkeypatch):
    monkeypatch.setattr("probecodec.host.reader.decode", lambda *_: iter(()))  # all zeros
    result = ours.our_result("tiny", recording(16, 100))
    assert result.failed and not result.passed


def test_a_tool_that_writes_nothing_is_a_row(monkeypatch, tmp_path):
    for name in ("wavpack", "wvunpack"):
        (tmp_path / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = peer_result("wavpack-2", recording(frames=5))
    assert result.failed and result.note.startswith("failed: ")
    (tmp_path / "wavpack").unlink()
    (tmp_path / "wavpack").symlink_to("/bin/false")
    assert PEERS["wavpack-2"].version() == "unknown"
