"""Pinned captures: the encoder writes these bytes, the decoders read these samples."""

import functools
import json
import operator
from pathlib import Path

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import Flag, Kind, Mode, Order

FILES = sorted((Path(__file__).parents[1] / "vectors").glob("v1-*.json"))
VECTORS = {path.stem: json.loads(path.read_text()) for path in FILES}
for_all = pytest.mark.parametrize("name", VECTORS)
for_encoders = pytest.mark.parametrize("name", [n for n in VECTORS if VECTORS[n]["encodes"]])


def config_of(vector):
    fields = vector["config"]
    changes = {
        "modes": tuple(Mode[name] for name in fields["modes"]),
        "order": Order(fields.get("order", 0)),
    }
    return EncoderConfig(**{**fields, **changes})


def capture_of(vector):
    return bytes.fromhex("".join(vector["capture"]))


def flags_of(names):
    return functools.reduce(operator.or_, (Flag[name] for name in names), Flag(0))


def test_there_are_vectors_and_they_are_small():
    assert len(FILES) >= 10
    assert all(path.stat().st_size < 8000 for path in FILES)


@for_encoders
def test_the_encoder_writes_exactly_these_bytes(name):
    vector = VECTORS[name]
    encoder = Encoder(config_of(vector))
    parts = [
        encoder.packet(
            np.array(packet["samples"]),
            np.array(packet["aux"]),
            mode=Mode[packet["mode"]],
            dropped=packet["dropped"],
            cause=flags_of(packet["causes"]),
            restart=packet["force_restart"],
        )
        for packet in vector["packets"]
    ]
    assert b"".join(parts).hex() == capture_of(vector).hex()


@for_encoders
def test_the_golden_decoder_reads_exactly_these_samples(name, reference):
    vector = VECTORS[name]
    decoder = Decoder(config_of(vector))
    found = [p for p in reference.packets(capture_of(vector)) if p["kind"] == Kind.DATA]
    for packet, expected in zip(found, vector["packets"], strict=True):
        mode, restart = Mode(packet["mode"]), bool(packet["flags"] & Flag.RESTART)
        samples, aux = decoder.payload(packet["payload"], packet["frames"], mode, restart)
        assert samples.tolist() == expected["samples"]
        assert aux.tolist() == expected["aux"]


@for_all
def test_the_reference_decoder_reads_exactly_these_samples(name, reference):
    vector = VECTORS[name]
    stream_id = vector["config"]["stream_id"]
    expected = {
        (stream_id, packet["frame_index"] + number): frame
        for packet in vector["packets"]
        for number, frame in enumerate(zip(packet["samples"], packet["aux"], strict=True))
    }
    assert reference.decode(capture_of(vector)) == expected


@for_encoders
def test_the_metadata_says_what_the_config_says(name, reference):
    vector = VECTORS[name]
    config = config_of(vector)
    metadata = reference.metadata(next(reference.packets(capture_of(vector))))
    assert metadata["rate_microhertz"] == config.rate_hz * 1e6
    assert metadata["lsb_picovolts"] == config.lsb_uv * 1e6
    assert metadata["probe"].to_bytes(16, "big").rstrip(b"\0").decode() == config.probe
    assert metadata["packet_frames"] == config.packet_frames
    assert metadata["restart_interval"] == config.restart_interval
