"""One method on one recording: sizes, speeds, round trips, failures."""

import numpy as np
import pytest

from probecodec.bench import measuring
from probecodec.bench.measuring import measured
from probecodec.bench.result import Kind

SAMPLES = np.arange(20, dtype=np.int16).reshape(10, 2)


def measure(encode, decode=lambda blobs: SAMPLES):
    return measured("m", SAMPLES, 10, encode=encode, decode=decode, kind=Kind.PEER)


def test_figures(monkeypatch):
    clock = iter([0.0, 2.0, 10.0, 10.2, 20.0, 20.1, 30.0, 30.25])
    monkeypatch.setattr(measuring, "perf_counter", lambda: next(clock))
    result = measure(lambda: [b"12345", b"67890"])
    assert result.size == 10 and result.bits_per_sample == 4
    assert (result.ratio_int16, result.ratio_adc) == (4, 2.5)
    assert result.encode_mb_s == pytest.approx(40e-6 / 2)  # long enough: once
    assert result.decode_mb_s == pytest.approx(40e-6 / 0.1)  # repeated: the best counts
    assert result.passed and not result.failed and result.verified_frames == 10


def test_what_comes_back_wrong():
    result = measure(lambda: [b"1"], lambda blobs: SAMPLES + 1)
    assert result.failed and result.passed is False and result.size == 1


@pytest.mark.parametrize(
    ("encode", "note"),
    [(lambda: [b""], "failed: it wrote nothing"), (lambda: 1 / 0, "failed: division by zero")],
)
def test_failures_are_rows(encode, note):
    result = measure(encode)
    assert result.failed and result.note == note and result.size is None
