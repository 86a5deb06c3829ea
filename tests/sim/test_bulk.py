"""Tier 3: whole recordings, file to file, three ways."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ToolError
from probecodec.golden.format import LOSSLESS, Family, Mode, Order
from probecodec.golden.projection import banded
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host.check import check
from probecodec.host.recording import Recording
from probecodec.host.synthetic import synthesize
from probecodec.sim import bulk

MODES = pytest.mark.parametrize("preset", ["tiny", "fixed"])
RECORDINGS = {
    "np2_run001": 6.85,
    "np1_ultra_neo": 4.30,
    "npopto_native10bit": None,
    "intan32_cinpla_neo": None,
}


@MODES
@pytest.mark.parametrize("name", RECORDINGS)
def test_real_recording(name, preset, recordings, tmp_path):
    """The bound on mode rice holds with all packet overhead and restarts over 100 ms apart."""
    samples, about = recordings[name]
    samples = samples[
        :4200
    ]  # two restarts; the decoder is plain Python: about 1 s for 10^6 samples
    recording = Recording(samples=samples, sample_bits=about["adc_bits"])
    config = recording.config(preset)
    report = check(config, samples, None, tmp_path / "link.pcs")
    assert report.passed
    assert report.dropped == 0
    assert report.samples_per_clock == 1
    assert config.restart_interval * config.packet_frames >= 0.1 * 30_000
    bound = RECORDINGS[name] if preset == "tiny" else None
    assert bound is None or report.bits_per_sample <= bound


@pytest.mark.parametrize("mode", LOSSLESS)
def test_either_mode_of_a_core_with_both(mode, tmp_path):
    recording = synthesize("np1", frames=300, channels=64)
    modes = (mode, *(other for other in LOSSLESS if other != mode))
    config = EncoderConfig(channels=64, aux_bits=16, modes=modes, packet_frames=20)
    report = check(config, recording.samples, recording.aux, tmp_path / "link.pcs")
    assert report.passed and report.dropped == 0


def test_adaptive_takes_one_sample_per_clock(tmp_path):
    """384 channels in a probe's order: a recording, white noise, full-scale squares, silence."""
    config = EncoderConfig.preset("adaptive", aux_bits=16, order=Order.NP1, packet_frames=20)
    random = np.random.default_rng(22)
    white = random.integers(-512, 512, (60, 384))
    square = np.where(np.add.outer(np.arange(20), np.arange(384) // 5) % 2, 511, -512)
    signals = [synthesize("np1", frames=150).samples, white, square, np.full((15, 384), -3)]
    samples = np.concatenate(signals).astype(np.int16)
    aux = random.integers(1 << 16, size=len(samples)).astype(np.uint16)
    report = check(config, samples, aux, tmp_path / "link.pcs")
    assert report.passed and report.dropped == 0 and report.samples_per_clock == 1


def test_a_slow_link_costs_whole_frames(tmp_path):
    recording = synthesize("np1", frames=400, channels=64)
    config = EncoderConfig(
        channels=64, aux_bits=16, packet_frames=20, modes=(Mode.RICE, Mode.FIXED)
    )
    report = check(
        config, recording.samples, recording.aux, tmp_path / "link.pcs", ready_percent=10
    )
    assert report.passed
    assert 100 < report.dropped < 400


def test_pauses_of_the_source_change_nothing(tmp_path):
    recording = synthesize("np1", frames=200, channels=64)
    config = EncoderConfig(
        channels=64, aux_bits=16, packet_frames=20, modes=(Mode.RICE, Mode.FIXED)
    )
    pauses = [{}, {"idle_percent": 70}, {"spacing": 2.3}]
    captures = [tmp_path / f"{n}.pcs" for n in range(len(pauses))]
    results = [
        bulk.run(config, recording.samples, recording.aux, capture, **pause)
        for capture, pause in zip(captures, pauses, strict=True)
    ]
    steady, random, even = (capture.read_bytes() for capture in captures)
    assert steady == random == even
    samples = recording.samples.size
    assert results[0].cycles == samples < 3 * samples < results[1].cycles
    assert abs(results[2].cycles - 2.3 * samples) < 2


def test_a_wrong_sample_is_noticed(tmp_path, monkeypatch):
    """The check can fail: the RTL is fed one bit other than what it is compared with."""
    samples = synthesize("np1", frames=50, channels=64).samples
    config = EncoderConfig(channels=64, packet_frames=20, modes=(Mode.RICE, Mode.FIXED))
    wrong, run = samples.copy(), bulk.run
    wrong[30, 5] ^= 1
    monkeypatch.setattr(
        bulk, "run", lambda config, _, *rest, **more: run(config, wrong, *rest, **more)
    )
    report = check(config, samples, None, tmp_path / "link.pcs")
    assert not report.golden_equal and not report.decoded_equal and report.crc_good


def test_waves(tmp_path):
    samples = np.zeros((3, 8), np.int16)
    config = EncoderConfig(channels=8, packet_frames=2)
    waves = tmp_path / "waves.vcd"
    bulk.run(config, samples, None, tmp_path / "link.pcs", waves=waves)
    text = waves.read_text()
    assert "$enddefinitions" in text and "sample_value" in text


def test_an_unknown_wave_format():
    message = r"waves are written as \.vcd, \.fst or \.saif, not '\.txt'"
    with pytest.raises(ToolError, match=message):
        bulk.build(EncoderConfig(channels=8), ".txt")


def test_a_missing_tool_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing built yet
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match=r"g\+\+ was not found; install it: apt-get install g\+\+"):
        bulk.build(EncoderConfig(channels=9))


ROWS = np.rint(120 * banded(np.random.default_rng(4).normal(size=(8, 64)))[0]).astype(int)
MATRICES = {
    "sparse": {},
    "dense": {"family": Family.DENSE, "hold": 4, "measurements": 16, "shift": 3},
    "loaded": {"family": Family.LOADED, "coefficients": tuple(map(tuple, ROWS.tolist()))},
}


@pytest.mark.parametrize("name", MATRICES)
def test_projection_takes_one_sample_per_clock(name, tmp_path):
    """384 channels in a probe's order: a recording, white noise, full-scale squares, silence."""
    config = EncoderConfig(
        modes=(Mode.PROJECTION, Mode.HUFFMAN),
        projection=ProjectionConfig(**MATRICES[name]),
        aux_bits=16,
        order=Order.NP1,
        restart_interval=2,
    )
    random = np.random.default_rng(23)
    white = random.integers(-512, 512, (150, 384))
    square = np.where(np.add.outer(np.arange(150), np.arange(384) // 5) % 2, 511, -512)
    signals = [synthesize("np1", frames=300).samples, white, square, np.full((90, 384), -3)]
    samples = np.concatenate(signals).astype(np.int16)
    aux = random.integers(1 << 16, size=len(samples)).astype(np.uint16)
    report = check(config, samples, aux, tmp_path / "link.pcs")
    assert report.passed and report.dropped == 0 and report.samples_per_clock == 1


def test_projection_on_a_slow_link(tmp_path):
    """Whole frames drop, in mid-window; what is left is still the matrix times the window."""
    recording = synthesize("np1", frames=1_500, channels=64)
    matrix = ProjectionConfig(measurements=32)
    config = EncoderConfig(
        channels=64, modes=(Mode.PROJECTION,), projection=matrix, packet_frames=128
    )
    report = check(config, recording.samples, None, tmp_path / "link.pcs", ready_percent=5)
    assert report.passed
    assert 64 < report.dropped < 1_400
