"""NWB: read again by pynwb, h5py and SpikeInterface, and validated."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from probecodec.host.export import ExportError, export
from probecodec.host.recording import RecordingError

h5py = pytest.importorskip("h5py")
pynwb = pytest.importorskip("pynwb")


def test_content(scene, tmp_path):
    path = tmp_path / "a.nwb"
    (note,) = export(scene.cap, path, "nwb")
    assert "1970-01-01" in note
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        series, aux = file.acquisition["ElectricalSeries"], file.acquisition["auxiliary"]
        np.testing.assert_array_equal(series.data[:], scene.samples)
        np.testing.assert_array_equal(aux.data[:], scene.aux)
        assert (series.data.dtype, aux.data.dtype) == (np.int16, np.uint16)
        assert series.conversion == pytest.approx(4.6875e-6, rel=1e-12)
        assert (series.rate, series.starting_time) == (aux.rate, aux.starting_time) == (2500, 0.08)
        assert file.session_start_time == datetime(1970, 1, 1, tzinfo=UTC)
        assert list(file.electrodes.id[:]) == list(range(24))
        assert list(series.electrodes.data[:]) == list(range(24))
        assert file.devices["probe"].description == "Neural probe, NP1010"
        missing = file.invalid_times
        times = np.array([gap[:2] for gap in scene.gaps]) / 2500
        np.testing.assert_array_equal(missing["start_time"][:], times[:, 0])
        np.testing.assert_array_equal(missing["stop_time"][:], times[:, 1])
        assert [list(tags) for tags in missing["tags"][:]] == [[cause] for *_, cause in scene.gaps]
        for row, (start, stop, _) in enumerate(scene.gaps):
            (reference,) = missing["timeseries"][row]
            assert (reference.idx_start, reference.count) == (start - 200, stop - start)


def test_spikeinterface(scene, tmp_path):
    extractors = pytest.importorskip("spikeinterface.extractors")
    export(scene.cap, tmp_path / "a.nwb", "nwb")
    path = "acquisition/ElectricalSeries"
    rec = extractors.read_nwb_recording(tmp_path / "a.nwb", electrical_series_path=path)
    np.testing.assert_array_equal(rec.get_traces(), scene.samples)
    assert rec.get_sampling_frequency() == 2500.0
    np.testing.assert_allclose(rec.get_channel_gains(), 4.6875)
    assert rec.get_start_time() == 0.08


def test_many_chunks(make, signal, streamed, tmp_path):
    """Blocks that are cut anew across chunks of the capture, and across those of the file."""
    samples, aux = signal(70, 40_000, 16), np.arange(40_000).astype(np.uint16)
    cap = make(samples, aux, sample_bits=16, aux_bits=16, lsb_uv=1.0)
    export(streamed(cap, rows=777), tmp_path / "a.nwb", "nwb")
    with h5py.File(tmp_path / "a.nwb", "r") as file:
        data = file["acquisition/ElectricalSeries/data"]
        assert (data.chunks, data.compression, data.shuffle) == ((16_384, 64), "gzip", True)
        np.testing.assert_array_equal(data[:], samples)
        np.testing.assert_array_equal(file["acquisition/auxiliary/data"][:], aux)
        assert "intervals" not in file or "invalid_times" not in file["intervals"]


def test_options(make, signal, tmp_path):
    cap = make(signal(4, 20, 10), metadata=False)
    about = {"session_description": "a session", "identifier": "one", "location": "CA1"}
    notes = export(
        cap,
        tmp_path / "a.nwb",
        "nwb",
        rate_hz=100.0,
        gain_uv=2.0,
        session_start_time="2026-01-31T13:00:00+01:00",
        **about,
    )
    assert notes == []
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        file = io.read()
        assert file.session_start_time == datetime(2026, 1, 31, 12, tzinfo=UTC)
        assert file.session_start_time.utcoffset() == timedelta(hours=1)
        assert (file.session_description, file.identifier) == ("a session", "one")
        assert set(file.electrodes["location"][:]) == {"CA1"}
        assert list(file.acquisition) == ["ElectricalSeries"]
        assert "unknown" in file.devices["probe"].description


@pytest.mark.parametrize("probe", ["a/b", ".", "a:b c"])
def test_any_probe_name(make, signal, tmp_path, probe):
    export(make(signal(4, 20, 10), lsb_uv=1.0, probe=probe), tmp_path / "a.nwb", "nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        assert io.read().devices["probe"].description == f"Neural probe, {probe}"


def test_refused(make, signal, tmp_path):
    cap = make(signal(4, 20, 10))
    with pytest.raises(ExportError, match=r"give gain_uv \(--gain-uv\)"):
        export(cap, tmp_path / "a.nwb", "nwb")
    with pytest.raises(ExportError, match="'yesterday' is no time"):
        export(cap, tmp_path / "a.nwb", "nwb", gain_uv=1.0, session_start_time="yesterday")
    with pytest.raises(RecordingError, match=r"does not end in \.nwb"):
        export(cap, tmp_path / "a.h5", "nwb")
    assert not list(tmp_path.iterdir())


def test_real_recordings(excerpts, tmp_path):
    for name, (cap, samples, aux, about) in excerpts.items():
        path = tmp_path / f"{name}.nwb"
        export(cap, path, "nwb")
        with h5py.File(path, "r") as file:
            data = file["acquisition/ElectricalSeries/data"]
            np.testing.assert_array_equal(data[:], samples)
            np.testing.assert_array_equal(file["acquisition/auxiliary/data"][:], aux)
            assert data.attrs["conversion"] == pytest.approx(about["uV_per_bit"] / 1e6, rel=1e-6)
