"""The lossless peers, each with settings that do it justice on whole clips.

WavPack pairs neighbouring channels and takes long blocks, as its binding for neural data does;
FLAC takes groups of 8 channels, its most; Blosc gets the first difference in time.
"""

from __future__ import annotations

import importlib
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np

from ..host.recording import Recording
from . import codecs
from .codecs import Samples
from .result import Result, measured

COMMANDS = {"wavpack": "apt-get install wavpack"}
_EXTRA = "pip install 'probecodec[bench]'"


@dataclass(frozen=True)
class Peer:
    """A way to encode and decode.

    Attributes
    ----------
    about : str
        Its settings.
    needs : str
        Module, or command (see `COMMANDS`).
    encode, decode : callable
        As `probecodec.bench.codecs` has them.
    """

    about: str
    needs: str
    encode: Callable[[Samples, float], list[bytes]]
    decode: Callable[[list[bytes], tuple[int, int]], Samples]

    def missing(self) -> str:
        """Say what to install; "" where all is there."""
        if self.needs in COMMANDS:
            found, how = shutil.which(self.needs) is not None, COMMANDS[self.needs]
        else:
            found, how = _importable(self.needs), _EXTRA
        return "" if found else f"{self.needs} was not found; install it: {how}"

    def version(self) -> str:
        """Version of the tool, which must be there."""
        if self.needs in COMMANDS:
            try:
                return codecs.run([self.needs, "--version"]).decode().splitlines()[0].split()[-1]
            except Exception:  # it is broken, which is no reason to lose what was measured
                return "unknown"
        package = self.needs.partition(".")[0]
        built_in = package in sys.stdlib_module_names
        return f"Python {platform.python_version()}" if built_in else version(package)


def peer_result(name: str, recording: Recording) -> Result:
    """Measure the peer ``name``; one that is missing or fails is a row that says so."""
    peer, samples = PEERS[name], recording.samples
    row: dict[str, Any] = {
        "method": name,
        "ours": False,
        "settings": {"about": peer.about, "tool": peer.needs},
    }
    if note := peer.missing():
        return Result(**row, note=note)
    try:
        start = perf_counter()
        blobs = peer.encode(samples, recording.rate_hz)
        encoded = perf_counter()
        back = peer.decode(blobs, samples.shape)
        decoded = perf_counter()
        if not any(map(len, blobs)):
            raise ValueError("it wrote nothing")
    except Exception as error:  # others' code raises what it likes
        return Result(**row, failed=True, note=f"failed: {error or type(error).__name__}")
    return measured(
        **row,
        samples=samples,
        sample_bits=recording.sample_bits,
        size=sum(map(len, blobs)),
        seconds=(encoded - start, decoded - encoded),
        verified_frames=len(samples),
        passed=np.array_equal(back, samples),
    )


def _importable(module: str) -> bool:
    try:
        importlib.import_module(module)
    except Exception:  # a module that is broken raises what it likes
        return False
    return True


def _plain(
    module: str,
    encode: Callable[[Any, bytes], bytes],
    decode: Callable[[Any, bytes], bytes],
) -> Peer:
    """A codec of bytes, on the samples as they lie in a file."""

    def encode_samples(samples: Samples, rate_hz: float) -> list[bytes]:
        return [encode(importlib.import_module(module), samples.astype("<i2").tobytes())]

    def decode_samples(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
        data = decode(importlib.import_module(module), blobs[0])
        return np.frombuffer(data, "<i2").reshape(shape)

    return Peer("raw int16", module, encode_samples, decode_samples)


def _wavpack(*level: str) -> Peer:
    about = " ".join(level) or "no option"
    return Peer(
        about, "wavpack", partial(codecs.wavpack_encode, level=level), codecs.wavpack_decode
    )


def _flac(level: int) -> Peer:
    about = f"groups of {codecs.FLAC_CHANNELS} channels"
    return Peer(about, "soundfile", partial(codecs.flac_encode, level=level), codecs.flac_decode)


PEERS = {
    "bzip2-9": _plain("bz2", lambda m, d: m.compress(d, 9), lambda m, d: m.decompress(d)),
    "xz-9": _plain("lzma", lambda m, d: m.compress(d, preset=9), lambda m, d: m.decompress(d)),
    "zstd-19": _plain(
        "zstandard",
        lambda m, d: m.ZstdCompressor(level=19).compress(d),
        lambda m, d: m.ZstdDecompressor().decompress(d),
    ),
    "blosc-zstd9": Peer(
        "bitshuffle, time delta",
        "numcodecs.blosc",
        codecs.blosc_encode,
        codecs.blosc_decode,
    ),
    "mtscomp": Peer("chunks of 1 s", "mtscomp", codecs.mtscomp_encode, codecs.mtscomp_decode),
    "wavpack-1": _wavpack("-f"),
    "wavpack-2": _wavpack(),
    "wavpack-3": _wavpack("-h"),
    "wavpack-4": _wavpack("-hh"),
    "flac-5": _flac(5),
    "flac-8": _flac(8),
}
