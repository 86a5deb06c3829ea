"""Captures to damage, what must come of them, and forged packets."""

import itertools
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import HEADER, METADATA, SYNC, TRAILER
from probecodec.host import open_capture, planner
from probecodec.host.scanner import Scanner
from probecodec.host.timeline import Cause, Gap

CONFIG = EncoderConfig(
    channels=8,
    sample_bits=10,
    aux_bits=4,
    packet_frames=6,
    restart_interval=4,
    rate_hz=2500.0,
    lsb_uv=4.6875,
    probe="NP1010",
)
FRAMES = 118  # 19 whole packets and one of 4 frames; a restart every 24 frames
METADATA_SIZE = HEADER.size + METADATA.size + TRAILER.size
SYNC_BYTES = SYNC.to_bytes(4, "big")


def signal(config=CONFIG, frames=FRAMES, seed=0):
    """A random walk that wraps around, with jumps that escape: int16 samples, uint16 words."""
    rng = np.random.default_rng(seed)
    half = 1 << (config.sample_bits - 1)
    steps = np.rint(rng.laplace(0, half / 60, (frames, config.channels)))
    steps[rng.random(steps.shape) < 0.02] = half - 1
    samples = (np.cumsum(steps, axis=0) + half) % (2 * half) - half
    aux = np.repeat(rng.integers(0, 1 << config.aux_bits, frames), 5)[:frames]
    return samples.astype(np.int16), aux.astype(np.uint16)


def read_capture(source):
    """Everything that a capture gives: its segments with samples and auxiliary words, as arrays."""
    capture = open_capture(source, fill="zero")
    capture.verify()
    plan = capture.index.plan
    return SimpleNamespace(
        segments=[
            SimpleNamespace(
                **vars(each.outline)
                | {
                    "samples": each[:],
                    "aux": each.aux[:],
                    "gaps": each.gaps,
                    "modes": each.config.modes,
                }
            )
            for each in capture.segments
        ],
        damaged=capture.damaged,
        complete=capture.complete,
        packets=capture.index.packets,
        bytes_skipped=capture.index.bytes_skipped,
        size=capture.index.size,
        duplicates=plan.duplicates,
        out_of_order=plan.out_of_order,
    )


def by_restart(source, **how):
    """Open a capture with a block for every restart, as one with long restarts has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "_BLOCK_SAMPLES", 0)
        return open_capture(source, **how)


def packets(data):
    """Every packet of intact bytes, metadata packets by themselves."""
    scanner = Scanner()
    found = [*scanner.feed(data), *scanner.finish()]
    return [data[packet.offset : packet.stop] for packet in found]


SAMPLES, AUX = signal()
CHUNKS = list(encode(CONFIG, SAMPLES, AUX))  # data packets, after their metadata at restarts
RESTARTS = [n % 4 == 0 for n in range(len(CHUNKS))]
STARTS = [6 * n for n in range(len(CHUNKS))]
STOPS = [*STARTS[1:], FRAMES]
OFFSETS = [0, *itertools.accumulate(len(chunk) for chunk in CHUNKS)]
CAPTURE = b"".join(CHUNKS)


def data_offset(n):
    """The byte of ``CAPTURE`` where data packet ``n`` begins, its metadata skipped."""
    return OFFSETS[n] + (METADATA_SIZE if RESTARTS[n] else 0)


def data_packet(n):
    return CAPTURE[data_offset(n) : OFFSETS[n + 1]]


def expected_gaps(kept):
    """The gaps when only the chunks ``kept``, ascending, arrive: frame by frame."""
    label = dict.fromkeys(range(STARTS[kept[0]], STOPS[kept[-1]]), Cause.LOST)
    for n in kept:
        needed = range(n - n % 4, n + 1)  # from its restart on
        waits = not set(needed) <= set(kept)
        label |= dict.fromkeys(range(STARTS[n], STOPS[n]), Cause.WAITING if waits else None)
    runs = itertools.groupby(label.items(), key=lambda item: item[1])
    spans = [(cause, [frame for frame, _ in run]) for cause, run in runs]
    return [Gap(span[0], span[-1] + 1, cause) for cause, span in spans if cause]


def check(segment, samples=SAMPLES, aux=AUX):
    """Outside its gaps the segment equals the original, inside it is zero; gaps are in order."""
    assert segment.samples.shape == (segment.frames, samples.shape[1])
    assert segment.samples.dtype == np.int16 and segment.aux.dtype == np.uint16
    intact = np.ones(segment.frames, bool)
    end = segment.first_frame
    for start, stop, cause in segment.gaps:
        assert end <= start < stop <= segment.first_frame + segment.frames
        assert isinstance(cause, Cause)
        end = stop
        intact[start - segment.first_frame : stop - segment.first_frame] = False
    span = slice(segment.first_frame, segment.first_frame + segment.frames)
    filled = np.where(intact[:, np.newaxis], samples[span], 0)
    np.testing.assert_array_equal(segment.samples, filled)
    np.testing.assert_array_equal(segment.aux, np.where(intact, aux[span], 0))


def only(capture):
    """The one segment of a capture."""
    (segment,) = capture.segments
    return segment


def read_kept(kept):
    """Decode only the chunks ``kept``."""
    return read_capture(b"".join(CHUNKS[n] for n in kept))


def flip(data, byte, bit=0):
    return data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1 :]


def forge(packet, *, payload=None, frames=None, words=b"", **fields):
    """Change a packet and make its checks right again."""
    header = HEADER.unpack(packet) | fields | {"check": 0}
    head = HEADER.pack(**header)[:-4]
    payload = packet[HEADER.size : -TRAILER.size] if payload is None else payload
    frames = TRAILER.unpack(packet[-TRAILER.size :])["frames"] if frames is None else frames
    body = words + payload + struct.pack(">HH", frames, len(payload) // 4)
    check = zlib.crc32(head)
    return head + struct.pack(">I", check) + body + struct.pack(">I", zlib.crc32(body, check))


def sentences(capture):
    return [damage.sentence for damage in capture.damaged]


def mutations():
    """Lists of (what, where, how much), in fractions of the capture."""
    fraction = st.floats(0, 1, exclude_max=True)
    what = st.sampled_from(["flip", "cut", "noise", "copy", "lose", "again", "swap", "end"])
    return st.lists(st.tuples(what, fraction, fraction), min_size=1, max_size=6)


def mutate(chunks, steps):
    """Damage a capture: first its chunks, then its bytes."""
    chunks = chunks.copy()
    for what, where, much in steps:
        n = int(where * len(chunks))
        if what == "lose":
            del chunks[n : n + 1 + int(much * 6)]
        elif what == "again":
            chunks.insert(int(much * len(chunks)), chunks[n] if chunks else b"")
        elif what == "swap" and n + 1 < len(chunks):
            chunks[n], chunks[n + 1] = chunks[n + 1], chunks[n]
    data = b"".join(chunks)
    for what, where, much in steps:
        at, size = int(where * len(data)), int(much * 500)
        if what == "flip" and data:
            data = flip(data, at, size % 8)
        elif what == "cut":
            data = data[:at] + data[at + size :]
        elif what == "noise":
            data = data[:at] + np.random.default_rng(size).bytes(size) + data[at:]
        elif what == "copy":
            data = data[:at] + data[int(much * len(data)) :][:700] + data[at:]
        elif what == "end":
            data = data[:at] if much < 0.5 else data[at:]
    return data


DROPPED = np.isin(np.arange(FRAMES), [3, 4, 31, 60, 61, 62, 97])
WITH_DROPS = list(encode(CONFIG, SAMPLES, AUX, DROPPED))
