"""A scripted sample source for the gate, and what the gate makes of it."""

from typing import NamedTuple

import numpy as np


class Seen(NamedTuple):
    """A packet out of the gate.

    Attributes
    ----------
    frames : range
        Numbers of the whole frames in it; starts with its first frame, be that whole or not.
    end : str
        "full", "early" (by a slot without a sample) or "open" (not ended).
    restart : bool
    stray : int
        Samples of a broken frame behind the whole ones.
    mode : int
    """

    frames: range
    end: str = "full"
    restart: bool = False
    stray: int = 0
    mode: int = 0


class Report(NamedTuple):
    """What the gate tells at ``resume``."""

    dropped: int
    overrun: bool = False
    misframe: bool = False
    short_frames: int = 0


class Source:
    """Collects the gate's inputs cycle by cycle.

    A sample's value numbers it: frame × channels + channel. Inputs that must not matter are
    garbage.
    """

    def __init__(self, config):
        self.config = config
        self.begun = 0
        self._cycles = []
        self._random = np.random.default_rng(9)
        self._controls = {
            "enable": 1,
            "mode": 0,
            "restart_interval": config.restart_interval,
            "room": 1,
            "drained": 0,
        }

    def set(self, **controls):
        """Set control inputs from the next cycle on."""
        self._controls |= controls
        return self

    def cycle(self, **inputs):
        """Add one cycle; by default without a sample."""
        half = 1 << (self.config.sample_bits - 1)
        garbage = {
            "value": self._random.integers(-half, half),
            "first": self._random.integers(2),
            "aux": self._random.integers(1 << self.config.aux_bits),
        }
        self._cycles.append(garbage | {"valid": 0} | self._controls | inputs)
        return self

    def idle(self, cycles=1):
        """Add cycles without a sample."""
        for _ in range(cycles):
            self.cycle()
        return self

    def frame(self, samples=None, aux=0, gaps=lambda: 0, start=0):
        """Add a frame, or its samples from ``start`` up to ``samples``; ``gaps()`` idle between."""
        stop = self.config.channels if samples is None else samples
        self.begun += start == 0
        for channel in range(start, stop):
            self.idle(gaps())
            inputs = {"aux": aux} if channel == 0 else {}
            value = (self.begun - 1) * self.config.channels + channel
            self.cycle(valid=1, first=int(channel == 0), value=value, **inputs)
        return self

    def stray(self, samples=1):
        """Add samples that belong to no frame."""
        for _ in range(samples):
            self.cycle(valid=1, first=0)
        return self

    def frames(self, count):
        """Add whole frames, one sample per cycle."""
        for _ in range(count):
            self.frame()
        return self

    def inputs(self, aux):
        """Return each input's value in each cycle; ``aux``: whether the gate has that member."""
        names = set(self._cycles[0]) - (set() if aux else {"aux"})
        return {name: np.array([cycle[name] for cycle in self._cycles]) for name in names}


def play(harness, gate, source):
    """Run the source; return (packets, reports, all members seen), the slots checked one by one."""
    source.idle(4)  # for the latest counts to show
    config = source.config
    watch = ("o.valid", "o.payload", "resume", "dropped", "overrun", "misframe", "short_frames")
    inputs = source.inputs(config.aux_bits > 0)
    seen = harness.simulate(gate, inputs, watch + (("word",) if config.aux_bits else ()))
    cycles = np.flatnonzero(seen["o.valid"])
    slots = harness.unpack(gate.o.payload.shape(), seen["o.payload"][cycles])

    # Exact latency: a slot's sample is the source's one cycle before.
    present = slots["present"] == 1
    assert inputs["valid"][cycles - gate.LATENCY][present].all()
    values = slots["value"][present]
    np.testing.assert_array_equal(values, inputs["value"][cycles - gate.LATENCY][present])
    np.testing.assert_array_equal(slots["channel"][present], values % config.channels)

    packets, start = [], 0
    ends = [*(np.flatnonzero(slots["end"]) + 1).tolist(), len(cycles)]
    for stop in ends:
        if start < stop:
            packet = {name: column[start:stop].tolist() for name, column in slots.items()}
            packets.append(_packet(config, packet))
        start = stop
    reports, before = [], 0
    for cycle in np.flatnonzero(seen["resume"]):
        dropped, overrun, misframe = (int(seen[name][cycle]) for name in Report._fields[:-1])
        assert seen["dropped"][cycle + 1] == dropped, "the framer takes its halves one by one"
        short_frames = int(seen["short_frames"][cycle - 1])
        reports.append(Report(dropped - before, overrun, misframe, short_frames))
        before = dropped
    return packets, reports, seen


def _packet(config, slots):
    """Return one packet, the consistency of its slots checked."""
    early = not slots["present"][-1]
    assert all(slots["present"][:-1])
    assert len(set(slots["mode"])) == 1
    restart = bool(slots["raw"][0])
    samples = slots["value"][: -1 if early else None]
    whole, stray = divmod(len(samples), config.channels)
    raw = [restart and n < config.channels for n in range(len(samples))]
    assert slots["raw"][: len(samples)] == raw
    first = samples[0] // config.channels
    number = first * config.channels
    assert samples == list(range(number, number + len(samples)))
    end = "early" if early else "full" if slots["end"][-1] else "open"
    assert (whole == config.packet_frames and not stray) == (end == "full")
    return Seen(range(first, first + whole), end, restart, stray, slots["mode"][0])
