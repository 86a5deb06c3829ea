"""Order of the channels in a frame, and which of them are neighbours.

A slot is a sample's place in its frame. A Neuropixels chip digitises channels side by side, one
from each converter at a time: its slots take, for each step, the channels 2n and 2n + 1 of every
pair of converters. Recordings and decoded samples are in channel order, whatever the slots.
(SpikeGLX metadata, ``~muxTbl`` and ``~snsGeomMap``, for probes of type 0 and 21.)
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .config import EncoderConfig
from .format import LMS_NEIGHBOURS, ORDER_STEPS, Order

# Where the sites are, in micrometres: those of one period in x, and the rise for every two sites.
_SITES = {Order.NP1: ((43, 11, 59, 27), 20), Order.NP2: ((27, 59), 15)}
_LATER_UM = 60  # by this much a site whose latest sample is a frame old counts as farther away


def channels(config: EncoderConfig) -> NDArray[np.int64]:
    """Return the channel in each slot, int64 (channels,)."""
    return _channels(config.order, config.channels)


def neighbours(config: EncoderConfig) -> NDArray[np.int64]:
    """Return each slot's neighbours, nearest first, as slots: int64 (channels, LMS_NEIGHBOURS).

    In sequential order they are the slots just before; ``config.channels`` stands for none. In a
    probe's own order they are the sites nearest on the shank.
    """
    return _neighbours(config.order, config.channels)


def sites(config: EncoderConfig) -> NDArray[np.int64] | None:
    """Return where each channel's site is, int64 (channels, 2), in micrometres; None if unknown."""
    if config.order == Order.SEQUENTIAL:
        return None
    across, rise = _SITES[config.order]
    channel = np.arange(config.channels)
    return np.stack([np.array(across)[channel % len(across)], channel // 2 * rise], axis=1)


@cache
def _channels(order: Order, count: int) -> NDArray[np.int64]:
    slots = np.arange(count)
    if order == Order.SEQUENTIAL:
        return slots
    steps = ORDER_STEPS[order]
    step, converter = np.divmod(slots, count // steps)
    channel: NDArray[np.int64] = 2 * steps * (converter // 2) + 2 * step + converter % 2
    return channel


@cache
def _neighbours(order: Order, count: int) -> NDArray[np.int64]:
    slots = np.arange(count)
    if order == Order.SEQUENTIAL:
        near = slots[:, np.newaxis] - np.arange(1, LMS_NEIGHBOURS + 1)
        return np.where(near < 0, count, near)
    channel = _channels(order, count)
    across, rise = _SITES[order]
    x, y = np.array(across)[channel % len(across)], channel // 2 * rise
    far = np.hypot(x - x[:, np.newaxis], y - y[:, np.newaxis])
    far += np.where(slots > slots[:, np.newaxis], _LATER_UM, 0)
    apart = np.abs(channel - channel[:, np.newaxis])
    np.fill_diagonal(far, np.inf)
    nearest: NDArray[np.int64] = np.lexsort(
        (np.broadcast_to(channel, far.shape), apart, far), axis=1
    )
    return nearest[:, :LMS_NEIGHBOURS]
