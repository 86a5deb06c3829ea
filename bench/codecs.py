"""What the peers' libraries and commands need around them, in one thread.

An encoder takes samples (frames, channels) and frames a second; it returns blobs: everything that
its decoder needs, but for the shape.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .memory import run_watched

Samples = NDArray[np.int16]  # (frames, channels)

# In headers alone. It is a standard one, so that headers are small; the recording's may be too
# low for audio formats.
_AUDIO_HZ = 32_000
FLAC_CHANNELS = 8
_WAVPACK_CHANNELS = 256  # the command's most; even, so that no pair is split
_WAVPACK_BLOCK_FRAMES = 120_000  # of 131,072 at most, as WavPack's binding for neural data has it
_BLOSC_BYTES = 1 << 30  # a buffer may have 2 GiB - 1


def blosc_encode(samples: Samples, rate_hz: float) -> list[bytes]:
    import numcodecs.blosc as blosc

    blosc.set_nthreads(1)
    codec = blosc.Blosc(cname="zstd", clevel=9, shuffle=blosc.BITSHUFFLE)
    deltas = np.diff(samples, axis=0, prepend=np.zeros_like(samples[:1]))  # modulo 2**16
    return [bytes(codec.encode(part)) for part in _parts(deltas.ravel())]


def _parts(values: Samples) -> Iterator[Samples]:
    step = _BLOSC_BYTES // values.itemsize
    return (values[start : start + step] for start in range(0, len(values), step))


def blosc_decode(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
    import numcodecs.blosc as blosc

    data = b"".join(blosc.Blosc().decode(blob) for blob in blobs)
    return np.cumsum(np.frombuffer(data, np.int16).reshape(shape), axis=0, dtype=np.int16)


_MTSCOMP = {"n_threads": 1, "quiet": True}  # all else is its default, whatever the user's is


def mtscomp_encode(samples: Samples, rate_hz: float) -> list[bytes]:
    import mtscomp

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("rec.bin", "rec.cbin", "rec.ch")]
        paths[0].write_bytes(samples.astype("<i2").tobytes())
        writer = mtscomp.Writer(
            **dict(mtscomp.DEFAULT_CONFIG) | _MTSCOMP | {"check_after_compress": False}
        )
        writer.open(paths[0], sample_rate=rate_hz, n_channels=samples.shape[1], dtype="<i2")
        try:
            writer.write(paths[1], paths[2])
        finally:
            writer.close()
        return [path.read_bytes() for path in paths[1:]]


def mtscomp_decode(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
    import mtscomp

    with tempfile.TemporaryFile() as file:
        file.write(blobs[0])
        file.flush()
        reader = mtscomp.Reader(**dict(mtscomp.DEFAULT_CONFIG) | _MTSCOMP)
        reader.open(file, json.loads(blobs[1]))
        return np.concatenate([reader.read_chunk(*place) for place in reader.iter_chunks()])


def flac_encode(samples: Samples, rate_hz: float, *, level: int) -> list[bytes]:
    import soundfile

    blobs = []
    for first in range(0, samples.shape[1], FLAC_CHANNELS):
        with io.BytesIO() as file:
            group = samples[:, first : first + FLAC_CHANNELS]
            soundfile.write(
                file, group, _AUDIO_HZ, "PCM_16", format="FLAC", compression_level=level / 8
            )
            blobs.append(file.getvalue())
    return blobs


def flac_decode(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
    import soundfile

    read = partial(soundfile.read, dtype="int16", always_2d=True)
    return np.hstack([read(io.BytesIO(blob))[0] for blob in blobs])


def wavpack_encode(samples: Samples, rate_hz: float, *, level: tuple[str, ...]) -> list[bytes]:
    frames = len(samples)
    block = max(128, -(-frames // -(-frames // _WAVPACK_BLOCK_FRAMES)))  # equal ones
    layout = ["--channel-order=...", "--pair-unassigned-chans", f"--blocksize={block}"]
    blobs = []
    for first in range(0, samples.shape[1], _WAVPACK_CHANNELS):
        group = samples[:, first : first + _WAVPACK_CHANNELS]
        form = f"--raw-pcm={_AUDIO_HZ},16,{group.shape[1]},le"
        command = ["wavpack", "-q", *layout, *level, form]
        blobs.append(_through(command, group.astype("<i2").tobytes(), ".raw"))
    return blobs


def wavpack_decode(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
    groups = [_through(["wvunpack", "-q", "--raw"], blob, ".wv") for blob in blobs]
    return np.hstack([np.frombuffer(group, "<i2").reshape(shape[0], -1) for group in groups])


def _through(command: list[str], data: bytes, suffix: str) -> bytes:
    """Run ``command`` on a file that holds ``data``; return its output."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        return run([*command, file.name, "-o", "-"])


def run(command: list[str]) -> bytes:
    """Run ``command``; return its output, or raise ``RuntimeError`` with what it says."""
    done = run_watched(command)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().split("\n")[0].strip()
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}: {reason}")
    return done.stdout
