"""Intact captures: what comes out is what went in, and all that a capture tells."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import Mode
from probecodec.host import open_capture
from probecodec.host.capture import CaptureError
from probecodec.host.timeline import Metadata

from .captures import (
    CAPTURE,
    CONFIG,
    FRAMES,
    METADATA_SIZE,
    SYNC_BYTES,
    check,
    data_packet,
    flip,
    forge,
    only,
    read_capture,
    signal,
)


@pytest.mark.parametrize("preset", ["fixed", "tiny", "dual"])
@pytest.mark.parametrize(
    ("channels", "sample_bits", "aux_bits"), [(8, 10, 0), (40, 16, 16), (11, 8, 1), (2, 12, 2)]
)
def test_round_trip(preset, channels, sample_bits, aux_bits):
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


def test_what_a_capture_tells():
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


def test_path_bytes_and_outline_agree(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(CAPTURE)
    for source in (path, str(path), bytearray(CAPTURE), memoryview(CAPTURE)):
        check(only(read_capture(source)))


def test_progress():
    steps = []
    capture = open_capture(CAPTURE, progress=lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps) and steps[-1] == (len(CAPTURE), len(CAPTURE))
    steps.clear()
    capture.verify(lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps) and steps[-1] == (FRAMES, FRAMES)


def test_modes_that_switch():
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


def test_sync_word_in_the_payload():
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


def test_packet_inside_a_payload_is_not_seen():
    inner = forge(data_packet(0), stream_id=7)
    outer = forge(data_packet(4), payload=data_packet(4)[32:-8] + inner, stream_id=1)
    assert [segment.stream_id for segment in read_capture(outer).segments] == [1]


def test_real_recordings(recordings):
    for samples, about in recordings.values():
        piece = np.array(samples[:40, :32])
        config = EncoderConfig(
            channels=32, sample_bits=about["adc_bits"], packet_frames=9, restart_interval=2
        )
        data = b"".join(encode(config, piece))
        check(only(read_capture(data)), piece, np.zeros(40))
