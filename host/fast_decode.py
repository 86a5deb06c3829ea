"""The fast decoder: golden's decoder, with payloads read by compiled code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from ..golden.decoder import Decoder
from ..golden.format import (
    HUFFMAN_ESCAPE_ZEROS,
    HUFFMAN_FAR,
    HUFFMAN_NEAR_BITS,
    RICE_ESCAPE_ZEROS,
    RICE_MEAN_SHIFT,
    WORD_BYTES,
    Mode,
)
from .fast_kernels import (
    ADAPTIVE,
    FIXED,
    NOUGHT,
    RICE,
    U64,
    ahead,
    choose,
    inner,
    kernel,
    leading_zeros,
    learn_mean,
    log2,
    mean_shift,
    restore,
    take,
    wrap,
)
from .fast_state import CLASS_SHIFT, Rows, State, Tables

GOOD, PAST, WIDE = range(3)
_SENTENCES = {PAST: "the codes run past the payload", WIDE: "a symbol is wider than a sample"}
_MAX_READ_WORDS = 2  # more than any code and its auxiliary bits, sound or not


class FastDecoder(Decoder):
    """`golden.decoder.Decoder`, sample for sample, at tens of millions of samples a second.

    Parameters and state are the same.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self._tables, self._rows = Tables.of(config), Rows.of(config)
        self._state = State.of(config)

    def payload(
        self, data: bytes | memoryview, frames: int, mode: Mode, restart: bool
    ) -> tuple[NDArray[np.int16] | NDArray[np.int32], NDArray[np.uint16]]:
        """Return a data packet's samples (frames, channels), or measurements, and auxiliary words.

        Raises ``ValueError`` as golden does; the state is then that before the call.
        """
        config = self.config
        if mode not in config.modes:
            raise KeyError(mode)
        state = self._state.copy()
        if restart:
            state.restart(mode, config.symbol_bits(mode))
        aux = np.empty(frames, np.uint16)
        words = _padded(data, _MAX_READ_WORDS * (config.channels + 1))
        if mode == Mode.PROJECTION:
            return self._rows_of(words, 8 * len(data), state, aux), aux
        samples = np.empty((frames, config.channels), np.int16)
        found, frame = _decode(
            words,
            8 * len(data),
            int(mode),
            bool(restart),
            config.sample_bits,
            config.fixed_bits,
            state,
            self._tables,
            self._rows,
            samples,
            aux,
        )
        self._settle(found, frame, state)
        return samples, aux

    def _rows_of(
        self, words: NDArray[np.uint32], bits: int, state: State, aux: NDArray[np.uint16]
    ) -> NDArray[np.int32]:
        """Return a payload's measurements, int32 (rows, channels), and fill ``aux``."""
        from .fast_projection import decode_rows

        matrix = self.config.projection
        assert matrix is not None
        measured = np.empty((matrix.rows(len(aux)), self.config.channels), np.int32)
        found, frame = decode_rows(
            words,
            bits,
            matrix.code_bits,
            self._tables.given,
            state,
            self._tables,
            self._rows,
            measured,
            aux,
        )
        self._settle(found, frame, state)
        return measured

    def _settle(self, found: int, frame: int, state: State) -> None:
        """Take ``state`` over, unless something was found."""
        if found != GOOD:
            raise ValueError(f"{_SENTENCES[found]} in frame {frame}")
        self._state = state


def _padded(data: bytes | memoryview, words: int) -> NDArray[np.uint32]:
    """``data`` as words, and as many zero words more."""
    padded = np.zeros(len(data) + -len(data) % WORD_BYTES + WORD_BYTES * words, np.uint8)
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    return padded.view(">u4").astype(np.uint32)


@kernel
def _decode(words, bits, mode, restart, width, fixed_bits, state, tables, rows, samples, aux):
    """Decode a payload of ``bits`` bits; return what was found, and in which frame.

    Behind them ``words`` holds zeros for a whole frame: where a frame ends is checked behind it.
    """
    position = NOUGHT
    for frame in range(len(samples)):
        raw = restart and frame == 0
        state.clock[0] += 1
        position = read(words, position, mode, raw, width, fixed_bits, state, tables, rows)
        if position > bits:
            return PAST, frame
        symbols, union = rows.symbols, 0
        for slot in range(symbols.size):
            union |= symbols[slot]
            symbols[slot] = symbols[slot] >> 1 ^ -(symbols[slot] & 1)  # zigzag
        if union >> width:
            return WIDE, frame
        if mode == ADAPTIVE:
            restore(state, tables, rows, width)
        for slot in range(symbols.size):
            sample = wrap(state.previous[slot] + symbols[slot], width)
            state.previous[slot] = sample
            samples[frame, tables.channels[slot]] = sample
        aux[frame] = state.clock[1]
    return GOOD, 0


@inner
def read(words, position, mode, raw, width, fixed_bits, state, tables, rows):
    """Read a frame's symbols and auxiliary bits; return the position behind them."""
    symbols, sums = rows.symbols, state.sums[mode]
    groups, changed, start = len(tables.groups), False, NOUGHT
    while start < symbols.size:
        rider = groups > 0 and (start == 0 or (changed and start <= groups))
        stop = start + 1 if rider else symbols.size  # codes with nothing between them
        if raw or mode == FIXED:
            size = width if raw else fixed_bits
            position = _fixed(words, position, symbols, start, stop, width, size)
        elif mode == RICE:
            position = _rice(words, position, symbols, start, stop, width, sums)
        else:
            shift = mean_shift(state.clock[0])
            classes = tables.classes
            position = _huffman(words, position, symbols, start, stop, width, sums, classes, shift)
        if rider and start == 0:
            changed = take(ahead(words, position), 1) == 1
            position += 1
        elif rider:
            shift, size = tables.groups[start - 1]
            word = take(ahead(words, position), size)
            state.clock[1] = state.clock[1] & ~((1 << size) - 1 << shift) | word << shift
            position += size
        start = stop
    return position


@inner
def auxiliary_bits(words, position, state, tables):
    """Read the auxiliary bits of a frame without codes; return the position behind them."""
    if len(tables.groups) == 0:
        return position
    changed = take(ahead(words, position), 1) == 1
    position += 1
    for group in range(len(tables.groups) if changed else 0):
        shift, size = tables.groups[group]
        word = take(ahead(words, position), size)
        state.clock[1] = state.clock[1] & ~((1 << size) - 1 << shift) | word << shift
        position += size
    return position


@inner
def _fixed(words, position, symbols, start, stop, width, fixed_bits):
    escape = (1 << fixed_bits) - 1 if fixed_bits < width else 1 << width
    for slot in range(start, stop):
        window = ahead(words, position)
        symbol = take(window, fixed_bits)
        position += fixed_bits
        if symbol == escape:
            symbol = take(window << U64(fixed_bits), width)
            position += width
        symbols[slot] = symbol
    return position


@inner
def _rice(words, position, symbols, start, stop, width, sums):
    for slot in range(start, stop):
        mean = sums[slot] >> RICE_MEAN_SHIFT
        k = log2(mean | 1)
        window = ahead(words, position)
        quotient = np.int64(leading_zeros(window))
        if quotient >= RICE_ESCAPE_ZEROS:
            symbol = take(window << U64(RICE_ESCAPE_ZEROS), width)
            position += RICE_ESCAPE_ZEROS + width
        else:
            symbol = quotient << k | take(window << U64(quotient + 1), k)
            position += quotient + 1 + k
        symbols[slot] = symbol
        sums[slot] += symbol - mean
    return position


@inner
def _huffman(words, position, symbols, start, stop, width, sums, classes, shift):
    for slot in range(start, stop):
        total = np.int64(sums[slot])
        table, raw = choose(total)
        window = ahead(words, position)
        entry = np.int64(classes[table, take(window, HUFFMAN_ESCAPE_ZEROS)])
        number, length = entry >> CLASS_SHIFT, entry & (1 << CLASS_SHIFT) - 1
        if number >= HUFFMAN_FAR:
            if number == HUFFMAN_FAR:
                number, raw = 1, raw + HUFFMAN_NEAR_BITS
            else:
                number, length, raw = 0, HUFFMAN_ESCAPE_ZEROS, width
        symbol = number << raw | take(window << U64(length), raw)
        position += length + raw
        symbols[slot] = symbol
        sums[slot] = learn_mean(total, symbol, shift)
    return position
