"""Mode PROJECTION for the fast codec: windows to measurements, and their codes both ways."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..golden.format import WORD_BITS, Mode
from ..golden.highpass import Highpass
from .fast_decode import GOOD, PAST, WIDE, auxiliary_bits, read
from .fast_encode import auxiliary, huffman, pack
from .fast_kernels import NOUGHT, U64, kernel, mean_shift

_PROJECTION = int(Mode.PROJECTION)


@kernel
def measure(samples, channels, columns, given, highpass, shift, means, sums, fresh, rows):
    """Fill ``rows`` with the measurements of ``samples``; see `golden.measurer.Measurer`.

    Parameters
    ----------
    samples : int64 (frames, channels)
    channels : uint32 (channels,)
        The channel in each slot.
    columns : int32 (N, M, channels)
        The matrices, by slot.
    given : int64 (N,)
        The measurement that is given in each frame, or -1.
    highpass, shift : int
    means : int64 (channels,)
        The state of the high-pass, by slot.
    sums : int32 (M, channels)
        Room for the accumulators.
    fresh : bool
    rows : int32 (rows, channels)
    """
    values = np.empty(samples.shape[1], np.int32)
    count = 0
    for frame in range(len(samples)):
        place = frame % len(columns)
        if place == 0:
            sums[:] = 0
        for slot in range(values.size):
            sample = samples[frame, channels[slot]]
            if highpass:
                if fresh and frame == 0:
                    means[slot] = sample << highpass
                sample -= means[slot] >> highpass
                means[slot] += sample
            values[slot] = sample
        for k in range(len(sums)):
            row, column = sums[k], columns[place, k]
            for slot in range(values.size):
                row[slot] += column[slot] * values[slot]
        if given[place] >= 0:
            for slot in range(values.size):
                rows[count, slot] = sums[given[place], slot] >> shift
            count += 1


@kernel
def encode_rows(measured, given, aux, restart, width, state, tables, rows, channel_bits, words):
    """Encode a payload of measurements into ``words``; return how many they are.

    ``measured``: int32 (rows, channels); the others as in `fast_encode`.
    """
    count, pending, fill, row = NOUGHT, U64(0), NOUGHT, 0
    for frame in range(len(aux)):
        coded = given[frame % len(given)] >= 0
        if coded:
            state.clock[0] += 1
            for slot in range(rows.symbols.size):
                value = measured[row, slot]
                rows.symbols[slot] = value << 1 ^ value >> 31  # zigzag
            row += 1
            if state.clock[2]:
                for slot in range(rows.symbols.size):
                    rows.bits[slot], rows.lengths[slot] = rows.symbols[slot], width
                state.clock[2] = 0
            else:
                shift = mean_shift(state.clock[0])
                huffman(rows, width, state.sums[_PROJECTION], tables, shift)
        else:
            for slot in range(rows.symbols.size):
                rows.bits[slot] = rows.lengths[slot] = 0
        if len(tables.groups):
            first = restart and frame == 0
            auxiliary(rows, aux[frame], first or aux[frame] != state.clock[1], tables.groups)
            state.clock[1] = aux[frame]
        for slot in range(rows.symbols.size):
            channel_bits[tables.channels[slot]] += rows.lengths[slot]
        count, pending, fill = pack(rows, words, count, pending, fill)
    if fill or (count == 0 and len(aux)):
        words[count] = pending << U64(WORD_BITS - fill) if fill else 0
        count += 1
    return count


@kernel
def decode_rows(words, bits, width, given, state, tables, rows, measured, aux):
    """Decode a payload of measurements; return what was found, and in which frame.

    ``words`` as in `fast_decode`; ``measured``, int32 (rows, channels), and ``aux``, (frames,), are
    filled.
    """
    position, row = NOUGHT, 0
    for frame in range(len(aux)):
        if given[frame % len(given)] < 0:
            position = auxiliary_bits(words, position, state, tables)
        else:
            state.clock[0] += 1
            raw = state.clock[2] > 0
            position = read(words, position, _PROJECTION, raw, width, 0, state, tables, rows)
            state.clock[2] = 0
        if position > bits:
            return PAST, frame
        if given[frame % len(given)] >= 0:
            symbols, union = rows.symbols, 0
            for slot in range(symbols.size):
                union |= symbols[slot]
                measured[row, tables.channels[slot]] = symbols[slot] >> 1 ^ -(symbols[slot] & 1)
            if union >> width:
                return WIDE, frame
            row += 1
        aux[frame] = state.clock[1]
    return GOOD, 0


class FastHighpass(Highpass):
    """`golden.highpass.Highpass`, number for number."""

    def encode(self, samples: NDArray[np.integer]) -> NDArray[np.int32]:  # type: ignore[override]
        """Return ``samples``, (frames, channels), without their means."""
        values = np.empty(samples.shape, np.int32)
        if self._fresh and len(samples):
            self.means = samples[0].astype(np.int64) << self.shift
            self._fresh = False
        _without_means(np.ascontiguousarray(samples), self.shift, self.means, values)
        return values


@kernel
def _without_means(samples, shift, means, values):
    for frame in range(len(samples)):
        for channel in range(means.size):
            value = samples[frame, channel] - (means[channel] >> shift)
            means[channel] += value
            values[frame, channel] = value
