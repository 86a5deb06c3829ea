"""What a reader may and must make of a damaged capture; shares no code with the readers.

It knows every packet that was sent, and finds by plain search which of them are whole.
"""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np

from probecodec.host.timeline import Cause, Gap

from .fuzz_cases import Case, Run, Sent

_MOST_SAMPLES_PER_BYTE = 8 * 101  # one bit each, and a hundred times as many in gaps


class Wrong(AssertionError):
    """A reader did what it must not."""


def require(fact: object, sentence: str) -> None:
    if not fact:
        raise Wrong(sentence)


class Whole:
    """What is whole of one run in a capture.

    Attributes
    ----------
    places : dict of int to list of int
        By packet, the bytes where it stands.
    firsts : list of (int, int)
        The first place, and the number, of every packet, metadata packets included.
    spans : list of (int, int)
        Where each of them begins and ends, metadata packets and copies included.
    span : (int, int)
        The first place of any of them, and the last.
    chained : list of int
        Packets that stand, one behind the other, behind their restart.
    """

    def __init__(self, run: Run, data: bytes) -> None:
        self.run = run
        self.places: dict[int, list[int]] = {}
        self.firsts: list[tuple[int, int]] = []
        self.spans: list[tuple[int, int]] = []
        for n, sent in enumerate(run.packets):
            if places := _find(data, sent.data):
                self.places[n] = places
                self.firsts.append((places[0], sent.number))
                self.spans += [(place, place + len(sent.data)) for place in places]
            if sent.metadata and (places := _find(data, sent.metadata)):
                self.firsts.append((places[0], sent.number - 1))
                self.spans += [(place, place + len(sent.metadata)) for place in places]
        self.span = min(self.spans, default=(0, 0))[0], max(self.spans, default=(0, 0))[0]
        chained: set[int] = set()
        for n, places in self.places.items():
            if not run.packets[n].restart:
                continue
            for place in places:
                at = n
                while place in self.places.get(at, ()):
                    chained.add(at)
                    place += len(run.packets[at].data)
                    at += 1
        self.chained = sorted(chained)

    def disturbs(self, other: Whole) -> bool:
        """Is it mixed with ``other``, of the same stream, or before it but not steady?"""
        numbers = [number for _, number in sorted(self.firsts)]
        steady = all(b == a + 1 for a, b in itertools.pairwise(numbers))
        before = self.span[0] < other.span[0]
        return (self.span[1] > other.span[0] and self.span[0] < other.span[1]) or (
            before and not steady
        )

    @property
    def once(self) -> bool:
        """Is no packet there twice?"""
        return all(len(places) == 1 for places in self.places.values())

    @property
    def sent(self) -> list[Sent]:
        """The packets that are whole, as they were sent."""
        return [self.run.packets[n] for n in sorted(self.places)]


def _find(data: bytes, packet: bytes) -> list[int]:
    places, at = [], data.find(packet)
    while at >= 0:
        places.append(at)
        at = data.find(packet, at + 1)
    return places


def expected_gaps(kept: list[Sent]) -> list[Gap]:
    """The gaps when of a run just the packets ``kept`` arrive."""
    gaps: list[Gap] = []

    def add(start: int, stop: int, cause: Cause) -> None:
        if start == stop:
            return
        if gaps and gaps[-1].stop == start and gaps[-1].cause == cause:
            start = gaps.pop().start
        gaps.append(Gap(start, stop, cause))

    before, chained = kept[0], False
    for sent in kept:
        if sent is not before:
            dropped = sent.drops - before.drops
            add(before.stop, sent.start - dropped, Cause.LOST)
            add(sent.start - dropped, sent.start, Cause.DROPPED)
        chained = sent.restart or (chained and sent.number == before.number + 1)
        if not chained:
            add(sent.start, sent.stop, Cause.WAITING)
        elif sent.windows is not None:
            add(sent.start, sent.stop, Cause.PROJECTED)
        before = sent
    return gaps


def _projected(gaps: list[Gap]) -> list[int]:
    """The frames that are told to have come as measurements."""
    spans = [range(gap.start, gap.stop) for gap in gaps if gap.cause == Cause.PROJECTED]
    return [frame for frames in spans for frame in frames]


def _is_of(run: Run, sent: Sent, piece) -> bool:
    """Are the measurements of ``piece`` those of ``sent``?"""
    if sent.windows is None or (piece.start, len(piece.aux)) != (
        sent.start,
        sent.stop - sent.start,
    ):
        return False
    words = run.words[sent.start - run.first : sent.stop - run.first]
    return (
        np.array_equal(piece.values, sent.windows)
        and np.array_equal(piece.aux, words)
        and piece.matrix.extension == run.config.projection.extension
    )


class Oracle:
    """Judges what readers give for one case."""

    def __init__(self, case: Case) -> None:
        self.data = bytes(case.data)
        self.poisoned = case.poisoned
        self.runs = [Whole(run, self.data) for run in case.runs]
        self.by_shape: dict[tuple[int, ...], list[Whole]] = defaultdict(list)
        for whole in self.runs:
            self.by_shape[whole.run.shape].append(whole)
        # A packet that lost its last byte is whole where the next one's first is the same.
        spans = sorted(span for whole in self.runs for span in whole.spans)
        self.overlap = any(a[1] > b[0] for a, b in itertools.pairwise(spans))

    def exact(self, whole: Whole, *, in_order: bool = False) -> bool:
        """Are the gaps of a run known exactly?

        They are if it is alone in its stream, no packet is there twice, and none comes before the
        first: then the others can be put in order.
        """
        numbers = [number for _, number in sorted(whole.firsts)]
        ordered = numbers == sorted(numbers) if in_order else numbers[:1] == [min(numbers)]
        return (
            not (self.poisoned or self.overlap or whole.run.paused)
            and not self._beside(whole)
            and ordered
            and whole.once
            and any(sent.stop > sent.start for sent in whole.sent[:1])
        )

    def _beside(self, whole: Whole) -> list[Whole]:
        """Other runs of the same stream."""
        stream_id = whole.run.config.stream_id
        return [
            other
            for other in self.runs
            if other is not whole and other.firsts and other.run.config.stream_id == stream_id
        ]

    def judge(self, segments: list) -> None:
        """Check every frame of what `open_capture` gave; ``segments`` hold their arrays."""
        total = sum(segment.samples.size for segment in segments)
        require(total <= _MOST_SAMPLES_PER_BYTE * len(self.data), f"{total} samples: too many")
        decoded: set[tuple[int, int]] = set()
        for segment in segments:
            held = self._timeline(segment)
            if not self.poisoned:
                self._samples(segment, held, decoded)
                for piece in segment.windows:
                    self._windows(segment.shape, piece, decoded)
        if not self.poisoned:
            self._all_there(decoded)
            for whole in self.runs:
                if whole.firsts and whole.places and self.exact(whole):
                    self._gaps(whole, segments)

    def _timeline(self, segment) -> np.ndarray:
        """Gaps are in order, and joined where they can be; tell which frames are in none."""
        held = np.ones(len(segment.samples), bool)
        require(len(held) == segment.frames == len(segment.aux), "frames and samples differ")
        end, before = segment.first, None
        for start, stop, cause in segment.gaps:
            require(end <= start < stop <= segment.first + len(held), "a gap out of place")
            require(isinstance(cause, Cause), "a gap without a cause")
            require((start, cause) != (end, before), "two gaps that are one")
            held[start - segment.first : stop - segment.first] = False
            end, before = stop, cause
        measured = [range(piece.start, piece.start + len(piece.aux)) for piece in segment.windows]
        require(
            [frame for frames in measured for frame in frames] == _projected(segment.gaps),
            "measurements are not of the frames that are told to be measured",
        )
        return held

    def _samples(self, segment, held: np.ndarray, decoded: set[tuple[int, int]]) -> None:
        """Every frame is zero in a gap; else it came in a whole packet, and is as it was sent."""
        got = np.empty((len(held), segment.shape[1] + 1), np.int32)
        got[:, :-1], got[:, -1] = segment.samples, segment.aux
        require(not got[~held].any(), "a sample in a gap")
        told = ~held
        for whole in self.by_shape.get(segment.shape, ()):
            run = whole.run
            low = max(segment.first, run.first)
            high = min(segment.first + len(held), run.first + len(run.truth))
            if low >= high:
                continue
            rows = slice(low - segment.first, high - segment.first)
            same = (got[rows] == run.truth[low - run.first : high - run.first]).all(axis=1)
            same &= held[rows]
            for n in whole.places:
                sent = run.packets[n]
                inside = low <= sent.start and sent.stop <= high
                if inside and same[sent.start - low : sent.stop - low].all():
                    told[sent.start - segment.first : sent.stop - segment.first] = True
                    decoded.add((id(run), n))
        if not told.all():
            frame = segment.first + int(np.argmin(told))
            raise Wrong(f"stream {segment.shape[0]}, frame {frame}: not a sample that was sent")

    def _windows(self, shape: tuple[int, ...], piece, decoded: set[tuple[int, int]]) -> None:
        """Measurements came in a whole packet, and are as they were sent."""
        for whole in self.by_shape.get(shape, ()):
            for n in whole.places:
                if _is_of(whole.run, whole.run.packets[n], piece):
                    decoded.add((id(whole.run), n))
                    return
        raise Wrong(f"stream {shape[0]}, frame {piece.start}: not measurements that were sent")

    def _all_there(self, decoded: set[tuple[int, int]]) -> None:
        """Nothing that could be decoded was thrown away.

        Two runs of one stream may be confused where they are mixed, or where packets that wait for
        a late one are followed by a run whose numbers fit.
        """
        for whole in () if self.overlap else self.runs:
            if any(other.disturbs(whole) for other in self._beside(whole)):
                continue
            for n in whole.chained:
                sent = whole.run.packets[n]
                require(
                    sent.start == sent.stop or (id(whole.run), n) in decoded,
                    f"frames {sent.start} to {sent.stop - 1} of stream "
                    f"{whole.run.config.stream_id} are whole, but were not decoded",
                )

    def _gaps(self, whole: Whole, segments: list) -> None:
        """Just the frames lost, dropped, or without their restart are missing."""
        kept = whole.sent
        mine = [one for one in segments if one.shape[0] == whole.run.config.stream_id]
        require(len(mine) == 1, f"{len(mine)} segments, not one")
        (segment,) = mine
        span = segment.first, segment.first + segment.frames
        require(span == (kept[0].start, kept[-1].stop), f"frames {span} are not those sent")
        gaps = expected_gaps(kept)
        require(segment.gaps == gaps, f"gaps are {segment.gaps}, not {gaps}")

    def judge_arrivals(self, arrivals: list, segments: list) -> None:
        """Check what a `Listener` gave, and the timelines it has then."""
        counts: dict[int, int] = defaultdict(int)
        decoded: set[tuple[int, int]] = set()
        sent_at: dict[tuple[tuple[int, ...], int, int], list[tuple[Whole, int]]] = defaultdict(list)
        for whole in self.runs:
            for n in whole.places:
                sent = whole.run.packets[n]
                sent_at[whole.run.shape, sent.start, sent.stop].append((whole, n))
        measured: dict[int, int] = defaultdict(int)
        for shape, segment, start, samples, aux, windows in arrivals:
            if windows is not None:
                require(len(samples) == 0 and windows.start == start, "samples and measurements")
                measured[id(segment)] += len(aux)
                if not self.poisoned:
                    self._windows(shape, windows, decoded)
                continue
            counts[id(segment)] += len(aux)
            for whole, n in () if self.poisoned else sent_at[shape, start, start + len(aux)]:
                truth = whole.run.truth[start - whole.run.first :][: len(aux)]
                if (samples == truth[:, :-1]).all() and (aux == truth[:, -1]).all():
                    decoded.add((id(whole.run), n))
                    break
            else:
                require(self.poisoned, f"frame {start} arrives with samples that were not sent")
        for segment in segments:
            held = segment.frames - segment.missing
            require(counts[id(segment)] == held, f"{held} frames outside gaps, but others arrived")
            told = len(_projected(segment.gaps))
            require(measured[id(segment)] == told, f"{told} frames measured, but others arrived")
        if not self.poisoned:
            self._all_there(decoded)
