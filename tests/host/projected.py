"""A capture with a stretch of mode PROJECTION, and what must come of it, damaged or not."""

import itertools
from types import SimpleNamespace

import numpy as np

from probecodec.golden import order
from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import HEADER, METADATA, TRAILER, Family, Flag, Kind, Mode
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host.timeline import Cause, Gap

from . import captures

METADATA_SIZE = HEADER.size + METADATA.size + TRAILER.size
LOADED = tuple(
    tuple((7 * k + 3 * n) % 15 - 7 if k <= n <= 13 + k else 0 for n in range(16)) for k in range(3)
)
CONFIG = EncoderConfig(
    channels=4,
    sample_bits=10,
    aux_bits=3,
    modes=(Mode.HUFFMAN, Mode.PROJECTION),
    projection=ProjectionConfig(window=16, measurements=4, hold=1, shift=1, highpass_shift=5),
    packet_frames=32,
    restart_interval=3,
    rate_hz=2500.0,
)
HUFFMAN, PROJECTION = CONFIG.modes
# Packets too short for a window, for a measurement and for the raw row of a restart among them.
PACKETS = (
    [(HUFFMAN, 32)] * 4
    + [(PROJECTION, frames) for frames in (9, 32, 32, 32, 29, 32, 16, 3, 32, 32, 48)]
    + [(HUFFMAN, frames) for frames in (32, 5)]
    + [(PROJECTION, 32)] * 2
)


def with_matrix(config=CONFIG, **changes):
    """``config`` with another matrix."""
    fields = {"window": 16, "measurements": 3, "hold": 1, "highpass_shift": 5} | changes
    return EncoderConfig(
        channels=config.channels,
        sample_bits=config.sample_bits,
        aux_bits=config.aux_bits,
        order=config.order,
        modes=config.modes,
        projection=ProjectionConfig(**fields),
        packet_frames=32,
        restart_interval=3,
        stream_id=config.stream_id,
    )


def loaded(config=CONFIG, **changes):
    """``config`` with coefficients."""
    return with_matrix(
        config,
        family=Family.LOADED,
        coefficients=LOADED,
        row_sum=100,
        coefficient_bits=4,
        **changes,
    )


def highpass(samples, shift, fresh):
    """Each sample minus the mean before it, in floating point that is exact; frame by frame."""
    values, mean = np.empty(samples.shape), np.zeros(samples.shape[1])
    for frame, row in enumerate(samples.astype(float)):
        if fresh[frame]:
            mean = row
        values[frame] = row - np.floor(mean)
        mean = mean + values[frame] / 2.0**shift
    return values


def windows_of(config, samples, spans):
    """Measurements of ``spans``, (start, stop, fresh): int64 (windows, M, channels) of each."""
    if not spans:
        return []
    told, fresh = config.projection, np.zeros(len(samples), bool)
    fresh[[start for start, stop, anew in spans if anew and stop > start]] = True
    frames = np.concatenate([np.arange(start, stop) for start, stop, _ in spans])
    values = np.zeros(samples.shape)
    if told.highpass_shift:
        values[frames] = highpass(samples[frames], told.highpass_shift, fresh[frames])
    else:
        values[frames] = samples[frames]
    slots = order.channels(config)
    by_channel = np.empty(matrix(told).shape)
    by_channel[slots] = matrix(told)
    found = []
    for start, stop, _ in spans:
        whole = (stop - start) // told.window
        part = values[start : start + whole * told.window].reshape(
            whole, told.window, config.channels
        )
        products = np.einsum("ckn,wnc->wkc", by_channel, part)
        found.append(np.floor(products / 2.0**told.shift).astype(np.int64))
    return found


def capture_of(config=CONFIG, packets=PACKETS, seed=0):
    """Encode ``packets``, (mode, frames), one chunk each, and tell what must come of them.

    Attributes: ``config``, ``chunks`` (bytes, metadata included), ``data`` (all of them),
    ``samples``, ``aux``; by packet ``modes``, ``starts``, ``stops``, ``restarts`` and ``windows``,
    None where it is lossless.
    """
    random, half = np.random.default_rng(seed), 1 << config.sample_bits - 1
    frames = sum(count for _, count in packets)
    walk = np.cumsum(random.normal(0, half / 40, (frames, config.channels)), axis=0)
    samples = np.clip(np.rint(walk), -half, half - 1).astype(np.int64)
    aux = random.integers(0, 1 << config.aux_bits, frames // 5 + 1).repeat(5)[:frames]
    encoder, chunks, restarts = Encoder(config), [], []
    stops = list(itertools.accumulate(count for _, count in packets))
    starts = [0, *stops[:-1]]
    for (mode, _), start, stop in zip(packets, starts, stops, strict=True):
        chunks.append(encoder.packet(samples[start:stop], aux[start:stop], mode=mode))
        restarts.append(HEADER.unpack(chunks[-1])["kind"] == Kind.METADATA)
    modes = [mode for mode, _ in packets]
    projected = [n for n, mode in enumerate(modes) if mode == PROJECTION]
    spans = [(starts[n], stops[n], n == 0 or modes[n - 1] != PROJECTION) for n in projected]
    found = dict(zip(projected, windows_of(config, samples, spans), strict=True))
    assert all(HEADER.unpack(chunks[n])["flags"] & Flag.RESTART for n in np.flatnonzero(restarts))
    return SimpleNamespace(
        config=config,
        chunks=chunks,
        data=b"".join(chunks),
        samples=samples,
        aux=aux,
        modes=modes,
        starts=starts,
        stops=stops,
        restarts=restarts,
        windows=[found.get(n) for n in range(len(packets))],
    )


def data_packet(sent, n):
    """Packet ``n`` without its metadata."""
    extension = 4 * HEADER.unpack(sent.chunks[n])["extension"]
    return sent.chunks[n][METADATA_SIZE + extension if sent.restarts[n] else 0 :]


def offset(sent, n):
    """The byte of ``sent.data`` where data packet ``n`` begins."""
    return sum(map(len, sent.chunks[: n + 1])) - len(data_packet(sent, n))


def forge(packet, *, words=None, payload=None, **fields):
    """`captures.forge` for a packet with extension words; others than it has where given."""
    body = HEADER.size + 4 * HEADER.unpack(packet)["extension"]
    words = packet[HEADER.size : body] if words is None else words
    payload = packet[body : -TRAILER.size] if payload is None else payload
    fields = {"extension": len(words) // 4} | fields
    return captures.forge(packet, words=words, payload=payload, **fields)


def decodable(sent, kept):
    """Those of the packets ``kept`` whose restart, and all from there on, are kept too."""
    found, sound, before = [], False, None
    for n in kept:
        sound = sent.restarts[n] or (sound and before == n - 1)
        found += [n] if sound else []
        before = n
    return found


def expected_gaps(sent, kept):
    """The gaps when only the packets ``kept``, ascending, arrive: frame by frame."""
    good = decodable(sent, kept)
    label = dict.fromkeys(range(sent.starts[kept[0]], sent.stops[kept[-1]]), Cause.LOST)
    for n in kept:
        cause = Cause.PROJECTED if sent.modes[n] == PROJECTION else None
        frames = range(sent.starts[n], sent.stops[n])
        label |= dict.fromkeys(frames, cause if n in good else Cause.WAITING)
    runs = itertools.groupby(label.items(), key=lambda item: item[1])
    spans = [(cause, [frame for frame, _ in run]) for cause, run in runs]
    return [Gap(span[0], span[-1] + 1, cause) for cause, span in spans if cause]


def check_windows(sent, found, wanted):
    """Are the pieces ``found`` those of the packets ``wanted``, in order, number for number?"""
    wanted = [n for n in wanted if sent.windows[n] is not None]
    assert [piece.start for piece in found] == [sent.starts[n] for n in wanted]
    for piece, n in zip(found, wanted, strict=True):
        assert piece.values.dtype == np.int32 and piece.aux.dtype == np.uint16
        assert piece.values.shape == sent.windows[n].shape
        assert np.array_equal(piece.values, sent.windows[n])
        assert np.array_equal(piece.aux, sent.aux[sent.starts[n] : sent.stops[n]])
        assert piece.matrix.extension == sent.config.projection.extension


def check_samples(sent, segment):
    """Lossless frames are as they were sent, all others zeros."""
    frames = np.arange(segment.first_frame, segment.first_frame + len(segment))
    held = np.ones(len(frames), bool)
    for gap in segment.gaps:
        held[gap.start - segment.first_frame : gap.stop - segment.first_frame] = False
    assert np.array_equal(segment[:], np.where(held[:, np.newaxis], sent.samples[frames], 0))
    assert np.array_equal(segment.aux[:], np.where(held, sent.aux[frames], 0))


def sound(sent, n, piece):
    """Is ``piece`` what packet ``n`` gives?"""
    return (
        piece.start == sent.starts[n]
        and np.array_equal(piece.values, sent.windows[n])
        and np.array_equal(piece.aux, sent.aux[sent.starts[n] : sent.stops[n]])
    )
