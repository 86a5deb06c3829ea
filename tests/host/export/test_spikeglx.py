"""SpikeGLX: opened by SpikeInterface, Neo and probeinterface, and by this package again."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from probecodec.golden.format import Order
from probecodec.host.export import ExportError, export
from probecodec.host.export.probes import PROBES
from probecodec.host.recording import open_recording

NAME = "run_g0_t0.imec0.ap.bin"


def keys(path):
    lines = path.with_suffix(".meta").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def catalogue():
    probeinterface = pytest.importorskip("probeinterface")
    path = Path(probeinterface.__file__).parent / "resources/neuropixels_probe_features.json"
    return json.loads(path.read_text())


def neo_gains(folder):
    """Microvolts a step by Neo, of all channels but the sync; and where it says the data start."""
    rawio = pytest.importorskip("neo.rawio")
    reader = rawio.SpikeGLXRawIO(str(folder))
    reader.parse_header()
    channels = reader.header["signal_channels"]
    gains = channels["gain"][channels["stream_id"] == "imec0.ap"]
    return gains, reader.get_signal_t_start(0, 0, 0)


def test_again_identical(scene, tmp_path):
    (note,) = export(scene.cap, tmp_path / NAME, "spikeglx")
    assert "which sites" in note
    rec = open_recording(tmp_path / NAME)
    np.testing.assert_array_equal(rec.samples, scene.samples)
    np.testing.assert_array_equal(rec.aux, scene.aux)
    assert (rec.rate_hz, rec.sample_bits, rec.aux_bits) == (2500.0, 10, 16)
    assert rec.probe == "NP1010"
    assert rec.lsb_uv == pytest.approx(4.6875, rel=1e-12)


def test_meta(scene, tmp_path):
    export(scene.cap, tmp_path / NAME, "spikeglx")
    meta, data = keys(tmp_path / NAME), (tmp_path / NAME).read_bytes()
    assert meta["fileSHA1"] == hashlib.sha1(data).hexdigest().upper()
    assert int(meta["fileSizeBytes"]) == len(data) == scene.samples.shape[0] * 25 * 2
    assert float(meta["fileTimeSecs"]) == scene.samples.shape[0] / 2500
    assert (meta["firstSample"], meta["imSampRate"]) == ("200", "2500")
    assert (meta["nSavedChans"], meta["snsApLfSy"]) == ("25", "24,0,1")
    assert meta["probecodecGaps"] == ",".join(f"{a}:{b}:{cause}" for a, b, cause in scene.gaps)
    assert float(meta["imAiRangeMax"]) == pytest.approx(0.6)  # as a real probe has it
    assert "probecodecProbe" not in meta


def test_without_auxiliary_words(make, signal, tmp_path):
    samples = signal(8, 300, 10)
    export(make(samples, lsb_uv=2.5), tmp_path / NAME, "spikeglx")
    rec = open_recording(tmp_path / NAME)  # readers take the last column for the sync
    np.testing.assert_array_equal(rec.samples, samples)
    assert not rec.aux.any() and "probecodecGaps" not in keys(tmp_path / NAME)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("gain_uv", [0.195, 2.34375, 7.0, 4000.0])
@pytest.mark.parametrize("probe", ["NP1000", "NP1300", "NP2000", "NP2013"])
def test_any_gain_and_width(make, signal, tmp_path, bits, gain_uv, probe):
    cap = make(signal(4, 20, bits), sample_bits=bits, lsb_uv=gain_uv, probe=probe)
    export(cap, tmp_path / NAME, "spikeglx")
    rec = open_recording(tmp_path / NAME)
    assert (rec.sample_bits, rec.probe) == (bits, probe)
    assert rec.lsb_uv == pytest.approx(gain_uv, rel=1e-9)
    np.testing.assert_allclose(neo_gains(tmp_path)[0], gain_uv, rtol=1e-9)


@pytest.mark.parametrize("part", PROBES)
def test_every_part_number(make, signal, tmp_path, part):
    probeinterface = pytest.importorskip("probeinterface")
    channels = min(128, PROBES[part].sites)
    cap = make(signal(channels, 20, 12), sample_bits=12, lsb_uv=3.0, probe=part)
    export(cap, tmp_path / NAME, "spikeglx")
    np.testing.assert_allclose(neo_gains(tmp_path)[0], 3.0, rtol=1e-9)
    probe = probeinterface.read_spikeglx((tmp_path / NAME).with_suffix(".meta"))
    assert probe.get_contact_count() == len(set(probe.contact_ids)) == channels
    assert probe.annotations["part_number"] == part


def test_part_numbers_have_the_sites_they_claim():
    known = catalogue()["neuropixels_probes"]
    for part, family in PROBES.items():
        assert known[part]["num_readout_channels"]
        sites = int(known[part]["cols_per_shank"]) * int(known[part]["rows_per_shank"])
        assert family.sites <= sites * int(known[part]["num_shanks"])
        gains = [int(gain) for gain in known[part]["ap_gain_list"].split(",")]
        if not part.startswith("NP3"):
            assert family.gain(1.0) in gains and (len(gains) > 1) == family.steps_512


@pytest.mark.parametrize(
    ("probe", "bits", "channels", "part"),
    [
        ("NP1010", 10, 384, "NP1010"),
        ("PRB_1_4_0480_1", 10, 384, "PRB_1_4_0480_1"),
        ("NP2010", 14, 384, "NP2010"),
        ("NP2004", 12, 384, "NP2004"),
        ("", 10, 384, "NP1000"),
        ("", 14, 384, "NP2000"),
        ("NP1.0", 12, 384, "NP2003"),
        ("", 16, 32, "NP2003"),
        ("NP1200", 10, 384, "NP1000"),  # has 128 sites
        ("", 10, 1536, "NP2020"),
        ("", 12, 4096, "NP2020"),
    ],
)
def test_spikeinterface(make, signal, tmp_path, probe, bits, channels, part):
    extractors = pytest.importorskip("spikeinterface.extractors")
    samples = signal(channels, 60, bits)
    cap = make(samples, sample_bits=bits, lsb_uv=1.7, probe=probe, rate_hz=29_999.5)
    notes = export(cap, tmp_path / NAME, "spikeglx")
    rec = extractors.read_spikeglx(tmp_path, stream_id="imec0.ap")
    np.testing.assert_array_equal(rec.get_traces(), samples)
    assert rec.get_sampling_frequency() == 29_999.5
    np.testing.assert_allclose(rec.get_channel_gains(), 1.7, rtol=1e-9)
    meta = keys(tmp_path / NAME)
    assert meta["imDatPrb_pn"] == part
    if part == probe:
        assert "which sites" in notes[0] and "probecodecProbe" not in meta
    else:
        assert meta["probecodecProbe"] == probe
        (note,) = notes
        assert repr(probe) in note and part in note and "--probe" in note


def test_option_names_the_probe(make, signal, tmp_path):
    cap = make(signal(384, 20, 10), lsb_uv=2.0, probe="mine")
    assert "of its NP1015 were" in export(cap, tmp_path / NAME, "spikeglx", probe="NP1015")[0]
    assert keys(tmp_path / NAME)["imDatPrb_pn"] == "NP1015"


@pytest.mark.parametrize(("order", "table"), [(Order.NP1, "mux_np1000"), (Order.NP2, "mux_np2000")])
def test_converters(make, signal, tmp_path, order, table):
    cap = make(signal(384, 20, 10), lsb_uv=2.0, probe="NP1010", order=order)
    export(cap, tmp_path / NAME, "spikeglx")
    assert keys(tmp_path / NAME)["~muxTbl"] == catalogue()["z_mux_tables"][table]


def test_start_is_told(scene, tmp_path):
    export(scene.cap, tmp_path / NAME, "spikeglx")
    assert neo_gains(tmp_path)[1] == 200 / 2500


def test_lf_band(make, signal, tmp_path):
    rawio = pytest.importorskip("neo.rawio")
    path, samples = tmp_path / "run_g0_t0.imec1.lf.bin", signal(8, 50, 10)
    export(make(samples, lsb_uv=4.6875, rate_hz=2500.0, probe="NP1000"), path, "spikeglx")
    rec = open_recording(path)
    np.testing.assert_array_equal(rec.samples, samples)
    assert rec.lsb_uv == pytest.approx(4.6875)
    reader = rawio.SpikeGLXRawIO(str(tmp_path))
    reader.parse_header()
    assert set(reader.header["signal_streams"]["id"]) == {"imec1.lf", "imec1.lf-SYNC"}
    np.testing.assert_allclose(reader.header["signal_channels"]["gain"][:8], 4.6875)


@pytest.mark.parametrize("name", ["out.bin", "a b=c.bin", "rec.imec.bin", "übung.ap.bin"])
def test_any_file_name(scene, tmp_path, name):
    export(scene.cap, tmp_path / name, "spikeglx")
    np.testing.assert_allclose(neo_gains(tmp_path)[0], 4.6875)


def test_unknown_rate_and_gain_are_asked_for(make, signal, tmp_path):
    cap = make(signal(4, 20, 10), metadata=False)
    with pytest.raises(ExportError, match=r"its frames a second: give rate_hz \(--rate\)"):
        export(cap, tmp_path / NAME, "spikeglx")
    cap = make(signal(4, 20, 10))
    with pytest.raises(ExportError, match=r"one ADC step: give gain_uv \(--gain-uv\)"):
        export(cap, tmp_path / NAME, "spikeglx")
    with pytest.raises(ExportError, match=r"must be above 0, not -1\.0"):
        export(cap, tmp_path / NAME, "spikeglx", gain_uv=-1.0)
    assert not list(tmp_path.iterdir())
    export(cap, tmp_path / NAME, "spikeglx", gain_uv=2.0, rate_hz=100.0)
    rec = open_recording(tmp_path / NAME)
    assert (rec.rate_hz, rec.lsb_uv) == (100.0, pytest.approx(2.0))


@pytest.mark.parametrize("probe", ["a=b", "a\nb"])
def test_odd_probe_names_refused(scene, tmp_path, probe):
    with pytest.raises(ExportError, match=r"cannot stand in a \.meta"):
        export(scene.cap, tmp_path / NAME, "spikeglx", probe=probe)


def test_a_meta_alone_is_in_the_way(scene, tmp_path):
    (tmp_path / NAME).with_suffix(".meta").write_text("mine")
    with pytest.raises(FileExistsError, match=r"\.meta exists"):
        export(scene.cap, tmp_path / NAME, "spikeglx")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_real_recordings(excerpts, tmp_path):
    for name, (cap, samples, aux, about) in excerpts.items():
        folder = tmp_path / name
        folder.mkdir()
        export(cap, folder / NAME, "spikeglx")
        rec = open_recording(folder / NAME)
        np.testing.assert_array_equal(rec.samples, samples)
        np.testing.assert_array_equal(rec.aux, aux)
        assert rec.sample_bits == about["adc_bits"]
        assert rec.rate_hz == about["rate_hz"]
        np.testing.assert_allclose(neo_gains(folder)[0], about["uV_per_bit"], rtol=1e-6)
