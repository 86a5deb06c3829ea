"""Which stages each mode has between its residuals and its codes."""

from __future__ import annotations

from .config import EncoderConfig
from .fixed import Fixed
from .format import Mode
from .huffman import Huffman
from .lms import Lms
from .rice import Rice


def coder(config: EncoderConfig, mode: Mode) -> Fixed | Rice | Huffman:
    """Return the coder of ``mode``."""
    if mode == Mode.FIXED:
        return Fixed(config)
    if mode == Mode.RICE:
        return Rice(config)
    return Huffman(config, config.symbol_bits(mode))


def predictors(config: EncoderConfig) -> dict[Mode, Lms]:
    """Return what comes between delta and zigzag, in the modes that have it."""
    return {mode: Lms(config) for mode in config.modes if mode == Mode.ADAPTIVE}
