"""Captures on Dask, against the same captures decoded here; a cluster is two real processes."""

import json
import os
import pickle
import signal
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER, SYNC, TRAILER, Mode
from probecodec.host import fast, open_capture
from probecodec.host.capture import CaptureError, MissingFrames
from probecodec.host.cli import main

pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from probecodec.host.bridges import dask as bridge  # noqa: E402

from ..captures import forge  # noqa: E402

CONFIG = EncoderConfig(
    channels=8,
    sample_bits=10,
    aux_bits=4,
    modes=(Mode.RICE,),
    packet_frames=10,
    restart_interval=4,  # every 40 frames
)
RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(0, 20, (1205, 8)).astype(np.int16)
AUX = RNG.integers(0, 16, 1205).astype(np.uint16)
PACKETS = list(fast.encoder(CONFIG).packets(SAMPLES, AUX))
LOST = {17, 18, 39, 40, 41, 42, 43, 50, 80, 81, *range(100, 111)}
STARTS = [0, 200, 440, 520, 840, 1120]  # of blocks: the first restart, and each after a loss


def without(lost):
    return b"".join(packet for n, packet in enumerate(PACKETS) if n not in lost)


def data_packet(n):
    """Packet ``n`` without the metadata before it."""
    return PACKETS[n][PACKETS[n].rindex(SYNC.to_bytes(4, "big")) :]


@pytest.fixture
def path(tmp_path):
    """A capture with gaps, within and between its blocks."""
    place = tmp_path / "rec.pcs"
    place.write_bytes(without(LOST))
    return place


class TestArray:
    @pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
    def test_equals_the_capture(self, path, scheduler, monkeypatch):
        monkeypatch.setenv(fast.NO_NUMBA, "1")  # nothing to compile in each process
        with open_capture(path, fill="hold") as capture:
            expected = np.asarray(capture)
            array = capture.to_dask(150)
            assert (array.shape, array.dtype) == (expected.shape, np.int16)
            assert array.npartitions > 4
            more = {"num_workers": 2} if scheduler != "synchronous" else {}
            np.testing.assert_array_equal(array.compute(scheduler=scheduler, **more), expected)

    @pytest.mark.parametrize("fill", ["zero", "hold", "nan"])
    @pytest.mark.parametrize("chunk_frames", [None, 1, 33, 150, 900, 10_000])
    def test_policies_and_chunks(self, path, fill, chunk_frames):
        with open_capture(path, fill=fill) as capture:
            array = capture.to_dask(chunk_frames)
            assert array.dtype == capture.dtype
            assert [block.first for block in capture.outline.blocks] == STARTS
            cuts = np.cumsum(array.chunks[0])
            runs = [range(gap.start, gap.stop) for gap in capture.gaps]
            for cut in cuts[:-1].tolist():
                assert cut in STARTS or any(cut in run or cut == run.stop for run in runs)
            if chunk_frames in (None, 10_000):
                assert len(cuts) == 1
            np.testing.assert_array_equal(
                array.compute(scheduler="synchronous"), np.asarray(capture)
            )

    @pytest.mark.parametrize("fill", ["zero", "hold"])
    def test_huge_gap_within_a_block(self, path, fill):
        """The source dropped 500 frames: these are cut, and the block is decoded for both ends."""
        late = [
            forge(data_packet(n), frame_index=10 * n + 500, drop_count=500) for n in range(2, 10)
        ]
        path.write_bytes(b"".join([*PACKETS[:2], *late]))
        with open_capture(path, fill=fill) as capture:
            assert len(capture.outline.blocks) == 1
            array = capture.to_dask(60)
            assert array.chunks[0] == (20, *[60] * 8, 20, 80)
            got = array.compute(scheduler="synchronous")
            np.testing.assert_array_equal(got, np.asarray(capture))
            np.testing.assert_array_equal(got[520:], SAMPLES[20:100])

    def test_slices_and_reductions(self, path):
        with open_capture(path, fill="zero") as capture:
            expected, array = np.asarray(capture), capture.to_dask(200)
            got = array[190:460:7, [5, 2]].compute(scheduler="synchronous")
            np.testing.assert_array_equal(got, expected[190:460:7, [5, 2]])
            mean = array.astype(np.float64).mean(axis=0).compute(scheduler="synchronous")
            np.testing.assert_allclose(mean, expected.mean(axis=0))
            assert array.max().compute(scheduler="synchronous") == expected.max()

    def test_missing_frames(self, path):
        with open_capture(path) as capture:
            array = capture.to_dask(40)
            got = array[1120:].compute(scheduler="synchronous")
            np.testing.assert_array_equal(got, SAMPLES[1120:])
            with pytest.raises(MissingFrames, match="frames 170 to 189 are missing"):
                array[:200].compute(scheduler="synchronous")

    def test_a_task_carries_its_blocks_only(self, path):
        with open_capture(path, fill="hold") as capture:
            array = capture.to_dask(1)
            parts = [each[1] for each in dict(array.dask).values()]
            assert max(len(part.outline.blocks) for part in parts) == 2  # one to hold a frame of
            assert max(len(pickle.dumps(part)) for part in parts) < 2000

    def test_names_tell_captures_apart(self, path):
        names = set()
        for lost, fill in [(LOST, "zero"), (LOST, "hold"), (LOST - {17}, "zero"), (LOST, "zero")]:
            path.write_bytes(without(lost))
            with open_capture(path, fill=fill) as capture:
                names.add(capture.to_dask().name)
        assert len(names) == 3

    def test_refusals(self, path):
        with (
            open_capture(path.read_bytes(), fill="zero") as capture,
            pytest.raises(CaptureError, match="open it by its path"),
        ):
            capture.to_dask()
        with open_capture(path) as capture, pytest.raises(CaptureError, match="1 or more"):
            capture.to_dask(0)

    def test_relative_path(self, path, monkeypatch):
        monkeypatch.chdir(path.parent)
        with open_capture(path.name, fill="zero") as capture:
            array, expected = capture.to_dask(), np.asarray(capture)
        monkeypatch.chdir("/")
        np.testing.assert_array_equal(array.compute(scheduler="synchronous"), expected)

    def test_missing_package(self, path, monkeypatch):
        for name in ("dask.array", "distributed"):
            monkeypatch.setitem(sys.modules, name, None)
        with (
            open_capture(path) as capture,
            pytest.raises(CaptureError, match=r"pip install 'probecodec\[dask\]'"),
        ):
            capture.to_dask()
        said = fails(path, "tcp://127.0.0.1:9")
        assert "needs the package distributed: pip install 'probecodec[dask]'" in said


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, slow as the golden model is, in a folder of their own."""
    with _cluster(2) as started:
        yield started


def _cluster(workers):
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=":0",
        env={fast.NO_NUMBA: "1"},
        silence_logs="CRITICAL",
    )


def _processes(cluster):
    """Address to process of the workers."""
    with distributed.Client(cluster, set_as_default=False) as client:
        return client.run(os.getpid)


def _long(folder):
    """A capture of six blocks, each of half a second for the golden model."""
    config = EncoderConfig(channels=64, sample_bits=12, modes=(Mode.FIXED,), packet_frames=512)
    samples = RNG.integers(-99, 99, (6 << 14, 64)).astype(np.int16)
    path = folder / "rec.pcs"
    path.write_bytes(b"".join(fast.encoder(config).packets(samples)))
    return path


def run(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result


def fails(path, address):
    """What a run that fails says; nothing is left behind."""
    before = sorted(os.listdir(path.parent))
    out = path.parent / "fails.bin"
    result = run("decode", path, out, "--scheduler", address, status=2)
    assert sorted(os.listdir(path.parent)) == before
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


class TestCluster:
    @pytest.mark.parametrize("suffix", ["bin", "npy"])
    @pytest.mark.parametrize("fill", ["zero", "hold", "nan", "error"])
    def test_equals_decode(self, cluster, path, fill, suffix, monkeypatch):
        monkeypatch.setattr(bridge, "_PART_BYTES", 1600)  # parts of 100 frames
        monkeypatch.chdir(path.parent)  # not where the workers are
        how = "rec.pcs", "--fill", fill, "--json"
        status = 2 if fill == "error" or (fill, suffix) == ("nan", "bin") else 1
        here = run("decode", *how, f"here.{suffix}", status=status)
        at = "--scheduler", cluster.scheduler_address
        there = run("decode", *how, f"there.{suffix}", *at, status=status)
        assert here.stderr.replace("here.", "there.") == there.stderr
        if status == 2:
            assert not list(Path().glob("*here*"))
            return
        assert Path(f"here.{suffix}").read_bytes() == Path(f"there.{suffix}").read_bytes()
        told = [json.loads(each.stdout) | {"output": None} for each in (here, there)]
        assert told[0] == told[1] and len(told[0]["segments"][0]["gaps"]) > 4
        if (fill, suffix) == ("zero", "npy"):
            table = np.load("there.npy")
            np.testing.assert_array_equal(table[:170, :8], SAMPLES[:170])
            np.testing.assert_array_equal(table[:170, 8], AUX[:170])

    def test_flaws_come_back(self, cluster, path, monkeypatch):
        """Packets with right checks whose codes make no sense, at the begin of a part too."""
        kept = [n for n in range(len(PACKETS)) if n not in LOST]
        parts = [PACKETS[n] for n in kept]
        for n in (22, 84):
            packet = data_packet(n)
            payload = packet[HEADER.size : -TRAILER.size][:24]
            parts[kept.index(n)] = forge(packet, payload=payload)
        path.write_bytes(b"".join(parts))
        monkeypatch.setattr(bridge, "_PART_BYTES", 1600)
        for fill in ("hold", "zero"):
            how = path, "--fill", fill, "--json"
            here = run("decode", *how, path.with_name(f"{fill}.bin"), status=1)
            at = "--scheduler", cluster.scheduler_address
            there = run("decode", *how, path.with_name(f"{fill}2.bin"), *at, status=1)
            assert "byte" in there.stderr and here.stderr == there.stderr
            told = [json.loads(each.stdout) | {"output": None} for each in (here, there)]
            assert told[0] == told[1]
            files = [path.with_name(f"{fill}{n}.bin").read_bytes() for n in ("", "2")]
            assert files[0] == files[1]

    def test_force(self, cluster, path):
        out = path.with_name("out.bin")
        out.write_bytes(b"old")
        with open_capture(path, fill="zero") as capture:
            with pytest.raises(FileExistsError, match="--force"):
                bridge.decode_to(capture, out, cluster.scheduler_address)
            steps = []
            bridge.decode_to(
                capture,
                out,
                cluster.scheduler_address,
                force=True,
                progress=lambda *step: steps.append(step),
            )
        assert steps[-1] == (1205, 1205)
        assert out.stat().st_size == 1205 * 9 * 2

    def test_a_worker_is_killed(self, cluster, tmp_path, monkeypatch):
        """With others or its successor, all is decoded."""
        path, out = _long(tmp_path), tmp_path / "out.bin"
        monkeypatch.setattr(bridge, "_PART_BYTES", 1 << 21)  # each a block
        killed = []

        def progress(done, total):
            if not killed:
                os.kill(next(iter(_processes(cluster).values())), signal.SIGKILL)
                killed.append(done)
                assert done < total / 2

        with open_capture(path) as capture:
            bridge.decode_to(capture, out, cluster.scheduler_address, progress=progress)
            assert killed
            np.testing.assert_array_equal(
                np.fromfile(out, np.int16).reshape(capture.shape), np.asarray(capture)
            )

    def test_interrupt_leaves_nothing(self, cluster, tmp_path, monkeypatch):
        path = _long(tmp_path)
        monkeypatch.setattr(bridge, "_PART_BYTES", 1 << 21)

        def progress(done, total):
            raise KeyboardInterrupt

        with open_capture(path) as capture, pytest.raises(KeyboardInterrupt):
            bridge.decode_to(
                capture, tmp_path / "out.bin", cluster.scheduler_address, progress=progress
            )
        assert os.listdir(tmp_path) == ["rec.pcs"]
        deadline = time.monotonic() + 10
        while cluster.scheduler.tasks and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not cluster.scheduler.tasks

    def test_all_workers_end(self, tmp_path, monkeypatch):
        path = _long(tmp_path)
        monkeypatch.setattr(bridge, "_PART_BYTES", 1 << 21)
        monkeypatch.setattr(bridge, "_PATIENCE_S", 1.0)
        with _cluster(1) as ending:
            with (
                open_capture(path) as capture,
                pytest.raises(bridge.ClusterError, match="has had no worker for 1 s: start some"),
            ):
                bridge.decode_to(
                    capture,
                    tmp_path / "out.bin",
                    ending.scheduler_address,
                    progress=lambda *_: ending.scale(0),
                )
            assert os.listdir(tmp_path) == ["rec.pcs"]
            assert "start some with dask worker tcp://" in fails(path, ending.scheduler_address)

    def test_workers_without_the_capture(self, cluster, path):
        """As on another machine: here it is an open file that has lost its name."""
        capture = open_capture(path, fill="zero")
        path.rename(path.with_name("moved.pcs"))
        with capture, pytest.raises(bridge.ClusterError) as failure:
            bridge.decode_to(capture, path.with_name("out.bin"), cluster.scheduler_address)
        assert f"cannot read {path} (No such file or directory)" in str(failure.value)
        path.write_bytes(b"another")
        with pytest.raises(bridge.ClusterError, match=r"sees another .*, of 7 bytes, not"):
            bridge.decode_to(capture, path.with_name("out.bin"), cluster.scheduler_address)
        assert sorted(os.listdir(path.parent)) == ["moved.pcs", "rec.pcs"]

    @pytest.mark.parametrize(
        ("answer", "what"),
        [("9.9", "probecodec 9.9"), (PackageNotFoundError("probecodec"), "no probecodec")],
    )
    def test_workers_with_another_package(self, cluster, path, monkeypatch, answer, what):
        monkeypatch.setattr(bridge._ClusterReader, "_ask", lambda *_: [("tcp://w:1", answer)])
        said = fails(path, cluster.scheduler_address)
        assert f"worker tcp://w:1 has {what}: install {version('probecodec')} there" in said

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("tcp://127.0.0.1:9", "Timed out trying to connect"),
            ("ftp://127.0.0.1:9", "unknown address scheme"),
            ("nowhere", "missing port number"),
        ],
    )
    def test_unreachable(self, path, address, why, monkeypatch):
        monkeypatch.setattr(bridge, "_CONNECT_S", 0.3)
        said = fails(path, address)
        assert f"no Dask scheduler answers at {address} ({why}" in said
        assert "start one with dask scheduler" in said

    def test_address_of_a_worker(self, cluster, path):
        said = fails(path, next(iter(_processes(cluster))))
        assert "is a Dask Worker: give the address of its scheduler" in said
