"""The verbs info and verify: what they say of a capture, in words, as JSON and by exit status."""

import json

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    CONFIG,
    FRAMES,
    METADATA_SIZE,
    OFFSETS,
    SAMPLES,
    data_packet,
    flip,
    forge,
)
from .program import fails, run

FLAWED = forge(data_packet(17), payload=data_packet(17)[32:-8][:24])
LOST = b"".join(CHUNKS[:5] + CHUNKS[6:])  # frames 30-35 lost, 36-47 wait
OTHER = b"".join(encode(EncoderConfig(channels=2, stream_id=5), SAMPLES[:9, :2]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with a capture ``a.pcs``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pcs").write_bytes(CAPTURE)
    return tmp_path


DROPPED = b"".join(encode(CONFIG, SAMPLES, AUX, np.arange(FRAMES) % 50 == 20))
LATE = forge(data_packet(9), sequence=600)
SUMMARIES = {
    "intact": (CAPTURE, "complete: every packet is intact, no frame of 118 is missing"),
    "copies": (CAPTURE * 2, "complete: every packet is intact, no frame of 118 is missing"),
    "lost": (
        LOST,
        "not complete: 18 of 118 frames missing (15 %): 6 lost or damaged in the capture; "
        "12 wait for a restart",
    ),
    "dropped": (DROPPED, "not complete: 2 of 118 frames missing (1.7 %): 2 dropped at the source"),
    "cut off": (
        CAPTURE[:-1],
        "not complete: 1 place could not be used, 67 bytes. no gap in its 114 frames",
    ),
    "garbage": (
        b"noise" + CAPTURE + b"more",
        "not complete: 2 places could not be used, 9 bytes. no gap in its 118 frames",
    ),
    "late": (
        CAPTURE + LATE,
        "not complete: 1 packet too late, ignored. no gap in its 118 frames",
    ),
    "all at once": (
        LOST + b"noise" + LATE + forge(LATE, sequence=601),
        "not complete: 1 place could not be used, 5 bytes. 2 packets too late, ignored. 18 of 118 "
        "frames missing (15 %): 6 lost or damaged in the capture; 12 wait for a restart",
    ),
    "two streams": (
        LOST + OTHER,
        "not complete: 18 of 127 frames missing (14 %): 6 lost or damaged in the capture; "
        "12 wait for a restart",
    ),
    "metadata only": (
        CAPTURE[:METADATA_SIZE],
        "complete: every packet is intact, no frame of 0 is missing",
    ),
}


class TestSummary:
    @pytest.mark.parametrize(("data", "expected"), SUMMARIES.values(), ids=SUMMARIES)
    def test_sentence_and_status(self, folder, data, expected):
        (folder / "a.pcs").write_bytes(data)
        status = not expected.startswith("complete")
        assert run("verify", "a.pcs", status=status).stdout.splitlines()[-1] == expected
        assert run("info", "a.pcs").stdout.splitlines()[-1] == expected

    def test_what_shows_only_when_it_is_decoded(self, folder):
        """Good checks, bad codes: verify finds them, info need not."""
        (folder / "a.pcs").write_bytes(CAPTURE[: OFFSETS[17]] + FLAWED + CAPTURE[OFFSETS[18] :])
        assert "complete: every packet is intact" in run("info", "a.pcs").stdout
        result = run("verify", "a.pcs", status=1)
        assert result.stdout.splitlines()[-1] == (
            "not complete: 1 place could not be used. 16 of 118 frames missing (14 %): 6 lost or "
            "damaged in the capture; 10 wait for a restart"
        )
        assert "frames 102 to 107 (6): lost or damaged in the capture" in result.stderr
        assert "the codes run past the payload" in result.stderr
        run("decode", "a.pcs", "a.npy", status=1)

    def test_a_gap_too_large_to_fill_is_counted_among_the_frames(self, folder):
        far = forge(data_packet(4), frame_index=1 << 40)
        (folder / "a.pcs").write_bytes(CAPTURE + far)
        (line,) = run("verify", "a.pcs", status=1).stdout.splitlines()[-1:]
        missing = (1 << 40) - FRAMES
        assert f"{missing} of {(1 << 40) + 6} frames missing (1e+02 %)" in line

    def test_json(self, folder):
        (folder / "a.pcs").write_bytes(b"noise" + LOST + OTHER)
        told = json.loads(run("verify", "a.pcs", "--json", status=1).stdout)
        assert told == json.loads(run("info", "a.pcs", "--json").stdout)
        size = len(LOST) + len(OTHER) + 5
        assert (told["capture"], told["bytes"], told["complete"]) == ("a.pcs", size, False)
        assert (told["packets"], told["bytes_skipped"]) == (24 + 2, 5)
        assert (told["duplicates"], told["out_of_order"]) == (0, 0)
        sentence = "bytes 0 to 4 belong to no intact packet"
        assert told["damaged"] == [{"offset": 0, "sentence": sentence}]
        first, second = told["segments"]
        assert first["gaps"] == [
            {"start": 30, "stop": 36, "cause": "lost or damaged in the capture"},
            {"start": 36, "stop": 48, "cause": "waits for a restart"},
        ]
        assert first["metadata"]["probe"] == "NP1010" and first["metadata"]["rate_hz"] == 2500.0
        assert (first["frames"], first["missing"], first["packets"]) == (FRAMES, 18, 19)
        assert first["bytes"] == len(LOST)
        held = (FRAMES - 6) * 8
        assert first["bits_per_sample"] == pytest.approx(len(LOST) * 8 / held)
        assert (second["stream_id"], second["channels"], second["missing"]) == (5, 2, 0)

    @pytest.mark.parametrize("verb", ["info", "verify"])
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", "no probecodec packet found in a.pcs (0 bytes)"),
            (bytes(900), "no probecodec packet found in a.pcs (900 bytes)"),
            (CAPTURE[METADATA_SIZE:][:50], "no readable packet in a.pcs: packet at byte 0: CRC-32"),
            (forge(data_packet(0), version=3), "format version 3 at byte 0"),
        ],
        ids=["empty", "zeros", "cut off", "later version"],
    )
    def test_no_capture(self, folder, verb, data, expected):
        (folder / "a.pcs").write_bytes(data)
        assert expected in fails(verb, "a.pcs")
        assert "none.pcs: No such file" in fails(verb, "none.pcs")


def test_damage_is_told_place_by_place(folder):
    (folder / "a.pcs").write_bytes(flip(LOST, OFFSETS[3] + 40))
    lines = run("verify", "a.pcs", status=1).stderr.splitlines()
    assert lines == [
        f"packet at byte {OFFSETS[3]}: CRC-32 does not match or packet is cut off",
        "frames 18 to 23 (6): lost or damaged in the capture",
        "frames 30 to 35 (6): lost or damaged in the capture",
        "frames 36 to 47 (12): waits for a restart",
    ]
