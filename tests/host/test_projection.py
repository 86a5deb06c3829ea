"""Captures with mode PROJECTION: measurements come as windows; to samples they are a gap."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.format import Family, Mode, Order
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import fast, index, open_capture
from probecodec.host.capture import MissingFrames
from probecodec.host.live import Listener
from probecodec.host.timeline import Cause, Gap, join

from .captures import by_restart, packets
from .program import run
from .projected import (
    CONFIG,
    PROJECTION,
    capture_of,
    check_samples,
    check_windows,
    expected_gaps,
    forge,
    loaded,
    with_matrix,
)

SENT = capture_of()
ALL = range(len(SENT.chunks))
np1 = EncoderConfig(channels=24, order=Order.NP1, modes=CONFIG.modes)
KINDS = {
    "sparse": SENT,
    "dense-hold": capture_of(with_matrix(family=Family.DENSE, hold=4, shift=2)),
    "loaded": capture_of(loaded()),
    "no-highpass": capture_of(with_matrix(highpass_shift=0)),
    "np1": capture_of(with_matrix(np1, hold=2)),
    "projection-alone": capture_of(packets=[(PROJECTION, 32)] * 5),
}
each_kind = pytest.mark.parametrize("sent", KINDS.values(), ids=KINDS)


@each_kind
@pytest.mark.parametrize("opened", [open_capture, by_restart], ids=["one-block", "many-blocks"])
def test_windows_are_the_matrix_times_the_highpassed_samples(sent, opened):
    with opened(sent.data, fill="zero") as capture:
        kept = range(len(sent.chunks))
        check_windows(sent, list(capture.windows()), kept)
        assert capture.gaps == expected_gaps(sent, kept)
        check_samples(sent, capture)
        chunks = [chunk.samples for chunk in capture.chunks()]
        assert np.array_equal(np.vstack(chunks), capture[:])
        capture.verify()
        assert capture.complete and not capture.damaged
        assert capture.config.projection == sent.config.projection or sent is KINDS["loaded"]
        assert capture.metadata.packet_frames == 32


def test_golden_gives_the_same(monkeypatch):
    monkeypatch.setenv(fast.NO_NUMBA, "1")
    with open_capture(SENT.data, fill="zero") as capture:
        check_windows(SENT, list(capture.windows()), ALL)
        check_samples(SENT, capture)


def test_measured_frames_are_missing_to_those_who_read_samples():
    with open_capture(SENT.data) as capture:
        assert np.array_equal(capture[:128], SENT.samples[:128])
        with pytest.raises(MissingFrames, match=r"128 to 424 are missing \(sent as measurements\)"):
            capture[:]
        assert capture.held().sum() == 128 + 37
    with open_capture(SENT.data, fill="nan") as capture:
        assert np.isnan(capture[128:425]).all() and not np.isnan(capture[425:462]).any()
    with open_capture(SENT.data, fill="hold") as capture:
        assert (capture[128:425] == SENT.samples[127]).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(-600, 600), st.none() | st.integers(-600, 600))
def test_start_and_stop(start, stop):
    """Of a packet all is given, if any of its rows are asked for."""
    rows = range(len(SENT.samples))[start:stop]
    wanted = [n for n in ALL if rows and SENT.starts[n] < rows.stop and rows.start < SENT.stops[n]]
    with by_restart(SENT.data) as capture:
        check_windows(SENT, list(capture.windows(start, stop)), wanted)


def test_rows_count_from_the_first_frame_and_windows_as_the_source_does():
    first = next(n for n in ALL if n > 5 and SENT.restarts[n])
    with open_capture(b"".join(SENT.chunks[first:])) as capture:
        assert capture.first_frame == SENT.starts[first] > 0
        check_windows(SENT, list(capture.windows(0, 1)), [first])
        check_windows(SENT, list(capture.windows(-1)), [len(SENT.chunks) - 1])
        assert not list(capture.windows(3, 3)) and not list(capture.windows(9, 2))


def test_only_what_is_asked_for_is_decoded(monkeypatch):
    frames = []

    class Counted:
        def __init__(self, decoder):
            self._decoder = decoder

        def payload(self, payload, count, *rest):
            frames.append(count)
            return self._decoder.payload(payload, count, *rest)

    with by_restart(SENT.data) as capture:
        monkeypatch.setattr(fast, "decoder", lambda config, new=fast.decoder: Counted(new(config)))
        assert list(capture.windows(0, 100)) == [] and frames == []
        next(capture.windows())
        assert frames == [9]


@each_kind
def test_the_index_that_is_kept(sent, tmp_path, monkeypatch):
    """The second time nothing is scanned."""
    path = tmp_path / "a.pcs"
    path.write_bytes(sent.data)
    with open_capture(path, index=True) as first:
        monkeypatch.setattr(index.Indexer, "extend", None)
        with open_capture(path, index=True, fill="zero") as again:
            assert again.index == first.index
            assert again.config.projection.coefficients == ()
            check_windows(sent, list(again.windows()), range(len(sent.chunks)))
            check_samples(sent, again)


def test_an_index_of_before_the_mode_is_made_anew(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(SENT.data)
    open_capture(path, index=True).close()
    kept = path.with_name("a.pcs.index")
    head, body = kept.read_bytes().split(b"\n", 1)
    kept.write_bytes(head.replace(b"[2,", b"[1,", 1) + b"\n" + body.replace(b'"projected"', b'"x"'))
    with open_capture(path, index=True) as capture:
        check_windows(SENT, list(capture.windows()), ALL)


def test_a_growing_file(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(b"")
    with open_capture(path, growing=True, fill="zero") as capture, path.open("ab") as file:
        for n in ALL:
            file.write(SENT.chunks[n][:-1])
            file.flush()
            capture.refresh()
            if n:
                check_windows(SENT, list(capture.windows()), range(n))
            file.write(SENT.chunks[n][-1:])
            file.flush()
            capture.refresh()
            assert len(capture) == SENT.stops[n]
            check_windows(SENT, list(capture.windows()), range(n + 1))
            assert capture.gaps == expected_gaps(SENT, range(n + 1))
            check_samples(SENT, capture)


@each_kind
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_live(sent, size):
    listener, arrivals = Listener(), []
    for at in range(0, len(sent.data), size):
        arrivals += listener.feed(sent.data[at : at + size])
    arrivals += listener.finish()
    assert [one.start for one in arrivals] == sent.starts
    check_windows(sent, [one.windows for one in arrivals if one.windows], range(len(arrivals)))
    for n, one in enumerate(arrivals):
        assert np.array_equal(one.aux, sent.aux[sent.starts[n] : sent.stops[n]])
        samples = sent.samples[sent.starts[n] : sent.stops[n]]
        if one.windows:
            samples = samples[:0]
        assert one.samples.dtype == np.int16 and np.array_equal(one.samples, samples)
    assert listener.plan.segments[0].gaps == expected_gaps(sent, range(len(arrivals)))
    assert not listener.damaged


def test_several_streams_that_take_turns():
    """One whole lossless, one with another matrix; each as if it were alone."""
    other = capture_of(
        with_matrix(EncoderConfig(channels=3, modes=CONFIG.modes, stream_id=7)), seed=1
    )
    plain = EncoderConfig(channels=4, stream_id=9, packet_frames=32)
    chunks = list(encode(plain, SENT.samples))
    data = b"".join(b"".join(each) for each in zip(SENT.chunks, other.chunks, chunks, strict=False))
    with open_capture(data, fill="zero") as capture:
        first, second, third = capture.segments
        for sent, segment in ((SENT, first), (other, second)):
            count = len(chunks)
            check_windows(sent, list(segment.windows()), range(count))
            assert segment.gaps == expected_gaps(sent, range(count))
            check_samples(sent, segment)
        assert list(third.windows()) == [] and np.array_equal(third[:], SENT.samples)


def test_another_process_reads_the_same():
    with open_capture(SENT.data, fill="zero") as capture:
        check_windows(SENT, list(pickle.loads(pickle.dumps(capture)).windows()), ALL)


def test_exit_statuses(tmp_path, monkeypatch):
    """Nothing is missing to `verify`; `decode` leaves zeros, and says so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pcs").write_bytes(SENT.data)
    for verb in ("verify", "info"):
        result = run(verb, "a.pcs")
        assert "361 of them are sent as measurements (reconstruct)" in result.stdout
        assert "mode huffman, projection" in result.stdout
    result = run("decode", "a.pcs", "a.npy", status=1)
    assert "frames 128 to 424 (297): sent as measurements" in result.stderr
    decoded = np.load("a.npy")
    assert np.array_equal(decoded[:128, :4], SENT.samples[:128]) and not decoded[128:425].any()
    (tmp_path / "b.pcs").write_bytes(b"".join(SENT.chunks[:6] + SENT.chunks[7:]))
    assert "not complete" in run("verify", "b.pcs", status=1).stdout


causes = st.sampled_from(Cause)
gaps = st.lists(
    st.builds(lambda start, size, cause: Gap(start, start + size, cause),
              st.integers(0, 30), st.integers(1, 12), causes), max_size=8
)  # fmt: skip


@given(gaps)
def test_what_is_missing_among_measurements_is_missing(drawn):
    """Frame by frame; of two causes that say a frame is missing either may be told."""
    lost = [gap for gap in drawn if gap.cause != Cause.PROJECTED]
    apart = [gap for gap in lost if not any(gap != o and overlap(gap, o) for o in lost)]
    measured = [gap for gap in drawn if gap.cause == Cause.PROJECTED]
    measured = [gap for gap in measured if not any(gap != o and overlap(gap, o) for o in measured)]
    label = {}
    for gap in [*measured, *apart]:
        label |= dict.fromkeys(range(gap.start, gap.stop), gap.cause)
    once = [*dict.fromkeys([*measured, *apart])]
    joined = join(once)
    assert {f: gap.cause for gap in joined for f in range(gap.start, gap.stop)} == label
    assert sum(gap.stop - gap.start for gap in joined) == len(label)
    pairs = itertools.pairwise(joined)
    assert all(a.stop < b.start or (a.stop == b.start and a.cause != b.cause) for a, b in pairs)
    assert join(reversed(once)) == joined


def overlap(one, other):
    return one.start < other.stop and other.start < one.stop


def test_a_matrix_that_changes_within_a_stretch():
    """Each packet tells its own."""
    fields = {"window": 16, "measurements": 4, "hold": 1}
    configs = [
        EncoderConfig(
            channels=4,
            modes=(Mode.PROJECTION,),
            projection=ProjectionConfig(seed=seed, **fields),
            packet_frames=32,
        )
        for seed in (1, 2)
    ]
    sent = [capture_of(config, [(PROJECTION, 32)] * 2, seed=3) for config in configs]
    later = capture_of(configs[1], [(PROJECTION, 32)] * 4, seed=3)
    metadata, first, *_ = packets(sent[1].data)
    moved = [
        forge(metadata, sequence=3, frame_index=64),
        forge(first, sequence=4, frame_index=64),
    ]
    with open_capture(sent[0].data + b"".join(moved), fill="zero") as capture:
        pieces = list(capture.windows())
        assert [piece.matrix.seed for piece in pieces] == [1, 1, 2]
        check_windows(sent[0], pieces[:2], [0, 1])
        assert np.array_equal(pieces[2].values, later.windows[0])
        assert capture.gaps == [Gap(0, 96, Cause.PROJECTED)]
