"""Plans a capture as its packets come: segments, what can be decoded, and the gaps.

A stream's packets are put in order (reorder.py); each then goes on from the one before, stands
behind a gap, or begins another segment.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..golden.config import ConfigError, EncoderConfig
from ..golden.format import CRC_BITS, HEADER, Kind, Mode, Order
from .packets import Damage, Packet, dropped
from .reorder import Reorder
from .timeline import Block, Cause, Gap, Metadata, Outline, add_gap

_MAX_FILL = 1 << 31  # samples: 4 GiB
_MAX_FILL_RATIO = 100
_BLOCK_SAMPLES = 1 << 20  # a block of fewer takes in the next restart
_SEQUENCE_WRAP = 1 << HEADER.fields["sequence"]


class Placed(NamedTuple):
    """A data packet in its segment; can it be decoded?"""

    segment: Outline
    packet: Packet
    decodable: bool


@dataclass
class Plan:
    """What the packets so far tell.

    Attributes
    ----------
    segments : list of Outline
        In capture order. A restart whose counters run backwards, or of another shape, begins one:
        the source was reset or exchanged. So does a jump too large to be filled with zeros: more
        than 2^31 samples, or than 100 times those that the stream's packets held until then, all
        its jumps together.
    refused : list of Damage
        Packets of another shape (channels, widths) than their segment.
    duplicates : int
        Copies of packets that were decodable before; ignored.
    out_of_order : int
        Packets ignored because their counters run backwards without a restart, or because they
        may belong to the run before a reset as well as to the one after it.
    """

    segments: list[Outline] = field(default_factory=list)
    refused: list[Damage] = field(default_factory=list)
    duplicates: int = 0
    out_of_order: int = 0


class Planner:
    """Plans packets in capture order.

    Parameters
    ----------
    window : int
        Packets of one stream to wait for a late one, see `Reorder`.
    memory : int
        Packets of one stream whose copies are known as such.
    """

    def __init__(self, window: int, memory: int = _SEQUENCE_WRAP) -> None:
        self.plan = Plan()
        self._window, self._memory = window, memory
        self._streams: dict[int, _Stream] = {}

    def add(self, packet: Packet) -> list[Placed]:
        """Take the next packet; return the data packets that have found their place."""
        stream = self._streams.get(packet.stream_id)
        if stream is None:
            stream = _Stream(self.plan, self._window, self._memory)
            self._streams[packet.stream_id] = stream
        return stream.add(packet)

    def finish(self) -> list[Placed]:
        """Wait for no packet any longer."""
        return [placed for stream in self._streams.values() for placed in stream.finish()]


class _Stream:
    """Plans the packets of one stream into ``plan``."""

    def __init__(self, plan: Plan, window: int, memory: int) -> None:
        self._plan = plan
        self._reorder = Reorder(window)
        self._memory = memory
        self._held = self._filled = 0  # samples: in its packets; in jumps
        self._seen: dict[tuple[int, ...], None] = {}  # the latest decodable packets, and metadata
        self._metadata: Packet | None = None
        self._last: Packet | None = None
        self._block: Block | None = None  # that the last packet is in
        self._in_order = True  # its packets follow each other in the capture, with no other
        self._latest = 0  # the place of its last packet
        self._arrived = self._place = 0  # packets with frames; of these, the one that is in hand
        self._places: dict[int, int] = {}  # of those that wait, by offset
        self._repeats: list[Packet] = []  # a restart seen before, and what went on from it
        self._placed: list[Placed] = []

    def add(self, packet: Packet) -> list[Placed]:
        """Take the next packet in capture order."""
        if packet.kind == Kind.DATA and packet.frames:
            self._arrived += 1
            self._places[packet.offset] = self._arrived
        foreign = self._last is not None and not _are_alike(packet, self._last)
        begins = packet.restart and packet.kind == Kind.DATA
        if packet.identity in self._seen or (foreign and not begins):
            self._add(packet)
        elif foreign or self._goes_on_from_repeats(packet):
            repeats = self._repeats
            for each in self._reorder.flush():
                self._add(each)
            self._repeats = repeats
            for each in self._reorder.begin(packet):
                self._add(each)
        else:
            for each in self._reorder.add(packet):
                self._add(each)
        return self._take()

    def finish(self) -> list[Placed]:
        """Take the packets that were held back."""
        for packet in self._reorder.flush():
            self._add(packet)
        self._set_block(None)
        return self._take()

    def _take(self) -> list[Placed]:
        placed, self._placed = self._placed, []
        return placed

    def _add(self, packet: Packet) -> None:
        """Take the next packet in order."""
        last = self._last
        self._place = self._places.pop(packet.offset, 0)
        frames, matrix = packet.frames, packet.config.projection
        if matrix and frames:  # those for which there are codes: others cost no bytes
            frames = max(1, matrix.rows(frames) * matrix.window // matrix.measurements)
        self._held += frames * packet.config.channels
        if packet.kind == Kind.METADATA:
            self._metadata = packet
            self._remember(packet)
        elif packet.identity in self._seen:
            self._repeat(packet)
        elif self._goes_on_from_repeats(packet):
            self._begin_again(packet)
        elif last is None or (packet.restart and not _follows(packet, last)):
            self._begin(packet)
            self._append(packet)
        elif not _are_alike(packet, last):
            sentence = f"packet at byte {packet.offset}: {_shape_text(packet)}, but its stream has"
            damage = Damage(packet.offset, f"{sentence} {_shape_text(last)}")
            self._plan.refused.append(damage)
        elif not _follows(packet, last):
            self._plan.out_of_order += 1
        else:
            self._bridge(packet, last)
            self._append(packet)

    def _repeat(self, packet: Packet) -> None:
        """Take a packet that was there before: a copy, or a source that was reset and repeats."""
        assert self._last is not None
        if not packet.restart and _goes_on(packet, self._last):
            # A late copy from before a reset, or of this run by chance alike: nobody knows.
            self._plan.out_of_order += 1
            return
        self._plan.duplicates += 1
        if packet.restart:
            self._repeats = [packet]
        elif self._repeats and _goes_on(packet, self._repeats[-1]):
            self._repeats.append(packet)
            del self._repeats[self._memory :]
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
        self._plan.duplicates -= len(again)
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
        self._plan.segments.append(self._segment)
        self._configs: dict[Mode, EncoderConfig] = {}
        self._set_block(None)

    def _bridge(self, packet: Packet, last: Packet) -> None:
        """Account for the frames between ``last`` and ``packet``."""
        jump = packet.frame_index - last.end_frame
        lost = jump - dropped(packet, last)
        alike = packet.config is last.config or packet.config == last.config
        if not alike or not _goes_on(packet, last):
            self._set_block(None)
        if not jump:
            return
        kept = last.end_frame + lost
        gaps: list[Gap] = []
        add_gap(gaps, Gap(last.end_frame, kept, Cause.LOST))
        add_gap(gaps, Gap(kept, packet.frame_index, Cause.DROPPED))
        fill = jump * packet.config.channels
        if self._filled + fill <= min(_MAX_FILL, _MAX_FILL_RATIO * self._held):
            self._filled += fill
            for gap in gaps:
                add_gap(self._segment.gaps, gap)
            return
        carried, metadata = None, self._segment.metadata
        if self._block is not None and not packet.restart:  # a restart begins its own
            offsets = list(self._block.offsets or ())
            carried = replace(self._block, first=packet.frame_index, offsets=offsets)
        in_order = self._in_order
        self._begin(packet)
        self._segment.gaps_before = gaps
        self._segment.metadata = metadata  # of the same source
        if carried is not None:
            self._block, self._in_order = carried, in_order
            self._blocks(packet).append(carried)

    def _append(self, packet: Packet) -> None:
        """Add ``packet`` to the segment, and to a block if it can be decoded."""
        segment, block = self._segment, self._block
        samples = packet.config.channels * (block.stop - block.entry) if block else 0
        if not packet.frames:
            if packet.restart:
                block = None  # no frame is there to begin with
                self._set_block(None)
        elif packet.restart and (block is None or samples >= _BLOCK_SAMPLES):
            frame, byte = packet.frame_index, packet.offset
            block = Block(first=frame, stop=frame, entry=frame, begin=byte, end=byte, offsets=[])
            self._set_block(block)
            self._blocks(packet).append(block)
        if block is None:
            gap = Gap(packet.frame_index, packet.end_frame, Cause.WAITING)
            add_gap(segment.gaps, gap)
        elif packet.frames:
            if packet.config.projection:
                gap = Gap(packet.frame_index, packet.end_frame, Cause.PROJECTED)
                add_gap(segment.gaps, gap)
            assert block.offsets is not None
            followed = not block.offsets or self._place == self._latest + 1
            self._in_order &= followed and self._place > 0  # none if it stands there again
            self._latest = self._place
            block.offsets.append(packet.offset)
            block.stop = packet.end_frame
            block.begin, block.end = min(block.begin, packet.offset), max(block.end, packet.stop)
            block.packets += 1
            block.digest = (block.digest + packet.check) % (1 << CRC_BITS)
        if block is not None:
            self._remember(packet)
        self._placed.append(Placed(segment, packet, block is not None))
        segment.frames = packet.end_frame - segment.first_frame
        segment.packets += 1
        segment.held += packet.frames
        segment.size += packet.stop - packet.offset
        self._learn(packet)
        self._last = packet

    def _blocks(self, packet: Packet) -> list[Block]:
        """Where blocks of packets such as ``packet`` belong."""
        segment = self._segment
        return segment.projected if packet.config.projection else segment.blocks

    def _set_block(self, block: Block | None) -> None:
        """Go on with ``block``; the one before is complete."""
        if self._block is not None and self._in_order:
            self._block.offsets = None
        self._block, self._in_order = block, True

    def _remember(self, packet: Packet) -> None:
        """Know copies of ``packet`` as such, for a while."""
        self._seen[packet.identity] = None
        if len(self._seen) > self._memory:
            del self._seen[next(iter(self._seen))]

    def _learn(self, packet: Packet) -> None:
        """Complete the segment's configuration from ``packet`` and the metadata before it."""
        segment, metadata, known = self._segment, self._metadata, len(self._configs)
        self._configs.setdefault(packet.config.modes[0], packet.config)
        if metadata is not None and (packet.restart or segment.metadata is None):
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


def _goes_on(packet: Packet, last: Packet) -> bool:
    """Does ``packet`` follow ``last`` with no data packet lost between?

    A metadata packet may stand before a restart.
    """
    steps = (packet.sequence - last.sequence) % _SEQUENCE_WRAP
    whole = packet.frame_index == last.end_frame + dropped(packet, last)
    return whole and 1 <= steps <= 1 + packet.restart and _are_alike(packet, last)


def _follows(packet: Packet, last: Packet) -> bool:
    """Can ``packet`` come after ``last`` from a source that was not reset or exchanged?"""
    jump = packet.frame_index - last.end_frame
    return dropped(packet, last) <= jump and _are_alike(packet, last)


def _are_alike(packet: Packet, last: Packet) -> bool:
    """Do both have the same channels and widths?"""
    return packet.config is last.config or _shape(packet) == _shape(last)


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
            projection=configs.get(Mode.PROJECTION, first).projection,
            stream_id=stream_id,
            **told,
        )
    except ConfigError:  # metadata that contradict the packets
        if metadata is not None:
            return _combine(stream_id, configs, None)
        return replace(first, stream_id=stream_id)  # modes that no core can have together
