"""What all exports share: whole or not at all, bounded memory, one sentence for what is wrong."""

import errno
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.golden.config import EncoderConfig
from probecodec.host import cli
from probecodec.host.capture import open_capture
from probecodec.host.export import EXPORTERS, ExportError, export
from probecodec.host.fast import encoder

OUTPUTS = {
    "spikeglx": "a_g0_t0.imec0.ap.bin",
    "open-ephys": "a",
    "zarr": "a.zarr",
    "nwb": "a.nwb",
}
PACKAGE = {"zarr": "zarr", "nwb": "pynwb"}
every_format = pytest.mark.parametrize("name", EXPORTERS)


def needed(name):
    if name in PACKAGE:
        pytest.importorskip(PACKAGE[name])


def encoded_whole(signal):
    """The capture of 100 frames of 4 channels, complete."""
    config = EncoderConfig.preset("tiny", channels=4)
    return b"".join(encoder(config).packets(signal(4, 100, 10), None))


def tree(folder):
    """Every file below ``folder`` and its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@every_format
def test_leaves_nothing_behind(scene, streamed, tmp_path, name):
    needed(name)
    for error in (OSError(28, os.strerror(28)), ValueError("no"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            export(streamed(scene.cap, 500, error), tmp_path / OUTPUTS[name], name)
        assert not list(tmp_path.iterdir())


@every_format
def test_output_in_the_way_is_kept(scene, streamed, tmp_path, name):
    needed(name)
    out = tmp_path / OUTPUTS[name]
    export(scene.cap, out, name)
    before = tree(tmp_path)
    with pytest.raises(FileExistsError, match="exists: choose another name, or --force"):
        export(scene.cap, out, name)
    with pytest.raises(RuntimeError):
        export(streamed(scene.cap, 500, RuntimeError("no")), out, name, force=True)
    assert tree(tmp_path) == before


@every_format
def test_force_replaces(scene, make, signal, tmp_path, name):
    needed(name)
    out, other = tmp_path / OUTPUTS[name], tmp_path / "other"
    other.mkdir()
    export(make(signal(4, 100, 10), lsb_uv=1.0), out, name)
    export(scene.cap, out, name, force=True)
    export(scene.cap, other / OUTPUTS[name], name)
    found, expected = tree(tmp_path), tree(other)
    assert set(found) == set(expected) | {f"other/{path}" for path in expected}
    if name != "nwb":  # its objects have random names
        assert {path: _content(path, found[path]) for path in expected} == {
            path: _content(path, data) for path, data in expected.items()
        }


def _content(path, data):
    """A file's bytes; of a chunk of a Zarr array those of its values.

    Blosc's threads put their blocks into it in the order in which they come.
    """
    if "zarr" not in path or not Path(path).name[0].isdigit():
        return data
    from numcodecs import blosc

    return blosc.decompress(data)


@pytest.mark.parametrize("name", ["open-ephys", "zarr"])
def test_force_spares_other_folders(scene, tmp_path, name):
    needed(name)
    out = tmp_path / OUTPUTS[name]
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    with pytest.raises(FileExistsError, match=r"holds thesis\.tex, which no export makes"):
        export(scene.cap, out, name, force=True)
    (tmp_path / "link.zarr").symlink_to(out)
    with pytest.raises(FileExistsError, match="is no folder"):
        export(scene.cap, tmp_path / "link.zarr", name, force=True)
    assert tree(out) == {"thesis.tex": b"mine"}


@every_format
def test_output_nowhere(scene, tmp_path, name):
    needed(name)
    with pytest.raises(FileNotFoundError):
        export(scene.cap, tmp_path / "no" / OUTPUTS[name], name)


@every_format
def test_disk_full(make, signal, tmp_path, capfd, name):
    """A limit on the size of files stands in for it: the error differs, the way does not."""
    needed(name)
    resource = pytest.importorskip("resource")
    samples, aux = signal(64, 5000, 16), np.arange(5000).astype(np.uint16)
    cap = make(samples, aux, sample_bits=16, aux_bits=16, lsb_uv=1.0)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for limit in (0, 1000, 50_000, 200_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(OSError) as caught:
                export(cap, tmp_path / OUTPUTS[name], name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert caught.value.errno == errno.EFBIG
        assert Path(caught.value.filename).stem == Path(OUTPUTS[name]).stem
        assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


@every_format
def test_memory_is_bounded(scene, streamed, tmp_path, name):
    needed(name)
    cap, done = streamed(scene.cap, rows=20), []
    export(cap, tmp_path / OUTPUTS[name], name, progress=lambda *now: done.append(now))
    assert cap.most <= 3
    assert done == sorted(done) and done[-1] == (len(scene.samples),) * 2


def test_gaps_found_only_when_decoding(scene, streamed, tmp_path):
    """A capture may learn of a gap from the samples, after its packets were planned."""

    class Late(streamed):
        gaps = scene.cap.gaps[:0]

        def chunks(self):
            for chunk in super().chunks():
                if chunk.start >= 200:
                    self.gaps = scene.cap.gaps
                yield chunk

    export(Late(scene.cap), tmp_path / "a", "open-ephys")
    data = tmp_path / "a/experiment1/recording1/continuous/probecodec/continuous.dat"
    assert data.stat().st_size == scene.kept.sum() * 24 * 2
    export(Late(scene.cap), tmp_path / "a.ap.bin", "spikeglx")
    assert "probecodecGaps=450:500:lost" in (tmp_path / "a.ap.meta").read_text()
    pynwb = pytest.importorskip("pynwb")
    export(Late(scene.cap), tmp_path / "a.nwb", "nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        assert len(io.read().invalid_times) == 4


def test_refused(scene, tmp_path):
    with pytest.raises(ExportError, match="no format is named 'edf'; there are spikeglx, open-eph"):
        export(scene.cap, tmp_path / "a", "edf")
    with pytest.raises(ExportError, match="the format open-ephys has no option probe: omit it"):
        export(scene.cap, tmp_path / "a", "open-ephys", probe="NP1000")
    with (
        open_capture(scene.data, fill="nan") as cap,
        pytest.raises(ExportError, match="choose another fill"),
    ):
        export(cap, tmp_path / "a", "open-ephys")


@pytest.mark.parametrize(("name", "package"), PACKAGE.items())
def test_missing_package(scene, tmp_path, monkeypatch, name, package):
    monkeypatch.delitem(sys.modules, f"probecodec.host.export.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExportError, match=rf"{package}: pip install 'probecodec\[export\]'"):
        export(scene.cap, tmp_path / OUTPUTS[name], name)


class TestCommand:
    @pytest.fixture(autouse=True)
    def hooked(self, monkeypatch):
        monkeypatch.setitem(cli.ELSEWHERE, "export", ".export_command:export")

    @pytest.fixture
    def run(self, scene, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("a.pcs").write_bytes(scene.data)

        def invoke(*arguments, status):
            done = CliRunner().invoke(cli.main, ["export", *arguments], catch_exceptions=False)
            assert done.exit_code == status, done.output
            return done

        return invoke

    def test_missing_frames_are_told(self, scene, run):
        done = run("a.pcs", "out", "--format", "open-ephys", status=1)
        assert done.stdout == "out: 24 channels, frames 200 to 1229, 350 of them missing\n"
        note, *places = done.stderr.splitlines()
        assert note.startswith("350 missing frames are left out")
        assert places == [
            "frames 450 to 499 (50): lost or damaged in the capture",
            "frames 500 to 599 (100): waits for a restart",
            "frames 800 to 849 (50): lost or damaged in the capture",
            "frames 850 to 999 (150): waits for a restart",
        ]

    def test_intact(self, signal, run):
        Path("b.pcs").write_bytes(encoded_whole(signal))
        done = run("b.pcs", "b.zarr", status=0)
        assert (done.stdout, done.stderr) == (
            "b.zarr: 4 channels, frames 0 to 99, 0 of them missing\n",
            "",
        )

    def test_json_and_options(self, scene, run):
        options = ["--rate", "100", "--gain-uv", "2", "--probe", "NP1015", "--fill", "hold"]
        done = run("a.pcs", "o.ap.bin", "--format", "spikeglx", "--json", *options, status=1)
        report = json.loads(done.stdout)
        assert (report["output"], report["format"]) == ("o.ap.bin", "spikeglx")
        assert report["segment"] == 0 and "which sites" in report["notes"][0]
        (segment,) = report["segments"]
        assert (segment["first_frame"], segment["frames"], segment["missing"]) == (200, 1030, 350)
        meta = Path("o.ap.meta").read_text()
        assert "imSampRate=100\n" in meta and "imDatPrb_pn=NP1015\n" in meta
        table = np.fromfile("o.ap.bin", "<i2").reshape(-1, 25)[:, :24]
        np.testing.assert_array_equal(table[scene.kept], scene.samples[scene.kept])
        assert (table[450 - 200 : 600 - 200] == scene.samples[449 - 200]).all()

    @pytest.mark.parametrize("name", ["zarr", "nwb"])
    def test_format_from_the_suffix(self, make, signal, run, name):
        needed(name)
        run("a.pcs", OUTPUTS[name], status=1)
        run("a.pcs", OUTPUTS[name], status=2)
        run("a.pcs", OUTPUTS[name], "--force", status=1)
        assert Path(OUTPUTS[name]).exists()

    def test_refused(self, run):
        before = tree(Path())
        for arguments, sentence in (
            (["a.pcs", "b.bin"], "b.bin does not tell its format: give --format"),
            (["no.pcs", "b", "--format", "open-ephys"], "no.pcs: No such file or directory"),
            (["a.pcs", "b", "--format", "open-ephys", "--fill", "error"], "missing"),
            (["a.pcs", "b", "--format", "spikeglx"], "does not end in .bin"),
            (["a.pcs", "b", "--format", "open-ephys", "--segment", "3"], "segment"),
            (["a.pcs", "b", "--format", "open-ephys", "--gain-uv", "0"], "above 0, not 0.0"),
        ):
            done = run(*arguments, status=2)
            assert done.stdout == "" and sentence in done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert tree(Path()) == before
