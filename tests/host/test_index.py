"""The index beside a capture: used where it fits, never where it does not."""

import io
import os
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Mode
from probecodec.host import index, open_capture, planner, reader
from probecodec.host.capture import CaptureError
from probecodec.host.source import Source

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    FRAMES,
    OFFSETS,
    SAMPLES,
    data_packet,
    flip,
    forge,
    signal,
)

OTHER = EncoderConfig(channels=3, sample_bits=9, stream_id=5, packet_frames=10)
THEIRS, _ = signal(OTHER, frames=30, seed=4)
DAMAGED = b"".join(
    [
        b"noise",
        *CHUNKS[1:6],
        *CHUNKS[7:10],
        *encode(OTHER, THEIRS),
        flip(CHUNKS[10], 50),
        *CHUNKS[11:14],
        CHUNKS[13],  # again
        forge(data_packet(9), sequence=600),  # too late
        forge(data_packet(14), channels_minus_1=4),  # another shape
        *CHUNKS[14:],
        forge(data_packet(4), frame_index=1 << 40, drop_count=1 << 20),  # behind a large gap
        *encode(CONFIG, SAMPLES[::-1]),
    ]
)


@pytest.fixture(autouse=True)
def several_blocks(monkeypatch):
    """A block for every restart."""
    monkeypatch.setattr(planner, "_BLOCK_SAMPLES", 0)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(CAPTURE)
    return path


def kept(path):
    return path.with_name(path.name + ".index")


def no_scan(patch):
    """Make every scan fail."""

    def extend(*_):
        raise AssertionError("it was scanned")

    patch.setattr(index.Indexer, "extend", extend)


def everything(capture):
    """All that a capture tells."""
    about, plan = capture.index, capture.index.plan
    segments = [
        (each.number, each.outline, each.metadata, each.gaps, each[:].tobytes(), list(each.aux))
        for each in capture.segments
    ]
    counts = about.size, about.packets, about.bytes_skipped, plan.duplicates, plan.out_of_order
    return segments, counts, capture.damaged, plan.refused, capture.complete


def uses(path, monkeypatch):
    """Is the capture opened without a scan?"""
    with monkeypatch.context() as patch:
        no_scan(patch)
        try:
            with open_capture(path, index=True, fill="zero") as capture:
                assert len(capture) > 0
        except AssertionError as error:
            assert "scanned" in str(error)
            return False
    return True


def test_kept_only_on_request(path):
    open_capture(path).close()
    assert not kept(path).exists()
    open_capture(io.BytesIO(CAPTURE), index=True).close()
    open_capture(CAPTURE, index=True).close()  # no place to keep it
    open_capture(path, index=True, growing=True).close()
    assert os.listdir(path.parent) == ["a.pcs"]
    open_capture(path, index=True).close()
    assert sorted(os.listdir(path.parent)) == ["a.pcs", "a.pcs.index"]


def test_it_spares_the_scan(path, monkeypatch):
    open_capture(path, index=True).close()
    no_scan(monkeypatch)
    with pytest.raises(AssertionError, match="scanned"):
        open_capture(path)
    with open_capture(path, index=True) as capture:
        assert np.array_equal(capture[:], SAMPLES)


def test_it_reads_no_more_than_the_edges(tmp_path, monkeypatch):
    path, read = tmp_path / "long.pcs", []
    path.write_bytes(b"".join(encode(CONFIG, SAMPLES)) + bytes(1 << 20))
    open_capture(path, index=True).close()

    def counted(self, start, stop, real=Source.read):
        read.append(stop - start)
        return real(self, start, stop)

    monkeypatch.setattr(Source, "read", counted)
    open_capture(path, index=True).close()
    assert sum(read) <= 1 << 17


@pytest.mark.parametrize("data", [CAPTURE, DAMAGED, CAPTURE[:72]], ids=["whole", "damaged", "none"])
def test_it_tells_all_that_a_scan_does(tmp_path, monkeypatch, data):
    path = tmp_path / "a.pcs"
    path.write_bytes(data)
    scanned = open_capture(path, fill="zero")
    first = open_capture(path, index=True, fill="zero")
    no_scan(monkeypatch)
    again = open_capture(path, index=True, fill="zero")
    assert everything(first) == everything(scanned) == everything(again)
    if data == DAMAGED:
        assert len(scanned.segments) == 4 and not scanned.complete
        plan = scanned.index.plan
        assert (plan.duplicates, plan.out_of_order, len(plan.refused)) == (1, 1, 1)


class TestStale:
    """The capture was changed since."""

    def changed(self, path, data, *, old_time=False):
        about = path.stat()
        path.write_bytes(data)
        if old_time:
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))

    def check(self, path, samples):
        """The samples are those of now, and so is the index that is kept then."""
        for _ in range(2):
            with open_capture(path, index=True) as capture:
                assert np.array_equal(capture[:], samples)

    def test_longer(self, path, monkeypatch):
        self.changed(path, CAPTURE[: OFFSETS[9]])
        open_capture(path, index=True).close()
        self.changed(path, CAPTURE, old_time=True)
        assert not uses(path, monkeypatch)
        self.check(path, SAMPLES)
        assert uses(path, monkeypatch)

    def test_other_content(self, path, monkeypatch):
        open_capture(path, index=True).close()
        data = flip(CAPTURE, 100), flip(CAPTURE, len(CAPTURE) - 9)
        for each in data:
            self.changed(path, each, old_time=True)
            assert not uses(path, monkeypatch)

    def test_other_time(self, path, monkeypatch):
        open_capture(path, index=True).close()
        assert uses(path, monkeypatch)
        os.utime(path, ns=(1, 1))
        assert not uses(path, monkeypatch)
        self.check(path, SAMPLES)

    def test_another_capture_of_the_same_size(self, path):
        other = b"".join(encode(CONFIG, SAMPLES))  # zeros as auxiliary words
        self.changed(path, CAPTURE[: OFFSETS[2]])
        open_capture(path, index=True).close()
        self.changed(path, other[: OFFSETS[2]].ljust(OFFSETS[2], b"\0"))
        self.check(path, SAMPLES[:12])

    @pytest.mark.parametrize("small", [1 << 24, 1])
    def test_changed_where_nothing_shows_it(self, path, monkeypatch, small):
        """Same size, time and edges: no wrong sample comes, but an error."""
        monkeypatch.setattr(index, "_EDGE_BYTES", 100)
        monkeypatch.setattr(reader, "_SMALL_SAMPLES", small)
        open_capture(path, index=True).close()
        swapped = forge(data_packet(5), payload=data_packet(5)[32:-8][::-1])
        for data in (
            flip(CAPTURE, OFFSETS[5] + 45),
            CAPTURE[: OFFSETS[5]] + swapped + CAPTURE[OFFSETS[6] :],
            CAPTURE[: OFFSETS[5]] + bytes(OFFSETS[6] - OFFSETS[5]) + CAPTURE[OFFSETS[6] :],
        ):
            assert len(data) == len(CAPTURE)
            self.changed(path, data, old_time=True)
            assert uses(path, monkeypatch)
            with open_capture(path, index=True) as capture:
                assert np.array_equal(capture[:24], SAMPLES[:24])
                assert np.array_equal(capture[48:], SAMPLES[48:])
                for rows in (slice(24, 48), slice(40, 60), [47, 3]):
                    with pytest.raises(CaptureError, match="not what they were when"):
                        capture[rows]
                with pytest.raises(CaptureError, match=r"open it again; a stored index \(.index\)"):
                    list(capture.chunks())

    def test_a_packet_gone_amid_a_block_too_large_to_keep(self, path, monkeypatch):
        """No wrong sample, however few are asked for; in this mode any bits can be decoded."""
        monkeypatch.setattr(index, "_EDGE_BYTES", 100)
        monkeypatch.setattr(reader, "_SMALL_SAMPLES", 1)
        config = replace(CONFIG, modes=(Mode.FIXED,), fixed_bits=CONFIG.sample_bits)
        chunks = list(encode(config, SAMPLES, AUX))
        self.changed(path, b"".join(chunks))
        open_capture(path, index=True).close()
        chunks[5] = flip(chunks[5], 45)
        self.changed(path, b"".join(chunks), old_time=True)
        with open_capture(path, index=True) as capture:
            for start in range(24, 48):
                with suppress(CaptureError):
                    assert np.array_equal(capture[start : start + 1], SAMPLES[start : start + 1])
            with pytest.raises(CaptureError, match="not what they were when"):
                for chunk in capture.chunks():
                    rows = slice(chunk.start, chunk.start + len(chunk.aux))
                    assert np.array_equal(chunk.samples, SAMPLES[rows])

    def test_cut_while_it_is_open(self, path):
        with open_capture(path) as capture:
            os.truncate(path, OFFSETS[6])
            assert np.array_equal(capture[:24], SAMPLES[:24])
            with pytest.raises(CaptureError, match="not what they were"):
                capture[30]


class TestNotOurs:
    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b"3", b'"layout"', b"[" * 100_000),
            *(b'{"layout":1}', b'{"layout":1,"state":[],"index":{}}'),
        ],
        ids=lambda content: repr(content[:12]),
    )
    def test_foreign(self, path, monkeypatch, content):
        kept(path).write_bytes(content)
        with open_capture(path, index=True) as capture:
            assert np.array_equal(capture[:], SAMPLES)
        assert uses(path, monkeypatch)  # ours again

    def test_another_layout(self, path, monkeypatch):
        open_capture(path, index=True).close()
        monkeypatch.setattr(index, "_LAYOUT", index._LAYOUT + 1)
        assert not uses(path, monkeypatch)
        open_capture(path, index=True).close()
        assert uses(path, monkeypatch)

    def test_cut_off(self, path, monkeypatch):
        open_capture(path, index=True).close()
        whole = kept(path).read_bytes()
        for size in range(0, len(whole), 97):
            kept(path).write_bytes(whole[:size])
            assert not uses(path, monkeypatch)

    def test_damaged(self, tmp_path):
        """One bit of it flipped: it is not used, or tells the same all the same."""
        path = tmp_path / "a.pcs"
        path.write_bytes(b"".join(CHUNKS[:2] + CHUNKS[3:6]))
        with open_capture(path, index=True, fill="zero") as capture:
            expected = everything(capture)
        whole = kept(path).read_bytes()
        for byte in range(0, len(whole), 3):
            kept(path).write_bytes(flip(whole, byte, byte % 5))
            with open_capture(path, index=True, fill="zero") as capture:
                assert everything(capture) == expected


def test_where_it_cannot_be_written(path):
    kept(path).mkdir()
    with (
        pytest.warns(UserWarning, match=r"a\.pcs\.index: the index was not kept: "),
        open_capture(path, index=True) as capture,
    ):
        assert np.array_equal(capture[:], SAMPLES)
    assert sorted(os.listdir(path.parent)) == ["a.pcs", "a.pcs.index"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(path):
    path.parent.chmod(0o500)
    with (
        pytest.warns(UserWarning, match="Permission denied"),
        open_capture(path, index=True) as one,
    ):
        assert len(one) == FRAMES
