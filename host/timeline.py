"""The timeline of a capture: which packets can be decoded; which frames are missing, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import HEADER, Kind, Mode, Order
from .packets import Damage, Packet

_MAX_FILL = 1 << 31  # samples: 4 GiB
_MAX_FILL_RATIO = 100
_SEQUENCE_WRAP = 1 << HEADER.fields["sequence"]
_DROP_COUNT_WRAP = 1 << HEADER.fields["drop_count"]


class Cause(StrEnum):
    """Why frames are missing."""

    DROPPED = "dropped at the source"
    LOST = "lost or damaged in the capture"
    WAITING = "waits for a restart"  # the packet is intact, but one that it builds on is not


class Gap(NamedTuple):
    """Frames ``start`` to ``stop`` - 1 are missing."""

    start: int
    stop: int
    cause: Cause


class Metadata(NamedTuple):
    """What a metadata packet tells; units as in `EncoderConfig`."""

    rate_hz: float
    lsb_uv: float
    probe: str
    packet_frames: int
    restart_interval: int


@dataclass(kw_only=True)
class Outline:
    """One run of a source, from its reset or the capture's begin on; its samples not decoded yet.

    Attributes
    ----------
    stream_id : int
    first_frame : int
        The first frame captured; what came before is no gap.
    frames : int
        From the first to the last, gaps included.
    config : EncoderConfig
        The configuration of the core that sent it, as far as its packets tell.
    metadata : Metadata or None
        None where no metadata packet was found.
    gaps : list of Gap
        In order; where two touch, their causes differ. Where a jump is partly frames that the
        source dropped and partly lost packets, the lost stand first: the totals are exact, their
        order is not known.
    gaps_before : list of Gap
        Between the stream's segment before and this one, where they are too large to be filled.
    chains : list of list of Packet
        The packets that can be decoded. A chain has no hole and begins with a restart, or goes on
        from the last chain of its stream's segment before.
    packets, held, size : int
        Intact data packets, the frames in them, and their bytes with the metadata packets'.
    """

    stream_id: int
    first_frame: int
    frames: int = 0
    config: EncoderConfig
    metadata: Metadata | None = None
    gaps: list[Gap] = field(default_factory=list)
    gaps_before: list[Gap] = field(default_factory=list)
    chains: list[list[Packet]] = field(default_factory=list, repr=False)
    packets: int = 0
    held: int = 0
    size: int = 0

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in use."""
        return self.config.modes

    @property
    def missing(self) -> int:
        """Frames in gaps."""
        return sum(gap.stop - gap.start for gap in self.gaps)


@dataclass
class Timeline:
    """All that the packets of a capture tell.

    Attributes
    ----------
    segments : list of Outline
        In capture order. A restart whose counters run backwards, or of another shape, begins one:
        the source was reset or exchanged. So does a jump too large to be filled with zeros: more
        than 2^31 samples, or than 100 times those that the stream's packets hold, all its jumps
        together.
    refused : list of Damage
        Packets of another shape (channels, widths) than their segment.
    duplicates : int
        Copies of packets that were decodable before; ignored.
    out_of_order : int
        Packets whose counters run backwards without a restart; ignored.
    """

    segments: list[Outline] = field(default_factory=list)
    refused: list[Damage] = field(default_factory=list)
    duplicates: int = 0
    out_of_order: int = 0


def plan(packets: Iterable[Packet]) -> Timeline:
    """Sort ``packets``, in capture order, into segments and chains."""
    packets = list(packets)
    held: dict[int, int] = {}  # samples in each stream's packets
    for packet in packets:
        samples = packet.frames * packet.config.channels
        held[packet.stream_id] = held.get(packet.stream_id, 0) + samples
    timeline = Timeline()
    streams = {stream_id: _Stream(timeline, samples) for stream_id, samples in held.items()}
    for packet in packets:
        streams[packet.stream_id].add(packet)
    for segment in timeline.segments:
        segment.gaps = join(segment.gaps)
    return timeline


def join(gaps: Iterable[Gap]) -> list[Gap]:
    """``gaps`` in order: those of one cause that touch joined, empty ones left out."""
    joined: list[Gap] = []
    for gap in sorted(gaps):
        if joined and (joined[-1].stop, joined[-1].cause) == (gap.start, gap.cause):
            gap = Gap(joined.pop().start, gap.stop, gap.cause)
        if gap.stop > gap.start:
            joined.append(gap)
    return joined


class _Stream:
    """Plans the packets of one stream into ``timeline``; ``held`` samples are in its packets."""

    def __init__(self, timeline: Timeline, held: int) -> None:
        self._timeline = timeline
        self._fill_left = min(_MAX_FILL, _MAX_FILL_RATIO * held)
        self._seen: set[tuple[int, ...]] = set()
        self._metadata: Packet | None = None
        self._last: Packet | None = None
        self._chain: list[Packet] | None = None
        self._repeats: list[Packet] = []  # a restart seen before, and what went on from it

    def add(self, packet: Packet) -> None:
        """Take the next packet in capture order."""
        last = self._last
        if packet.kind == Kind.METADATA:
            self._metadata = packet
        elif packet.identity in self._seen:
            self._repeat(packet)
        elif self._goes_on_from_repeats(packet):
            self._begin_again(packet)
        elif last is None or (packet.restart and not _follows(packet, last)):
            self._begin(packet)
            self._append(packet)
        elif _shape(packet) != _shape(last):
            sentence = f"packet at byte {packet.offset}: {_shape_text(packet)}, but its stream has"
            damage = Damage(packet.offset, f"{sentence} {_shape_text(last)}")
            self._timeline.refused.append(damage)
        elif not _follows(packet, last):
            self._timeline.out_of_order += 1
        else:
            self._bridge(packet, last)
            self._append(packet)

    def _repeat(self, packet: Packet) -> None:
        """Take a packet that was there before: a copy, or a source that was reset and repeats."""
        self._timeline.duplicates += 1
        if packet.restart:
            self._repeats = [packet]
        elif self._repeats and _goes_on(packet, self._repeats[-1]):
            self._repeats.append(packet)
        else:
            self._repeats = []

    def _goes_on_from_repeats(self, packet: Packet) -> bool:
        """Was what looked like copies the begin of another run?"""
        assert self._last is not None or not self._repeats
        return (
            bool(self._repeats)
            and _goes_on(packet, self._repeats[-1])
            and not _goes_on(packet, self._last)
        )

    def _begin_again(self, packet: Packet) -> None:
        """Begin a segment with the repeats: ``packet``, which is new, goes on from them."""
        again, self._repeats = self._repeats, []
        self._timeline.duplicates -= len(again)
        self._begin(again[0])
        self._append(again[0])
        for repeat in [*again[1:], packet]:
            assert self._last is not None
            self._bridge(repeat, self._last)
            self._append(repeat)

    def _begin(self, packet: Packet) -> None:
        """Begin a segment."""
        self._segment = Outline(
            stream_id=packet.stream_id, first_frame=packet.frame_index, config=packet.config
        )
        self._timeline.segments.append(self._segment)
        self._configs: dict[Mode, EncoderConfig] = {}
        self._chain = None

    def _bridge(self, packet: Packet, last: Packet) -> None:
        """Account for the frames between ``last`` and ``packet``."""
        jump = packet.frame_index - last.end_frame
        lost = jump - _dropped(packet, last)
        if packet.config != last.config or not _goes_on(packet, last):
            self._chain = None
        kept = last.end_frame + lost
        gaps = [
            Gap(last.end_frame, kept, Cause.LOST),
            Gap(kept, packet.frame_index, Cause.DROPPED),
        ]
        fill = jump * packet.config.channels
        if fill <= self._fill_left:
            self._fill_left -= fill
            self._segment.gaps += gaps
            return
        going_on, metadata = self._chain is not None, self._segment.metadata
        self._begin(packet)
        self._segment.gaps_before = join(gaps)
        self._segment.metadata = metadata  # of the same source
        if going_on and not packet.restart:  # a restart begins its own
            self._begin_chain()

    def _begin_chain(self) -> None:
        self._chain = []
        self._segment.chains.append(self._chain)

    def _append(self, packet: Packet) -> None:
        """Add ``packet`` to the segment, and to a chain if it can be decoded."""
        segment = self._segment
        if packet.restart:
            self._begin_chain()
        if self._chain is None:
            segment.gaps.append(Gap(packet.frame_index, packet.end_frame, Cause.WAITING))
        else:
            self._chain.append(packet)
            self._seen.add(packet.identity)
        segment.frames = packet.end_frame - segment.first_frame
        segment.packets += 1
        segment.held += packet.frames
        segment.size += packet.stop - packet.offset
        self._learn(packet)
        self._last = packet

    def _learn(self, packet: Packet) -> None:
        """Complete the segment's configuration from ``packet`` and the metadata before it."""
        segment, metadata, known = self._segment, self._metadata, len(self._configs)
        self._configs.setdefault(packet.config.modes[0], packet.config)
        if metadata is not None:
            self._metadata = None
            segment.size += metadata.stop - metadata.offset
            fits = metadata.frame_index <= packet.frame_index and _shape(metadata) == _shape(packet)
            if fits and segment.metadata is None:
                segment.metadata = Metadata(
                    *(getattr(metadata.config, name) for name in Metadata._fields)
                )
                known = 0
        if known < len(self._configs):
            segment.config = _combine(segment.stream_id, self._configs, segment.metadata)


def _dropped(packet: Packet, last: Packet) -> int:
    """Frames that the source dropped between two packets."""
    return (packet.drop_count - last.drop_count) % _DROP_COUNT_WRAP


def _goes_on(packet: Packet, last: Packet) -> bool:
    """Does ``packet`` follow ``last`` with no data packet lost between?

    A metadata packet may stand before a restart.
    """
    steps = (packet.sequence - last.sequence) % _SEQUENCE_WRAP
    whole = packet.frame_index == last.end_frame + _dropped(packet, last)
    return whole and _shape(packet) == _shape(last) and 1 <= steps <= 1 + packet.restart


def _follows(packet: Packet, last: Packet) -> bool:
    """Can ``packet`` come after ``last`` from a source that was not reset or exchanged?"""
    jump = packet.frame_index - last.end_frame
    return _shape(packet) == _shape(last) and _dropped(packet, last) <= jump


def _shape(packet: Packet) -> tuple[int, int, int, Order]:
    config = packet.config
    return config.channels, config.sample_bits, config.aux_bits, config.order


def _shape_text(packet: Packet) -> str:
    channels, sample_bits, aux_bits, order = _shape(packet)
    return (
        f"{channels} channels of {sample_bits} bits in {order.name.lower()} order and {aux_bits} "
        "auxiliary bits"
    )


def _combine(
    stream_id: int, configs: dict[Mode, EncoderConfig], metadata: Metadata | None
) -> EncoderConfig:
    """The configuration of a core that sends the modes of ``configs`` and ``metadata``."""
    first = next(iter(configs.values()))
    told = {} if metadata is None else metadata._asdict()
    try:
        return EncoderConfig(
            channels=first.channels,
            sample_bits=first.sample_bits,
            aux_bits=first.aux_bits,
            order=first.order,
            modes=tuple(configs),
            fixed_bits=configs.get(Mode.FIXED, first).fixed_bits,
            stream_id=stream_id,
            **told,
        )
    except ConfigError:  # metadata that contradict the packets; without them it always holds
        return _combine(stream_id, configs, None)
