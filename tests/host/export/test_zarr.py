"""Zarr: read again by Zarr itself."""

import numpy as np
import pytest

from probecodec.host.export import ExportError, export
from probecodec.host.recording import RecordingError

zarr = pytest.importorskip("zarr")


def test_arrays_and_attributes(scene, tmp_path):
    assert export(scene.cap, tmp_path / "a.zarr", "zarr") == []
    store = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert (store["traces"].dtype, store["aux"].dtype) == (np.int16, np.uint16)
    np.testing.assert_array_equal(store["traces"][:], scene.samples)
    np.testing.assert_array_equal(store["aux"][:], scene.aux)
    assert dict(store.attrs) == {
        "rate_hz": 2500.0,
        "gain_uv": 4.6875,
        "channel_ids": list(range(24)),
        "first_frame": 200,
        "gaps": scene.gaps,
        "probe": "NP1010",
        "sample_bits": 10,
    }


def test_many_chunks(make, signal, streamed, tmp_path):
    """Blocks that are cut anew across chunks of the capture, and across those of the store."""
    samples = signal(70, 40_000, 16)
    aux = np.arange(40_000).astype(np.uint16)
    cap = make(samples, aux, sample_bits=16, aux_bits=16)
    export(streamed(cap, rows=777), tmp_path / "a.zarr", "zarr")
    store = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert store["traces"].chunks == (16_384, 64)
    np.testing.assert_array_equal(store["traces"][:], samples)
    np.testing.assert_array_equal(store["aux"][:], aux)


def test_extremes_are_lossless(make, tmp_path):
    """Differences that need 17 bits."""
    rng = np.random.default_rng(0)
    samples = rng.choice(np.array([-32768, 32767, 0], np.int16), (500, 4))
    export(make(samples, sample_bits=16), tmp_path / "a.zarr", "zarr")
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "a.zarr"), mode="r")["traces"], samples)


def test_unknown_stays_unknown(make, signal, tmp_path):
    export(make(signal(4, 20, 10), metadata=False), tmp_path / "a.zarr", "zarr")
    store = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert (store.attrs["rate_hz"], store.attrs["gain_uv"]) == (None, None)
    assert (store.attrs["probe"], store.attrs["gaps"], "aux" in store) == ("", [], False)


def test_options(scene, tmp_path):
    export(scene.cap, tmp_path / "a.zarr", "zarr", rate_hz=30_000.0, gain_uv=0.5)
    store = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert (store.attrs["rate_hz"], store.attrs["gain_uv"]) == (30_000.0, 0.5)
    with pytest.raises(ExportError, match="must be above 0"):
        export(scene.cap, tmp_path / "b.zarr", "zarr", rate_hz=0.0)
    with pytest.raises(RecordingError, match=r"does not end in \.zarr"):
        export(scene.cap, tmp_path / "b", "zarr")


def test_real_recordings(excerpts, tmp_path):
    for name, (cap, samples, aux, _) in excerpts.items():
        out = tmp_path / f"{name}.zarr"
        export(cap, out, "zarr")
        store = zarr.open_group(str(out), mode="r")
        np.testing.assert_array_equal(store["traces"][:], samples)
        np.testing.assert_array_equal(store["aux"][:], aux)
        held = sum(path.stat().st_size for path in (out / "traces").iterdir())
        assert held < samples.nbytes / 1.5
