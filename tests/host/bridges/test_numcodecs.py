"""The codec for numcodecs: every int16 comes back, damage never passes, and Zarr 2 finds it."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from probecodec.golden.config import ConfigError
from probecodec.host import open_capture

numcodecs = pytest.importorskip("numcodecs")

from probecodec.host.bridges.chunk import MODES, ChunkError  # noqa: E402
from probecodec.host.bridges.numcodecs import Probecodec  # noqa: E402

RNG = np.random.default_rng(0)
SAMPLES = np.cumsum(RNG.integers(-9, 10, (3000, 24)), axis=0).astype("<i2")


def round_trip(codec, samples):
    """The samples come back, also into an array that is there already, and from their bytes."""
    encoded = codec.encode(samples)
    np.testing.assert_array_equal(codec.decode(encoded).reshape(samples.shape), samples)
    out = np.full_like(samples, -1)
    assert codec.decode(np.frombuffer(encoded, np.uint8), out) is out
    np.testing.assert_array_equal(out, samples)
    assert codec.encode(samples.tobytes()) == encoded
    return encoded


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_round_trip(data):
    channels, frames = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 40))
    low, high = sorted(data.draw(st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 2)))
    samples = data.draw(arrays.arrays("<i2", (frames, channels), elements=st.integers(low, high)))
    mode, bits = data.draw(st.sampled_from(MODES)), data.draw(st.integers(8, 16))
    round_trip(Probecodec(channels, bits, mode), samples)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("frames", "channels"), [(0, 3), (1, 1), (2, 1), (9999, 1), (1, 4096), (20_000, 7)]
)
def test_shapes(mode, frames, channels):
    samples = RNG.normal(0, 300, (frames, channels)).astype("<i2")
    round_trip(Probecodec(channels, 12, mode), samples)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [-(2**15), -2049, 2048, 2**15 - 1])
def test_samples_wider_than_told_come_back(mode, value):
    samples = SAMPLES.copy()
    samples[1234, 5] = value
    round_trip(Probecodec(24, 12, mode), samples)


def test_more_axes():
    encoded = round_trip(Probecodec(24), SAMPLES.reshape(30, 100, 24))
    assert encoded == Probecodec(24).encode(SAMPLES)


def test_an_encoded_chunk_is_a_capture():
    with open_capture(Probecodec(24, 14).encode(SAMPLES)) as capture:
        np.testing.assert_array_equal(capture[:], SAMPLES)
        assert capture.complete and capture.config.sample_bits == 14


def test_smaller_than_zlib_and_zstd():
    size = len(Probecodec(24).encode(SAMPLES))
    for peer in (numcodecs.Zlib(9), numcodecs.Zstd(9), numcodecs.Blosc("zstd", 9)):
        assert size < len(peer.encode(SAMPLES))


@pytest.mark.parametrize("channels", [1, 24])
def test_no_damage_passes(channels):
    """Any byte wrong, any piece missing: an error, never other samples."""
    samples = SAMPLES[:600].reshape(-1, channels)
    codec = Probecodec(channels)
    encoded = codec.encode(samples)
    for place in RNG.integers(0, len(encoded), 150).tolist():
        broken = bytearray(encoded)
        broken[place] ^= 1 << RNG.integers(8)
        with pytest.raises(ChunkError):
            codec.decode(bytes(broken))
    for cut in (0, 1, 100, len(encoded) // 2, len(encoded) - 40, len(encoded) - 1):
        with pytest.raises(ChunkError):
            codec.decode(encoded[:cut])
    for wrong in (encoded + encoded, encoded + b"\0", b"\0" + encoded):
        with pytest.raises(ChunkError):
            codec.decode(wrong)


def test_a_missing_packet_shows():
    """Packets cut out between their borders leave only intact ones."""
    samples = np.tile(SAMPLES, (3, 1))
    encoded = Probecodec(24).encode(samples)
    sync = bytes.fromhex("1acffc1d")
    starts = [n for n in range(len(encoded)) if encoded.startswith(sync, n)]
    assert len(starts) == 6  # metadata, four of 2730 frames at most, the end
    for first, last in [(0, 1), (0, 2), (1, 2), (2, 3), (3, 5), (5, 6)]:
        stop = [*starts, len(encoded)][last]
        cut = encoded[: starts[first]] + encoded[stop:]
        if (first, last) == (0, 1):  # a decoder needs no metadata
            np.testing.assert_array_equal(Probecodec(24).decode(cut), samples)
            continue
        with pytest.raises(ChunkError, match=r"missing|cut off|no probecodec chunk"):
            Probecodec(24).decode(cut)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (SAMPLES.astype(float), "holds float64, not int16"),
        (SAMPLES.astype(">i2"), "holds >i2, not int16"),
        (SAMPLES.view("<u2"), "holds uint16, not int16"),
        (np.asfortranarray(SAMPLES), "not C-contiguous"),
        (SAMPLES[:, ::2], "not C-contiguous"),
        (SAMPLES[:24].T.copy()[:, :9], "not C-contiguous"),
        (SAMPLES.reshape(-1, 12), "no rows of 24 samples"),
        (SAMPLES.ravel()[:-1], "no rows of 24 samples"),
        (b"\0" * 47, "no rows of 24 samples"),
    ],
)
def test_what_cannot_be_encoded(samples, sentence):
    with pytest.raises(ChunkError, match=sentence):
        Probecodec(24).encode(samples)


def test_chunks_of_others():
    encoded = Probecodec(24).encode(SAMPLES)
    with pytest.raises(ChunkError, match="has 24 channels, not 12"):
        Probecodec(12).decode(encoded)
    single = Probecodec(1).encode(SAMPLES[:, :1].copy())
    with pytest.raises(ChunkError, match="has 1 channels, not 2"):
        Probecodec(2).decode(single)
    with pytest.raises(ChunkError, match="has 2 channels, not 1"):
        Probecodec(1).decode(Probecodec(2).encode(SAMPLES[:, :2].copy()))
    with pytest.raises(ChunkError, match="has 144000 bytes, but out has 48"):
        Probecodec(24).decode(encoded, np.empty(24, np.int16))
    with pytest.raises(ChunkError, match="no probecodec chunk"):
        Probecodec(24).decode(numcodecs.Zstd().encode(SAMPLES))


@pytest.mark.parametrize(
    "options",
    [
        {"channels": 0},
        {"channels": 4097},
        {"channels": 1.0},
        {"channels": 24.0},  # 24 is known by now
        {"channels": 4, "sample_bits": 7},
        {"channels": 1, "sample_bits": 17},
        {"channels": 4, "mode": "flac"},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ConfigError):
        Probecodec(**options)


def test_config():
    codec = Probecodec(24, sample_bits=14, mode="rice")
    config = codec.get_config()
    assert config == {"id": "probecodec", "channels": 24, "sample_bits": 14, "mode": "rice"}
    again = numcodecs.get_codec(json.loads(json.dumps(config)))
    assert again == codec and isinstance(again, Probecodec)


def test_threads_share_one():
    codec = Probecodec(24)
    parts = [np.roll(SAMPLES, n, axis=0) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        encoded = list(pool.map(codec.encode, parts))
        decoded = list(pool.map(codec.decode, encoded))
    np.testing.assert_array_equal(decoded, parts)


ZARR2 = """
import numpy as np, zarr, sys
assert "probecodec" not in sys.modules
array = zarr.open(sys.argv[1], mode="r")
np.save(sys.argv[2], array[:])
"""


def test_zarr_finds_it_by_name(tmp_path):
    """Written here in chunks that the array's edges cut, read by a process that knows nothing."""
    zarr = pytest.importorskip("zarr")
    wide = SAMPLES[:, :20]
    codec = Probecodec(8, 12)
    place = {"zarr_format": 2} if zarr.__version__ >= "3" else {}
    array = zarr.create(
        wide.shape, chunks=(700, 8), dtype="<i2", compressor=codec, fill_value=-(2**15),
        store=str(tmp_path / "a.zarr"), **place,
    )  # fmt: skip
    array[:] = wide
    np.testing.assert_array_equal(array[650:750, 3:19], wide[650:750, 3:19])
    array[100:900, 5:12] += 7
    command = [sys.executable, "-c", ZARR2, tmp_path / "a.zarr", tmp_path / "a.npy"]
    subprocess.run(command, check=True, cwd=tmp_path)
    changed = wide.copy()
    changed[100:900, 5:12] += 7
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), changed)


def test_recordings(recordings):
    for samples, about in recordings.values():
        samples = samples[:2000].copy()
        encoded = round_trip(Probecodec(about["channels"], about["adc_bits"]), samples)
        assert len(encoded) < len(numcodecs.Blosc("zstd", 5, 2).encode(samples))
