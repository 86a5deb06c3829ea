"""Signals for the cocotb scenarios, and what must hold at their end."""

import itertools
import random
from dataclasses import replace

import cocotb
import numpy as np

from probecodec.golden.encoder import Encoder
from probecodec.golden.format import HEADER, METADATA, TRAILER, Flag, Kind, Mode
from probecodec.host import open_capture
from probecodec.host.timeline import Cause
from probecodec.sim.cocotb_bench import compare, random_pauses

METADATA_WORDS = HEADER.words + METADATA.words + TRAILER.words


def noise(bench, frames):
    """Samples with small steps, and auxiliary words that change now and then."""
    config = bench.config
    generator = np.random.default_rng(random.getrandbits(32))
    half = 1 << (config.sample_bits - 1)
    walk = np.cumsum(generator.normal(0, 4, (frames, config.channels)), axis=0)
    changes = generator.integers(1 << config.aux_bits, size=frames)
    held = np.maximum.accumulate(np.where(generator.random(frames) < 0.4, np.arange(frames), 0))
    return np.clip(np.rint(walk), -half, half - 1).astype(np.int64), changes[held]


def hard(bench, frames):
    """White noise; then silence with rare frames at the rails, which take the longest codes."""
    samples, aux = noise(bench, frames)
    generator = np.random.default_rng(random.getrandbits(32))
    half = 1 << (bench.config.sample_bits - 1)
    white = generator.integers(-half, half, samples.shape)
    jumps = np.where(generator.random((frames, 1)) < 0.04, -half, 0)
    return np.where(np.arange(frames)[:, np.newaxis] < frames // 2, white, jumps), aux


def data_packets(bench):
    return [packet for packet in bench.link.packets if packet.header["kind"] == Kind.DATA]


def fields(bench, name):
    """A header field of every data packet."""
    return [packet.header[name] for packet in data_packets(bench)]


def bursts():
    """Pauses in bursts of every length."""
    while True:
        for share in (0, random.random(), 1):
            yield from itertools.islice(random_pauses(share), random.randrange(1, 800))


async def under_way(bench, frame):
    """Wait until ``frame`` has begun and not ended."""
    while bench.source.frames <= frame:
        await bench.idle(1)
    await bench.idle(2)


async def play(bench, rows, aux, actions):
    """Send ``rows``; in the midst of each frame in ``actions`` await what stands there."""
    task = cocotb.start_soon(bench.source.send(rows, aux))
    for frame, action in actions.items():
        await under_way(bench, frame)
        await action()
    await task


def check_replay(bench, samples, aux):
    """Check the stream against a golden encoder to which the headers tell what was decided."""
    encoder, words = Encoder(bench.config), []
    packets = data_packets(bench)
    followers = [*packets[1:], None]
    end = 0
    for packet, follower in zip(packets, followers, strict=True):
        first, stop = packet.header["frame_index"], packet.header["frame_index"] + packet.frames
        flags = Flag(packet.header["flags"])
        encoder.config = replace(bench.config, stream_id=packet.header["stream_id"])
        due = encoder._until_restart == 0  # then nothing shows whether one was forced as well
        golden = encoder.packet(
            samples[first:stop],
            aux[first:stop],
            mode=Mode(packet.header["mode"]),
            dropped=first - end,
            cause=flags & ~Flag.RESTART,
            restart=Flag.RESTART in flags and (not due or Flag.MISFRAME in flags),
        )
        golden = np.frombuffer(golden, ">u4").tolist()
        if follower and follower.header["flags"] & Flag.MISFRAME:
            # Bits of a broken frame may follow, from the last payload word on.
            metadata = METADATA_WORDS + packet.header["extension"]
            metadata *= Flag.RESTART in flags
            golden = golden[: -TRAILER.words - 1]
            golden += packet.words[len(golden) - metadata :]
        words += golden
        end = stop
    compare(bench.link.capture, np.array(words, ">u4").tobytes())


def check_decoded(bench, samples, aux):
    """Check that the host's decoder returns the samples, and reports just the missing frames."""
    capture = open_capture(bench.link.capture, fill="zero")
    assert not capture.damaged and not capture.index.bytes_skipped
    (segment,) = capture.segments
    first, last = data_packets(bench)[0], data_packets(bench)[-1]
    begin, end = first.header["frame_index"], last.header["frame_index"] + last.frames
    assert (segment.first_frame, segment.first_frame + len(segment)) == (begin, end)
    dropped = bench.dropped()[begin:end]
    projected = np.zeros(end - begin, bool)
    words = segment.aux[:]
    for piece in segment.windows():
        rows = slice(piece.start - begin, piece.start - begin + len(piece.aux))
        projected[rows], words[rows] = True, piece.aux
    held = ~dropped & ~projected
    assert np.array_equal(segment[:][held], samples[begin:end][held])
    assert np.array_equal(words[~dropped], aux[begin:end][~dropped])
    for cause, frames in ((Cause.DROPPED, dropped), (Cause.PROJECTED, projected)):
        gaps = [gap for gap in segment.gaps if gap.cause == cause]
        missing = [n for gap in gaps for n in range(gap.start - begin, gap.stop - begin)]
        assert missing == np.flatnonzero(frames).tolist()
    assert {gap.cause for gap in segment.gaps} <= {Cause.DROPPED, Cause.PROJECTED}
