"""What stands for missing frames, worked out frame by frame from the original samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.encoder import Encoder
from probecodec.host import open_capture, reader
from probecodec.host.capture import CaptureError, MissingFrames
from probecodec.host.timeline import Cause, Gap

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    OFFSETS,
    SAMPLES,
    by_restart,
    data_packet,
    forge,
)

POLICIES = ["zero", "hold", "nan"]


def lossy():
    """Packets of 6 frames, a restart every 4; some dropped, lost, and one whose codes are bad."""
    encoder, parts = Encoder(CONFIG), []
    starts = [0, 6, 12, 20, 26, 34, 40, 46, 52, 58, 64, 70, 76, 82, 88]  # 2 dropped before 20, 34
    for last, start in itertools.pairwise([-6, *starts]):
        rows = slice(start, start + 6)
        parts.append(
            encoder.packet(SAMPLES[rows].astype(np.int64), AUX[rows], dropped=start - last - 6)
        )
    parts[6] = forge(parts[6], payload=parts[6][32:-8][:24])
    return b"".join(part for n, part in enumerate(parts) if n not in (2, 9, 12))


DATA = lossy()
GAPS = [
    Gap(12, 18, Cause.LOST),
    Gap(18, 20, Cause.DROPPED),
    Gap(20, 26, Cause.WAITING),
    Gap(32, 34, Cause.DROPPED),
    Gap(40, 46, Cause.LOST),  # the bad one
    Gap(46, 52, Cause.WAITING),
    Gap(58, 64, Cause.LOST),
    Gap(64, 76, Cause.WAITING),
    Gap(76, 82, Cause.LOST),
    Gap(82, 94, Cause.WAITING),
]
FRAMES = 94
THERE = np.array([not any(gap.start <= n < gap.stop for gap in GAPS) for n in range(FRAMES)])


def filled(policy, there=THERE, first=0):
    """Frames ``first`` on as they must come out."""
    samples = SAMPLES[first:][: len(there)].astype(np.float32 if policy == "nan" else np.int16)
    words = AUX[first:][: len(there)].copy()
    for row in np.flatnonzero(~there):
        held = policy == "hold" and row > 0
        samples[row] = samples[row - 1] if held else np.nan if policy == "nan" else 0
        words[row] = words[row - 1] if held else 0
    return samples, words


def same(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_the_gaps():
    with by_restart(DATA, fill="zero") as capture:
        assert capture.gaps == [gap for gap in GAPS if gap.start not in (40, 46)]
        capture.verify()  # shows the bad packet
        assert capture.gaps == GAPS
        assert np.array_equal(capture.held(), THERE)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("opener", [open_capture, by_restart])
def test_every_slice(policy, opener):
    samples, words = filled(policy)
    with opener(DATA, fill=policy) as capture:
        same(capture[:], samples)
        for start in range(FRAMES):
            for stop in (start, start + 1, start + 9, FRAMES):
                same(capture[start:stop], samples[start:stop])
                same(capture.aux[start:stop], words[start:stop])


@pytest.mark.parametrize("policy", POLICIES)
def test_first_reading_at_every_frame(policy):
    """Nothing was decoded before: the bad packet is not known as such yet."""
    samples, words = filled(policy)
    for start in range(FRAMES):
        with by_restart(DATA, fill=policy) as capture:
            same(capture[start : start + 3], samples[start : start + 3])
        with by_restart(DATA, fill=policy) as capture:
            same(capture.aux[start : start + 1], words[start : start + 1])


@pytest.mark.parametrize("policy", POLICIES)
def test_hold_where_the_frame_before_the_gap_proves_bad(policy):
    """A packet is lost just behind the bad one; it is asked for first."""
    bad = forge(data_packet(6), payload=data_packet(6)[32:-8][:24])
    there = np.isin(np.arange(48), range(36, 48), invert=True)
    samples, words = filled(policy, there)
    data = CAPTURE[: OFFSETS[6]] + bad + CAPTURE[OFFSETS[8] :]
    for start in range(30, 48):
        with by_restart(data, fill=policy) as capture:
            same(capture[start:48], samples[start:])
        with by_restart(data, fill=policy) as capture:
            same(capture.aux[[start]], words[[start]])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(POLICIES),
    st.lists(st.integers(-FRAMES, FRAMES - 1), max_size=8),
    st.one_of(st.slices(8), st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3)),
)
def test_any_rows_and_columns(policy, rows, columns):
    samples, words = filled(policy)
    with by_restart(DATA, fill=policy) as capture:
        same(capture.aux[rows], words[rows])
        if not isinstance(columns, list):
            same(capture[rows, columns], samples[rows, columns])
        for row in rows:
            same(capture[row:, columns], samples[row:][:, columns])
            same(np.asarray(capture[row, columns]), np.asarray(samples[row, columns]))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("part", [1, 3, 1 << 22])
def test_chunks(policy, part, monkeypatch):
    """Also where a gap comes in parts, or begins before the first chunk."""
    monkeypatch.setattr(reader, "_GAP_SAMPLES", part * 8)
    samples, words = filled(policy)
    for start in range(0, FRAMES, 5):
        with by_restart(DATA, fill=policy) as capture:
            chunks = list(capture.chunks(start))
            same(np.concatenate([chunk.samples for chunk in chunks]), samples[start:])
            same(np.concatenate([chunk.aux for chunk in chunks]), words[start:])
            same(np.array(list(capture)), samples)


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_before_the_gap(policy):
    """The capture begins with packets that wait for a restart."""
    samples, words = filled(policy, np.arange(12, 60) >= 24, first=12)
    with by_restart(CAPTURE[OFFSETS[2] : OFFSETS[10]], fill=policy) as capture:
        for start in (0, 3, 12):
            same(capture[start:], samples[start:])
            same(capture.aux[start:], words[start:])
        same(np.concatenate([chunk.samples for chunk in capture.chunks(5)]), samples[5:])


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_at_all(policy):
    samples, words = filled(policy, np.zeros(12, bool), first=6)
    with open_capture(b"".join(CHUNKS[1:3]), fill=policy) as capture:
        same(capture[:], samples)
        same(capture.aux[:], words)


class TestError:
    def test_every_slice(self):
        """Refused where a missing frame is in it, and only there."""
        with by_restart(DATA) as capture:
            for start, stop in itertools.combinations(range(FRAMES + 1), 2):
                if THERE[start:stop].all():
                    same(capture[start:stop], SAMPLES[start:stop])
                    same(capture.aux[start:stop], AUX[start:stop])
                elif stop - start < 12:
                    with pytest.raises(MissingFrames):
                        capture[start:stop]
                    with pytest.raises(MissingFrames):
                        capture.aux[start:stop]

    @pytest.mark.parametrize("rows", [[5, 30, 54], [57, 0], slice(10, 31, 20), slice(57, 2, -27)])
    def test_gaps_between_the_rows_do_not_count(self, rows):
        with by_restart(DATA) as capture:
            same(capture[rows], SAMPLES[rows])
            same(capture[rows, 3], SAMPLES[rows, 3])
            same(capture.aux[rows], AUX[rows])

    def test_all_that_is_there(self):
        with by_restart(DATA) as capture:
            capture.verify()
            same(capture[capture.held()], SAMPLES[:FRAMES][THERE])

    @pytest.mark.parametrize("rows", [12, [0, 19], [90], slice(0, 50, 15), THERE[::-1], 40, [51]])
    def test_scattered(self, rows):
        with by_restart(DATA) as capture:
            assert not THERE[rows].all() if not isinstance(rows, int) else not THERE[rows]
            for lazy in (capture, capture.aux):
                with pytest.raises(MissingFrames):
                    lazy[rows]

    def test_chunks(self):
        with by_restart(DATA) as capture:
            same(np.concatenate([c.samples for c in capture.chunks(26, 32)]), SAMPLES[26:32])
            with pytest.raises(MissingFrames):
                list(capture.chunks(26, 33))

    def test_says_which_and_why(self):
        with by_restart(DATA) as capture:
            with pytest.raises(MissingFrames, match=r"frames 12 to 13 are missing \(lost"):
                capture[:14]
            with pytest.raises(CaptureError, match=r"\(waits for a restart\): choose what stands"):
                capture[21]


def test_unknown_policy():
    with pytest.raises(CaptureError, match="'none'; there are error, zero, hold, nan"):
        open_capture(CAPTURE, fill="none")
