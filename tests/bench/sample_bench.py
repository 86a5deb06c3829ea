"""Benches for tests of what is told and drawn: made by hand, quickly."""

import numpy as np

from probecodec.bench.bench import Bench
from probecodec.bench.entropies import entropies
from probecodec.bench.result import Kind, Result
from probecodec.host.recording import Recording


def result(method, kind, size, speed=(10.0, 20.0), **rest):
    """One that came back equal, of 400 frames × 24 channels."""
    bits = 8 * size / (400 * 24)
    return Result(
        method=method,
        kind=kind,
        size=size,
        bits_per_sample=bits,
        ratio_int16=16 / bits,
        ratio_adc=10 / bits,
        encode_mb_s=speed[0],
        decode_mb_s=speed[1],
        encode_peak_mb=1.0,
        decode_peak_mb=3.0,
        verified_frames=400,
        passed=True,
        about=f"settings of {method}",
        **rest,
    )


def samples():
    """A deep spike in noise, int16 (400, 24): channel 20, frame 300."""
    made = np.random.default_rng(0).normal(0, 4, (400, 24)).astype(np.int16)
    made[300, 20] = -200
    return made


def bench(*results, name="folder/a.bin", **rest):
    """A bench of these results, or of a few usual ones."""
    usual = [
        result("raw", Kind.STUDY, 19_200, (3000.0, 6000.0)),
        result("gzip-6", Kind.STUDY, 9_000, (5.0, 40.0)),
        result("legall-bzip2", Kind.PROPOSED, 6_300, (9.0, 8.0)),
        result("flac-5", Kind.PEER, 6_000, (40.0, 50.0)),
        Result(method="wavpack-1", kind=Kind.PEER, note="wavpack was not found; install it: x"),
        result("fixed", Kind.OURS, 6_600, channel_bits=[6.0] * 24),
        result("adaptive", Kind.OURS, 5_400, (30.0, 25.0), channel_bits=[4.0, 5.0] * 12),
    ]
    recording = Recording(samples=samples(), sample_bits=10, rate_hz=30_000.0)
    return Bench(
        name=name,
        recording=recording,
        results=list(results) or usual,
        entropies=entropies(recording.samples),
        **rest,
    )
