"""A short run of the fuzzer, and proof that its oracle sees faults of the readers."""

import pytest

from probecodec.golden.format import HEADER, TRAILER
from probecodec.host import blocks, fast, index, planner, reader, scanner
from probecodec.host.timeline import Cause, add_gap

from . import fuzz
from .fuzz_cases import make_pool
from .fuzz_damage import BY_BYTES, BY_PACKETS, make_case

SEED = 7
CASES = 1000
STEP, STEPS = 50, 12  # cases in which a fault must be seen


@pytest.fixture(scope="module")
def pool():
    return fuzz.ready_pool(SEED)


def test_any_damage(pool, tmp_path):
    result = fuzz.run_cases(pool, SEED, range(CASES), tmp_path)
    assert not result.failures, result.failures[0].error
    assert set(result.kinds) == {*BY_PACKETS, *BY_BYTES}
    assert result.outcomes["in part"] > CASES / 2


def test_the_pool_has_everything(pool):
    runs = [run for case in pool for run in case.runs]
    assert {len(case.runs) for case in pool} == {1, 2}
    assert len({mode for run in runs for mode in run.config.modes}) == 5
    assert len({run.config.order for run in runs}) == 3
    assert {run.paused for run in runs} == {False, True}
    assert any(run.packets[-1].number >= 1 << 16 for run in runs)
    assert any(sent.start == sent.stop for run in runs for sent in run.packets)


def test_a_number_stands_for_the_same_bytes(pool):
    again = make_pool(SEED)
    for number in range(20):
        first, second = (make_case(each, SEED, number) for each in (pool, again))
        assert (first.data, first.kinds) == (second.data, second.kinds)


def any_trailer(self, search, final):
    """The first whose length fits, whatever its check."""
    begin = search.start - self._base + HEADER.size
    extension = search.header["extension"]
    for word in range(extension, (len(self._data) - begin) // 4 - 1):
        at = begin + 4 * word
        if TRAILER.unpack(self._data[at : at + TRAILER.size])["payload_words"] == word - extension:
            return self._base + at
    return None


def any_header(raw):
    """Whatever its check."""
    return HEADER.unpack(raw) if len(raw) == HEADER.size else None


def step_over_damage(damage):
    """Search on some way behind what is damaged."""

    def skip(self, sentence):
        damage(self, sentence)
        self._at += 64

    return skip


def no_waiting_gaps(gaps, gap):
    if gap.cause != Cause.WAITING:
        add_gap(gaps, gap)


def no_drops(gaps, gap):
    add_gap(gaps, gap._replace(cause=Cause.LOST))


class Inexact:
    """A decoder whose last sample of a packet is wrong in one bit."""

    def __init__(self, decoder):
        self._decoder = decoder

    def payload(self, data, frames, mode, restart):
        samples, aux = self._decoder.payload(data, frames, mode, restart)
        samples[-1:, -1] ^= 1
        return samples, aux


SCANNER = scanner.Scanner


def in_one_bit(windows_of):
    """Measurements of which the last is wrong in one bit."""

    def inexact(packet, rows, aux):
        windows = windows_of(packet, rows, aux)
        windows.values[-1:, -1, -1] ^= 1
        return windows

    return inexact


FAULTS = {  # what is patched; and what the oracle says
    "packet check ignored": (SCANNER, "_trailer", any_trailer, "not sent"),
    "header check ignored": (scanner, "read_header", any_header, ""),
    "damage skipped too far": (SCANNER, "_damage", step_over_damage(SCANNER._damage), "decoded"),
    "packets wait for nothing": (planner, "_goes_on", lambda *_: True, ""),
    "waiting is no gap": (planner, "add_gap", no_waiting_gaps, ""),
    "drops are losses": (planner, "add_gap", no_drops, "gaps are"),
    "never put in order": (index, "_REORDER_WINDOW", 0, ""),
    "only one block read": (reader, "overlapping_blocks", lambda blocks, *_: blocks[:1], "sample"),
    "a measurement in one bit": (
        blocks,
        "windows_of",
        in_one_bit(blocks.windows_of),
        "not measurements that were sent",
    ),
    "no measurements": (
        reader,
        "overlapping_blocks",
        lambda blocks, *_: [],
        "not of the frames that are told",
    ),
    "a sample in one bit": (
        fast,
        "decoder",
        lambda config, new=fast.decoder: Inexact(new(config)),
        "sent",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_oracle_sees(fault, pool, monkeypatch):
    place, name, mutant, says = FAULTS[fault]
    monkeypatch.setattr(place, name, mutant)
    errors = []
    for first in range(0, STEP * STEPS, STEP):
        result = fuzz.run_cases(pool, SEED, range(first, first + STEP))
        errors += [failure.error.strip().splitlines()[-1] for failure in result.failures]
        if any("Wrong: " in error and says in error for error in errors):
            return
    pytest.fail(f"not seen: {errors}")


def test_a_reader_that_hangs(pool, monkeypatch):
    def forever(self):
        while True:
            pass

    monkeypatch.setattr(SCANNER, "finish", forever)
    monkeypatch.setattr(fuzz, "_CASE_SECONDS", 0.1)
    (failure,) = fuzz.run_cases(pool, SEED, range(1)).failures
    assert "TooSlow: more than 0.1 s" in failure.error
