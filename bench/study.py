"""The lossless methods of a published study, and what it proposed and did not do.

The study is Antin and Degleris, 2019; its figures are in ``published.toml``. What it proposed
follows its own best way: 8 bits a value, outliers aside, bzip2. So only a predictor or a transform
differs from ``diff8-bzip2``. Its wavelet stays int16 and bzip2.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from . import predictors
from .differences import accumulate, difference, pack, unpack
from .method import Method, Samples, of_bytes
from .wavelets import CHANNEL_LEVELS, FRAME_LEVELS, HAAR, LEGALL, inverse, transform

_PAST, _NEIGHBOURS = 4, 4  # of 2, 4 and 8 within 0.2 % of the smallest, over six recordings

Change = Callable[[Samples], Samples]


def _aside(about: str, forward: Change, back: Change, bits: int = predictors.BITS) -> Method:
    """Keep what ``forward`` makes in ``bits`` bits a sample, outliers aside."""
    return Method(
        f"{about}, {bits} bits, outliers aside",
        "numpy",
        lambda samples, rate_hz: pack(forward(samples), bits),
        lambda blobs, shape: back(unpack(blobs, bits, shape)),
    )


def _differences(bits: int, order: int = 1) -> Method:
    about = f"differences of order {order}"
    return _aside(about, partial(difference, order=order), partial(accumulate, order=order), bits)


def _legall(channel_levels: int) -> Method:
    settings = {"wavelet": LEGALL, "channel_levels": channel_levels}
    about = f"5/3, {FRAME_LEVELS} levels in time"
    about += f", {channel_levels} over channels" if channel_levels else ""
    return _aside(about, partial(transform, **settings), partial(inverse, **settings))


def _predicted(past: int, neighbours: int) -> Method:
    settings = {"past": past, "neighbours": neighbours}
    about = f"{past} own samples" if past else "differences of order 1"
    about += f", {neighbours} lower channels" if neighbours else ""
    about += ", fitted to the whole recording (looks ahead)"
    return Method(
        f"{about}, {predictors.BITS} bits, outliers aside",
        "numpy",
        partial(predictors.encode, **settings),
        partial(predictors.decode, **settings),
    )


def _bzip2(method: Method) -> Method:
    """Put bzip2 behind a method, on each blob."""
    return replace(
        method,
        about=f"{method.about}, bzip2-9",
        needs="bz2",
        encode=lambda samples, rate_hz: [
            bz2.compress(blob, 9) for blob in method.encode(samples, rate_hz)
        ],
        decode=lambda blobs, shape: method.decode([bz2.decompress(blob) for blob in blobs], shape),
    )


_HAAR = Method(
    f"S-transform, {FRAME_LEVELS} levels, int16",
    "numpy",
    lambda samples, rate_hz: [transform(samples, HAAR).astype("<i2").tobytes()],
    lambda blobs, shape: inverse(np.frombuffer(blobs[0], "<i2").reshape(shape), HAAR),
)

STUDY: dict[str, Method] = {
    "raw": of_bytes("numpy", lambda _, data: data, lambda _, data: bytearray(data)),
    "gzip-6": of_bytes(
        "gzip", lambda m, d: m.compress(d, 6, mtime=0), lambda m, d: m.decompress(d)
    ),
    "bzip2-9": of_bytes("bz2", lambda m, d: m.compress(d, 9), lambda m, d: m.decompress(d)),
    **{f"diff{bits}-bzip2": _bzip2(_differences(bits)) for bits in (4, 6, 8)},
    **{f"diff{bits}": _differences(bits) for bits in (4, 6, 8)},
    "haar-bzip2": _bzip2(_HAAR),
}

PROPOSED: dict[str, Method] = {
    "diff2-bzip2": _bzip2(_differences(8, order=2)),
    "lpc-bzip2": _bzip2(_predicted(_PAST, 0)),
    "neighbours-bzip2": _bzip2(_predicted(0, _NEIGHBOURS)),
    "lpc-neighbours-bzip2": _bzip2(_predicted(_PAST, _NEIGHBOURS)),
    "legall-bzip2": _bzip2(_legall(0)),
    "legall-2d-bzip2": _bzip2(_legall(CHANNEL_LEVELS)),
}
