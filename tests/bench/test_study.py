"""The study's methods and its proposals: what comes back, what they take, what was published."""

import bz2
import gzip

import numpy as np
import pytest
import scipy.stats

from probecodec.bench import published
from probecodec.bench.result import Kind
from probecodec.bench.study import PROPOSED, STUDY
from probecodec.host.recording import Recording
from probecodec.host.synthetic import synthesize

ALL = STUDY | PROPOSED
EACH = pytest.mark.parametrize("name", ALL)


def recording(channels=19, frames=700):
    made = synthesize("np2", frames=frames, channels=channels)
    return Recording(samples=made.samples, sample_bits=14)


def blobs(name, samples):
    return ALL[name].encode(samples, 30_000.0)


def test_names_in_order():
    assert [*STUDY] == [
        *("raw", "gzip-6", "bzip2-9", "diff4-bzip2", "diff6-bzip2", "diff8-bzip2"),
        *("diff4", "diff6", "diff8", "haar-bzip2"),
    ]
    assert [*PROPOSED] == [
        *("diff2-bzip2", "lpc-bzip2", "neighbours-bzip2", "lpc-neighbours-bzip2"),
        *("legall-bzip2", "legall-2d-bzip2"),
    ]


@EACH
class TestMethods:
    def test_round_trip(self, name):
        source = recording()
        result = ALL[name].result(name, Kind.STUDY, source)
        assert result.passed and not result.failed and result.note == ""
        assert result.size == sum(map(len, blobs(name, source.samples)))

    @pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 9), (40, 257)])
    def test_extremes_come_back(self, name, shape):
        samples = np.random.default_rng(0).choice([-32768, -1, 0, 32767], shape).astype(np.int16)
        back = ALL[name].decode(blobs(name, samples), shape)
        assert back.dtype == np.int16 and np.array_equal(back, samples)

    def test_it_is_the_same_each_time(self, name):
        samples = recording(frames=50).samples
        assert blobs(name, samples) == blobs(name, samples)

    def test_it_says_its_settings(self, name):
        method = ALL[name]
        assert method.about and not method.missing() and method.version()
        assert ("bzip2-9" in method.about) == (name.endswith("-bzip2"))


def test_what_bytes_they_are():
    samples = recording().samples
    data = samples.astype("<i2").tobytes()
    assert blobs("raw", samples) == [data]
    assert blobs("bzip2-9", samples) == [bz2.compress(data, 9)]
    assert gzip.decompress(blobs("gzip-6", samples)[0]) == data


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_differences_without_and_with_bzip2(bits):
    samples = recording().samples
    alone = blobs(f"diff{bits}", samples)
    assert len(alone) == 2 and len(alone[0]) == -(-samples.size * bits // 8)
    assert [bz2.decompress(blob) for blob in blobs(f"diff{bits}-bzip2", samples)] == alone


def test_published_figures_are_of_our_rows():
    ratios = published.study()
    assert ratios.keys() <= STUDY.keys()
    shown = {name: f"{ratio:.2f}" for name, ratio in ratios.items()}
    assert shown == {
        "gzip-6": "2.38",
        "bzip2-9": "3.15",
        "diff4-bzip2": "1.94",
        "diff6-bzip2": "3.19",
        "diff8-bzip2": "3.31",
        "diff8": "1.92",
        "haar-bzip2": "2.65",
    }


def test_published_entropies_are_nats():
    note = published.nats_note()
    for told in ("3.53", "3.37", "5.09", "4.86", "3.14", "3.29"):
        assert told in note
    assert scipy.stats.entropy([1, 1]) == pytest.approx(np.log(2))  # where no base is named


def test_on_a_real_recording(recordings):
    samples, about = next(iter(recordings.values()))
    clip = np.array(samples[:300])
    made = Recording(samples=clip, sample_bits=about["adc_bits"], rate_hz=about["rate_hz"])
    results = {name: method.result(name, Kind.STUDY, made) for name, method in ALL.items()}
    assert all(result.passed for result in results.values())
    ratio = {name: result.ratio_int16 for name, result in results.items()}
    assert ratio["diff8-bzip2"] > ratio["bzip2-9"] > ratio["raw"] == 1
