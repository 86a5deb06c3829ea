"""FIFO: every word once, in order, whatever the writer and the reader do."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.hdl.fifo import Fifo

CONFIG = EncoderConfig(channels=8, fifo_words=64)
CYCLES = 600
MEMBERS = ("o.valid", "o.payload.bits", "stored", "empty")


def play(harness, writes, ready):
    """Write 1, 2, … where ``writes``; return the members, and the words taken."""
    numbers = np.where(writes, np.cumsum(writes), 0xDEAD)
    drive = {"i.valid": writes, "i.payload.bits": numbers, "o.ready": ready}
    seen = harness.simulate(Fifo(CONFIG), drive, MEMBERS)
    taken = seen["o.payload.bits"][(seen["o.valid"] & ready).astype(bool)]
    return seen, taken


@pytest.mark.parametrize("seed", range(4))
def test_every_word_once_in_order(harness, seed):
    """The writer stays below ``stored`` + 1, as the gate sees to it."""
    random = np.random.default_rng(seed)
    ready = (random.random(CYCLES) < 0.5).astype(int)
    ready[180:300] = 0
    writes = (random.random(CYCLES) < 0.45).astype(int)
    writes[290:300] = 0
    ready[500:], writes[500:] = 1, 0
    seen, taken = play(harness, writes, ready)
    assert seen["stored"].max() > CONFIG.fifo_words // 2
    assert taken.tolist() == list(range(1, writes.sum() + 1))
    assert seen["empty"][-1] and not seen["stored"][-1]


def test_full(harness):
    """As many words as the memory holds but one, and the two on their way out, are kept."""
    writes = (np.arange(CYCLES) < CONFIG.fifo_words + 1).astype(int)
    ready = (np.arange(CYCLES) >= 200).astype(int)
    seen, taken = play(harness, writes, ready)
    assert seen["stored"].max() == CONFIG.fifo_words - 1
    assert taken.tolist() == list(range(1, CONFIG.fifo_words + 2))


def test_latency_and_one_word_per_cycle(harness):
    writes = ((np.arange(CYCLES) >= 5) & (np.arange(CYCLES) < 300)).astype(int)
    seen, _ = play(harness, writes, np.ones(CYCLES, int))
    valid = np.flatnonzero(seen["o.valid"])
    assert valid.tolist() == list(range(5 + Fifo.LATENCY, 300 + Fifo.LATENCY))
    assert seen["stored"].max() == 1


def test_a_word_waits_unchanged(harness):
    writes = (np.arange(CYCLES) < 9).astype(int)
    seen, _ = play(harness, writes, np.zeros(CYCLES, int))
    assert set(seen["o.payload.bits"][Fifo.LATENCY :]) == {1}
    assert not seen["empty"][1:].any()
