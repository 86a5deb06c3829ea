"""The pinned captures through the user's decoder."""

import json
from pathlib import Path

import pytest

from probecodec.host import open_capture
from probecodec.host.timeline import Cause

FILES = sorted((Path(__file__).parents[1] / "vectors").glob("v1-*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_frame_of_every_vector(path):
    vector = json.loads(path.read_text())
    capture = open_capture(bytes.fromhex("".join(vector["capture"])), fill="zero")
    found = {}
    for segment in capture.segments:
        missing = {n for gap in segment.gaps for n in range(gap.start, gap.stop)}
        for row, (samples, word) in enumerate(zip(segment[:], segment.aux[:], strict=True)):
            frame = segment.first_frame + row
            if frame not in missing:
                found[segment.stream_id, frame] = samples.tolist(), int(word)
    assert found == {
        (vector["config"]["stream_id"], packet["frame_index"] + n): (samples, word)
        for packet in vector["packets"]
        if "measurements" not in packet
        for n, (samples, word) in enumerate(zip(packet["samples"], packet["aux"], strict=True))
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_window_of_every_vector(path):
    """Those of windows that were broken off are left out."""
    vector = json.loads(path.read_text())
    told = vector["config"].get("projection")
    projected = [packet for packet in vector["packets"] if "measurements" in packet]
    capture = open_capture(bytes.fromhex("".join(vector["capture"])))
    found = [piece for segment in capture.segments for piece in segment.windows()]
    assert len(found) == len(projected)
    for piece, packet in zip(found, projected, strict=True):
        windows = len(packet["aux"]) // told["window"]
        assert piece.start == packet["frame_index"]
        assert piece.aux.tolist() == packet["aux"]
        assert piece.values.shape == (
            windows,
            told["measurements"],
            vector["config"]["channels"],
        )
        rows = piece.values.reshape(-1, vector["config"]["channels"])
        assert rows.tolist() == packet["measurements"][: windows * told["measurements"]]
    gaps = [gap for segment in capture.segments for gap in segment.gaps]
    measured = sum(gap.stop - gap.start for gap in gaps if gap.cause == Cause.PROJECTED)
    assert measured == sum(len(packet["aux"]) for packet in projected)
