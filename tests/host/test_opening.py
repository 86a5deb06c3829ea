"""Opening captures: from where, which segment, by whom and when they are read and closed."""

import io
import pickle
import threading

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.host import open_capture
from probecodec.host.capture import CaptureError

from .captures import CAPTURE, CHUNKS, CONFIG, FRAMES, SAMPLES, by_restart, signal


def test_threads():
    """What one reads does not disturb the others."""
    wrong, rng = [], np.random.default_rng(0)

    def read(starts):
        for start in starts:
            rows = slice(start, start + 30)
            if not np.array_equal(capture[rows], SAMPLES[rows]):
                wrong.append(rows)

    with by_restart(CAPTURE, workers=3) as capture:
        jobs = [
            threading.Thread(target=read, args=(rng.integers(0, FRAMES, 40),)) for _ in range(6)
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join(30)
        assert not any(job.is_alive() for job in jobs)
    assert wrong == []


def test_pickle(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(b"".join(CHUNKS[:5] + CHUNKS[6:]))
    for source in (path, str(path), path.read_bytes()):
        with open_capture(source, fill="hold") as capture:
            capture[0]
            copy = pickle.loads(pickle.dumps(capture))
            with copy:
                np.testing.assert_array_equal(copy[:], capture[:])
                assert (copy.gaps, copy.name, copy.config) == (capture.gaps, capture.name, CONFIG)
    with path.open("rb") as file, pytest.raises(TypeError, match="is an open file: open it by"):
        pickle.dumps(open_capture(file))
    with open_capture(path, growing=True) as capture, pytest.raises(TypeError, match="is growing"):
        pickle.dumps(capture)


def test_open_file():
    file = io.BytesIO(CAPTURE)
    with open_capture(file) as capture:
        file.seek(77)  # somebody else's business
        np.testing.assert_array_equal(capture[:], SAMPLES)
    assert not file.closed  # it was not opened here


def test_context_closes_the_file(tmp_path):
    (tmp_path / "a.pcs").write_bytes(CAPTURE)
    with open_capture(tmp_path / "a.pcs") as capture:
        np.testing.assert_array_equal(capture[3:5], SAMPLES[3:5])
    with pytest.raises((OSError, ValueError)):
        capture[60]


class TestSeveral:
    """Two probes, the second one reset in between."""

    OTHER = EncoderConfig(channels=3, sample_bits=9, stream_id=5, packet_frames=10)
    THEIRS, WORDS = signal(OTHER, frames=30, seed=4)
    DATA = CAPTURE + b"".join([*encode(OTHER, THEIRS), *encode(OTHER, THEIRS[::-1])])

    def test_choosing(self):
        np.testing.assert_array_equal(open_capture(self.DATA, stream_id=0)[:], SAMPLES)
        np.testing.assert_array_equal(open_capture(self.DATA, segment=0)[:], SAMPLES)
        np.testing.assert_array_equal(open_capture(self.DATA, segment=1)[:], self.THEIRS)
        np.testing.assert_array_equal(
            open_capture(self.DATA, segment=2, stream_id=5)[:], self.THEIRS[::-1]
        )
        assert [each.number for each in open_capture(self.DATA).segments] == [0, 1, 2]
        assert [each.stream_id for each in open_capture(self.DATA).segments] == [0, 5, 5]

    def test_none_chosen(self):
        capture = open_capture(self.DATA)
        with pytest.raises(CaptureError, match=r"choose a segment \(segment=…, --segm.*it has 0"):
            len(capture)
        with pytest.raises(CaptureError, match="choose a segment"):
            capture[0]
        capture.verify()  # needs none

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ({"stream_id": 5}, r"choose a segment .*; 2 \(stream 5, frames 0 to 29\)$"),
            ({"stream_id": 1}, r"no such segment: it has 0 \(stream 0, frames 0 to 117\); 1"),
            ({"segment": 3}, "no such segment"),
            ({"segment": -1}, "no such segment"),
            ({"segment": 0, "stream_id": 5}, "no such segment"),
        ],
    )
    def test_refused(self, choice, expected):
        with pytest.raises(CaptureError, match=expected):
            open_capture(self.DATA, **choice)

    def test_a_long_list_is_cut(self):
        runs = b"".join(b"".join(encode(CONFIG, SAMPLES[n:][:6])) for n in range(15))
        with pytest.raises(CaptureError, match=r"9 \(stream 0, frames 0 to 5\); …$"):
            len(open_capture(runs))


def test_repr_and_a_closed_capture(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(CAPTURE)
    capture = open_capture(path)
    assert repr(capture) == f"<capture {path}: {FRAMES} frames, 8 channels, 0 missing>"
    capture.close()
    with pytest.raises(ValueError, match="is closed: open the capture again"):
        capture[0]
