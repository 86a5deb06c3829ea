"""Open Ephys: opened by SpikeInterface and Neo; auxiliary words made again from the events."""

import json

import numpy as np
import pytest

from probecodec.host.export import ExportError, export
from probecodec.host.export.open_ephys import edges

RECORDING = "experiment1/recording1"


def load(out, name):
    folder, _, array = name.rpartition("/")
    return np.load(out / RECORDING / folder / f"{array}.npy")


def words(out, numbers):
    """The auxiliary word of every frame in ``numbers``, from the events' states alone."""
    (event,) = json.loads((out / RECORDING / "structure.oebin").read_text())["events"]
    at = load(out, "events/probecodec/TTL/sample_numbers")
    states = load(out, "events/probecodec/TTL/states")
    word, found, n = event["initial_state"], [], 0
    for number in numbers:
        while n < len(at) and at[n] <= number:
            line = 1 << (abs(int(states[n])) - 1)
            assert bool(word & line) == (states[n] < 0)  # no line rises that is up
            word, n = word ^ line, n + 1
        found.append(word)
    assert n == len(at)
    return np.array(found)


def test_missing_frames_are_left_out(scene, tmp_path):
    out = tmp_path / "out"
    (note,) = export(scene.cap, out, "open-ephys")
    assert note.startswith("350 missing frames are left out")
    folder = "continuous/probecodec"
    data = np.fromfile(out / RECORDING / folder / "continuous.dat", "<i2").reshape(-1, 24)
    np.testing.assert_array_equal(data, scene.samples[scene.kept])
    numbers, times = load(out, f"{folder}/sample_numbers"), load(out, f"{folder}/timestamps")
    np.testing.assert_array_equal(numbers, np.flatnonzero(scene.kept) + 200)
    assert (numbers.dtype, times.dtype) == (np.int64, np.float64)
    np.testing.assert_array_equal(times, numbers / 2500)
    np.testing.assert_array_equal(words(out, numbers), scene.aux[scene.kept])


def test_structure(scene, tmp_path):
    export(scene.cap, tmp_path / "out", "open-ephys", stream="ProbeA-AP")
    about = json.loads((tmp_path / "out" / RECORDING / "structure.oebin").read_text())
    (stream,) = about["continuous"]
    assert (stream["folder_name"], stream["sample_rate"]) == ("ProbeA-AP/", 2500)
    assert (stream["num_channels"], len(stream["channels"])) == (24, 24)
    names = [channel["channel_name"] for channel in stream["channels"]]
    assert names == [f"CH{n}" for n in range(1, 25)]
    assert {channel["bit_volts"] for channel in stream["channels"]} == {4.6875}
    assert about["events"][0]["initial_state"] == scene.aux[0]
    full = load(tmp_path / "out", "events/ProbeA-AP/TTL/full_words")
    assert full.dtype == np.uint64 and full[-1] == scene.aux[scene.kept][-1]


@pytest.mark.filterwarnings("ignore:Channel .* rising edges:UserWarning")  # a line may stay up
def test_spikeinterface(scene, tmp_path):
    extractors = pytest.importorskip("spikeinterface.extractors")
    out = tmp_path / "out"
    export(scene.cap, out, "open-ephys")
    rec = extractors.read_openephys(out)
    np.testing.assert_array_equal(rec.get_traces(), scene.samples[scene.kept])
    assert rec.get_sampling_frequency() == 2500.0
    np.testing.assert_array_equal(rec.get_channel_gains(), 4.6875)
    rec = extractors.read_openephys(out, load_sync_timestamps=True)
    np.testing.assert_array_equal(rec.get_times(), (np.flatnonzero(scene.kept) + 200) / 2500)


def test_neo_events(make, signal, tmp_path):
    rawio = pytest.importorskip("neo.rawio")
    aux = np.zeros(500, np.uint16)
    aux[100:150] |= 1
    aux[120:300] |= 1 << 15
    cap = make(signal(4, 500, 10), aux, lsb_uv=1.0, rate_hz=1000.0, aux_bits=16)
    export(cap, tmp_path / "out", "open-ephys")
    reader = rawio.OpenEphysBinaryRawIO(str(tmp_path / "out"))
    reader.parse_header()
    times, durations, labels = reader.get_event_timestamps(0, 0, 0)
    np.testing.assert_allclose(times, [0.1, 0.12])
    np.testing.assert_allclose(durations, [0.05, 0.18])
    assert labels.tolist() == ["1", "16"]


def test_without_auxiliary_words(make, signal, tmp_path):
    export(make(signal(4, 50, 10), lsb_uv=1.0), tmp_path / "out", "open-ephys")
    assert not (tmp_path / "out" / RECORDING / "events").exists()
    about = json.loads((tmp_path / "out" / RECORDING / "structure.oebin").read_text())
    assert about["events"] == []


@pytest.mark.parametrize("before", [0, 7, 0xFFFF])
def test_edges(before):
    rng = np.random.default_rng(before)
    aux = rng.choice(rng.integers(0, 1 << 16, 5), 200).astype(np.uint16)
    found = [
        (n, bit + 1 if word >> bit & 1 else -bit - 1, word)
        for n, (last, word) in enumerate(zip([before, *aux.tolist()], aux.tolist(), strict=False))
        for bit in range(16)
        if (last ^ word) >> bit & 1
    ]
    assert list(zip(*(array.tolist() for array in edges(aux, before)), strict=True)) == found


@pytest.mark.parametrize("stream", ["", "..", "a/b", "a\\b", "a\nb"])
def test_stream_names_refused(scene, tmp_path, stream):
    with pytest.raises(ExportError, match="cannot name a folder"):
        export(scene.cap, tmp_path / "out", "open-ephys", stream=stream)


def test_real_recordings(excerpts, tmp_path):
    extractors = pytest.importorskip("spikeinterface.extractors")
    for name, (cap, samples, aux, about) in excerpts.items():
        out = tmp_path / name
        export(cap, out, "open-ephys")
        rec = extractors.read_openephys(out)
        np.testing.assert_array_equal(rec.get_traces(), samples)
        assert rec.get_sampling_frequency() == about["rate_hz"]
        np.testing.assert_allclose(rec.get_channel_gains(), about["uV_per_bit"], rtol=1e-6)
        np.testing.assert_array_equal(words(out, range(len(samples))), aux)
