"""The fast encoder: golden's packets, with payloads from compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..golden import projection
from ..golden.config import EncoderConfig
from ..golden.encoder import Encoder
from ..golden.format import (
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_NEAR_BITS,
    RICE_ESCAPE_ZEROS,
    RICE_MEAN_SHIFT,
    WORD_BITS,
    Mode,
)
from ..golden.framer import words_to_bytes
from .fast_kernels import (
    ADAPTIVE,
    FIXED,
    NOUGHT,
    RICE,
    U64,
    choose,
    inner,
    kernel,
    learn_mean,
    log2,
    mean_shift,
    predict,
    wrap,
)
from .fast_state import CLASS_SHIFT, Rows, State, Tables


class FastEncoder(Encoder):
    """`golden.encoder.Encoder`, byte for byte, at tens of millions of samples a second.

    Parameters
    ----------
    config : EncoderConfig

    Attributes
    ----------
    channel_bits : int64 (channels,)
        Payload bits so far, by channel.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self._tables, self._rows = Tables.of(config), Rows.of(config)
        self._state = State.of(config)
        self._words = np.empty(0, np.uint32)
        self._columns: NDArray[np.int32] | None = None
        self._means = np.zeros(config.channels, np.int64)  # of the high-pass

    def _payload(self, samples: NDArray[np.int64], aux: NDArray[np.int64], restart: bool) -> bytes:
        config = self.config
        if restart:
            self._state.restart(self._mode, config.symbol_bits(self._mode))
        room = len(samples) * config.max_frame_words + 1
        if len(self._words) < room:
            self._words = np.empty(room, np.uint32)
        if self._mode == Mode.PROJECTION:
            return self._project(samples, aux, restart)
        count = _encode(
            np.ascontiguousarray(samples, np.int64),
            np.ascontiguousarray(aux, np.int64),
            int(self._mode),
            restart,
            config.sample_bits,
            config.fixed_bits,
            self._state,
            self._tables,
            self._rows,
            self.channel_bits,
            self._words,
        )
        return words_to_bytes(self._words[:count])

    def _project(self, samples: NDArray[np.int64], aux: NDArray[np.int64], restart: bool) -> bytes:
        """Return a payload of measurements."""
        from .fast_projection import encode_rows, measure

        matrix = self.config.projection
        assert matrix is not None
        if self._columns is None:
            columns = projection.matrix(matrix).transpose(2, 1, 0)
            self._columns = np.ascontiguousarray(columns, np.int32)
        rows = np.empty((matrix.rows(len(samples)), matrix.channels), np.int32)
        measure(
            np.ascontiguousarray(samples, np.int64),
            self._tables.channels,
            self._columns,
            self._tables.given,
            matrix.highpass_shift,
            matrix.shift,
            self._means,
            np.empty((matrix.measurements, matrix.channels), np.int32),
            self._fresh,
            rows,
        )
        count = encode_rows(
            rows,
            self._tables.given,
            np.ascontiguousarray(aux, np.int64),
            restart,
            matrix.code_bits,
            self._state,
            self._tables,
            self._rows,
            self.channel_bits,
            self._words,
        )
        return words_to_bytes(self._words[:count])


@kernel
def _encode(
    samples, aux, mode, restart, width, fixed_bits, state, tables, rows, channel_bits, words
):
    """Encode a payload into ``words``; return how many they are.

    ``words``, uint32, has room for the longest payload and one word more.
    """
    count, pending, fill = NOUGHT, U64(0), NOUGHT
    for frame in range(len(samples)):
        raw = restart and frame == 0
        state.clock[0] += 1
        for slot in range(samples.shape[1]):
            sample = samples[frame, tables.channels[slot]]
            rows.symbols[slot] = wrap(sample - state.previous[slot], width)
            state.previous[slot] = sample
        if mode == ADAPTIVE:
            predict(state, tables, rows, width)
        for slot in range(samples.shape[1]):
            rows.symbols[slot] = rows.symbols[slot] << 1 ^ rows.symbols[slot] >> 31  # zigzag
        if raw:
            for slot in range(samples.shape[1]):
                rows.bits[slot], rows.lengths[slot] = rows.symbols[slot], width
        elif mode == FIXED:
            _fixed(rows, width, fixed_bits)
        elif mode == RICE:
            _rice(rows, width, state.sums[mode])
        else:
            huffman(rows, width, state.sums[mode], tables, mean_shift(state.clock[0]))
        if len(tables.groups):
            auxiliary(rows, aux[frame], raw or aux[frame] != state.clock[1], tables.groups)
            state.clock[1] = aux[frame]
        for slot in range(samples.shape[1]):
            channel_bits[tables.channels[slot]] += rows.lengths[slot]
        count, pending, fill = pack(rows, words, count, pending, fill)
    if fill:
        words[count] = pending << U64(WORD_BITS - fill)
        count += 1
    return count


@inner
def _fixed(rows, width, fixed_bits):
    escape = (1 << fixed_bits) - 1 if fixed_bits < width else 1 << width
    for slot in range(rows.symbols.size):
        symbol = rows.symbols[slot]
        escaped = symbol >= escape
        rows.bits[slot] = escape << width | symbol if escaped else symbol
        rows.lengths[slot] = fixed_bits + width if escaped else fixed_bits


@inner
def _rice(rows, width, sums):
    for slot in range(rows.symbols.size):
        symbol = rows.symbols[slot]
        mean = sums[slot] >> RICE_MEAN_SHIFT
        sums[slot] += symbol - mean
        k = log2(mean | 1)
        quotient = symbol >> k
        escaped = quotient >= RICE_ESCAPE_ZEROS
        rows.bits[slot] = symbol if escaped else 1 << k | symbol & (1 << k) - 1
        rows.lengths[slot] = RICE_ESCAPE_ZEROS + width if escaped else quotient + 1 + k


@inner
def huffman(rows, width, sums, tables, shift):
    for slot in range(rows.symbols.size):
        symbol, total = rows.symbols[slot], np.int64(sums[slot])
        table, raw = choose(total)
        sums[slot] = learn_mean(total, symbol, shift)
        number = symbol >> raw
        escaped = number >= 2 * HUFFMAN_FAR
        if number >= HUFFMAN_FAR:
            number, raw = HUFFMAN_FAR, raw + HUFFMAN_NEAR_BITS
        entry = np.int64(tables.codes[table, number])
        code, length = entry >> CLASS_SHIFT, entry & (1 << CLASS_SHIFT) - 1
        if escaped:
            code, length, raw = 0, HUFFMAN_ESCAPE_ZEROS, width
        rows.bits[slot] = code << raw | symbol & (1 << raw) - 1
        rows.lengths[slot] = length + raw


@inner
def auxiliary(rows, word, changed, groups):
    rows.bits[0] = rows.bits[0] << 1 | changed
    rows.lengths[0] += 1
    for group in range(len(groups) if changed else 0):
        shift, size = groups[group]
        rows.bits[group + 1] = rows.bits[group + 1] << size | word >> shift & (1 << size) - 1
        rows.lengths[group + 1] += size


@inner
def pack(rows, words, count, pending, fill):
    """Append the codes; the last ``fill`` < 32 bits of ``pending`` are no whole word yet."""
    for slot in range(rows.bits.size):
        length = np.int64(rows.lengths[slot])
        pending = pending << U64(length) | U64(rows.bits[slot] & (1 << WORD_BITS) - 1)
        fill += length
        words[count] = pending >> U64(fill - WORD_BITS & 63)  # kept only if it is whole
        count += fill // WORD_BITS
        fill %= WORD_BITS
    return count, pending, fill
