"""What the fast codec's kernels work on: tables, state, and room for a frame."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..golden import auxiliary, format, huffman, order
from ..golden.config import EncoderConfig

CLASS_SHIFT = 4  # in the table `classes`: bits of a length
_OWN, _NEAR = format.LMS_LAGS, format.LMS_NEIGHBOURS
# The kernels' features: a neighbour's latest difference, which may be of the frame that is being
# decoded, comes last.
_ORDER = np.r_[:_OWN, _OWN + _NEAR : format.LMS_FEATURES, _OWN : _OWN + _NEAR]


class Tables(NamedTuple):
    """What is worked out once for a configuration.

    Attributes
    ----------
    channels : uint32 (channels,)
        The channel in each slot.
    groups : int64 (groups, 2)
        Shift and count of the auxiliary bits behind the second code, the third ….
    places : uint32 (LMS_FEATURES, channels)
        Where each feature stands in the flat history.
    gears : int64 (gears,)
    codes : uint16 (tables, classes)
        Huffman codes: code << CLASS_SHIFT | length.
    given : int64 (N,)
        Mode PROJECTION: the measurement that is given in each frame of a window, or -1.
    classes : uint16 (tables, 2^HUFFMAN_ESCAPE_ZEROS)
        By the next bits: class << CLASS_SHIFT | length. An escape has a class past all others.
    """

    channels: NDArray[np.uint32]
    groups: NDArray[np.int64]
    places: NDArray[np.uint32]
    gears: NDArray[np.int64]
    given: NDArray[np.int64]
    codes: NDArray[np.uint16]
    classes: NDArray[np.uint16]

    @classmethod
    @lru_cache
    def of(cls, config: EncoderConfig) -> Tables:
        """Return those of ``config``; not to be changed."""
        return cls(
            order.channels(config).astype(np.uint32),
            np.array(auxiliary.groups(config), np.int64).reshape(-1, 2),
            _places(config),
            np.array(format.LMS_GEARS, np.int64),
            _given(config),
            *_huffman(),
        )


class State(NamedTuple):
    """What carries over from packet to packet, by slot; int32, the clock int64.

    Attributes
    ----------
    previous : (channels,)
        The last sample.
    sums : (modes, channels)
        Each coder's running mean.
    weights : (LMS_FEATURES, channels)
    history : (LMS_LAGS + 1, channels + 1)
        Differences, newest first; the last column stays zero, for no neighbour.
    clock : (3,)
        Frames since the restart, the first included; the auxiliary word; nothing was coded since
        the restart (in mode PROJECTION, whose first frames count only if they have codes).
    """

    previous: NDArray[np.int32]
    sums: NDArray[np.int32]
    weights: NDArray[np.int32]
    history: NDArray[np.int32]
    clock: NDArray[np.int64]

    @classmethod
    def of(cls, config: EncoderConfig) -> State:
        """Return the state after reset."""
        slots = config.channels
        state = cls(
            previous=np.zeros(slots, np.int32),
            sums=np.zeros((len(format.Mode), slots), np.int32),
            weights=np.zeros((format.LMS_FEATURES, slots), np.int32),
            history=np.zeros((format.LMS_LAGS + 1, slots + 1), np.int32),
            clock=np.zeros(3, np.int64),
        )
        for mode in format.Mode:
            state.restart(mode, config.symbol_bits(mode))
        return state

    def restart(self, mode: format.Mode, symbol_bits: int) -> None:
        """Forget the past; of the coders' means those of ``mode``. The auxiliary word stays."""
        self.previous[:] = 0
        rice = mode == format.Mode.RICE
        shift = format.RICE_MEAN_SHIFT if rice else format.HUFFMAN_MEAN_SHIFT
        self.sums[mode] = format.initial_mean(symbol_bits) << shift
        self.weights[:] = np.array(format.LMS_INITIAL)[_ORDER, np.newaxis]
        self.history[:] = 0
        self.clock[0], self.clock[2] = 0, 1

    def copy(self) -> State:
        """Return a copy that shares nothing."""
        return State(*(array.copy() for array in self))


class Rows(NamedTuple):
    """Room for one frame, int32 (channels,); of the features, (LMS_FEATURES, channels)."""

    symbols: NDArray[np.int32]
    bits: NDArray[np.int32]
    lengths: NDArray[np.int32]
    features: NDArray[np.int32]

    @classmethod
    def of(cls, config: EncoderConfig) -> Rows:
        """Return room for a frame of ``config``."""
        rows = np.zeros((3, config.channels), np.int32)
        return cls(*rows, np.zeros((format.LMS_FEATURES, config.channels), np.int32))


def _places(config: EncoderConfig) -> NDArray[np.uint32]:
    """Places in the flat history, whose row 0 is the frame that is being coded."""
    slots, row = np.arange(config.channels), config.channels + 1
    if format.Mode.ADAPTIVE in config.modes:
        near = order.neighbours(config).T
    else:  # only the predictor asks
        near = np.full((format.LMS_NEIGHBOURS, config.channels), config.channels)
    latest = near + np.where(near < slots, 0, row)
    own = [slots + row * lag for lag in range(1, _OWN + 1)]
    places = np.vstack([*own, latest[: format.LMS_NEIGHBOUR_LAGS] + row, latest])
    return places.astype(np.uint32, order="C")


def _given(config: EncoderConfig) -> NDArray[np.int64]:
    """``given`` of `Tables`."""
    matrix = config.projection
    if matrix is None:
        return np.zeros(1, np.int64)
    given = np.full(matrix.window, -1)
    given[list(matrix.given_frames)] = np.arange(matrix.measurements)
    return given


@cache
def _huffman() -> list[NDArray[np.uint16]]:
    """``codes`` and ``classes`` of `Tables`."""
    classes = np.arange(format.HUFFMAN_FAR + 1)
    place = (classes[:, np.newaxis] >= huffman.ENDS[:, np.newaxis, :-1]).sum(axis=2)
    codes = np.take_along_axis(huffman.BASES, place, axis=1) - classes
    room = format.HUFFMAN_ESCAPE_ZEROS - place - 1  # bits of the next code
    ahead = np.zeros((len(codes), 1 << format.HUFFMAN_ESCAPE_ZEROS), np.uint16)
    ahead[:] = format.HUFFMAN_FAR + 1 << CLASS_SHIFT
    for table, number in np.ndindex(codes.shape):
        first = codes[table, number] << room[table, number]
        last = first + (1 << room[table, number])
        ahead[table, first:last] = number << CLASS_SHIFT | place[table, number] + 1
    return [(codes << CLASS_SHIFT | place + 1).astype(np.uint16), ahead]
