"""`probecodec sim --board`: a recording from pins to pins."""

import json

import numpy as np
import pytest

from probecodec.host import board_check, open_capture

from .program import fails, run

BOARD = ("--board", "ulx3s", "--preset", "tiny")


@pytest.fixture
def rec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(3).normal(0, 9, (70, 16)).astype(np.int16)
    np.save("rec.npy", samples)
    return samples


NATIVE = ("rec.npy", "--sample-bits", 10, *BOARD, "--input", "native", "--link", "rmii")


def test_what_the_host_receives(rec, monkeypatch):
    report = json.loads(run("sim", *NATIVE, "--capture", "x.pcs", "--json").stdout)
    assert report["passed"] and report["golden_equal"] and report["decoded_equal"]
    assert (report["played"], report["dropped"]) == (70, 0) and report["received"] > 30
    decoded = open_capture("x.pcs")
    assert np.array_equal(decoded[: len(decoded)], rec[: len(decoded)])

    # A board that gives other samples does not pass.
    encode = board_check.encode

    def other(config, samples, *rest):
        return encode(config, samples + (np.arange(len(samples)) == 5)[:, np.newaxis], *rest)

    monkeypatch.setattr(board_check, "encode", other)
    result = run("sim", *NATIVE, status=1)
    assert "golden bytes: NO" in result.stdout and "decoded = played:          yes" in result.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--board", "colorlight"), "can only play its own recording; choose another board"),
        (("--board", "none"), "no board is named 'none'"),
        (("--link", "rmii"), "--link needs --board"),
        ((*BOARD, "--input", "rhd2132"), "1 chip"),
    ],
)
def test_errors(options, sentence, rec):
    assert sentence in fails("sim", "rec.npy", "--sample-bits", 10, *options)
