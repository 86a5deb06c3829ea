"""Damage and forged packets amid measurements: never a wrong one, and the rest is there."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import HEADER, MATRIX, Family, Flag, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import fast, open_capture
from probecodec.host.bridges.chunk import ChunkError, decode_chunk
from probecodec.host.capture import CaptureError
from probecodec.host.live import Listener
from probecodec.host.timeline import Cause, Gap

from .captures import by_restart, flip, mutate, mutations, sentences
from .projected import (
    CONFIG,
    PROJECTION,
    capture_of,
    check_samples,
    check_windows,
    data_packet,
    decodable,
    expected_gaps,
    forge,
    offset,
    sound,
)

SENT = capture_of()
ALL = list(range(len(SENT.chunks)))
PROJECTED = [n for n in ALL if SENT.modes[n] == PROJECTION]


def listened(data):
    listener = Listener()
    arrivals = [*listener.feed(data), *listener.finish()]
    return listener, [one.windows for one in arrivals if one.windows]


@pytest.mark.parametrize("lost", ALL[1:-1])
@pytest.mark.parametrize("count", [1, 2])
def test_lost_packets(lost, count):
    """What is right after the next restart is right; the rest is a gap."""
    kept = [n for n in ALL if not lost <= n < lost + count]
    data = b"".join(SENT.chunks[n] for n in kept)
    for opened in (open_capture, by_restart):
        with opened(data, fill="zero") as capture:
            check_windows(SENT, list(capture.windows()), decodable(SENT, kept))
            assert capture.gaps == expected_gaps(SENT, kept)
            check_samples(SENT, capture)
            capture.verify()
            assert not capture.complete or lost + count > len(ALL) - 1
    listener, windows = listened(data)
    check_windows(SENT, windows, decodable(SENT, kept))
    assert listener.plan.segments[0].gaps == expected_gaps(SENT, kept)


@pytest.mark.parametrize("place", ["sync", "header", "extension", "payload", "trailer"])
def test_flipped_bits(place):
    at = {"sync": 1, "header": 20, "extension": 33, "payload": 45, "trailer": -2}[place]
    for n in PROJECTED:
        packet = data_packet(SENT, n)
        byte = offset(SENT, n) + at % len(packet)
        kept = [other for other in ALL if other != n]
        with open_capture(flip(SENT.data, byte, n % 8), fill="zero") as capture:
            check_windows(SENT, list(capture.windows()), decodable(SENT, kept))
            check_samples(SENT, capture)
            assert len(capture.damaged) == 1 and not capture.complete


@settings(max_examples=150, deadline=None)
@given(mutations())
def test_no_damage_yields_a_wrong_measurement(steps):
    data = mutate(SENT.chunks, steps)
    by_start = {SENT.starts[n]: n for n in PROJECTED}
    pieces = [piece for piece in listened(data)[1]]
    try:
        with open_capture(data, fill="zero") as capture:
            for segment in capture.segments:
                pieces += segment.windows()
                check_samples(SENT, segment)
    except CaptureError:
        pass
    assert all(sound(SENT, by_start[piece.start], piece) for piece in pieces)


class TestCodesThatMakeNoSense:
    """Checks that hold, but codes that run past the payload."""

    FLAWED = 5  # the second of three packets from a restart on
    LATER = 6  # the third

    def data(self):
        packet = forge(data_packet(SENT, self.FLAWED), payload=bytes(8))
        parts = list(SENT.chunks)
        parts[self.FLAWED] = packet
        return b"".join(parts)

    def test_they_are_lost_among_the_measured(self):
        start, stop = SENT.starts[self.FLAWED], SENT.stops[self.FLAWED]
        wanted = [n for n in ALL if n not in (self.FLAWED, self.LATER)]
        assert [SENT.restarts[n] for n in (4, 5, 6, 7)] == [True, False, False, True]
        for opened in (open_capture, by_restart):
            with opened(self.data(), fill="zero") as capture:
                assert capture.complete  # as far as is known
                check_windows(SENT, list(capture.windows()), wanted)
                assert not capture.complete
                assert capture.gaps == [
                    Gap(128, start, Cause.PROJECTED),
                    Gap(start, stop, Cause.LOST),
                    Gap(stop, SENT.stops[self.LATER], Cause.WAITING),
                    Gap(SENT.stops[self.LATER], 425, Cause.PROJECTED),
                    Gap(462, 526, Cause.PROJECTED),
                ]
                assert sentences(capture) == [
                    f"packet at byte {offset(SENT, self.FLAWED)}: "
                    "the codes run past the payload in frame 12"
                ]
                check_samples(SENT, capture)

    def test_verify_finds_them(self):
        with open_capture(self.data(), fill="zero") as capture:
            capture.verify()
            assert not capture.complete and len(capture.damaged) == 1
            capture.verify()
            assert len(capture.damaged) == 1

    def test_live(self):
        listener, windows = listened(self.data())
        with open_capture(self.data(), fill="zero") as capture:
            check_windows(SENT, windows, [n for n in ALL if n not in (self.FLAWED, self.LATER)])
            assert len(listener.damaged) == 1
            capture.verify()
            assert listener.plan.segments[0].gaps == capture.gaps


FIELDS = MATRIX.unpack(CONFIG.projection.extension)
EXTENSIONS = {
    "family": (MATRIX.pack(**FIELDS | {"family": 9}), "its matrix family 9 is not known"),
    "as many measurements as frames": (
        MATRIX.pack(**FIELDS | {"measurements_minus_1": 15}),
        "measurements = 16 is no fewer than the 16 frames of a window",
    ),
    "seed": (MATRIX.pack(**FIELDS | {"seed": 0}), "seed = 0: the generator has no such state"),
    "code_bits": (MATRIX.pack(**FIELDS | {"code_bits": 9}), "code_bits = 9 and shift = 1 do not"),
    "window": (MATRIX.pack(**FIELDS | {"window_log2": 2}), "window must be a whole number from 16"),
    "hold": (MATRIX.pack(**FIELDS | {"hold_log2": 15}), "hold must be a whole number from 1 to 8"),
    "none": (b"", "mode projection has 2 words of extension, not 0"),
    "one word": (bytes(4), "mode projection has 2 words of extension, not 1"),
    "three words": (CONFIG.projection.extension + bytes(4), "2 words of extension, not 3"),
    "255 words": (bytes(1020), "mode projection has 2 words of extension, not 255"),
}


@pytest.mark.parametrize(("words", "sentence"), EXTENSIONS.values(), ids=EXTENSIONS)
def test_extensions_that_tell_of_nothing_that_can_be(words, sentence):
    """One sentence; what does not build on that packet decodes."""
    parts = list(SENT.chunks)
    parts[8] = forge(data_packet(SENT, 8), words=words)
    kept = [n for n in ALL if n != 8]
    with open_capture(b"".join(parts), fill="zero") as capture:
        check_windows(SENT, list(capture.windows()), decodable(SENT, kept))
        check_samples(SENT, capture)
        (told,) = sentences(capture)
        assert sentence in told and told.startswith("packet at byte ") and "\n" not in told
        assert not capture.complete
    listener, windows = listened(b"".join(parts))
    check_windows(SENT, windows, decodable(SENT, kept))
    assert len(listener.damaged) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"words": b""}, "2 words of extension, not 0"),
        ({"payload": bytes(20)}, "its metadata has 20 bytes, not 32"),
        ({"payload": bytes(32)}, "rate_hz must be from"),
        ({"parameter": 3}, "parameter 3 does not belong to mode projection"),
    ],
)
def test_metadata_of_that_mode_that_cannot_be(changes, sentence):
    """The frames are there without."""
    sent = capture_of(packets=[(PROJECTION, 32)] * 3)
    metadata, rest = sent.data[:80], sent.data[80:]
    assert HEADER.unpack(metadata)["kind"] == 1 and HEADER.unpack(rest)["kind"] == 0
    with open_capture(forge(metadata, **changes) + rest) as capture:
        check_windows(sent, list(capture.windows()), range(3))
        assert capture.metadata is None
        (told,) = sentences(capture)
        assert sentence in told


def test_metadata_tells_of_packets_that_are_no_whole_windows():
    """From an encoder that is not ours: a sentence, or nothing; never an error."""
    sent = capture_of(packets=[(PROJECTION, 32)] * 3)
    metadata, rest = sent.data[:80], sent.data[80:]
    payload = metadata[40:-8]
    other = payload[:28] + (33).to_bytes(2, "big") + payload[30:]
    with open_capture(forge(metadata, payload=other) + rest) as capture:
        check_windows(sent, list(capture.windows()), range(3))
        assert "packet_frames = 33 are no whole windows" in sentences(capture)[0]


def test_modes_that_no_core_has_together():
    """Each packet can be; both modes in one core, with packets of whole windows, cannot."""
    channels, samples = 4096, np.zeros((1, 4096), np.int64)
    matrix = ProjectionConfig(channels=channels, sample_bits=10, window=256, measurements=1, hold=1)
    first = Encoder(EncoderConfig(channels=channels, modes=(Mode.HUFFMAN,), packet_frames=1))
    second = Encoder(EncoderConfig(channels=channels, modes=(Mode.PROJECTION,), projection=matrix))
    second._frame_index, second._sequence = 1, 2
    aux = np.zeros(1, np.int64)
    data = first.packet(samples, aux) + second.packet(samples, aux)
    with open_capture(data, fill="zero") as capture:
        assert not capture.segments[0][:1].any()
        capture.verify()
    listened(data)


class TestMemory:
    """A tiny packet makes no reader allocate much."""

    def packet(self, frames, **fields):
        words = MATRIX.pack(
            family=Family.SPARSE, window_log2=8, code_bits=18, seed=1, highpass_shift=8
        )
        return forge(
            data_packet(SENT, 4), words=words, payload=bytes(4), frames=frames,
            aux_bits=0, sample_bits_minus_1=8, **fields
        )  # fmt: skip

    def peak(self, data):
        with open_capture(data, fill="zero") as capture:  # compiles
            list(capture.windows())
        tracemalloc.start()
        try:
            with open_capture(data, fill="zero") as capture:
                list(capture.windows())
            listened(data)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_it_is_refused_where_its_measurements_do_not_fit(self):
        data = self.packet(65535, channels_minus_1=4095)
        assert self.peak(data + SENT.data) < 3 << 20
        with open_capture(data + SENT.data) as capture:
            assert "is too short for its 65535 frames" in sentences(capture)[0]
            check_windows(SENT, list(capture.segments[0].windows()), ALL)

    def test_one_without_measurements_holds_none(self):
        data = self.packet(255, channels_minus_1=4095, stream_id=3)
        assert self.peak(data) < 3 << 20
        with open_capture(data) as capture:
            (piece,) = capture.windows()
            assert piece.values.shape == (0, 1, 4096) and len(piece.aux) == 255


@pytest.mark.parametrize("measurements", [1, 4])
def test_a_chunk_of_an_array_is_never_of_measurements(measurements):
    """Not even where as many come as samples, or one that stands for all."""
    matrix = ProjectionConfig(window=16, measurements=measurements, hold=1)
    config = EncoderConfig(channels=4, modes=(Mode.PROJECTION,), projection=matrix)
    encoder, samples = Encoder(config), SENT.samples[:16]
    chunk = encoder.packet(samples, SENT.aux[:16] * 0)
    chunk += encoder.packet(samples[:0], SENT.aux[:0])  # what ends a chunk
    with pytest.raises(ChunkError):
        decode_chunk(chunk, 4)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PROJECTED),
    st.dictionaries(
        st.sampled_from(list(MATRIX.fields)),
        st.integers(0, 2**32 - 1),
        max_size=3,
    ),
    st.none() | st.integers(0, 70) | st.just(65535),
    st.none() | st.binary(max_size=80),
    st.booleans(),
)
def test_any_forged_packet_reads_or_is_told(at, fields, frames, payload, golden):
    """Whatever a packet with right checks tells, readers end, and with no error of their own."""
    fields = {name: value % (1 << MATRIX.fields[name]) for name, value in fields.items()}
    words = MATRIX.pack(**FIELDS | fields)
    if payload is not None:
        payload = payload + bytes(-len(payload) % 4)
    parts = list(SENT.chunks)
    parts[at] = forge(data_packet(SENT, at), words=words, payload=payload, frames=frames)
    data = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        if golden:
            patch.setenv(fast.NO_NUMBA, "1")
        with open_capture(data, fill="zero", workers=1) as capture:
            capture.verify()
            for segment in capture.segments:
                kept = [p for p in segment.windows() if p.start < SENT.starts[at]]
                before = [n for n in ALL[:at] if SENT.windows[n] is not None]
                assert all(sound(SENT, n, p) for n, p in zip(before, kept, strict=False))
        listened(data)


def test_a_jump_behind_a_packet_without_measurements():
    """It is filled as any other, though the packet before it holds next to nothing."""
    matrix = ProjectionConfig(window=16, measurements=4)
    config = EncoderConfig(
        channels=6, modes=(Mode.PROJECTION,), projection=matrix, packet_frames=32
    )
    core, samples = Encoder(config), np.ones((32, 6), np.int64)
    data = core.packet(samples[:9], np.zeros(9, np.int64))
    data += core.packet(samples, np.zeros(32, np.int64), dropped=60, cause=Flag.OVERRUN)
    with open_capture(data, fill="zero") as capture:
        assert len(capture) == 9 + 60 + 32 and len(capture.segments) == 1
