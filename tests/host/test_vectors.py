"""The pinned captures through the user's decoder."""

import json
from pathlib import Path

import pytest

from probecodec.host import open_capture

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
        for n, (samples, word) in enumerate(zip(packet["samples"], packet["aux"], strict=True))
    }
