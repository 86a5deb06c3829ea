"""Captures as SpikeInterface recordings, compared with its own readers of the same samples."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode, Order
from probecodec.host import fast
from probecodec.host.capture import CaptureError, MissingFrames

si = pytest.importorskip("spikeinterface.core")
probeinterface = pytest.importorskip("probeinterface")

from spikeinterface.extractors.neuropixels_utils import (  # noqa: E402
    get_neuropixels_sample_shifts_from_probe,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*names no probe that is known:UserWarning")

from probecodec.host.bridges.spikeinterface import (  # noqa: E402
    ProbecodecRecordingExtractor,
    read_probecodec,
)

CONFIG = EncoderConfig(
    channels=24,
    sample_bits=12,
    aux_bits=4,
    modes=(Mode.HUFFMAN,),
    packet_frames=50,
    restart_interval=4,  # every 200 frames
    rate_hz=2500.0,
    lsb_uv=0.5,
)
RNG = np.random.default_rng(0)
SAMPLES = np.cumsum(RNG.integers(-9, 10, (1130, 24)), axis=0).astype(np.int16)
JOBS = {"n_jobs": 2, "chunk_size": 170, "progress_bar": False, "verbose": False}
NEUROPIXELS = replace(CONFIG, channels=384, packet_frames=0, lsb_uv=4.6875)


def packets(config=CONFIG, samples=SAMPLES):
    return list(fast.encoder(config).packets(samples))


def write(path, *parts):
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture
def capture(tmp_path):
    return write(tmp_path / "rec.pcs", *packets())


def same(recording, samples=SAMPLES, **config):
    """``recording`` agrees with SpikeInterface's own of ``samples``, however it is asked."""
    about = {"rate_hz": CONFIG.rate_hz, "gain_uv": CONFIG.lsb_uv} | config
    ids = np.arange(samples.shape[1])
    own = si.NumpyRecording([samples], about["rate_hz"], channel_ids=ids)
    own.set_channel_gains(about["gain_uv"])
    own.set_channel_offsets(0)
    assert recording.get_sampling_frequency() == about["rate_hz"]
    assert list(recording.channel_ids) == list(ids)
    for question in (
        {},
        {"start_frame": 195, "end_frame": 405},
        {"start_frame": 1129},
        {"end_frame": 0},
        {"end_frame": 5000},
        {"channel_ids": [5, 2, 23]},
        {"start_frame": 399, "end_frame": 401, "channel_ids": [7], "return_in_uV": True},
        {"return_in_uV": True, "order": "F"},
    ):
        expected = own.get_traces(**question)
        traces = recording.get_traces(**question)
        np.testing.assert_array_equal(traces, expected)
        assert traces.dtype == expected.dtype
    time = {"start_time": 190 / about["rate_hz"], "end_time": 410 / about["rate_hz"]}
    np.testing.assert_array_equal(
        recording.time_slice(**time).get_traces(), own.time_slice(**time).get_traces()
    )
    np.testing.assert_array_equal(
        recording.select_channels([3, 9]).get_traces(), own.select_channels([3, 9]).get_traces()
    )


def test_traces(capture):
    recording = read_probecodec(capture)
    same(recording)
    assert isinstance(recording, si.BaseRecording) and recording.dtype == np.int16
    assert recording.get_annotation("gaps") == [[]]
    assert not recording.has_probe()
    assert recording.get_property("inter_sample_shift") is None


def test_import_of_host_brings_none_of_the_packages():
    script = (
        "import sys, probecodec.host, probecodec.host.cli; "
        "print(*sys.modules.keys() & {'spikeinterface', 'probeinterface', 'numcodecs', 'zarr'})"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.strip() == b""


@pytest.mark.filterwarnings(r"ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_save_binary(tmp_path, context):
    """In worker processes, also forked while threads of this one hold the file."""
    long = np.tile(SAMPLES, (250, 1))  # several blocks, which threads decode side by side
    recording = read_probecodec(write(tmp_path / "rec.pcs", *packets(samples=long)))
    recording.get_traces(end_frame=100_000)
    jobs = JOBS | {"chunk_size": 97_000, "mp_context": context}
    saved = recording.save(folder=tmp_path / "b", format="binary", **jobs)
    np.testing.assert_array_equal(saved.get_traces(), long)
    np.testing.assert_array_equal(recording.get_traces(), long)


def test_save_zarr(capture, tmp_path):
    folder = tmp_path / "rec.zarr"
    same(read_probecodec(capture).save(folder=folder, format="zarr", **JOBS))


@pytest.mark.parametrize("suffix", ["json", "pkl"])
def test_dump_and_load(capture, tmp_path, suffix):
    options = {"segment": 0, "fill": "hold", "rate_hz": 2500.0, "gain_uv": 0.5, "index": True}
    probe = probeinterface.generate_linear_probe(24)
    probe.set_device_channel_indices(np.arange(24)[::-1])
    recording = read_probecodec(capture, probe=probe, **options)
    recording.dump(tmp_path / f"rec.{suffix}")
    again = si.load(tmp_path / f"rec.{suffix}")
    assert isinstance(again, ProbecodecRecordingExtractor)
    same(again)
    np.testing.assert_array_equal(again.get_channel_locations(), probe.contact_positions[::-1])
    assert again._kwargs == recording._kwargs


def test_dump_relative_and_move(capture, tmp_path):
    read_probecodec(capture).dump(tmp_path / "rec.json", relative_to=True)
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    same(si.load(moved / "rec.json", base_folder=moved))


def test_gaps(tmp_path):
    """Two lost packets; the second and third of the second restart wait for the third restart."""
    parts = packets()
    path = write(tmp_path / "rec.pcs", *parts[:4], parts[4][: len(parts[4]) // 2], *parts[5:])
    recording = read_probecodec(path)
    gaps = [
        [200, 250, "lost or damaged in the capture"],
        [250, 400, "waits for a restart"],
    ]
    assert recording.get_annotation("gaps") == [gaps]
    for start, stop in [(None, 200), (400, None)]:
        traces = recording.get_traces(start_frame=start, end_frame=stop)
        np.testing.assert_array_equal(traces, SAMPLES[start:stop])
    for start, stop in [(None, None), (199, 201), (399, 400), (210, 211)]:
        with pytest.raises(MissingFrames, match="fill"):
            recording.get_traces(start_frame=start, end_frame=stop)
    for policy, value in [("zero", 0), ("hold", SAMPLES[199]), ("nan", np.nan)]:
        filled = SAMPLES.astype(np.float32 if policy == "nan" else np.int16)
        filled[200:400] = value
        recording = read_probecodec(path, fill=policy)
        np.testing.assert_array_equal(recording.get_traces(), filled)
        assert recording.dtype == filled.dtype


def test_segments_of_a_stream(tmp_path):
    """The source was reset twice; the second run begins late."""
    runs = SAMPLES, SAMPLES[300:700], SAMPLES[:90]
    late = packets(samples=runs[1])[4:]
    path = write(tmp_path / "rec.pcs", *packets(), *late, *packets(samples=runs[2]))
    recording = read_probecodec(path)
    assert recording.get_num_segments() == 3
    for number, expected in enumerate([runs[0], runs[1][200:], runs[2]]):
        traces = recording.get_traces(segment_index=number)
        np.testing.assert_array_equal(traces, expected)
        only = read_probecodec(path, segment=number)
        np.testing.assert_array_equal(only.get_traces(), expected)
    assert [recording.get_start_time(segment_index=n) for n in range(3)] == [0, 200 / 2500, 0]


def test_streams(tmp_path):
    other = replace(CONFIG, stream_id=7, channels=6)
    path = write(tmp_path / "rec.pcs", *packets(), *packets(other, SAMPLES[:, :6]))
    with pytest.raises(CaptureError, match=r"streams \[0, 7\]: give stream_id"):
        read_probecodec(path)
    same(read_probecodec(path, stream_id=0))
    np.testing.assert_array_equal(read_probecodec(path, stream_id=7).get_traces(), SAMPLES[:, :6])
    np.testing.assert_array_equal(read_probecodec(path, segment=1).get_traces(), SAMPLES[:, :6])
    for options in ({"stream_id": 3}, {"segment": 2}, {"segment": 0, "stream_id": 7}):
        with pytest.raises(CaptureError, match="holds no frames of"):
            read_probecodec(path, **options)


def test_segments_that_do_not_go_together(tmp_path):
    other, samples = replace(CONFIG, lsb_uv=0.25), SAMPLES[::-1].copy()
    path = write(tmp_path / "rec.pcs", *packets(), *packets(other, samples))
    with pytest.raises(CaptureError, match=r"segments 0 and 1 differ .* give segment"):
        read_probecodec(path)
    same(read_probecodec(path, segment=1), samples, gain_uv=0.25)


def test_without_metadata(tmp_path):
    """The capture begins behind its first metadata packet, and ends before the next."""
    path = write(tmp_path / "rec.pcs", packets()[0][72:])
    with pytest.raises(CaptureError, match="does not tell its sampling rate: give rate_hz"):
        read_probecodec(path)
    recording = read_probecodec(path, rate_hz=100)
    np.testing.assert_array_equal(recording.get_traces(), SAMPLES[:50])
    assert recording.get_sampling_frequency() == 100 and not recording.has_scaleable_traces()
    scaled = read_probecodec(path, rate_hz=100, gain_uv=2).get_traces(return_in_uV=True)
    np.testing.assert_array_equal(scaled, SAMPLES[:50] * np.float32(2))


def meta(path, part_number, kind, sites):
    """A SpikeGLX ``.meta`` that selects ``sites``, as probeinterface reads it."""
    entry = {0: "({0} {1} 0 500 250 1)", 21: "({0} 1 0 {2})", 24: "({0} 0 0 0 {2})"}[kind]
    rows = "".join(entry.format(n, site // 384, site) for n, site in enumerate(sites))
    path.write_text(
        f"imDatPrb_pn={part_number}\nimDatPrb_type={kind}\nsnsSaveChanSubset=0:384\n"
        f"nSavedChans=385\nimDatPrb_sn=1\n~imroTbl=({kind},384){rows}\n"
    )
    return probeinterface.read_spikeglx(path)


@pytest.mark.parametrize("order", ["sequential", "its own"])
@pytest.mark.parametrize(
    ("part_number", "kind", "own"),
    [
        ("NP1010", 0, Order.NP1),
        ("PRB_1_4_0480_1", 0, Order.NP1),
        ("PRB_1_4_0480_1_C", 0, Order.NP1),
        ("NP1100", 0, Order.NP1),
        ("NP2003", 21, Order.NP2),
        ("NP2013", 24, Order.NP2),
    ],
)
def test_probe_as_spikeglx_tells(tmp_path, part_number, kind, own, order):
    """Sites and the times of sampling, against what SpikeInterface's ``read_spikeglx`` does."""
    expected = meta(tmp_path / "rec.imec0.ap.meta", part_number, kind, range(384))
    shifts = get_neuropixels_sample_shifts_from_probe(expected)
    own = Order.SEQUENTIAL if order == "sequential" else own
    config = replace(NEUROPIXELS, probe=part_number, order=own)
    path = write(tmp_path / "rec.pcs", *packets(config, np.zeros((4, 384), np.int16)))
    if part_number == "NP1100":  # has no other sites
        recording = read_probecodec(path)
    else:
        with pytest.warns(UserWarning, match=f"which sites of its {part_number} were selected"):
            recording = read_probecodec(path)
    np.testing.assert_allclose(recording.get_property("inter_sample_shift"), shifts)
    if kind == 24:
        assert not recording.has_probe()  # four shanks: none can be assumed
    else:
        probe = recording.get_probe()
        np.testing.assert_array_equal(probe.contact_positions, expected.contact_positions)
        np.testing.assert_array_equal(probe.contact_ids, expected.contact_ids)
    given = read_probecodec(path, probe=expected)
    np.testing.assert_allclose(given.get_property("inter_sample_shift"), shifts)
    np.testing.assert_array_equal(given.get_channel_locations(), expected.contact_positions)


def test_probe_of_other_sites(tmp_path):
    """A given probe goes before the one assumed, and survives a dump."""
    sites = [*range(384, 768)]
    expected = meta(tmp_path / "rec.imec0.ap.meta", "NP1010", 0, sites)
    config = replace(NEUROPIXELS, probe="NP1010")
    path = write(tmp_path / "rec.pcs", *packets(config, np.zeros((4, 384), np.int16)))
    recording = read_probecodec(path, probe=expected)
    recording.dump(tmp_path / "rec.json")
    for one in (recording, si.load(tmp_path / "rec.json")):
        np.testing.assert_array_equal(one.get_channel_locations(), expected.contact_positions)
        assert one.get_annotation("probe_note") is None
    assert json.loads((tmp_path / "rec.json").read_text())["kwargs"]["probe"]


def test_shifts_of_some_channels(tmp_path):
    """By the stream's order where the probe's table, of all its channels, does not fit."""
    config = replace(CONFIG, channels=96, order=Order.NP1, probe="nothing known")
    path = write(tmp_path / "rec.pcs", *packets(config, np.zeros((4, 96), np.int16)))
    shifts = read_probecodec(path).get_property("inter_sample_shift")
    np.testing.assert_allclose(shifts, np.arange(96) % 24 // 2 / 13)
    config = replace(config, order=Order.SEQUENTIAL, probe="NP1010")
    path = write(tmp_path / "rec.pcs", *packets(config, np.zeros((4, 96), np.int16)))
    with pytest.warns(UserWarning, match="so it has no probe: give probe"):
        recording = read_probecodec(path)
    assert recording.get_property("inter_sample_shift") is None and not recording.has_probe()


def test_recordings(recordings, tmp_path):
    for name, (samples, about) in recordings.items():
        samples = samples[:1500].copy()
        config = EncoderConfig.preset(
            "adaptive",
            channels=about["channels"],
            sample_bits=about["adc_bits"],
            rate_hz=about["rate_hz"],
            lsb_uv=about["uV_per_bit"],
            restart_interval=2,
        )
        path = write(tmp_path / f"{name}.pcs", *packets(config, samples))
        gain = config.lsb_uv  # to a picovolt, as the stream holds it
        recording = read_probecodec(path)
        assert recording.get_channel_gains()[0] == pytest.approx(gain, abs=1e-6)
        same(read_probecodec(path, gain_uv=gain), samples, gain_uv=gain, rate_hz=config.rate_hz)


def test_a_capture_that_names_no_probe_warns(capture):
    with pytest.warns(UserWarning, match="names no probe that is known: give probe"):
        assert not read_probecodec(capture).has_probe()
    with pytest.raises(CaptureError, match="probe is 'NP2010', not a Probe"):
        read_probecodec(capture, probe="NP2010")
