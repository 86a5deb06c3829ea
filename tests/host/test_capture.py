"""Captures: every kind of damage, with the gaps that must follow worked out independently."""

import itertools
import struct
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import HEADER, METADATA, SYNC, TRAILER, Flag, Mode
from probecodec.host import open_capture
from probecodec.host.capture import CaptureError
from probecodec.host.timeline import Cause, Gap, Metadata

CONFIG = EncoderConfig(
    channels=8,
    sample_bits=10,
    aux_bits=4,
    packet_frames=6,
    restart_interval=4,
    rate_hz=2500.0,
    lsb_uv=4.6875,
    probe="NP1010",
)
FRAMES = 118  # 19 whole packets and one of 4 frames; a restart every 24 frames
METADATA_SIZE = HEADER.size + METADATA.size + TRAILER.size
SYNC_BYTES = SYNC.to_bytes(4, "big")


def signal(config=CONFIG, frames=FRAMES, seed=0):
    """A random walk that wraps around, with jumps that escape: int16 samples, uint16 words."""
    rng = np.random.default_rng(seed)
    half = 1 << (config.sample_bits - 1)
    steps = np.rint(rng.laplace(0, half / 60, (frames, config.channels)))
    steps[rng.random(steps.shape) < 0.02] = half - 1
    samples = (np.cumsum(steps, axis=0) + half) % (2 * half) - half
    aux = np.repeat(rng.integers(0, 1 << config.aux_bits, frames), 5)[:frames]
    return samples.astype(np.int16), aux.astype(np.uint16)


def read_capture(source):
    """Everything that a capture gives: its segments with samples and auxiliary words, as arrays."""
    capture = open_capture(source, fill="zero")
    capture.verify()
    plan = capture.index.plan
    return SimpleNamespace(
        segments=[
            SimpleNamespace(
                **vars(each.outline)
                | {
                    "samples": each[:],
                    "aux": each.aux[:],
                    "gaps": each.gaps,
                    "modes": each.config.modes,
                }
            )
            for each in capture.segments
        ],
        damaged=capture.damaged,
        complete=capture.complete,
        packets=capture.index.packets,
        bytes_skipped=capture.index.bytes_skipped,
        size=capture.index.size,
        duplicates=plan.duplicates,
        out_of_order=plan.out_of_order,
    )


SAMPLES, AUX = signal()
CHUNKS = list(encode(CONFIG, SAMPLES, AUX))  # data packets, after their metadata at restarts
RESTARTS = [n % 4 == 0 for n in range(len(CHUNKS))]
STARTS = [6 * n for n in range(len(CHUNKS))]
STOPS = [*STARTS[1:], FRAMES]
OFFSETS = [0, *itertools.accumulate(len(chunk) for chunk in CHUNKS)]
CAPTURE = b"".join(CHUNKS)


def data_offset(n):
    """The byte of ``CAPTURE`` where data packet ``n`` begins, its metadata skipped."""
    return OFFSETS[n] + (METADATA_SIZE if RESTARTS[n] else 0)


def data_packet(n):
    return CAPTURE[data_offset(n) : OFFSETS[n + 1]]


def expected_gaps(kept):
    """The gaps when only the chunks ``kept``, ascending, arrive: frame by frame."""
    label = dict.fromkeys(range(STARTS[kept[0]], STOPS[kept[-1]]), Cause.LOST)
    for n in kept:
        needed = range(n - n % 4, n + 1)  # from its restart on
        waits = not set(needed) <= set(kept)
        label |= dict.fromkeys(range(STARTS[n], STOPS[n]), Cause.WAITING if waits else None)
    runs = itertools.groupby(label.items(), key=lambda item: item[1])
    spans = [(cause, [frame for frame, _ in run]) for cause, run in runs]
    return [Gap(span[0], span[-1] + 1, cause) for cause, span in spans if cause]


def check(segment, samples=SAMPLES, aux=AUX):
    """Outside its gaps the segment equals the original, inside it is zero; gaps are in order."""
    assert segment.samples.shape == (segment.frames, samples.shape[1])
    assert segment.samples.dtype == np.int16 and segment.aux.dtype == np.uint16
    intact = np.ones(segment.frames, bool)
    end = segment.first_frame
    for start, stop, cause in segment.gaps:
        assert end <= start < stop <= segment.first_frame + segment.frames
        assert isinstance(cause, Cause)
        end = stop
        intact[start - segment.first_frame : stop - segment.first_frame] = False
    span = slice(segment.first_frame, segment.first_frame + segment.frames)
    filled = np.where(intact[:, np.newaxis], samples[span], 0)
    np.testing.assert_array_equal(segment.samples, filled)
    np.testing.assert_array_equal(segment.aux, np.where(intact, aux[span], 0))


def only(capture):
    """The one segment of a capture."""
    (segment,) = capture.segments
    return segment


def read_kept(kept):
    """Decode only the chunks ``kept``."""
    return read_capture(b"".join(CHUNKS[n] for n in kept))


def flip(data, byte, bit=0):
    return data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1 :]


def forge(packet, *, payload=None, frames=None, words=b"", **fields):
    """Change a packet and make its checks right again."""
    header = HEADER.unpack(packet) | fields | {"check": 0}
    head = HEADER.pack(**header)[:-4]
    payload = packet[HEADER.size : -TRAILER.size] if payload is None else payload
    frames = TRAILER.unpack(packet[-TRAILER.size :])["frames"] if frames is None else frames
    body = words + payload + struct.pack(">HH", frames, len(payload) // 4)
    check = zlib.crc32(head)
    return head + struct.pack(">I", check) + body + struct.pack(">I", zlib.crc32(body, check))


def sentences(capture):
    return [damage.sentence for damage in capture.damaged]


class TestIntact:
    @pytest.mark.parametrize("preset", ["fixed", "tiny", "dual"])
    @pytest.mark.parametrize(
        ("channels", "sample_bits", "aux_bits"), [(8, 10, 0), (40, 16, 16), (11, 8, 1), (2, 12, 2)]
    )
    def test_round_trip(self, preset, channels, sample_bits, aux_bits):
        config = EncoderConfig.preset(
            preset, channels=channels, sample_bits=sample_bits, aux_bits=aux_bits, packet_frames=7
        )
        samples, aux = signal(config, frames=40)
        capture = read_capture(b"".join(encode(config, samples, aux)))
        segment = only(capture)
        check(segment, samples, aux)
        assert capture.complete and segment.gaps == []
        assert (segment.first_frame, segment.frames) == (0, 40)
        assert segment.modes == config.modes[:1]

    def test_what_a_capture_tells(self):
        capture = read_capture(CAPTURE)
        segment = only(capture)
        check(segment)
        assert segment.config == CONFIG
        assert segment.metadata == Metadata(2500.0, 4.6875, "NP1010", 6, 4)
        assert segment.modes == (Mode.RICE,)
        assert (segment.packets, segment.held, segment.size) == (20, FRAMES, len(CAPTURE))
        assert (capture.packets, capture.size) == (25, len(CAPTURE))
        assert (capture.damaged, capture.bytes_skipped) == ([], 0)
        assert (capture.duplicates, capture.out_of_order) == (0, 0)

    def test_path_bytes_and_outline_agree(self, tmp_path):
        path = tmp_path / "a.pcs"
        path.write_bytes(CAPTURE)
        for source in (path, str(path), bytearray(CAPTURE), memoryview(CAPTURE)):
            check(only(read_capture(source)))

    def test_progress(self):
        steps = []
        capture = open_capture(CAPTURE, progress=lambda done, total: steps.append((done, total)))
        assert steps == sorted(steps) and steps[-1] == (len(CAPTURE), len(CAPTURE))
        steps.clear()
        capture.verify(lambda done, total: steps.append((done, total)))
        assert steps == sorted(steps) and steps[-1] == (FRAMES, FRAMES)

    def test_modes_that_switch(self):
        config = EncoderConfig.preset("dual", channels=8, packet_frames=5)
        samples, aux = signal(config, frames=20)
        encoder = Encoder(config)
        modes = [Mode.RICE, Mode.FIXED, Mode.FIXED, Mode.RICE]
        parts = [
            encoder.packet(samples[n : n + 5].astype(np.int64), aux[n : n + 5], mode=mode)
            for n, mode in zip(range(0, 20, 5), modes, strict=True)
        ]
        segment = only(read_capture(b"".join(parts)))
        check(segment, samples, aux)
        assert segment.config == config

    def test_sync_word_in_the_payload(self):
        config = EncoderConfig(
            channels=4, sample_bits=8, modes=(Mode.FIXED,), fixed_bits=8, packet_frames=4
        )
        # Differences that zigzag maps to the bytes of the sync word.
        symbols = np.frombuffer(SYNC_BYTES * 4, np.uint8).reshape(4, 4).astype(np.int64)
        residuals = np.where(symbols & 1, -(symbols + 1 >> 1), symbols >> 1)
        samples = (np.cumsum(residuals, axis=0) + 128) % 256 - 128
        data = b"".join(encode(config, samples))
        assert data.count(SYNC_BYTES) == 2 + 4
        check(only(read_capture(data)), samples, np.zeros(4))
        with pytest.raises(CaptureError):
            read_capture(flip(data[METADATA_SIZE:], 40))

    def test_packet_inside_a_payload_is_not_seen(self):
        inner = forge(data_packet(0), stream_id=7)
        outer = forge(data_packet(4), payload=data_packet(4)[32:-8] + inner, stream_id=1)
        assert [segment.stream_id for segment in read_capture(outer).segments] == [1]

    def test_real_recordings(self, recordings):
        for samples, about in recordings.values():
            piece = np.array(samples[:40, :32])
            config = EncoderConfig(
                channels=32, sample_bits=about["adc_bits"], packet_frames=9, restart_interval=2
            )
            data = b"".join(encode(config, piece))
            check(only(read_capture(data)), piece, np.zeros(40))


class TestLoss:
    @pytest.mark.parametrize("lost", [*([n] for n in range(20)), [5, 6], [3, 5], [4, 8, 12]])
    def test_lost_packets(self, lost):
        kept = [n for n in range(20) if n not in lost]
        capture = read_kept(kept)
        segment = only(capture)
        check(segment)
        assert segment.gaps == expected_gaps(kept)
        assert segment.first_frame == STARTS[kept[0]]
        assert capture.damaged == []

    def test_two_known_cases(self):
        """As above, but written out."""
        gaps = only(read_kept([0, 1, 3, 4, 5])).gaps
        assert gaps == [Gap(12, 18, Cause.LOST), Gap(18, 24, Cause.WAITING)]
        assert only(read_kept([0, 1, 2, 3, 5, 8])).gaps == [
            Gap(24, 30, Cause.LOST),
            Gap(30, 36, Cause.WAITING),
            Gap(36, 48, Cause.LOST),
        ]

    def test_lost_metadata_costs_no_frame(self):
        segment = only(read_capture(CAPTURE[METADATA_SIZE : OFFSETS[4]]))
        check(segment)
        assert (segment.gaps, segment.metadata) == ([], None)
        assert segment.config == EncoderConfig(channels=8, sample_bits=10, aux_bits=4)
        assert only(read_capture(CAPTURE[METADATA_SIZE:])).config == CONFIG

    @pytest.mark.parametrize("first", range(1, 6))
    def test_late_start(self, first):
        segment = only(read_kept(range(first, 20)))
        check(segment)
        assert segment.first_frame == STARTS[first]
        waiting = [Gap(STARTS[first], 24, Cause.WAITING)] if first < 4 else []
        assert segment.gaps == (waiting if first != 5 else [Gap(30, 48, Cause.WAITING)])

    def test_start_inside_a_packet(self):
        cut = OFFSETS[3] + 10
        capture = read_capture(CAPTURE[cut:])
        check(only(capture))
        assert only(capture).first_frame == STARTS[4]
        skipped = OFFSETS[4] - cut
        assert sentences(capture) == [f"bytes 0 to {skipped - 1} belong to no intact packet"]
        assert capture.bytes_skipped == skipped

    def test_every_truncation(self):
        begin = OFFSETS[3]  # one data packet, then metadata and data
        for stop in range(begin, OFFSETS[5] + 1):
            data = CAPTURE[begin:stop]
            whole = [n for n in (3, 4) if OFFSETS[n + 1] <= stop]
            boundary = stop in (OFFSETS[4], OFFSETS[4] + METADATA_SIZE, OFFSETS[5])
            if not whole:
                with pytest.raises(CaptureError):
                    read_capture(data)
                continue
            capture = read_capture(data)
            check(only(capture))
            assert only(capture).frames == STOPS[whole[-1]] - STARTS[3]
            assert len(capture.damaged) == (0 if boundary else 1)

    def test_dropped_at_the_source(self):
        dropped = np.isin(np.arange(FRAMES), [*range(4), 10, 11, 12, 57, FRAMES - 1])
        capture = read_capture(b"".join(encode(CONFIG, SAMPLES, AUX, dropped)))
        segment = only(capture)
        check(segment)
        assert (segment.first_frame, segment.frames) == (4, FRAMES - 5)
        assert segment.gaps == [Gap(10, 13, Cause.DROPPED), Gap(57, 58, Cause.DROPPED)]
        assert not capture.complete

    def test_dropped_and_lost_in_one_jump(self):
        dropped = np.isin(np.arange(FRAMES), [12, 13])
        chunks = list(encode(CONFIG, SAMPLES, AUX, dropped))
        segment = only(read_capture(b"".join(chunks[:1] + chunks[3:])))  # without 6-11 and 14-19
        check(segment)
        assert segment.gaps == [
            Gap(6, 18, Cause.LOST),
            Gap(18, 20, Cause.DROPPED),
            Gap(20, 26, Cause.WAITING),
        ]

    def test_drop_counter_wraps_around(self):
        encoder = Encoder(CONFIG)
        encoder._drop_count = 0xFFFF_FFFE
        samples = SAMPLES.astype(np.int64)
        first = encoder.packet(samples[:6], AUX[:6])
        second = encoder.packet(samples[10:16], AUX[10:16], dropped=4)
        segment = only(read_capture(first + second))
        check(segment)
        assert segment.gaps == [Gap(6, 10, Cause.DROPPED)]

    @pytest.mark.parametrize("whole", range(6))
    def test_frame_broken_off_by_the_source(self, whole):
        """Its codes stay in the payload; the packet after it restarts."""
        samples = SAMPLES.astype(np.int64)
        encoder = Encoder(CONFIG)
        first = encoder.packet(samples[:6], AUX[:6])
        broken = forge(encoder.packet(samples[6:12], AUX[6:12]), frames=whole)
        encoder._frame_index = 6 + whole
        rest = slice(7 + whole, 13)
        after = encoder.packet(
            samples[rest], AUX[rest], dropped=1, cause=Flag.MISFRAME, restart=True
        )
        segment = only(read_capture(first + broken + after))
        check(segment)
        assert segment.frames == 13
        assert segment.gaps == [Gap(6 + whole, 7 + whole, Cause.DROPPED)]

    def test_no_frame_at_all(self):
        empty = forge(data_packet(0), frames=0)
        assert read_capture(empty).segments == []
        assert read_capture(CAPTURE[:METADATA_SIZE]).segments == []


class TestDamage:
    def test_every_byte_of_a_packet(self):
        data, shift = CAPTURE[OFFSETS[4] : OFFSETS[9]], OFFSETS[4]
        start, stop = data_offset(5) - shift, OFFSETS[6] - shift
        expected = expected_gaps([4, 6, 7, 8])
        for byte in range(start, stop):
            capture = read_capture(flip(data, byte, byte % 8))
            check(only(capture))
            assert only(capture).gaps == expected
            assert capture.bytes_skipped == stop - start
            assert sentences(capture) == [
                f"bytes {start} to {stop - 1} belong to no intact packet"
                if byte < start + HEADER.size
                else f"packet at byte {start}: CRC-32 does not match or packet is cut off"
            ]

    def test_every_byte_of_a_metadata_packet(self):
        data = CAPTURE[OFFSETS[4] : OFFSETS[6]]
        for byte in range(METADATA_SIZE):
            capture = read_capture(flip(data, byte))
            check(only(capture))
            assert only(capture).gaps == [] and only(capture).metadata is None
            assert len(capture.damaged) == 1 and not capture.complete

    @pytest.mark.parametrize("garbage", [b"\0", b"\xff" * 33, SYNC_BYTES, CAPTURE[:40] * 2])
    def test_garbage_between_packets(self, garbage):
        data = garbage + garbage.join(CHUNKS) + garbage
        capture = read_capture(data)
        check(only(capture))
        assert only(capture).gaps == []
        assert capture.bytes_skipped == 21 * len(garbage)
        assert len(capture.damaged) >= 21
        assert capture.damaged[0].offset == 0

    def test_garbage_inside_a_packet(self):
        at = data_offset(6) + 45
        capture = read_capture(CAPTURE[:at] + b"noise" + CAPTURE[at:])
        check(only(capture))
        assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 6])

    def test_bytes_missing_inside_a_packet(self):
        at = data_offset(6) + 45
        capture = read_capture(CAPTURE[:at] + CAPTURE[at + 3 :])
        check(only(capture))
        assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 6])

    def test_damage_across_packets(self):
        capture = read_capture(CAPTURE[: OFFSETS[5] + 50] + CAPTURE[OFFSETS[7] + 50 :])
        check(only(capture))
        assert only(capture).gaps == expected_gaps([n for n in range(20) if n not in (5, 6, 7)])

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", r"no probecodec packet found in the capture \(0 bytes\)"),
            (bytes(1000), "no probecodec packet found"),
            (SYNC_BYTES * 9, "no probecodec packet found"),
            (CAPTURE[:31], "no probecodec packet found"),
            (CAPTURE[:50], "no readable packet in the capture: packet at byte 0: CRC-32"),
        ],
    )
    def test_no_packet(self, data, expected):
        with pytest.raises(CaptureError, match=expected):
            read_capture(data)

    def test_no_packet_names_the_file(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(SAMPLES.tobytes())
        with pytest.raises(
            CaptureError, match=r"found in .*a\.bin \(1888 bytes\): is it a capture"
        ):
            read_capture(tmp_path / "a.bin")
        with pytest.raises(FileNotFoundError):
            read_capture(tmp_path / "none.pcs")

    def test_random_bytes(self):
        rng = np.random.default_rng(0)
        for size in (1, 100, 100_000):
            with pytest.raises(CaptureError):
                read_capture(rng.bytes(size))


class TestRepeats:
    def test_a_repeated_packet(self):
        for n in range(20):
            capture = read_capture(b"".join(CHUNKS[: n + 1] + CHUNKS[n:]))
            check(only(capture))
            assert only(capture).gaps == [] and capture.duplicates == 1
            assert capture.complete

    def test_a_capture_twice(self):
        capture = read_capture(CAPTURE * 2)
        check(only(capture))
        assert capture.duplicates == 20

    def test_a_packet_sent_again_after_its_loss(self):
        """It takes its place; nothing is decoded twice."""
        late = read_kept([*range(4), *range(8, 12), *range(4, 8), *range(8, 12)])
        check(only(late))
        assert (only(late).first_frame, only(late).frames, only(late).gaps) == (0, 72, [])
        assert late.duplicates == 4 and late.complete

    def test_a_source_that_is_reset_and_begins_alike(self):
        """The second run's first packets look like copies, until one differs."""
        other, words = SAMPLES.copy(), AUX.copy()
        other[13:] = other[13:][::-1]
        second = b"".join(encode(CONFIG, other, words))
        capture = read_capture(b"".join(CHUNKS[:9]) + second)
        first, again = capture.segments
        check(first)
        assert np.array_equal(again.samples, other) and np.array_equal(again.aux, words)
        assert capture.duplicates == 0 and capture.complete

    @pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, restart_interval=100)])
    def test_a_splice_of_two_streams_whose_counters_agree(self, config):
        """Frames add up at the joint, but the sequence does not: the rest waits for a restart."""
        one = list(encode(config, SAMPLES, AUX))
        two = list(encode(replace(CONFIG, restart_interval=3), SAMPLES[:, ::-1], AUX))
        interval = config.restart_interval
        for cut in range(1, 20):
            if cut % 3 and -(-cut // interval) == -(-cut // 3):
                continue  # as many metadata packets before: nothing tells the two apart
            segment = read_capture(b"".join(one[:cut] + two[cut:])).segments[0]
            kept = np.ones(len(segment.samples), bool)
            for gap in segment.gaps:
                kept[gap.start : gap.stop] = False
            source = np.concatenate([SAMPLES[: STARTS[cut]], SAMPLES[STARTS[cut] :, ::-1]])
            assert np.array_equal(segment.samples[kept], source[: len(segment.samples)][kept])

    def test_packets_of_no_frames(self):
        """They decode to nothing, tell of drops, and begin afresh where they restart."""
        empty = forge(data_packet(0), frames=0, payload=b"", frame_index=2**40, sequence=99)
        capture = read_capture(CAPTURE + empty)
        assert capture.segments[1].frames == 0 and not capture.complete
        assert capture.segments[1].gaps_before == [Gap(FRAMES, 2**40, Cause.LOST)]
        after = forge(data_packet(1), frame_index=2**41, drop_count=2**31, sequence=100)
        assert read_capture(empty + after)  # in another segment, without a word

    def test_order_reversed_within_a_restart(self):
        capture = read_kept([0, 2, 1, 3, 4])
        check(only(capture))
        assert only(capture).gaps == [] and capture.complete

    def test_reset_of_the_source(self):
        other, words = signal(seed=1)
        capture = read_capture(b"".join(CHUNKS[:3]) + b"".join(encode(CONFIG, other, words)))
        first, second = capture.segments
        check(first)
        check(second, other, words)
        assert (first.frames, second.frames) == (18, FRAMES)
        assert (second.config, second.metadata) == (CONFIG, first.metadata)
        assert capture.complete

    def test_reset_whose_restart_is_lost(self):
        other, words = signal(seed=1)
        chunks = list(encode(CONFIG, other, words))
        capture = read_capture(b"".join(CHUNKS[:7] + chunks[1:]))
        first, second = capture.segments
        check(first)
        check(second, other, words)
        assert (second.first_frame, second.gaps) == (24, [])
        assert capture.out_of_order == 3 and not capture.complete

    def test_reset_that_the_drop_counter_shows(self):
        encoder = Encoder(CONFIG)
        first = encoder.packet(SAMPLES[5:6].astype(np.int64), AUX[5:6], dropped=5)
        capture = read_capture(first + b"".join(CHUNKS[4:]))
        assert [segment.first_frame for segment in capture.segments] == [5, 24]

    def test_another_probe_of_the_same_stream_id(self):
        config = EncoderConfig(
            channels=9, sample_bits=10, aux_bits=4, packet_frames=6, restart_interval=4
        )
        samples, aux = signal(config)
        later = list(encode(config, samples, aux))[5:]
        restart = next(encode(config, samples, aux))
        capture = read_capture(CAPTURE + restart + b"".join(later))
        check(capture.segments[0])
        check(capture.segments[1], samples, aux)
        capture = read_capture(CAPTURE[: OFFSETS[2]] + b"".join(later[3:]))  # a later restart
        assert [segment.first_frame for segment in capture.segments] == [0, 48]
        check(capture.segments[1], samples, aux)
        capture = read_capture(CAPTURE + later[0])  # no restart: it stays out
        check(only(capture))
        assert (
            "9 channels of 10 bits in sequential order and 4 auxiliary bits, but its stream has 8"
            in (sentences(capture)[0])
        )

    def test_streams_that_share_a_capture(self):
        probes = {}
        for stream_id in (0, 3, 255):
            config = EncoderConfig(
                channels=8 + stream_id % 5, packet_frames=6, stream_id=stream_id, aux_bits=4
            )
            samples, aux = signal(config, seed=stream_id)
            probes[stream_id] = samples, aux, list(encode(config, samples, aux))
        chunks = itertools.chain(*zip(*(chunks for *_, chunks in probes.values()), strict=True))
        capture = read_capture(b"".join(chunks))
        assert [segment.stream_id for segment in capture.segments] == [0, 3, 255]
        for segment in capture.segments:
            check(segment, *probes[segment.stream_id][:2])
            assert segment.gaps == [] and segment.config.stream_id == segment.stream_id


class TestForeign:
    """Intact packets that this decoder must not decode."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"mode": 9}, "mode 9 is not known"),
            ({"error_bound": 2}, "error_bound is 2"),
            ({"channels_minus_1": 0}, "channels must be a whole number from 2 to 4096, not 1"),
            ({"sample_bits_minus_1": 3}, "sample_bits must be a whole number from 8 to 16, not 4"),
            ({"aux_bits": 31}, "aux_bits"),
            ({"parameter": 3}, "parameter 3 does not belong to mode rice"),
            ({"mode": Mode.FIXED}, "parameter 0 does not belong to mode fixed"),
            ({"mode": Mode.FIXED, "parameter": 11}, "fixed_bits"),
            ({"frames": 65535}, "too short for its 65535 frames"),
            ({"channels_minus_1": 4095}, "too short for its 6 frames"),
        ],
    )
    def test_reported_and_skipped(self, changes, expected):
        packet = forge(data_packet(5), **changes)
        data = CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :]
        capture = read_capture(data)
        check(only(capture))
        assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 5])
        assert sentences(capture)[0].startswith(f"packet at byte {OFFSETS[5]}: ")
        assert expected in sentences(capture)[0]
        assert capture.bytes_skipped == 0
        with pytest.raises(CaptureError, match="no readable packet"):
            read_capture(packet)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"rate_microhertz": 0}, "rate_hz"),
            ({"rate_microhertz": 10**9, "packet_frames": 65535}, "packet_frames"),
            (None, "metadata has 28 bytes, not 32"),
        ],
    )
    def test_metadata(self, values, expected):
        payload = METADATA.pack(**values) if values else bytes(28)
        packet = forge(CAPTURE[:METADATA_SIZE], payload=payload)
        capture = read_capture(packet + CAPTURE[METADATA_SIZE : OFFSETS[2]])
        check(only(capture))
        assert expected in sentences(capture)[0]

    def test_a_kind_of_a_later_version_is_stepped_over(self):
        packet = forge(data_packet(5), kind=9)
        capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[5] :])
        check(only(capture))
        assert capture.complete

    def test_the_probe_name_is_printable(self):
        payload = METADATA.pack(
            rate_microhertz=10**9,
            probe=int.from_bytes(b"a\x1b\x07\xffb".ljust(16, b"\0"), "big"),
            packet_frames=6,
            restart_interval=4,
        )
        packet = forge(CAPTURE[:METADATA_SIZE], payload=payload)
        assert only(read_capture(packet + CAPTURE[METADATA_SIZE:])).metadata.probe == "ab"

    def test_longer_metadata(self):
        packet = forge(CAPTURE[:METADATA_SIZE], payload=CAPTURE[32:64] + b"more")
        capture = read_capture(packet + CAPTURE[METADATA_SIZE:])
        assert capture.complete and only(capture).metadata.probe == "NP1010"

    @pytest.mark.parametrize("changes", [{"frame_index": 1}, {"channels_minus_1": 8}])
    def test_metadata_of_something_else(self, changes):
        packet = forge(CAPTURE[:METADATA_SIZE], **changes)
        assert only(read_capture(packet + data_packet(0))).metadata is None

    def test_authentication_tag(self):
        """It is leftover payload."""
        tagged = data_packet(5)[HEADER.size : -TRAILER.size] + bytes(range(16))
        packet = forge(data_packet(5), payload=tagged, flags=Flag.TAG)
        capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :])
        check(only(capture))
        assert capture.complete

    def test_metadata_that_contradict_the_data(self):
        """A packet length that mode fixed could have, but not mode rice, whose codes are longer."""
        payload = METADATA.pack(rate_microhertz=10**9, packet_frames=12_500, restart_interval=1)
        packet = forge(CAPTURE[:METADATA_SIZE], payload=payload, mode=Mode.FIXED, parameter=9)
        segment = only(read_capture(packet + data_packet(0)))
        check(segment)
        assert segment.metadata.packet_frames == 12_500
        assert segment.config == EncoderConfig(channels=8, sample_bits=10, aux_bits=4)

    def test_one_packet_of_another_version(self):
        packet = forge(data_packet(5), version=2)
        capture = read_capture(CAPTURE[: OFFSETS[5]] + packet + CAPTURE[OFFSETS[6] :])
        check(only(capture))
        assert sentences(capture) == [
            f"format version 2 at byte {OFFSETS[5]}; this decoder reads version 1: "
            "update probecodec"
        ]
        assert only(capture).gaps == expected_gaps([n for n in range(20) if n != 5])

    def test_all_packets_of_another_version(self):
        packets = b"".join(forge(data_packet(n), version=2) for n in range(5))
        with pytest.raises(CaptureError, match=r"version 2 at byte 0; .* update probecodec"):
            read_capture(packets)


class TestHostile:
    """Right checks, but nothing else."""

    def test_codes_past_the_payload(self):
        """The packet is lost, and those that build on it wait."""
        packet = forge(data_packet(5), frames=9)
        later = [forge(data_packet(n), frame_index=STARTS[n] + 3) for n in (6, 7)]
        data = CAPTURE[: OFFSETS[5]] + packet + b"".join(later)
        capture = read_capture(data)
        segment = only(capture)
        np.testing.assert_array_equal(segment.samples[:30], SAMPLES[:30])
        assert not segment.samples[30:].any() and not segment.aux[30:].any()
        assert segment.gaps == [Gap(30, 39, Cause.LOST), Gap(39, 51, Cause.WAITING)]
        assert sentences(capture) == [
            f"packet at byte {OFFSETS[5]}: the codes run past the payload in frame 6"
        ]

    @pytest.mark.parametrize("at", [1 << 31, 1 << 60, (1 << 64) - 1])
    def test_gap_too_large_to_fill(self, at):
        packet = forge(data_packet(4), frame_index=at)
        capture = read_capture(b"".join(CHUNKS[:2]) + packet)
        first, second = capture.segments
        check(first)
        assert (first.frames, first.gaps) == (12, [])
        assert (second.first_frame, second.frames, second.gaps) == (at, 6, [])
        np.testing.assert_array_equal(second.samples, SAMPLES[24:30])
        assert second.metadata == first.metadata is not None
        assert second.gaps_before == [Gap(12, at, Cause.LOST)] and not capture.complete
        waiting = forge(data_packet(2), frame_index=at)
        assert read_capture(CAPTURE[: OFFSETS[2]] + waiting).segments[1].gaps == [
            Gap(at, at + 6, Cause.WAITING)
        ]

    def test_long_pause_of_the_source(self):
        """Too long to fill; yet what follows goes on from the packet before, if that is good."""
        encoder = Encoder(CONFIG)
        samples = SAMPLES.astype(np.int64)
        parts = [encoder.packet(samples[:6], AUX[:6])]
        parts.append(encoder.packet(samples[6:12], AUX[6:12], dropped=1 << 31))
        parts.append(encoder.packet(samples[12:18], AUX[12:18], dropped=1 << 31))
        capture = read_capture(b"".join(parts))
        assert [s.first_frame for s in capture.segments] == [0, 6 + (1 << 31), 12 + (1 << 32)]
        for n, segment in enumerate(capture.segments):
            np.testing.assert_array_equal(segment.samples, SAMPLES[6 * n : 6 * n + 6])
            np.testing.assert_array_equal(segment.aux, AUX[6 * n : 6 * n + 6])
        assert capture.segments[1].gaps_before == [Gap(6, 6 + (1 << 31), Cause.DROPPED)]
        assert not capture.complete
        later = forge(parts[1], frame_index=9 + (1 << 31))
        capture = read_capture(forge(parts[0][METADATA_SIZE:], frames=9) + later)
        assert [s.gaps for s in capture.segments] == [
            [Gap(0, 9, Cause.LOST)],
            [Gap(9 + (1 << 31), 15 + (1 << 31), Cause.WAITING)],
        ]

    def test_largest_gap_filled(self):
        """100 times the frames held, all gaps together."""
        encoder = Encoder(CONFIG)
        samples = SAMPLES.astype(np.int64)
        for excess, segments in ((0, 1), (1, 2)):
            encoder = Encoder(CONFIG)
            parts = [
                encoder.packet(samples[:6], AUX[:6], dropped=dropped)
                for dropped in (0, 1000, 800 + excess)
            ]
            assert len(read_capture(b"".join(parts)).segments) == segments

    def test_many_gaps_cannot_add_up(self):
        packets = [forge(data_packet(0), frame_index=n * 500_000) for n in range(1, 100)]
        capture = read_capture(b"".join(packets))
        assert sum(segment.frames for segment in capture.segments) <= 101 * 99 * 6

    def test_trailers_in_every_word(self):
        """A payload in which every word looks like a trailer costs linear time."""
        payload = np.arange(60_000, dtype=">u4").tobytes()
        packet = forge(data_packet(0), payload=payload, frames=1)
        capture = read_capture(flip(packet, 100) + CAPTURE)
        check(only(capture))
        assert len(capture.damaged) == 1


def mutations():
    """Lists of (what, where, how much), in fractions of the capture."""
    fraction = st.floats(0, 1, exclude_max=True)
    what = st.sampled_from(["flip", "cut", "noise", "copy", "lose", "again", "swap", "end"])
    return st.lists(st.tuples(what, fraction, fraction), min_size=1, max_size=6)


def mutate(chunks, steps):
    """Damage a capture: first its chunks, then its bytes."""
    chunks = chunks.copy()
    for what, where, much in steps:
        n = int(where * len(chunks))
        if what == "lose":
            del chunks[n : n + 1 + int(much * 6)]
        elif what == "again":
            chunks.insert(int(much * len(chunks)), chunks[n] if chunks else b"")
        elif what == "swap" and n + 1 < len(chunks):
            chunks[n], chunks[n + 1] = chunks[n + 1], chunks[n]
    data = b"".join(chunks)
    for what, where, much in steps:
        at, size = int(where * len(data)), int(much * 500)
        if what == "flip" and data:
            data = flip(data, at, size % 8)
        elif what == "cut":
            data = data[:at] + data[at + size :]
        elif what == "noise":
            data = data[:at] + np.random.default_rng(size).bytes(size) + data[at:]
        elif what == "copy":
            data = data[:at] + data[int(much * len(data)) :][:700] + data[at:]
        elif what == "end":
            data = data[:at] if much < 0.5 else data[at:]
    return data


DROPPED = np.isin(np.arange(FRAMES), [3, 4, 31, 60, 61, 62, 97])
WITH_DROPS = list(encode(CONFIG, SAMPLES, AUX, DROPPED))


@settings(max_examples=250, deadline=None)
@given(mutations())
def test_no_damage_yields_a_wrong_sample(steps):
    try:
        capture = read_capture(mutate(WITH_DROPS, steps))
    except CaptureError:
        return
    for segment in capture.segments:
        check(segment)
        for start, stop, cause in segment.gaps:
            assert cause != Cause.WAITING or not DROPPED[start:stop].any()


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 19), min_size=1))
def test_any_loss_of_packets_gives_exact_gaps(kept):
    segment = only(read_kept(sorted(kept)))
    check(segment)
    assert segment.gaps == expected_gaps(sorted(kept))


def test_a_long_drop_before_a_restart():
    """More frames than are filled, dropped at the source: a new segment, and no empty chain."""
    encoder = Encoder(EncoderConfig(channels=2, packet_frames=10, restart_interval=1))
    samples, aux = np.full((10, 2), 7), np.zeros(10, np.int64)
    capture = read_capture(
        encoder.packet(samples, aux) + encoder.packet(samples, aux, dropped=100_000)
    )
    assert [(s.first_frame, s.frames) for s in capture.segments] == [(0, 10), (100_010, 10)]
    assert all((s.samples == 7).all() for s in capture.segments)
    (gap,) = capture.segments[1].gaps_before
    assert (gap.start, gap.stop) == (10, 100_010)
