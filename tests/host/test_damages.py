"""What comes back of a damaged recording: all but the restarts that the damage hit.

Each damage tells which packets it hit; what must come back is then worked out packet by packet.
"""

from collections.abc import Callable
from itertools import accumulate
from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER
from probecodec.host import fast, open_capture
from probecodec.host.live import Listener
from probecodec.host.synthetic import synthesize

from .fuzz_cases import SYNC_BYTES, Sent, forge
from .fuzz_oracle import expected_gaps


class Recording(NamedTuple):
    """A recording and its packets, each with the restart that it builds on."""

    samples: np.ndarray
    aux: np.ndarray
    packets: list[Sent]
    restarts: list[int]

    @property
    def chunks(self) -> list[bytes]:
        """A packet each, with its metadata packet where it has one."""
        return [sent.metadata + sent.data for sent in self.packets]


class Damaged(NamedTuple):
    """Bytes, the packets that cannot be read in them, and can a `Listener` give the others?

    It waits for none that is late, and remembers some packets only.
    """

    data: bytes
    hit: set[int]
    live: bool = True


def record(config: EncoderConfig, samples: np.ndarray, aux: np.ndarray) -> Recording:
    """Encode a recording."""
    packets: list[Sent] = []
    number = start = 0
    for chunk in fast.encoder(config).packets(samples, aux):
        size = 72 if HEADER.unpack(chunk)["kind"] else 0  # a metadata packet comes first
        number += size > 0
        stop = min(start + config.packet_frames, len(samples))
        sent = Sent(chunk[size:], chunk[:size], number, start, stop, 0, size > 0)
        packets.append(sent)
        number, start = number + 1, stop
    marks = [n if sent.restart else 0 for n, sent in enumerate(packets)]
    return Recording(samples, aux, packets, list(accumulate(marks, max)))


def _places(rng: Random, chunks: list[bytes]) -> list[int]:
    """Three packets of different restarts, most likely; none the first or last."""
    return sorted(rng.sample(range(1, len(chunks) - 1), 3))


def _in_data(change: Callable[[Random, bytes], bytes]):
    """Damage three data packets somewhere in their bytes."""

    def damage(rng: Random, recording: Recording) -> Damaged:
        chunks, hit = recording.chunks, _places(rng, recording.chunks)
        for n in hit:
            sent = recording.packets[n]
            chunks[n] = sent.metadata + change(rng, sent.data)
        return Damaged(b"".join(chunks), set(hit))

    return damage


def _between(make: Callable[[Random, Recording], bytes]):
    """Put something between packets: nothing is hit."""

    def damage(rng: Random, recording: Recording) -> Damaged:
        chunks = recording.chunks
        for n in _places(rng, chunks):
            chunks[n] = make(rng, recording) + chunks[n]
        return Damaged(b"".join(chunks), set())

    return damage


def _flip(rng: Random, data: bytes, bits: int = 1) -> bytes:
    damaged = bytearray(data)
    for bit in rng.sample(range(8 * len(data)), bits):
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _burst(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) - 500)
    return data[:at] + rng.randbytes(500) + data[at + 500 :]


def _cut(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(1, len(data) - 3)
    return data[:at] + data[at + rng.randint(1, 3) :]


def _insert(what: Callable[[Random], bytes]):
    def change(rng: Random, data: bytes) -> bytes:
        at = rng.randrange(1, len(data))
        return data[:at] + what(rng) + data[at:]

    return change


def _spoil(packet: bytes) -> bytes:
    return packet[:-1] + bytes([packet[-1] ^ 1])


def _any(rng: Random, recording: Recording) -> bytes:
    return rng.choice(recording.packets).data


def _lost(rng: Random, recording: Recording, count: int = 1) -> Damaged:
    first = rng.randrange(1, len(recording.packets) - count)
    hit = set(range(first, first + count))
    return Damaged(b"".join(c for n, c in enumerate(recording.chunks) if n not in hit), hit)


def _restart_lost(rng: Random, recording: Recording) -> Damaged:
    restarts = sorted(set(recording.restarts))
    hit = {rng.choice(restarts[1:])}
    return Damaged(b"".join(c for n, c in enumerate(recording.chunks) if n not in hit), hit)


def _metadata_lost(rng: Random, recording: Recording) -> Damaged:
    return Damaged(b"".join(sent.data for sent in recording.packets), set())


def _twice(rng: Random, recording: Recording) -> Damaged:
    chunks = recording.chunks
    for n in _places(rng, chunks):
        chunks.insert(rng.randrange(n + 1, len(chunks)), recording.packets[n].data)
    return Damaged(b"".join(chunks), set())


def _repeated(rng: Random, recording: Recording) -> Damaged:
    return Damaged(2 * b"".join(recording.chunks), set(), live=False)


def _shuffled(rng: Random, recording: Recording, window: int = 16) -> Damaged:
    """By less than a window; the first packet stays the first."""
    places = [n + rng.random() * window * (n > 0) for n in range(len(recording.packets))]
    order = sorted(range(len(places)), key=places.__getitem__)
    return Damaged(b"".join(recording.chunks[n] for n in order), set(), live=False)


def _begin_missing(rng: Random, recording: Recording) -> Damaged:
    n = rng.randrange(1, len(recording.chunks) // 2)
    cut = b"".join(recording.chunks[n:])[rng.randrange(73, 100) :]
    return Damaged(cut, set(range(n + 1)))


def _end_missing(rng: Random, recording: Recording) -> Damaged:
    n = rng.randrange(len(recording.chunks) // 2, len(recording.chunks))
    cut = b"".join(recording.chunks[: n + 1])[: -rng.randrange(1, 40)]
    return Damaged(cut, set(range(n, len(recording.chunks))))


DAMAGES: dict[str, Callable[[Random, Recording], Damaged]] = {
    "1 bit flipped in each of 3 packets": _in_data(_flip),
    "50 bits flipped in each of 3 packets": _in_data(lambda rng, data: _flip(rng, data, 50)),
    "burst of 500 bytes in 3 packets": _in_data(_burst),
    "1 to 3 bytes missing in 3 packets": _in_data(_cut),
    "garbage inserted in 3 packets": _in_data(_insert(lambda rng: rng.randbytes(99))),
    "sync words inserted in 3 packets": _in_data(_insert(lambda _: SYNC_BYTES * 5)),
    "garbage between packets": _between(lambda rng, _: rng.randbytes(rng.randint(1, 999))),
    "sync words between packets": _between(lambda *_: SYNC_BYTES * 5),
    "headers without packets": _between(lambda rng, recording: _any(rng, recording)[: HEADER.size]),
    "packets of another version": _between(lambda *them: forge(_any(*them), version=2)),
    "packets in an unknown mode": _between(lambda *them: forge(_any(*them), mode=9)),
    "packets whose check is wrong": _between(lambda *them: _spoil(forge(_any(*them), frames=1))),
    "1 packet lost": _lost,
    "5 packets lost": lambda rng, recording: _lost(rng, recording, 5),
    "restart lost": _restart_lost,
    "all metadata lost": _metadata_lost,
    "3 packets twice": _twice,
    "whole capture twice": _repeated,
    "order shuffled within 16 packets": _shuffled,
    "begin missing": _begin_missing,
    "end missing": _end_missing,
}


class Outcome(NamedTuple):
    """Frames of restarts that were hit; of the others, and those of them that came back."""

    hit: int
    others: int
    recovered: int
    lost: int
    waiting: int
    exact: bool


def survey(recording: Recording, kind: str, seed: int) -> Outcome:
    """Damage ``recording`` and read it; raise where a sample is wrong."""
    damaged = DAMAGES[kind](Random(seed), recording)
    packets, restarts = recording.packets, recording.restarts
    kept = [n for n in range(len(packets)) if n not in damaged.hit]
    groups = {restarts[n] for n in damaged.hit}
    outside = np.zeros(len(recording.samples), bool)
    for n, sent in enumerate(packets):
        outside[sent.start : sent.stop] = restarts[n] not in groups
    with open_capture(damaged.data, fill="zero") as capture:
        (segment,) = capture.segments
        found, first = segment.select(slice(None)), segment.first_frame
        held, span = segment.held(), slice(first, first + len(segment))
        gaps, cuts = segment.gaps, (span.start, span.stop)
    np.testing.assert_array_equal(found.samples[held], recording.samples[span][held])
    np.testing.assert_array_equal(found.aux[held], recording.aux[span][held])
    expected = expected_gaps([packets[n] for n in kept])
    exact = gaps == expected and cuts == (packets[kept[0]].start, packets[kept[-1]].stop)
    if damaged.live:
        listener = Listener()
        arrivals = [*listener.feed(damaged.data), *listener.finish()]
        for one in arrivals:
            rows = slice(one.start, one.start + len(one.aux))
            np.testing.assert_array_equal(one.samples, recording.samples[rows])
        exact &= sum(len(one.aux) for one in arrivals) == int(held.sum())
    causes = {cause: sum(b - a for a, b, c in gaps if c == cause) for *_, cause in gaps}
    return Outcome(
        hit=int((~outside).sum()),
        others=int(outside.sum()),
        recovered=int((held & outside[span]).sum()),
        lost=sum(n for cause, n in causes.items() if cause.name == "LOST"),
        waiting=sum(n for cause, n in causes.items() if cause.name == "WAITING"),
        exact=exact,
    )


@pytest.fixture(scope="module")
def recording():
    config = EncoderConfig.preset(
        "adaptive", channels=32, sample_bits=10, aux_bits=16, packet_frames=60, restart_interval=8
    )
    made = synthesize("np1", frames=4000, channels=32)
    return record(config, made.samples, made.aux)


@pytest.mark.parametrize("kind", DAMAGES)
def test_all_but_what_was_hit_comes_back(kind, recording):
    for seed in range(5):
        outcome = survey(recording, kind, seed)
        assert outcome.exact
        assert outcome.recovered == outcome.others
