"""Recordings through the whole encoder, and the packets that come out."""

from typing import NamedTuple

import numpy as np

from probecodec.golden.format import HEADER, TRAILER, Kind
from probecodec.golden.registers import register_map


class Packet(NamedTuple):
    """A packet off the link."""

    header: dict
    payload: bytes
    trailer: dict


class Capture(NamedTuple):
    """What came out of the link.

    Attributes
    ----------
    data : bytes
    packets : list of Packet
    sent, received : array
        Cycles in which a sample came and a word left.
    rdata : array
        ``reg_rdata`` in every cycle.
    watched : dict
        Further signals in every cycle.
    """

    data: bytes
    packets: list
    sent: np.ndarray
    received: np.ndarray
    rdata: np.ndarray
    watched: dict

    @property
    def data_packets(self):
        """The packets that are not metadata."""
        return [packet for packet in self.packets if packet.header["kind"] == Kind.DATA]

    def dropped(self, frames):
        """Return which of ``frames`` frames no data packet holds."""
        mask = np.ones(frames, bool)
        for packet in self.data_packets:
            start = packet.header["frame_index"]
            mask[start : start + packet.trailer["frames"]] = False
        return mask


def sample_inputs(config, frames, aux, cycles, count):
    """Return the sample inputs in each of ``count`` cycles; garbage where there is no sample."""
    starts = np.cumsum([0, *(len(frame) for frame in frames)])[:-1]
    random = np.random.default_rng(14)
    half = 1 << (config.sample_bits - 1)
    inputs = {
        "sample_valid": np.zeros(count, int),
        "sample_first": random.integers(2, size=count),
        "sample_value": random.integers(-half, half, count),
    }
    inputs["sample_valid"][cycles] = 1
    inputs["sample_first"][cycles] = np.isin(np.arange(len(cycles)), starts)
    inputs["sample_value"][cycles] = np.concatenate(frames)
    if config.aux_bits:
        inputs["sample_aux"] = random.integers(1 << config.aux_bits, size=count)
        inputs["sample_aux"][cycles[starts]] = aux
    return inputs


def register_inputs(config, accesses, count):
    """Return the register inputs: ``accesses`` maps a cycle to (register, value or None)."""
    inputs = {name: np.zeros(count, int) for name in ("reg_address", "reg_write", "reg_wdata")}
    for cycle, (name, value) in accesses.items():
        inputs["reg_address"][cycle] = register_map(config)[name].address
        inputs["reg_write"][cycle] = value is not None
        inputs["reg_wdata"][cycle] = value or 0
    return inputs


def ready(kind, cycles):
    """Return whether the link is ready in each cycle; ``kind`` may say so itself."""
    if isinstance(kind, np.ndarray):
        return kind
    random = np.random.default_rng(15)
    if kind == "always":
        return np.ones(cycles, int)
    if kind == "mostly":
        return (random.random(cycles) < 0.8).astype(int)
    on, off = random.integers(20, 120, cycles), random.integers(60, 420, cycles)  # "seldom"
    turns = np.repeat(np.tile([1, 0], cycles), np.stack([on, off], axis=1).ravel())[:cycles]
    return turns & (random.random(cycles) < 0.9)


def record(
    harness, encoder, frames, aux=None, *, config, idle="none", link="always", cycles=None,
    registers=None, reset_after=0, watch=(),
):  # fmt: skip
    """Run frames through the encoder, then end the packet and drain.

    Parameters
    ----------
    frames : array (frames, channels), or list of arrays
        Samples; a list may hold frames that are too short or too long.
    cycles : array, optional
        The cycle of every sample, instead of ``idle``.
    registers : dict, optional
        Cycle to (register, value written, or None to read).
    reset_after : int
        Cycles of other samples, then a reset, before all this.
    watch : tuple of str
        Further members of the encoder to record.
    """
    sent = harness.schedule(sum(map(len, frames)), idle) if cycles is None else cycles
    end = int(sent[-1]) + 1
    tail = 2 * config.fifo_words + 150
    drive = sample_inputs(config, frames, aux, sent, end + tail)
    accesses = {end: ("control", 0)} | (registers or {})
    drive |= register_inputs(config, accesses, end + tail)
    drive["link_ready"] = np.append(ready(link, end), np.ones(tail, int))
    reset = None
    if reset_after:
        before = reset_after + 2
        drive = {name: np.append(values[7 : 7 + before], values) for name, values in drive.items()}
        reset = np.isin(np.arange(before + end + tail), (before - 2, before - 1)).astype(int)
    link_side = ("link_valid", "link_ready", "link_data", "link_last")
    seen = harness.simulate(encoder, drive, (*link_side, "reg_rdata", *watch), reset)
    if reset_after:
        assert seen["link_valid"][:before].any()
        seen = {name: values[before:] for name, values in seen.items()}
    return _capture(seen, sent, watch)


def _capture(seen, sent, watch):
    """Return the capture; assert that a word on the link waits unchanged."""
    valid, word = seen["link_valid"] == 1, seen["link_data"] << 1 | seen["link_last"]
    taken = valid & (seen["link_ready"] == 1)
    waits = (valid & ~taken)[:-1]
    assert valid[1:][waits].all()
    np.testing.assert_array_equal(word[1:][waits], word[:-1][waits])
    received = np.flatnonzero(taken)
    data = seen["link_data"][received].astype(">u4").tobytes()
    ends = 4 * (np.flatnonzero(seen["link_last"][received]) + 1)
    assert ends[-1] == len(data)
    watched = {name: seen[name] for name in watch}
    return Capture(data, list(split(data, ends)), sent, received, seen["reg_rdata"], watched)


def split(data, ends):
    """Yield the packets that end at the positions ``ends``."""
    start = 0
    for end in ends.tolist():
        payload = data[start + HEADER.size : end - TRAILER.size]
        header, trailer = HEADER.unpack(data[start:]), TRAILER.unpack(data[end - TRAILER.size :])
        yield Packet(header, payload, trailer)
        start = end
