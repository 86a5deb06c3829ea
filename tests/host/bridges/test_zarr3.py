"""The codec in Zarr's format 3: found by its name, in chunks and shards of any shape."""

import json
import subprocess
import sys

import numpy as np
import pytest

from probecodec.golden.config import ConfigError

zarr = pytest.importorskip("zarr", minversion="3")

from probecodec.host.bridges.chunk import ChunkError  # noqa: E402

RNG = np.random.default_rng(0)
SAMPLES = np.cumsum(RNG.integers(-9, 10, (1000, 20)), axis=0).astype(np.int16)


def create(store, shape, chunks, dtype="int16", configuration=None, **options):
    serializer = {"name": "probecodec", "configuration": configuration or {}}
    return zarr.create_array(
        store, shape=shape, chunks=chunks, dtype=dtype, serializer=serializer, compressors=None,
        **options,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["int16", ">i2"])
@pytest.mark.parametrize("mode", ["adaptive", "rice"])
@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((1000, 20), (300, 8)),
        ((1000, 20), (1000, 1)),
        ((10, 100, 20), (3, 64, 20)),
        ((20_000,), (999,)),
    ],
)
def test_round_trip(tmp_path, shape, chunks, mode, dtype):
    samples = SAMPLES.reshape(shape)
    configuration = {"sample_bits": 12, "mode": mode}
    array = create(tmp_path / "a.zarr", shape, chunks, dtype, configuration, fill_value=-(2**15))
    array[:] = samples
    array[3:7] = 30_000  # wider than told
    changed = samples.copy()
    changed[3:7] = 30_000
    again = zarr.open_array(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(again[:], changed)
    np.testing.assert_array_equal(again[2:9], changed[2:9])
    told = json.loads((tmp_path / "a.zarr/zarr.json").read_text())["codecs"]
    assert told == [{"name": "probecodec", "configuration": configuration}]


def test_shards(tmp_path):
    array = create(tmp_path / "a.zarr", (1000, 20), (50, 20), shards=(200, 20))
    array[:900] = SAMPLES[:900]
    again = zarr.open_array(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(again[:900], SAMPLES[:900])
    assert not again[900:].any()


def test_found_by_name(tmp_path):
    create(tmp_path / "a.zarr", (1000, 20), (300, 8))[:] = SAMPLES
    script = "import numpy, sys, zarr; numpy.save(sys.argv[2], zarr.open_array(sys.argv[1])[:])"
    command = [sys.executable, "-c", script, tmp_path / "a.zarr", tmp_path / "a.npy"]
    subprocess.run(command, check=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), SAMPLES)


def test_damage(tmp_path):
    create(tmp_path / "a.zarr", (1000, 20), (500, 20))[:] = SAMPLES
    file = tmp_path / "a.zarr/c/1/0"
    data = file.read_bytes()
    array = zarr.open_array(tmp_path / "a.zarr", mode="r")
    for broken in (data[:-40], data[:200] + b"\0" + data[201:], b""):
        file.write_bytes(broken)
        np.testing.assert_array_equal(array[:500], SAMPLES[:500])
        with pytest.raises(ChunkError):
            array[:]
    file.write_bytes((tmp_path / "a.zarr/c/0/0").read_bytes())
    create(tmp_path / "b.zarr", (600, 20), (300, 20))[:] = SAMPLES[:600]
    file.write_bytes((tmp_path / "b.zarr/c/0/0").read_bytes())
    with pytest.raises(ChunkError, match="has 6000 samples"):
        array[:]


@pytest.mark.parametrize(
    ("shape", "dtype", "configuration", "error"),
    [
        ((10, 10), "float32", {}, ChunkError),
        ((10, 10), "uint16", {}, ChunkError),
        ((), "int16", {}, ChunkError),
        ((2, 4097), "int16", {}, ConfigError),
        ((10, 10), "int16", {"mode": "flac"}, ConfigError),
        ((10, 10), "int16", {"sample_bits": 17}, ConfigError),
    ],
)
def test_what_cannot_be_held(shape, dtype, configuration, error):
    with pytest.raises(error):
        create({}, shape, shape, dtype, configuration)
