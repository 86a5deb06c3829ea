"""Pinned captures: the encoder writes these bytes, the decoders read these samples."""

import functools
import importlib.util
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
for_projections = pytest.mark.parametrize(
    "name", [name for name in VECTORS if name.startswith("v1-projection")]
)
for_encoders = pytest.mark.parametrize("name", [n for n in VECTORS if VECTORS[n]["encodes"]])


def config_of(vector):
    fields = vector["config"]
    changes = {
        "modes": [Mode[name] for name in fields["modes"]],
        "order": fields.get("order", Order.SEQUENTIAL),
        "projection": fields.get("projection"),
    }
    return EncoderConfig.from_json({**fields, **changes})


def capture_of(vector):
    return bytes.fromhex("".join(vector["capture"]))


def given(packet):
    """What decoders make of it: samples or measurements."""
    return "measurements" if packet["mode"] == Mode.PROJECTION.name else "samples"


def flags_of(names):
    return functools.reduce(operator.or_, (Flag[name] for name in names), Flag(0))


@pytest.fixture(scope="module")
def projections():
    """The module ``reference_projection``."""
    path = Path(__file__).with_name("reference_projection.py")
    spec = importlib.util.spec_from_file_location("reference_projection", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
        assert samples.tolist() == expected[given(expected)]
        assert aux.tolist() == expected["aux"]


@for_all
def test_the_reference_decoder_reads_exactly_these_samples(name, reference):
    vector = VECTORS[name]
    stream_id = vector["config"]["stream_id"]
    expected = {
        (stream_id, packet["frame_index"] + number): frame
        for packet in vector["packets"]
        if given(packet) == "samples"
        for number, frame in enumerate(zip(packet["samples"], packet["aux"], strict=True))
    }
    assert reference.decode(capture_of(vector)) == expected


@for_projections
def test_the_reference_decoder_reads_exactly_these_measurements(name, reference):
    vector = VECTORS[name]
    found = reference.measured(capture_of(vector))
    for packet in vector["packets"]:
        if given(packet) == "samples":
            continue
        first = packet["frame_index"]
        keys = [(vector["config"]["stream_id"], first + n) for n in range(len(packet["aux"]))]
        frames = [found.pop(key) for key in keys]
        assert [row for row, _ in frames if row is not None] == packet["measurements"]
        assert [aux for _, aux in frames] == packet["aux"]
    assert not found


@for_projections
def test_the_measurements_are_the_matrices_times_the_windows(name, reference, projections):
    """And those of a window that is broken off, its first ones."""
    vector = VECTORS[name]
    sent = [p for p in reference.packets(capture_of(vector)) if p["kind"] == Kind.DATA]
    slots = reference.channel_of_slots(sent[0]["order"], vector["config"]["channels"])
    coefficients = vector["config"]["projection"]["coefficients"]
    probe, before = None, None
    for packet, expected in zip(sent, vector["packets"], strict=True):
        if packet["mode"] == Mode.PROJECTION:
            told = reference.matrix_of(packet)
            probe = probe or projections.Probe(told, len(slots), coefficients)
            frames = [[frame[channel] for channel in slots] for frame in expected["samples"]]
            rows = probe.packet(frames, before != packet["mode"], reference.given_frames(told))
            assert [reference.ordered(packet, row) for row in rows] == expected["measurements"]
        before = packet["mode"]


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
