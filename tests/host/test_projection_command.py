"""``probecodec project``: what it writes, what it refuses, and that an error leaves nothing."""

import gc
import itertools
import json
import os

import numpy as np
import pytest
from click.testing import CliRunner

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import HEADER, Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import open_capture
from probecodec.host.cli import main

from .program import fails, run
from .projected import LOADED

RAW = ["--sample-bits", "10", "--aux-bits", "3", "--rate", "2500"]
PLAIN = ["--family", "sparse", "--hold", "1", "--shift", "1", "--highpass", "8", "--seed", "5"]
SMALL = [*PLAIN, "--window", "16", "--measurements", "4", "--packet-frames", "32"]
LARGE = [*PLAIN, "--window", "64", "--measurements", "8"]  # what refuses them is what is changed
FRAMES, CHANNELS = 300, 6
RANDOM = np.random.default_rng(0)
SAMPLES = np.clip(np.rint(np.cumsum(RANDOM.normal(0, 9, (FRAMES, CHANNELS)), 0)), -512, 511)
SAMPLES = SAMPLES.astype(np.int16)
AUX = RANDOM.integers(0, 8, FRAMES // 5).repeat(5).astype(np.int16)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder, with a recording ``rec.npy``."""
    monkeypatch.chdir(tmp_path)
    np.save("rec.npy", np.column_stack([SAMPLES, AUX]))
    np.save("rows.npy", np.array(LOADED))
    return tmp_path


MATRIX = {
    "window": 16,
    "measurements": 4,
    "hold": 1,
    "shift": 1,
    "highpass_shift": 8,
    "seed": 5,
}


def golden(stretch, **matrix):
    """What golden sends: a lossless stretch, then measurements; what fills no window lossless."""
    config = EncoderConfig(
        channels=CHANNELS,
        sample_bits=10,
        aux_bits=3,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=ProjectionConfig(
            channels=CHANNELS,
            sample_bits=10,
            **MATRIX | matrix,
        ),
        packet_frames=32,
        rate_hz=2500.0,
    )
    encoder = Encoder(config)
    whole = FRAMES - (FRAMES - stretch) % 16
    edges = [*range(0, whole, 32), whole, FRAMES]
    for start, stop in itertools.pairwise(edges):
        mode = Mode.PROJECTION if stretch <= start < whole else Mode.HUFFMAN
        samples, words = SAMPLES[start:stop].astype(np.int64), AUX[start:stop].astype(np.int64)
        yield encoder.packet(samples, words, mode=mode)


@pytest.mark.parametrize(
    ("options", "matrix"),
    [
        ([], {}),
        (["--family", "dense", "--hold", 4, "--shift", 2], {"hold": 4, "shift": 2}),
        (["--seed", 77, "--highpass", 0], {"seed": 77, "highpass_shift": 0}),
    ],
)
def test_golden_switched_by_its_register(options, matrix):
    """The lossless stretch is rounded up to whole packets: 0.05 s are 125 frames, thus 128."""
    if "dense" in options:
        matrix = matrix | {"family": Family.DENSE}
    run("project", "rec.npy", "a.pcs", *RAW, *SMALL, *options, "--lossless", 0.05)
    with open("a.pcs", "rb") as file:
        assert file.read() == b"".join(golden(128, **matrix))
    with open_capture("a.pcs", fill="zero") as capture:
        assert np.array_equal(capture[:128], SAMPLES[:128])
        assert np.array_equal(capture[-12:], SAMPLES[-12:])
        assert capture.held().sum() == 128 + 12
        assert np.array_equal(np.hstack([piece.aux for piece in capture.windows()]), AUX[128:-12])


def test_the_stretch_is_what_the_lossless_encoder_sends():
    """Byte for byte, but for the metadata packet's restart interval."""
    run("project", "rec.npy", "a.pcs", *RAW, *SMALL, "--lossless", 0.05)
    run("encode", "rec.npy", "b.pcs", *RAW, "--preset", "small", "--packet-frames", 32)
    with open("a.pcs", "rb") as one, open("b.pcs", "rb") as other:
        first, second = one.read(), other.read()
    config = EncoderConfig(
        channels=CHANNELS, sample_bits=10, aux_bits=3, modes=(Mode.HUFFMAN,), packet_frames=32,
        rate_hz=2500.0,
    )  # fmt: skip
    size = len(b"".join(encode(config, SAMPLES[:128], AUX[:128].view(np.uint16))))
    assert first[:size] == second[:size] and first[size : size + 4] == second[:4]
    assert HEADER.unpack(first[size:])["mode"] == Mode.PROJECTION


def test_loaded():
    """Window, measurements, family and widths are those of the coefficients."""
    options = ["--packet-frames", 32, "--coefficients", "rows.npy", "--lossless", 0]
    options += ["--highpass", 8, "--shift", 1]
    run("project", "rec.npy", "a.pcs", *RAW, *options)
    total = max(sum(map(abs, row)) for row in LOADED)
    matrix = {
        "family": Family.LOADED,
        "measurements": 3,
        "coefficients": LOADED,
        "coefficient_bits": 4,
        "row_sum": total,
        "seed": 0,
    }
    with open("a.pcs", "rb") as file:
        assert file.read() == b"".join(golden(0, **matrix))


def test_report():
    options = [*RAW, *SMALL, "--lossless", 0.05]
    told = json.loads(run("project", "rec.npy", "a.pcs", *options, "--json").stdout)
    sent = list(golden(128))
    sizes = [len(b"".join(part)) for part in ([*sent[:4], sent[-1]], sent[4:-1])]
    assert (told["recording"], told["capture"]) == ("rec.npy", "a.pcs")
    for name, frames, size in zip(("lossless", "projected"), (140, 160), sizes, strict=True):
        assert (told[name]["frames"], told[name]["bytes"]) == (frames, size)
        bits = 8 * size / (frames * CHANNELS)
        assert told[name]["bits_per_sample"] == pytest.approx(bits)
        assert told[name]["ratio_adc"] == pytest.approx(10 / bits)
    lines = run("project", "rec.npy", "a.pcs", *options, "--force").stdout.splitlines()
    assert lines[0] == "rec.npy: 300 frames of 6 channels, 10 bits"
    assert lines[1].startswith(f"a.pcs: {sum(sizes)} bytes, sparse, window 16, measurements 4, ")
    assert lines[2].startswith("  lossless: 140 frames, ")
    assert lines[3].startswith("  projected: 160 frames, ")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--measurements", "64"], "measurements = 64 is no fewer than the 64 frames of a window"),
        (["--measurements", "40"], "measurements"),
        (["--measurements", "0"], "measurements"),
        (["--window", "48"], "window must be a power of two, not 48"),
        (["--window", "512"], "window must be a whole number from 16 to 256, not 512"),
        (["--packet-frames", "100"], "packet_frames = 100 are no whole windows of 64 frames"),
        (["--hold", "3"], "hold = 3 does not divide the 64 frames"),
        (["--hold", "64"], "hold must be a whole number from 1 to 32, not 64"),
        (["--shift", "15"], "choose a shift that leaves 8 to 19"),
        (["--shift", "-1"], "shift must be a whole number from 0 to 15, not -1"),
        (["--seed", "-1"], "--seed"),
        (["--highpass", "13"], "highpass_shift must be a whole number from 0 to 12, not 13"),
        (["--seed", "0"], "--seed"),
        (["--lossless", "-1"], "'--lossless': -1.0 is not in the range"),
        (["--family", "loaded", "--lossless", "0"], "not known: give them"),
        (["--family", "best"], "'best' is not one of 'sparse', 'dense', 'loaded'"),
        (
            ["--coefficients", "rows.npy", "--family", "sparse"],
            "coefficients are for family loaded",
        ),
        (["--coefficients", "rows.npy", "--measurements", "2"], "must be a tuple of 2 tuples"),
        (["--coefficients", "rows.npy", "--window", "32"], "must be a tuple of 3 tuples of 32"),
        (["--coefficients", "none.npy"], "there is no file none.npy: check the path"),
        (["--coefficients", "."], ". is no .npy file"),
    ],
)
def test_refused(options, sentence):
    given = [] if "loaded" in options or "--coefficients" in options else LARGE
    assert sentence in fails("project", "rec.npy", "a.pcs", *RAW, *given, *options)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (np.ones((3, 64)), "does not hold M x N whole numbers: round them first"),
        (np.ones((1, 3, 64), int), "does not hold M x N whole numbers"),
        (np.zeros((0, 64), int), "does not hold M x N whole numbers"),
        (np.zeros((3, 0), int), "does not hold M x N whole numbers"),
        (np.ones((3, 64), bool), "does not hold M x N whole numbers"),
        (np.ones((3, 64), int), "its other coefficients must be 0"),
        (np.full((1, 64), 40_000), "coefficient_bits must be a whole number from 2 to 16, not 17"),
        (np.full((1, 64), 1 << 63, np.uint64), "coefficient_bits must be"),
        (np.full((1, 64), -(1 << 63)), "coefficient_bits must be"),
        (np.ones((9, 64), int), "measurements must be a whole number from 1 to 8, not 9"),
        (np.ones((1, 48), int), "window must be a power of two, not 48"),
        (np.full((1, 256), 32_767), "are over 32"),
    ],
)
def test_bad_coefficients(rows, sentence):
    np.save("rows.npy", rows)
    options = ["--coefficients", "rows.npy", "--lossless", "0"]
    assert sentence in fails("project", "rec.npy", "a.pcs", *RAW, *options)


def test_damaged_coefficients(folder):
    """Whatever byte of the header it is: one sentence, or other coefficients that can be."""
    sound = (folder / "rows.npy").read_bytes()
    arguments = ["project", "rec.npy", "a.pcs", *RAW, "--coefficients", "rows.npy"]
    arguments += ["--lossless", "0", "--packet-frames", "32", "--force"]
    for at in range(128):
        for bit in (0, 4):
            damaged = bytearray(sound)
            damaged[at] ^= 1 << bit
            (folder / "rows.npy").write_bytes(damaged)
            result = CliRunner().invoke(main, arguments)
            assert isinstance(result.exception, SystemExit | None), (at, bit)
            if result.exit_code:
                assert result.exit_code == 2
                assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    (folder / "a.pcs").unlink()
    for content in (b"", b"text", sound[:60], sound[:-3], b"PK\3\4"):
        (folder / "rows.npy").write_bytes(content)
        assert "is no .npy file" in fails(*arguments)
    gc.collect()  # warns of a file that was left open


def test_a_value_out_of_range():
    """Amid the measurements: nothing is left behind."""
    samples = np.column_stack([SAMPLES, AUX])
    samples[250, 2] = 512
    np.save("rec.npy", samples)
    sentence = fails("project", "rec.npy", "a.pcs", *RAW, *SMALL, "--lossless", 0.05)
    assert sentence == "Error: frame 250, channel 2: 512 does not fit a 10-bit sample"
    samples[250, 2], samples[251, 6] = 0, 9
    np.save("rec.npy", samples)
    sentence = fails("project", "rec.npy", "a.pcs", *RAW, *SMALL, "--lossless", 0.05)
    assert sentence == "Error: frame 251: 9 does not fit a 3-bit aux word"


def test_the_output(folder):
    (folder / "a.pcs").write_text("old")
    options = [*RAW, *SMALL, "--lossless", 0.05]
    assert "a.pcs exists" in fails("project", "rec.npy", "a.pcs", *options)
    assert (folder / "a.pcs").read_text() == "old"
    run("project", "rec.npy", "a.pcs", *options, "--force")
    assert (folder / "a.pcs").read_bytes() == b"".join(golden(128))
    assert "does not end in .pcs" in fails("project", "rec.npy", "a.bin", *options)
    assert "No such file" in fails("project", "rec.npy", "none/a.pcs", *options)
    assert "there is no file none.npy" in fails("project", "none.npy", "b.pcs", *options)
    assert not [name for name in os.listdir() if name.endswith(".part")]


def test_a_wrong_count_of_channels_is_doubted():
    random = np.random.default_rng(1)
    table = random.normal(random.normal(0, 40, 8), 9, (600, 8)).astype(np.int16)
    table.tofile("rec.bin")
    told = ("--sample-bits", 10, "--rate", 2500, "--lossless", 0.05, *SMALL, "--json")
    result = run("project", "rec.bin", "a.pcs", "--channels", 16, *told)
    assert result.stderr == "rec.bin looks like 8 columns, not 16: correct --channels\n"
    assert json.loads(result.stdout)["recording"] == "rec.bin"
    assert run("project", "rec.bin", "b.pcs", "--channels", 8, *told).stderr == ""


@pytest.mark.parametrize("seconds", ["inf", "nan"])
def test_no_number_of_seconds(seconds):
    sentence = fails("project", "rec.npy", "a.pcs", *RAW, *SMALL, "--lossless", seconds)
    assert "cannot convert" not in sentence and "lossless" in sentence


def test_a_recording_of_a_part_of_a_window():
    """It is sent lossless: measurements would be of nothing."""
    np.save("rec.npy", np.column_stack([SAMPLES, AUX])[:7])
    run("project", "rec.npy", "a.pcs", *RAW, *SMALL, "--lossless", 0)
    with open_capture("a.pcs") as capture:
        assert not list(capture.windows()) and capture.complete
        assert np.array_equal(capture[:], SAMPLES[:7])
        assert np.array_equal(capture.aux[:], AUX[:7])
