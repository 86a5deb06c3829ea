"""The lossless peers, each with settings that do it justice on whole clips.

WavPack pairs neighbouring channels and takes long blocks, as its binding for neural data does;
FLAC takes groups of 8 channels, its most; Blosc gets the first difference in time.
"""

from __future__ import annotations

from functools import partial

from . import codecs
from .method import Method, of_bytes


def _wavpack(*level: str) -> Method:
    about = " ".join(level) or "no option"
    return Method(
        about, "wavpack", partial(codecs.wavpack_encode, level=level), codecs.wavpack_decode
    )


def _flac(level: int) -> Method:
    about = f"groups of {codecs.FLAC_CHANNELS} channels"
    return Method(about, "soundfile", partial(codecs.flac_encode, level=level), codecs.flac_decode)


PEERS = {
    "xz-9": of_bytes("lzma", lambda m, d: m.compress(d, preset=9), lambda m, d: m.decompress(d)),
    "zstd-19": of_bytes(
        "zstandard",
        lambda m, d: m.ZstdCompressor(level=19).compress(d),
        lambda m, d: m.ZstdDecompressor().decompress(d),
    ),
    "blosc-zstd9": Method(
        "bitshuffle, time delta",
        "numcodecs.blosc",
        codecs.blosc_encode,
        codecs.blosc_decode,
    ),
    "mtscomp": Method("chunks of 1 s", "mtscomp", codecs.mtscomp_encode, codecs.mtscomp_decode),
    "wavpack-1": _wavpack("-f"),
    "wavpack-2": _wavpack(),
    "wavpack-3": _wavpack("-h"),
    "wavpack-4": _wavpack("-hh"),
    "flac-5": _flac(5),
    "flac-8": _flac(8),
}
