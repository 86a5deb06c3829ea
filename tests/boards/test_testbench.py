"""The test bench that goes with the Verilog, run as its document says."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from probecodec.boards import asic, testbench, verilog
from probecodec.golden.config import PRESETS, EncoderConfig
from probecodec.golden.errors import ConfigError
from probecodec.golden.format import Family, Mode, Order
from probecodec.golden.projection import banded
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import open_capture
from probecodec.sim.verilator import environment

needs_icarus = pytest.mark.skipif(
    not shutil.which("iverilog"), reason="no Icarus: apt-get install iverilog"
)
ROWS = np.rint(90 * banded(np.random.default_rng(3).normal(size=(3, 16)))[0]).astype(int)
LOADED = ProjectionConfig(
    family=Family.LOADED, window=16, measurements=3, coefficients=tuple(map(tuple, ROWS.tolist()))
)
CONFIGS = {
    **{name: EncoderConfig.preset(name, channels=48) for name in PRESETS},
    "tiny-384": EncoderConfig.preset("tiny"),
    "np1-aux": EncoderConfig(
        channels=48,
        sample_bits=12,
        aux_bits=16,
        order=Order.NP1,
        modes=(Mode.ADAPTIVE, Mode.FIXED),
        packet_frames=8,
        restart_interval=2,
    ),
    "16-bit": EncoderConfig(channels=32, sample_bits=16, modes=(Mode.HUFFMAN,), stream_id=3),
    "loaded": EncoderConfig(
        channels=48,
        aux_bits=5,
        modes=(Mode.PROJECTION, Mode.HUFFMAN),
        projection=LOADED,
        packet_frames=32,
    ),
}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(testbench, "_SAMPLES", 1024)


def place(config, target, folder):
    make = {"generic": verilog.files, "asic": asic.files}[target]
    for name, text in {**make(config), **testbench.files(config, target)}.items():
        (folder / name).write_text(text)


def run(folder, tool="iverilog"):
    """Run the command of the document; return (exit status, what it printed)."""
    text = (folder / "testbench.md").read_text().replace("\\\n", " ")
    command = re.search(rf"(?m)^    ({tool} .*)$", text)[1]
    result = subprocess.run(
        command, shell=True, cwd=folder, stdout=subprocess.PIPE, text=True, check=False
    )
    return result.returncode, result.stdout


@needs_icarus
@pytest.mark.parametrize("name", CONFIGS)
def test_asic_from_unknown_values(name, tmp_path):
    """All that has no reset begins as X, and so does what an SRAM gives on a collision."""
    place(CONFIGS[name], "asic", tmp_path)
    status, said = run(tmp_path)
    assert (status, said.split()[0]) == (0, "PASS:")


@needs_icarus
@pytest.mark.parametrize("name", ["dual", "adaptive", "np1-aux", "loaded"])
def test_generic(name, tmp_path):
    place(CONFIGS[name], "generic", tmp_path)
    status, said = run(tmp_path)
    words = len((tmp_path / "words.hex").read_text().split())
    assert (status, said) == (0, f"PASS: {words} words\n")


@needs_icarus
def test_what_is_wrong_is_said(tmp_path):
    """Another word, one too few, one too many, a core that hangs: FAIL, and the exit status."""
    place(CONFIGS["dual"], "generic", tmp_path)
    path = tmp_path / "words.hex"
    words = path.read_text().split()
    wrong = f"{int(words[12], 16) ^ 0x100:09x}"
    path.write_text("\n".join([*words[:12], wrong, *words[13:]]))
    status, said = run(tmp_path)
    assert status == 1
    assert f"FAIL: word 12 is {words[12][1:]}, last 0; the golden model's {wrong[1:]}" in said

    path.write_text("\n".join(words))
    bench = tmp_path / f"{testbench.TOP}.v"
    text = bench.read_text()
    bench.write_text(text.replace(str(len(words)), str(len(words) + 1)))
    status, said = run(tmp_path)
    assert status == 1 and f"FAIL: {len(words)} words of {len(words) + 1}" in said
    bench.write_text(text.replace(str(len(words)), str(len(words) - 1)))
    status, said = run(tmp_path)
    assert status == 1 and f"FAIL: word {len(words) - 1} is" in said and "one too many" in said

    bench.write_text(text.replace("rst = 0;", "").replace("== 1000000", "== 1000"))
    status, said = run(tmp_path)
    assert status == 1 and "FAIL: the core does not become idle" in said


def test_verilator_from_random_values(tmp_path):
    """The registers and memories of a chip begin with anything."""
    place(CONFIGS["adaptive"], "asic", tmp_path)
    text = (tmp_path / "testbench.md").read_text()
    quick = "-MAKEFLAGS 'OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0'"
    random = "--x-assign unique --x-initial unique"
    text = text.replace("--binary", f"--binary {quick} {random}")
    command = re.search(r"(?m)^    (verilator .*) &&", text.replace("\\\n", " "))[1]
    subprocess.run(command, shell=True, cwd=tmp_path, env=environment(), check=True)
    for seed in (1, 2, 3):
        program = tmp_path / "obj_dir" / f"V{testbench.TOP}"
        arguments = [f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]
        result = subprocess.run(
            [program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert result.stdout.startswith("PASS")


@pytest.mark.parametrize("name", ["dual", "np1-aux", "16-bit"])
def test_vector_decodes_to_what_is_played(name):
    """The host's decoder takes the words; samples stand in the source's order, as fields."""
    config = CONFIGS[name]
    sent, counts, words = testbench.vector(config)
    capture = open_capture(np.array([word & 0xFFFFFFFF for word in words], ">u4").tobytes())
    played = [testbench.samples(config, mode) for mode in config.modes]
    assert counts == [values.size for values, _ in played]
    samples = np.concatenate([values for values, _ in played])
    aux = np.concatenate([own for _, own in played])
    assert np.array_equal(np.asarray(capture), samples)
    assert np.array_equal(capture.aux[:], aux)
    half = 1 << config.sample_bits - 1
    assert (samples.min(), samples.max()) == (-half, half - 1)
    assert sorted(sent[: config.channels]) == sorted(
        (int(value) & 2 * half - 1) | int(aux[0]) << config.sample_bits for value in samples[0]
    )
    assert sum(word >> 32 for word in words) == words.count(0x1ACFFC1D)


def test_unknown_target():
    with pytest.raises(ConfigError, match="no target is named 'fpga'; there are generic, asic"):
        testbench.files(CONFIGS["tiny"], "fpga")
