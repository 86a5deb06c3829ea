"""How much is decoded, held and read at once changes nothing of what comes out."""

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Mode
from probecodec.host import blocks, capture, fast, index, open_capture, planner, reader

from .captures import AUX, CAPTURE, CHUNKS, FRAMES, SAMPLES, by_restart, expected_gaps

LIMITS = [
    (reader, "_SMALL_SAMPLES"),
    (reader, "_CACHE_SAMPLES"),
    (reader, "_GAP_SAMPLES"),
    (planner, "_BLOCK_SAMPLES"),
    (index, "PIECE_BYTES"),
    (blocks, "PIECE_BYTES"),
    (index, "_REORDER_WINDOW"),
    (capture, "_SPAN_ROWS"),
]
KEPT = [n for n in range(20) if n not in (2, 5, 6, 7, 8, 13, 16)]
LOSSY = b"".join(CHUNKS[n] for n in KEPT)
THERE = np.ones(FRAMES, bool)
for gap in expected_gaps(KEPT):
    THERE[gap.start : gap.stop] = False
FILLED, WORDS = np.where(THERE[:, np.newaxis], SAMPLES, 0), np.where(THERE, AUX, 0)


def limit(patch, values):
    for (module, name), value in zip(LIMITS, values, strict=True):
        patch.setattr(module, name, value)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.sampled_from([1, 2, 50, 200, 1 << 40])] * len(LIMITS)),
    st.integers(0, FRAMES),
    st.integers(0, FRAMES),
    st.integers(1, 3),
)
def test_limits_change_nothing(values, start, stop, workers):
    with pytest.MonkeyPatch.context() as patch:
        limit(patch, values)
        with open_capture(LOSSY, fill="zero", workers=workers) as found:
            assert found.gaps == expected_gaps(KEPT)
            for _ in range(2):
                assert np.array_equal(found[start:stop], FILLED[start:stop])
                assert np.array_equal(found.aux[start:stop], WORDS[start:stop])
            chunks = list(found.chunks(start))
            assert np.array_equal(np.vstack([FILLED[:start], *(c.samples for c in chunks)]), FILLED)
            assert np.array_equal(np.hstack([WORDS[:start], *(c.aux for c in chunks)]), WORDS)
            assert np.array_equal(found[[stop - 1, start - 1, 0]], FILLED[[stop - 1, start - 1, 0]])


def test_a_gap_comes_in_parts(monkeypatch):
    monkeypatch.setattr(reader, "_GAP_SAMPLES", 5 * 8)
    with by_restart(b"".join(CHUNKS[:4] + CHUNKS[12:]), fill="zero") as found:
        chunks = list(found.chunks())
        assert max(len(c.aux) for c in chunks if 24 <= c.start < 72) == 5
        assert sum(len(c.aux) for c in chunks) == FRAMES


class Count:
    """Stands in for the choice of a decoder; counts the frames that go through it."""

    def __init__(self, monkeypatch):
        self.decoders = self.frames = 0
        monkeypatch.setattr(blocks.fast, "decoder", self.decoder)

    def decoder(self, config, choose=fast.decoder):
        decoder, count = choose(config), self
        self.decoders += 1

        class Counted:
            def payload(self, payload, frames, *rest):
                count.frames += frames
                return decoder.payload(payload, frames, *rest)

        return Counted()

    def since(self):
        """Decoders and frames since the last call."""
        told = self.decoders, self.frames
        self.decoders = self.frames = 0
        return told


class TestOnlyWhatIsNeeded:
    """Restarts are every 24 frames."""

    def test_opening_decodes_nothing(self, monkeypatch):
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            assert (len(found), found.gaps, found.complete) == (FRAMES, [], True)
        assert count.since() == (0, 0)

    @pytest.mark.parametrize(
        ("key", "restarts"),
        [
            (50, [2]),
            (slice(24, 48), [1]),
            (slice(47, 49), [1, 2]),
            (slice(3, 3), []),
            ([2, 117], [0, 1, 2, 3, 4]),  # near to each other: one reading
            ((slice(30, 40), 5), [1]),
            ([], []),
        ],
    )
    def test_restarts(self, monkeypatch, key, restarts):
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            assert np.array_equal(found[key], SAMPLES[key])
            frames = sum(min(24 * n + 24, FRAMES) - 24 * n for n in restarts)
            assert count.since() == (len(restarts), frames)
            assert np.array_equal(found[key], SAMPLES[key])
            assert count.since() == (0, 0)  # kept

    def test_far_rows(self, monkeypatch):
        monkeypatch.setattr(capture, "_SPAN_ROWS", 10)
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            rows = [117, 2, 3, 117, 50]
            assert np.array_equal(found[rows], SAMPLES[rows])
        assert count.since() == (3, 24 + 24 + 22)

    def test_auxiliary_words_come_with_the_samples(self, monkeypatch):
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            assert found.aux[30] == AUX[30] and np.array_equal(found[31], SAMPLES[31])
        assert count.since() == (1, 24)

    def test_a_block_too_large_to_keep_is_decoded_as_far_as_needed(self, monkeypatch):
        monkeypatch.setattr(reader, "_SMALL_SAMPLES", 1)
        count = Count(monkeypatch)
        with open_capture(CAPTURE) as found:
            assert np.array_equal(found[13:17], SAMPLES[13:17])
        assert count.frames <= 24  # packets of 6

    def test_chunks(self, monkeypatch):
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            assert sum(len(chunk.aux) for chunk in found.chunks(24, 72)) == 48
        assert count.since() == (2, 48)

    def test_chunks_push_nothing_out(self, monkeypatch):
        monkeypatch.setattr(reader, "_CACHE_SAMPLES", 24 * 8)
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            assert np.array_equal(found[5], SAMPLES[5])
            assert sum(len(chunk.aux) for chunk in found.chunks()) == FRAMES
            assert count.since() == (5, FRAMES)  # the first was there
            assert np.array_equal(found[6], SAMPLES[6])
            assert count.since() == (0, 0)

    def test_what_was_not_used_for_longest_is_forgotten_first(self, monkeypatch):
        monkeypatch.setattr(reader, "_CACHE_SAMPLES", 2 * 24 * 8)
        count = Count(monkeypatch)
        with by_restart(CAPTURE) as found:
            for row, decoded in ((0, 1), (24, 1), (0, 0), (48, 1), (0, 0), (24, 1), (48, 1)):
                assert np.array_equal(found[row], SAMPLES[row])
                assert count.since()[0] == decoded


LONG = EncoderConfig(
    channels=64, sample_bits=12, modes=(Mode.FIXED,), packet_frames=64, restart_interval=4
)
TABLE = np.random.default_rng(0).integers(-200, 200, (12_000, 64)).astype(np.int16)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.pcs"
    path.write_bytes(b"".join(encode(LONG, TABLE)))
    return path


def by_chunks(found):
    for chunk in found.chunks():
        yield chunk.start, chunk.samples
        time.sleep(0.005)  # what is decoded ahead may not pile up


def by_slices(found):
    return ((start, found[start : start + 500]) for start in range(0, len(found), 500))


def by_far_rows(found):
    return ((row, found[[row, -1 - row]][:1]) for row in range(0, len(found) // 2, 100))


@pytest.mark.parametrize("way", [by_chunks, by_slices, by_far_rows])
def test_memory_is_bounded(long, monkeypatch, way):
    """The capture is 47 blocks, the cache holds 4 of them."""
    block = 256 * 64
    monkeypatch.setattr(planner, "_BLOCK_SAMPLES", block)
    monkeypatch.setattr(reader, "_CACHE_SAMPLES", 4 * block)
    monkeypatch.setattr(capture, "_SPAN_ROWS", 64)
    with open_capture(long, workers=2) as found:
        assert np.array_equal(found[-1], TABLE[-1])  # what compiles is compiled now
        tracemalloc.start()
        try:
            for start, samples in way(found):
                assert np.array_equal(samples, TABLE[start : start + len(samples)])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < TABLE.nbytes / 2
