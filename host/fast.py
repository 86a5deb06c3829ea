"""Encoder and decoder for the host: compiled by Numba where it is installed, else golden's.

Both give the same bytes and samples. The environment variable ``PROBECODEC_NO_NUMBA``, if it is
set to anything, forces golden's, which need no compiler.
"""

from __future__ import annotations

import os

from ..golden.config import EncoderConfig
from ..golden.decoder import Decoder
from ..golden.encoder import Encoder
from ..golden.highpass import Highpass
from ..golden.projection_config import ProjectionConfig

NO_NUMBA = "PROBECODEC_NO_NUMBA"


def encoder(config: EncoderConfig) -> Encoder:
    """Return the fastest encoder there is."""
    if _compiled():
        from .fast_encode import FastEncoder

        return FastEncoder(config)
    return Encoder(config)


def decoder(config: EncoderConfig) -> Decoder:
    """Return the fastest decoder there is."""
    if _compiled():
        from .fast_decode import FastDecoder

        return FastDecoder(config)
    return Decoder(config)


def highpass(config: ProjectionConfig) -> Highpass:
    """Return the fastest high-pass there is."""
    if _compiled():
        from .fast_projection import FastHighpass

        return FastHighpass(config)
    return Highpass(config)


def is_fast() -> bool:
    """Is Numba in use, or out of use because somebody wants it so?"""
    return bool(os.environ.get(NO_NUMBA)) or _compiled()


def _compiled() -> bool:
    """Can Numba be used? Also one that refuses this release of NumPy counts as missing."""
    if os.environ.get(NO_NUMBA):
        return False
    try:
        import numba  # noqa: F401
    except Exception:  # a broken one raises what it likes
        return False
    return True
