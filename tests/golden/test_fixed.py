"""Coder `fixed`: codes by hand, lengths, and the reference decoder's reading of them."""

import numpy as np
import pytest

from probecodec.golden import packer
from probecodec.golden.config import EncoderConfig
from probecodec.golden.fixed import Fixed
from probecodec.golden.format import Mode
from probecodec.golden.framer import words_to_bytes

ALL_WIDTHS = [(bits, w) for bits in range(8, 17) for w in range(2, bits + 1)]


def coder_of(sample_bits, fixed_bits):
    return Fixed(
        EncoderConfig(
            channels=2, sample_bits=sample_bits, fixed_bits=fixed_bits, modes=(Mode.FIXED,)
        )
    )


def test_codes_by_hand(written):
    symbols = np.array([[0, 255], [14, 15], [16, 255]])
    codes = coder_of(8, 4).encode(symbols, restart=False)
    assert written(codes) == [
        ["0000", "1111" "11111111"],
        ["1110", "1111" "00001111"],
        ["1111" "00010000", "1111" "11111111"],
    ]  # fmt: skip


def test_first_frame_of_a_restart_is_raw(written):
    symbols = np.array([[0, 255], [0, 255]])
    codes = coder_of(8, 4).encode(symbols, restart=True)
    assert written(codes) == [["00000000", "11111111"], ["0000", "1111" "11111111"]]  # fmt: skip


def test_full_width_has_no_escape(written):
    symbols = np.array([[0, 255], [254, 255]])
    codes = coder_of(8, 8).encode(symbols, restart=False)
    assert written(codes) == [["00000000", "11111111"], ["11111110", "11111111"]]


@pytest.mark.parametrize(("sample_bits", "fixed_bits"), ALL_WIDTHS)
def test_every_width(sample_bits, fixed_bits, reference):
    top, escape = 2**sample_bits - 1, 2**fixed_bits - 1
    near = [0, 1, escape - 1, escape, escape + 1, top - 1, top, top // 2]
    random = np.random.default_rng(fixed_bits).integers(0, top + 1, 40).tolist()
    symbols = [min(symbol, top) for symbol in near + random]
    coder = coder_of(sample_bits, fixed_bits)
    codes = coder.encode(np.array(symbols).reshape(-1, 2), restart=False)
    escaped = [fixed_bits < sample_bits and symbol >= escape for symbol in symbols]
    lengths = [fixed_bits + sample_bits * is_escaped for is_escaped in escaped]
    assert codes.length.ravel().tolist() == lengths

    payload = words_to_bytes(packer.encode(codes))
    bits = reference.Bits(payload)
    assert [reference.Stream().fixed(bits, fixed_bits, sample_bits) for _ in symbols] == symbols
    reader = packer.BitReader(payload)
    assert [coder.decode(reader, 0) for _ in symbols] == symbols
