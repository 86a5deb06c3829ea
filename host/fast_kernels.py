"""What the fast codec's encoder and decoder share: bit tricks and the adaptive predictor.

The kernels are compiled by Numba. Their stages are those of `probecodec.golden`, in its order, a
frame at a time: each works on rows of a frame, by slot, that stay in the processor's first cache.
Features and weights lie feature by feature, so that the compiler can turn all but the reading and
writing of bits into vector instructions.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from ..golden.format import (
    HUFFMAN_CAP_SHIFT,
    HUFFMAN_MEAN_SHIFT,
    HUFFMAN_OCTAVES,
    HUFFMAN_QUARTER_BITS,
    HUFFMAN_START_FRAMES,
    HUFFMAN_START_SHIFT,
    LMS_FRACTION_BITS,
    LMS_NEIGHBOURS,
    LMS_WEIGHT_BITS,
    WORD_BITS,
    Mode,
)
from ..golden.lms import TOP_BITS

FIXED, RICE, ADAPTIVE = int(Mode.FIXED), int(Mode.RICE), int(Mode.ADAPTIVE)
NOUGHT = np.int64(0)  # for a plain 0, what takes it would be compiled once more
U64 = np.uint64  # Numba makes floats of uint64 and int64 mixed

_PACKAGE = Path(__file__).parents[1]
_SOURCES = sorted([*_PACKAGE.glob("host/fast*.py"), *_PACKAGE.glob("golden/*.py")])


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` on first use, and keep the result where there is a folder for it.

    Numba names what it keeps by the function, and takes the date of its file alone as a sign of
    change; with a digest of all that is compiled in, another file's change is one too.
    """
    digest = zlib.crc32(b"".join(path.read_bytes() for path in _SOURCES))
    function.__qualname__ += f"_{digest:08x}"
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder that can be written to
        return njit(nogil=True)(function)


inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compile a function that only compiled ones call."""


@intrinsic
def leading_zeros(context, value):
    """Zeros above the highest one of a uint64; 64 for zero."""

    def build(context, builder, signature, arguments):
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), build


@inner
def log2(value):
    """floor(log2(value)) of a positive number."""
    return 63 - np.int64(leading_zeros(U64(value)))


@inner
def ahead(words, position):
    """The bits from ``position`` on, most significant first: 64, of which 33 at least hold."""
    at = position // WORD_BITS
    pair = U64(words[at]) << U64(WORD_BITS) | U64(words[at + 1])
    return pair << U64(position % WORD_BITS)


@inner
def take(window, count):
    """The first ``count`` bits, 0 … 63."""
    return np.int64(window >> U64(1) >> U64(63 - count))


@inner
def wrap(value, width):
    """`golden.delta.wrap`."""
    half = 1 << (width - 1)
    return np.int32((value + half & (1 << width) - 1) - half)


@inner
def choose(total):
    """The Huffman table and the number of raw bits; `golden.huffman.choose`."""
    total = max(total, 1 << HUFFMAN_MEAN_SHIFT)
    octave = log2(total)
    quarter = total >> (octave - HUFFMAN_QUARTER_BITS) & (1 << HUFFMAN_QUARTER_BITS) - 1
    step = min(octave - HUFFMAN_MEAN_SHIFT, HUFFMAN_OCTAVES - 1)
    raw = max(octave - HUFFMAN_MEAN_SHIFT - HUFFMAN_OCTAVES + 1, 0)
    return (step << HUFFMAN_QUARTER_BITS) + quarter, raw


@inner
def mean_shift(clock):
    """How fast the running mean moves; ``clock``: frames since the restart, the first included."""
    return HUFFMAN_START_SHIFT if clock <= HUFFMAN_START_FRAMES else HUFFMAN_MEAN_SHIFT


@inner
def learn_mean(total, symbol, shift):
    """The running sum after ``symbol``; `golden.huffman.Huffman`."""
    counted = min(symbol, total >> HUFFMAN_CAP_SHIFT | 1)
    return total + (counted << HUFFMAN_MEAN_SHIFT - shift) - (total >> shift)


@inner
def predict(state, tables, rows, width):
    """Make residuals of the differences in ``rows.symbols``; `golden.lms.Lms.encode`."""
    if state.clock[0] == 1:
        return
    differences, totals = rows.symbols, rows.bits
    _shift(state.history)
    for slot in range(differences.size):
        state.history[0, slot] = differences[slot]
        totals[slot] = 1 << (LMS_FRACTION_BITS - 1)
    _gather(state, tables, rows.features, len(rows.features), totals)
    for slot in range(differences.size):
        predicted = totals[slot] >> LMS_FRACTION_BITS
        differences[slot] = wrap(differences[slot] - predicted, width)
    _learn(state, tables, differences, rows.features, rows.lengths)


@inner
def restore(state, tables, rows, width):
    """Make differences of the residuals in ``rows.symbols``; the inverse of `predict`."""
    if state.clock[0] == 1:
        return
    residuals, totals = rows.symbols, rows.bits
    _shift(state.history)
    now, history = state.history[0], state.history.ravel()  # in ``now``, still the frame before
    for slot in range(totals.size):
        totals[slot] = 1 << (LMS_FRACTION_BITS - 1)
    first = len(rows.features) - LMS_NEIGHBOURS
    _gather(state, tables, rows.features, first, totals)
    for slot in range(residuals.size):
        total = np.int64(totals[slot])
        for feature in range(first, first + LMS_NEIGHBOURS):
            value = history[tables.places[feature, slot]]
            rows.features[feature, slot] = value
            total += state.weights[feature, slot] * value
        now[slot] = wrap(residuals[slot] + (total >> LMS_FRACTION_BITS), width)
    _learn(state, tables, residuals, rows.features, rows.lengths)
    for slot in range(residuals.size):
        residuals[slot] = now[slot]


@inner
def _shift(history):
    """Age the history by a frame; row 0 stays."""
    for lag in range(len(history) - 1, 0, -1):
        for slot in range(history.shape[1]):
            history[lag, slot] = history[lag - 1, slot]


@inner
def _gather(state, tables, features, count, totals):
    """Fetch the first ``count`` features, and add what they predict to ``totals``."""
    history = state.history.ravel()
    for feature in range(count):
        places, row, weights = tables.places[feature], features[feature], state.weights[feature]
        for slot in range(row.size):
            row[slot] = history[places[slot]]
        for slot in range(row.size):
            totals[slot] += weights[slot] * row[slot]


@inner
def _learn(state, tables, residuals, features, shifts):
    """Move the weights; ``shifts`` is room for a row."""
    gear = 0
    for age in tables.gears:
        gear += state.clock[0] <= age
    limit = 1 << (LMS_WEIGHT_BITS - 1)
    for slot in range(shifts.size):
        shifts[slot] = 0
    for feature in range(len(features)):
        row = features[feature]
        for slot in range(row.size):
            shifts[slot] |= row[slot] ^ row[slot] >> 31
    for slot in range(shifts.size):
        bits = log2(2 * shifts[slot] + 1)  # of the largest magnitude
        shifts[slot] = max(bits - TOP_BITS, 0)
    for feature in range(len(features)):
        row, weights = features[feature], state.weights[feature]
        for slot in range(row.size):
            level = np.int32(2 * (row[slot] >> (shifts[slot] & 31)) + 1)
            sign = np.int32(residuals[slot] > 0) - np.int32(residuals[slot] < 0)
            weight = np.int32(weights[slot] + (sign * level << gear))
            weights[slot] = min(max(weight, -limit), limit - 1)
