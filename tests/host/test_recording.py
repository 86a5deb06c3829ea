"""Recordings: every format in, every format out, and one clear sentence for all that is wrong."""

import os

import numpy as np
import pytest

from probecodec.golden.config import ConfigError
from probecodec.golden.format import Mode
from probecodec.host.recording import (
    RecordingError,
    check_output,
    doubts,
    open_recording,
    replacing,
    write_recording,
)


@pytest.fixture
def table():
    """int16 (50, 9) that fits 10 bits; the last column serves as the auxiliary word."""
    return np.random.default_rng(1).integers(-512, 512, (50, 9)).astype(np.int16)


def raw(path, table):
    path.write_bytes(table.astype("<i2").tobytes())
    return path


@pytest.fixture
def offset():
    """int16 (400, 9) with an offset of each column, by which frames are known."""
    random = np.random.default_rng(2)
    return np.rint(random.normal(random.normal(0, 40, 9), 10, (400, 9))).astype(np.int16)


def spikeglx(folder, table, name="run_g0_t0.imec0.ap", **changes):
    """A SpikeGLX pair for ``table``, its last column the sync word; a value of None omits a key."""
    path = raw(folder / f"{name}.bin", table)
    columns = table.shape[1]
    keys = {
        "typeThis": "imec",
        "nSavedChans": columns,
        "fileSizeBytes": table.nbytes,
        "snsApLfSy": f"{columns - 1},0,1",
        "imSampRate": "30000.25",
        "imAiRangeMax": "0.6",
        "imDatPrb_pn": "PRB_1_4_0480_1",
        "imDatPrb_type": "0",
        "~imroTbl": "(0,384)(0 0 0 500 250 1)(1 0 0 500 250 1)",
    } | changes
    lines = [f"{key}={value}" for key, value in keys.items() if value is not None]
    path.with_suffix(".meta").write_text("\n".join(lines) + "\n")
    return path


def refused(path, **options):
    """The sentence by which a recording is refused: one line, and not too long to read."""
    with pytest.raises(RecordingError) as caught:
        open_recording(path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 300 + len(str(path))
    return sentence


class TestRaw:
    def test_samples_and_options(self, tmp_path, table):
        path = raw(tmp_path / "a.bin", table)
        rec = open_recording(
            path, channels=9, sample_bits=10, rate_hz=2500.0, lsb_uv=2.5, aux_bits=0
        )
        np.testing.assert_array_equal(rec.samples, table)
        assert rec.samples.dtype == np.int16
        assert (rec.aux, rec.aux_bits, rec.sample_bits) == (None, 0, 10)
        assert (rec.rate_hz, rec.lsb_uv, rec.probe) == (2500.0, 2.5, "")

    def test_is_mapped_not_read(self, tmp_path, table):
        rec = open_recording(raw(tmp_path / "a.bin", table), channels=9, sample_bits=10)
        assert isinstance(rec.samples, np.memmap)
        assert not rec.samples.flags.writeable
        assert rec.rate_hz == 30_000.0

    def test_auxiliary_word_is_the_last_column(self, tmp_path, table):
        path = raw(tmp_path / "a.bin", table)
        rec = open_recording(str(path), channels=8, sample_bits=10, aux_bits=16)
        np.testing.assert_array_equal(rec.samples, table[:, :8])
        np.testing.assert_array_equal(rec.aux, table[:, 8].astype(np.uint16))
        assert rec.aux.dtype == np.uint16

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, "channels (--channels) and sample_bits (--sample-bits)"),
            ({"channels": 9}, "sample_bits (--sample-bits)"),
            ({"sample_bits": 10}, "channels (--channels)"),
            ({"channels": 0, "sample_bits": 10}, "0 columns"),
            ({"channels": -3, "sample_bits": 10}, "-3 columns"),
            ({"channels": 7, "sample_bits": 10}, "450 samples, not a multiple of its 7 columns"),
            ({"channels": 10, "sample_bits": 10, "aux_bits": 4}, "11 columns"),
        ],
    )
    def test_options_refused(self, tmp_path, table, options, expected):
        assert expected in refused(raw(tmp_path / "a.bin", table), **options)

    @pytest.mark.parametrize(
        ("content", "expected"), [(b"", "is empty"), (b"123", "odd size, 3 bytes")]
    )
    def test_content_refused(self, tmp_path, content, expected):
        path = tmp_path / "a.bin"
        path.write_bytes(content)
        assert expected in refused(path, channels=2, sample_bits=10)

    def test_a_count_that_does_not_fit_hears_a_better_one(self, tmp_path, offset):
        path = raw(tmp_path / "a.bin", offset)
        assert refused(path, channels=7, sample_bits=10).endswith("; it looks like 9 columns")
        raw(path, np.random.default_rng(3).integers(-9, 9, 3600).astype(np.int16))
        assert refused(path, channels=7, sample_bits=10).endswith("or get the whole file")

    def test_path_refused(self, tmp_path):
        assert "there is no file" in refused(tmp_path / "a.bin", channels=2, sample_bits=10)
        assert ".bin, .npy or .meta" in refused(tmp_path / "a.wav")
        (tmp_path / "folder.bin").mkdir()
        assert "there is no file" in refused(tmp_path / "folder.bin", channels=2, sample_bits=10)


class TestNpy:
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_either_order(self, tmp_path, table, order):
        np.save(tmp_path / "a.npy", np.asarray(table, order=order))
        rec = open_recording(tmp_path / "a.npy")
        np.testing.assert_array_equal(rec.samples, table)
        assert isinstance(rec.samples, np.memmap)
        assert rec.sample_bits == 16

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_auxiliary_word(self, tmp_path, table, order):
        np.save(tmp_path / "a.npy", np.asarray(table, order=order))
        rec = open_recording(tmp_path / "a.npy", aux_bits=16, sample_bits=10, channels=8)
        np.testing.assert_array_equal(rec.samples, table[:, :8])
        np.testing.assert_array_equal(rec.aux, table[:, 8].view(np.uint16))

    @pytest.mark.parametrize(
        ("array", "expected"),
        [
            (np.zeros((4, 3), np.int32), "int32 of shape (4, 3)"),
            (np.zeros((4, 3), np.uint16), "uint16"),
            (np.zeros((4, 3), ">i2"), ">i2"),
            (np.zeros((4, 3)), "float64"),
            (np.zeros(12, np.int16), "(12,)"),
            (np.zeros((2, 3, 4), np.int16), "(2, 3, 4)"),
            (np.zeros((0, 3), np.int16), ""),
        ],
    )
    def test_arrays_refused(self, tmp_path, array, expected):
        np.save(tmp_path / "a.npy", array)
        assert expected in refused(tmp_path / "a.npy")

    def test_files_refused(self, tmp_path, table):
        np.save(tmp_path / "a.npy", table)
        whole = (tmp_path / "a.npy").read_bytes()
        for size in (0, 3, 50, 128, len(whole) - 1):
            (tmp_path / "a.npy").write_bytes(whole[:size])
            assert "cannot be read as .npy" in refused(tmp_path / "a.npy")
        np.save(tmp_path / "b.npy", np.array([[{}]], dtype=object), allow_pickle=True)
        assert "cannot be read as .npy" in refused(tmp_path / "b.npy")

    def test_wrong_channels_refused(self, tmp_path, table):
        np.save(tmp_path / "a.npy", table)
        assert "has 9 channels, not 8" in refused(tmp_path / "a.npy", channels=8)
        assert "has 8 channels, not 9" in refused(tmp_path / "a.npy", channels=9, aux_bits=2)


class TestSpikeGLX:
    @pytest.mark.parametrize("suffix", [".bin", ".meta"])
    def test_neuropixels_1_ap(self, tmp_path, table, suffix):
        rec = open_recording(spikeglx(tmp_path, table).with_suffix(suffix))
        np.testing.assert_array_equal(rec.samples, table[:, :8])
        np.testing.assert_array_equal(rec.aux, table[:, 8].view(np.uint16))
        assert (rec.aux_bits, rec.sample_bits, rec.rate_hz) == (16, 10, 30000.25)
        assert rec.lsb_uv == pytest.approx(2.34375)
        assert rec.probe == "PRB_1_4_0480_1"

    def test_neuropixels_1_lf(self, tmp_path, table):
        path = spikeglx(tmp_path, table, "run.imec0.lf", snsApLfSy="0,8,1", imSampRate="2500")
        rec = open_recording(path)
        assert rec.lsb_uv == pytest.approx(4.6875)
        assert rec.rate_hz == 2500.0

    def test_without_sync_column(self, tmp_path, table):
        rec = open_recording(spikeglx(tmp_path, table, snsApLfSy="9,0,0"))
        np.testing.assert_array_equal(rec.samples, table)
        assert (rec.aux, rec.aux_bits) == (None, 0)

    @pytest.mark.parametrize(
        ("keys", "lsb_uv", "sample_bits"),
        [
            # NP 2.0: fixed gains; four shanks have a fifth field that is no gain.
            ({"~imroTbl": "(21,384)(0 1 0 383)", "imMaxInt": 8192}, 0.6e6 / 8192 / 80, 14),
            ({"~imroTbl": "(24,384)(0 0 0 0 96)", "imMaxInt": 8192}, 0.6e6 / 8192 / 80, 14),
            ({"~imroTbl": "(2003,384)(0 1 0 383)", "imMaxInt": 2048}, 0.6e6 / 2048 / 100, 12),
            ({"~imroTbl": "(2013,384)(0 3 1 0 576)", "imMaxInt": 2048}, 0.6e6 / 2048 / 100, 12),
            # Early 1.0 probes: a serial number stands first.
            ({"~imroTbl": "(841101591,3,384)(0 0 1 250 125)"}, 0.6e6 / 512 / 250, 10),
            # Newer files state the gain.
            ({"~imroTbl": None, "imChan0apGain": "1000"}, 0.6e6 / 512 / 1000, 10),
        ],
    )
    def test_gain_and_width(self, tmp_path, table, keys, lsb_uv, sample_bits):
        rec = open_recording(spikeglx(tmp_path, table, **keys))
        assert rec.lsb_uv == pytest.approx(lsb_uv)
        assert rec.sample_bits == sample_bits

    @pytest.mark.parametrize(
        "imro", [None, "", "(0,384)", "(2099,384)(0 0 0 5 96)", "(0,384)(0 0 0 0 0 1)"]
    )
    def test_unknown_gain(self, tmp_path, table, imro):
        path = spikeglx(tmp_path, table, **{"~imroTbl": imro})
        assert "tells no gain: give lsb_uv" in refused(path)
        assert open_recording(path, lsb_uv=3.5).lsb_uv == 3.5

    def test_options_go_first(self, tmp_path, table):
        path = spikeglx(tmp_path, table)
        rec = open_recording(path, rate_hz=1000.0, sample_bits=12, aux_bits=7, channels=8)
        assert (rec.rate_hz, rec.sample_bits, rec.aux_bits) == (1000.0, 12, 7)

    def test_long_probe_name_is_cut(self, tmp_path, table):
        rec = open_recording(spikeglx(tmp_path, table, imDatPrb_pn="P" * 20))
        assert rec.config("tiny").probe == "P" * 16

    @pytest.mark.parametrize(
        ("counts", "keys", "lsb_uv"),
        [
            ("8,0,0,1", {"niMNGain": 200}, 5e6 / 32768 / 200),
            ("0,8,0,1", {"niMAGain": 2}, 5e6 / 32768 / 2),
            ("0,0,8,1", {}, 5e6 / 32768),
        ],
    )
    def test_nidq(self, tmp_path, table, counts, keys, lsb_uv):
        common = {"snsApLfSy": None, "niSampRate": "25000", "niAiRangeMax": 5}
        path = spikeglx(tmp_path, table, "run.nidq", snsMnMaXaDw=counts, **common, **keys)
        rec = open_recording(path)
        assert rec.samples.shape == (50, 8)
        assert (rec.sample_bits, rec.aux_bits, rec.rate_hz) == (16, 16, 25000.0)
        assert rec.lsb_uv == pytest.approx(lsb_uv)

    @pytest.mark.parametrize(
        ("changes", "options", "expected"),
        [
            ({"snsApLfSy": "7,0,2"}, {}, "2 digital columns: one is supported"),
            ({"nSavedChans": 10}, {}, "add up to 9, but nSavedChans is 10"),
            ({"fileSizeBytes": 1800}, {}, "tells of 1800 bytes, but the .bin has 900"),
            ({"fileSizeBytes": None}, {}, "fileSizeBytes is None"),
            ({"imSampRate": "fast"}, {}, "imSampRate is 'fast'"),
            ({"imSampRate": "nan"}, {}, "imSampRate is 'nan'"),
            ({"imAiRangeMax": None}, {}, "imAiRangeMax is None"),
            ({"snsApLfSy": "8,1"}, {}, "snsApLfSy is '8,1', not 3 counts"),
            ({"snsApLfSy": None}, {}, "snsMnMaXaDw"),
            ({}, {"channels": 9}, "has 8 channels, not 9"),
            ({}, {"aux_bits": 0}, "tells of 1 digital columns: omit aux_bits"),
            ({"snsApLfSy": "9,0,0"}, {"aux_bits": 4}, "tells of 0 digital columns"),
        ],
    )
    def test_contradictions_refused(self, tmp_path, table, changes, options, expected):
        assert expected in refused(spikeglx(tmp_path, table, **changes), **options)

    def test_cut_file_refused(self, tmp_path, table):
        path = spikeglx(tmp_path, table)
        raw(path, table[:-1])
        assert "get the whole file" in refused(path)

    def test_meta_alone_refused(self, tmp_path, table):
        path = spikeglx(tmp_path, table)
        path.unlink()
        assert "there is no file" in refused(path.with_suffix(".meta"))


class TestDoubts:
    @pytest.mark.parametrize(
        ("channels", "aux_bits", "expected"),
        [
            (9, 0, None),
            (8, 16, None),
            (8, 0, "9 columns, not 8: correct --channels, or name the auxiliary column with "
             "--aux-bits 16"),
            (9, 16, "9 columns, not 10: correct --channels or --aux-bits"),
            (18, 0, "9 columns, not 18: correct --channels"),
        ],
    )  # fmt: skip
    def test_columns(self, tmp_path, offset, channels, aux_bits, expected):
        path = raw(tmp_path / "a.bin", offset[:360])
        rec = open_recording(path, channels=channels, sample_bits=10, aux_bits=aux_bits)
        assert doubts(path, rec) == ([f"{path} looks like {expected}"] if expected else [])

    def test_a_file_that_tells_its_columns(self, tmp_path, offset):
        """Two rows as one: what lies beside the values is believed."""
        pairs = offset.reshape(200, 18)
        path = spikeglx(tmp_path, pairs)
        assert doubts(path, open_recording(path)) == []
        assert doubts(path.with_suffix(".meta"), open_recording(path)) == []
        np.save(tmp_path / "a.npy", pairs)
        assert doubts(tmp_path / "a.npy", open_recording(tmp_path / "a.npy")) == []

    def test_scaled(self, tmp_path, offset):
        path = tmp_path / "a.npy"
        np.save(path, np.tile(offset * 12, (2, 1)))
        (sentence,) = doubts(path, open_recording(path))
        assert sentence == (
            f"{path} uses one code in 12, it was scaled after the ADC: the ADC's own codes would "
            "take about 3.6 bits a sample less"
        )


class TestConfig:
    def test_takes_what_the_recording_knows(self, tmp_path, table):
        config = open_recording(spikeglx(tmp_path, table)).config("fixed", packet_frames=5)
        assert (config.channels, config.sample_bits, config.aux_bits) == (8, 10, 16)
        assert (config.modes, config.packet_frames) == ((Mode.FIXED,), 5)
        assert (config.rate_hz, config.probe) == (30000.25, "PRB_1_4_0480_1")

    def test_refuses_what_no_core_can_be(self, tmp_path, table):
        path = raw(tmp_path / "a.bin", table)
        with pytest.raises(ConfigError, match="sample_bits"):
            open_recording(path, channels=9, sample_bits=17).config("tiny")
        with pytest.raises(ConfigError, match="rate_hz"):
            open_recording(path, channels=9, sample_bits=10, rate_hz=-1.0).config("tiny")
        with pytest.raises(ConfigError, match="no preset"):
            open_recording(path, channels=9, sample_bits=10).config("huge")


class TestWrite:
    def test_spikeglx_round_trip_is_identical(self, tmp_path, table):
        path = spikeglx(tmp_path, table)
        rec = open_recording(path)
        write_recording(tmp_path / "back.bin", rec.samples, rec.aux)
        assert (tmp_path / "back.bin").read_bytes() == path.read_bytes()

    @pytest.mark.parametrize("with_aux", [False, True])
    def test_npy_is_as_numpy_writes_it(self, tmp_path, table, with_aux):
        samples, aux = (table[:, :8], table[:, 8].view(np.uint16)) if with_aux else (table, None)
        write_recording(tmp_path / "a.npy", samples, aux)
        np.save(tmp_path / "b.npy", table)
        assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()

    def test_many_chunks(self, tmp_path, monkeypatch, table):
        monkeypatch.setattr("probecodec.host.recording._CHUNK_SAMPLES", 30)
        write_recording(tmp_path / "a.bin", table)
        assert (tmp_path / "a.bin").read_bytes() == table.tobytes()

    def test_no_frame(self, tmp_path, table):
        write_recording(tmp_path / "a.npy", table[:0])
        assert np.load(tmp_path / "a.npy").shape == (0, 9)

    def test_overwrites_only_when_told(self, tmp_path, table):
        (tmp_path / "a.bin").write_bytes(b"precious")
        with pytest.raises(FileExistsError, match="exists"):
            write_recording(tmp_path / "a.bin", table)
        assert (tmp_path / "a.bin").read_bytes() == b"precious"
        write_recording(tmp_path / "a.bin", table, force=True)
        assert (tmp_path / "a.bin").read_bytes() == table.tobytes()

    def test_unknown_suffix(self, tmp_path, table):
        with pytest.raises(RecordingError, match=r"\.bin or \.npy"):
            write_recording(tmp_path / "a.wav", table)

    def test_never_replaces_what_is_no_file(self, tmp_path):
        (tmp_path / "a.bin").mkdir()
        with pytest.raises(FileExistsError, match="no regular file"):
            check_output(tmp_path / "a.bin", (".bin",), force=True)

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError(), OSError(28, "full")])
    def test_an_error_leaves_nothing(self, tmp_path, error):
        path = tmp_path / "a.bin"
        path.write_bytes(b"precious")
        with pytest.raises(type(error)) as caught, replacing(path) as file:
            file.write(b"half")
            raise error
        assert os.listdir(tmp_path) == ["a.bin"]
        assert path.read_bytes() == b"precious"
        if isinstance(error, OSError):
            assert (caught.value.errno, caught.value.filename) == (28, str(path))

    def test_missing_folder_is_named(self, tmp_path, table):
        with pytest.raises(FileNotFoundError) as caught:
            write_recording(tmp_path / "none/a.bin", table)
        assert caught.value.filename == str(tmp_path / "none/a.bin")


def test_real_recordings(tmp_path, recordings):
    for name, (samples, about) in recordings.items():
        piece = samples[:100]
        path = raw(tmp_path / f"{name}.bin", piece)
        rec = open_recording(
            path,
            channels=about["channels"],
            sample_bits=about["adc_bits"],
            rate_hz=about["rate_hz"],
        )
        np.testing.assert_array_equal(rec.samples, piece)
        write_recording(tmp_path / f"{name}.npy", rec.samples)
        np.testing.assert_array_equal(open_recording(tmp_path / f"{name}.npy").samples, piece)
