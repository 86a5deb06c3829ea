"""What is fuzzed: small captures whose every sample is known, and ways to damage them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import (
    HEADER,
    LOSSLESS,
    METADATA,
    SYNC,
    TRAILER,
    WORD_BYTES,
    Family,
    Flag,
    Mode,
    Order,
)
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import fast

from .projected import LOADED, windows_of

SYNC_BYTES = SYNC.to_bytes(4, "big")
_STREAMS = (0, 0, 1, 255)  # few, so that spliced captures often share one
_POOL = 64
_SEQUENCES = 1 << 16
_NONE = 1 << 20  # no sample
_METADATA_SIZE = HEADER.size + METADATA.size + TRAILER.size


class Sent(NamedTuple):
    """A data packet as its encoder sent it.

    Attributes
    ----------
    metadata : bytes
        The metadata packet sent just before it; none before most.
    number : int
        Its place among the packets of its run, metadata packets counted.
    drops : int
        Frames that the source dropped before it, since the run's begin.
    windows : int64 (windows, M, channels), or None
        In mode PROJECTION, the measurements of its whole windows.
    """

    data: bytes
    metadata: bytes
    number: int
    start: int
    stop: int
    drops: int
    restart: bool
    windows: NDArray[np.int64] | None = None


@dataclass(eq=False)
class Run:
    """One run of an encoder: its packets, and the truth of every frame.

    Attributes
    ----------
    truth : int32 (frames, channels + 1)
        Samples from frame ``first`` on, and the auxiliary word; of frames that were dropped, or
        sent as measurements, none that can be.
    words : int32 (frames,)
        The auxiliary words alone, those of frames sent as measurements too.
    shape : tuple
        All that a reader can tell runs of one stream apart by.
    paused : bool
        It dropped more frames at once than a reader fills.
    """

    config: EncoderConfig
    first: int
    packets: list[Sent]
    truth: NDArray[np.int32]
    words: NDArray[np.int32]
    paused: bool
    joints: tuple[set[tuple[int, ...]], set[tuple[int, ...]]]

    @property
    def shape(self) -> tuple[int, ...]:
        config = self.config
        return config.stream_id, config.channels, config.sample_bits, config.aux_bits, config.order


Unit = tuple[bytes, bool]  # a packet, and is it a restart?


@dataclass
class Case:
    """A capture under damage.

    Attributes
    ----------
    units : list of Unit
        Its packets, until they are joined.
    data : bytearray
        Its bytes, from then on.
    runs : list of Run
        Those that its packets were taken from.
    poisoned : bool
        It holds forged packets whose checks are right: nothing tells them from real ones.
    """

    units: list[Unit]
    runs: list[Run]
    kinds: list[str] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    poisoned: bool = False


def forge(packet: bytes, frames: int | None = None, payload: bytes | None = None, **fields: int):
    """Change ``packet`` and make its checks right again."""
    header = HEADER.unpack(packet)
    begin = HEADER.size + WORD_BYTES * header["extension"]
    words = packet[HEADER.size : begin]
    if "extension" in fields:
        words = bytes(WORD_BYTES * fields["extension"])
    head = HEADER.pack(**header | fields | {"check": 0})[:-4]
    payload = packet[begin : -TRAILER.size] if payload is None else payload
    frames = TRAILER.unpack(packet[-TRAILER.size :])["frames"] if frames is None else frames
    body = words + payload
    body += struct.pack(">HH", frames, len(payload) // 4 & 0xFFFF)
    check = zlib.crc32(head)
    return head + struct.pack(">I", check) + body + struct.pack(">I", zlib.crc32(body, check))


def _config(rng: Random, stream_id: int) -> EncoderConfig:
    order = rng.choices(list(Order), (14, 1, 1))[0]
    channels = {Order.NP1: 24, Order.NP2: 32}.get(order) or rng.randint(2, 12)
    bits = rng.randint(8, 16)
    groups = 32 - 12 - bits  # auxiliary bits that the longest code has room for
    modes = rng.sample(LOSSLESS, rng.choice((1, 1, 2)))
    projected = rng.random() < 0.3
    if projected:
        modes = [*rng.choice(([], modes[:1], modes[:1])), Mode.PROJECTION]
        rng.shuffle(modes)
    return EncoderConfig(
        channels=channels,
        sample_bits=bits,
        aux_bits=rng.randint(0, min(16, groups * (channels - 1))),
        order=order,
        modes=tuple(modes),
        projection=_matrix(rng, channels, bits) if projected else None,
        packet_frames=16 * rng.randint(1, 2) if projected else rng.randint(1, 7),
        restart_interval=rng.randint(1, 6),
        stream_id=stream_id,
    )


def _matrix(rng: Random, channels: int, bits: int) -> ProjectionConfig:
    """A small one, whose codes are no wider than a sample."""
    family, hold = rng.choice(list(Family)), rng.choice((1, 1, 2))
    loaded = family == Family.LOADED
    fields = {
        "channels": channels,
        "sample_bits": bits,
        "window": 16,
        "measurements": len(LOADED) if loaded else rng.randint(1, 4),
        "highpass_shift": rng.choice((0, 3, 8)),
        "family": family,
        "hold": 1 if loaded else hold,
        "seed": 0 if loaded else rng.randint(1, 3),
        "coefficients": LOADED if loaded else (),
        "coefficient_bits": 4 if loaded else 8,
        "row_sum": 100 if loaded else 0,
    }
    full = ProjectionConfig(**fields)
    return ProjectionConfig(**fields | {"shift": max(0, full.measurement_bits - bits)})


def _later(rng: Random, packet: bytes) -> bytes:
    """``packet`` as a later encoder may send it: with extension words, or a tag."""
    header, tag = HEADER.unpack(packet), rng.randbytes(4 * rng.randint(0, 4))
    payload = packet[HEADER.size + WORD_BYTES * header["extension"] : -TRAILER.size] + tag
    flags = header["flags"] | (Flag.TAG if tag else 0)
    more = {} if header["extension"] else {"extension": rng.choice((0, 1, 9))}
    return forge(packet, payload=payload, flags=flags, **more)


def make_run(rng: Random, config: EncoderConfig, count: int) -> Run:
    """Encode ``count`` packets of a random walk, from random counters on."""
    noise = np.random.default_rng(rng.getrandbits(32))
    encoder = fast.encoder(config)
    at_reset = rng.random() < 0.3
    sequence = 0 if at_reset else rng.choice((_SEQUENCES - rng.randint(1, 30), rng.randrange(999)))
    first = 0 if at_reset else rng.choice((rng.randrange(9999), 1 << 40))
    drops = 0 if at_reset else rng.choice((0, rng.randrange(999), (1 << 32) - rng.randint(1, 9)))
    encoder._sequence, encoder._frame_index, encoder._drop_count = sequence, first, drops
    loses, paused, total = rng.random() < 0.4, False, 0
    later = rng.random() < 0.2
    half = 1 << config.sample_bits - 1
    packets, tables, at, sent_at, spans = [], [], first, 0, {}
    step = max(1, half >> rng.randint(1, 6))
    value = noise.integers(-half, half, config.channels)
    for _ in range(count):
        full = rng.random() < 0.85
        frames = config.packet_frames if full else rng.randint(0, config.packet_frames)
        lost = rng.randint(1, 9) if loses and rng.random() < 0.3 else 0
        if loses and rng.random() < 0.01:
            lost, paused = 5000, True
        total += lost
        walk = value + np.cumsum(noise.integers(-step, step + 1, (frames, len(value))), axis=0)
        samples = (walk + half) % (2 * half) - half
        value = samples[-1] if frames else value
        words = np.repeat(noise.integers(0, 1 << config.aux_bits, frames), 3)[:frames]
        mode = rng.choice(config.modes) if rng.random() < 0.2 else None
        number, before = encoder._sequence, encoder._mode
        data = encoder.packet(samples, words, mode=mode, dropped=lost)
        extension = WORD_BYTES * HEADER.unpack(data)["extension"]
        cut = _METADATA_SIZE + extension if encoder._sequence - number == 2 else 0
        at += lost
        packet = _later(rng, data[cut:]) if later else data[cut:]
        unit = packet, data[:cut], encoder._sequence - 1, at, at + frames, total, cut > 0
        if encoder._mode == Mode.PROJECTION:
            last = packets[-1] if packets else None
            anew = last is None or last.start == last.stop or before != Mode.PROJECTION
            spans[len(packets)] = sent_at, sent_at + frames, anew
        packets.append(Sent(*unit))
        table = np.full((lost + frames, config.channels + 1), _NONE, np.int32)
        table[lost:] = np.column_stack((samples, words))
        tables.append(table)
        at += frames
        sent_at += frames
    truth = np.concatenate(tables)
    there = truth[truth[:, -1] != _NONE][:, :-1]
    for n, windows in zip(spans, windows_of(config, there, [*spans.values()]), strict=True):
        packets[n] = packets[n]._replace(windows=windows)
    drawn = truth[:, -1].copy()
    for n in spans:
        truth[packets[n].start - first : packets[n].stop - first] = _NONE
    run = Run(config, first, packets, truth, drawn, paused, (set(), set()))
    for sent in packets:
        drop = drops + sent.drops
        run.joints[0].add((*run.shape, (sent.number + 1) % _SEQUENCES, (sent.stop - drop) % 2**32))
        if not sent.restart:
            run.joints[1].add((*run.shape, sent.number % _SEQUENCES, (sent.start - drop) % 2**32))
    return run


def make_pool(seed: int, size: int = _POOL) -> list[Case]:
    """Whole captures: of one run, of a source that is reset, of two streams that take turns.

    No packet goes on from one of another run by its counters: nobody could tell it.
    """
    rng = Random(seed)
    pool: list[Case] = []
    known: list[Run] = []

    def add(config: EncoderConfig, count: int) -> Run:
        while True:
            run = make_run(rng, config, count)
            if not any(
                run.joints[0] & one.joints[1] or run.joints[1] & one.joints[0] for one in known
            ):
                known.append(run)
                return run

    while len(pool) < size:
        what = rng.choice(("run", "run", "reset", "streams"))
        count = rng.randint(3, 14) if what == "run" else rng.randint(2, 7)
        stream_id = rng.choice(_STREAMS)
        runs = [add(_config(rng, stream_id), count)]
        if what == "reset":
            runs.append(add(runs[0].config, rng.randint(2, 7)))
        elif what == "streams":
            runs.append(add(_config(rng, 255 - stream_id), rng.randint(2, 7)))
        parts = [
            [
                (unit, sent.restart)
                for sent in run.packets
                for unit in (sent.metadata, sent.data)
                if unit
            ]
            for run in runs
        ]
        units = []
        while any(parts):
            part = rng.choice([part for part in parts if part])
            if what == "reset":
                part = next(part for part in parts if part)
            units.append(part.pop(0))
        pool.append(Case(units, runs))
    return pool
