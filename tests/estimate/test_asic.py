"""A small core on the library made by hand: from Verilog to picojoules."""

import json

import numpy as np
import pytest

from probecodec.boards import asic as target
from probecodec.estimate import asic, gate_activity, liberty, mapping, opensta, sram, timing
from probecodec.estimate.netlist import Netlist
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError, ToolError

from . import hand_library

CONFIG = EncoderConfig.preset("tiny", channels=16, sample_bits=8)
CLOCK_HZ = CONFIG.channels * CONFIG.rate_hz
SAMPLES = np.random.default_rng(5).integers(-40, 40, (60, 16)).astype(np.int16)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "hand.lib"
    path.write_text(hand_library.text())
    return path


@pytest.fixture(scope="module")
def told(path):
    return asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=180, clock_gating=True)


def test_figures_hang_together(told):
    netlist = json.loads(next(told.reports["mapping"].glob("syn3.json")).read_text())
    assert target.TOP in netlist["modules"]
    assert told.nand_um2 == 2
    assert told.kgates.value == pytest.approx(told.area_um2.value / 2000)
    assert sum(told.stages_um2.values()) == pytest.approx(told.area_um2.value)
    assert {"gate", "rice", "packer", "framer", "fifo", "registers"} <= set(told.stages_um2)
    assert told.clock_gates == told.latches > 5
    assert told.slack_s == pytest.approx(1 / CLOCK_HZ - told.critical_s.value) and told.slack_s > 0
    assert told.power_w.low < told.power_w.value < told.power_w.high
    energy = told.energies()
    assert energy["j_per_sample"].value == pytest.approx(told.power_w.value / CLOCK_HZ)
    assert energy["j_per_input_bit"].value == pytest.approx(energy["j_per_sample"].value / 8)
    assert energy["w_per_channel"].value == pytest.approx(told.power_w.value / 16)
    bits = told.stream_bits_per_sample
    assert energy["j_per_output_bit"].value == pytest.approx(energy["j_per_sample"].value / bits)
    json.dumps(told.as_json())


def test_memories_are_the_model_at_each_access(told):
    """Every sample reads and writes its channel's word; the FIFO stands apart."""
    by_hand = 0.0
    for depth, width in ((16, 8), (16, 12)):
        macro = sram.model(depth, width, node_nm=180)
        by_hand += (macro.read_j.value + macro.write_j.value) * CLOCK_HZ + macro.leakage_w.value
    fifo = sram.model(64, 36, node_nm=180)
    most = (fifo.read_j.value + fifo.write_j.value) * CLOCK_HZ * 0.5 + fifo.leakage_w.value
    assert by_hand * 0.9 < told.power["memory"].value < by_hand + most


def test_quiet_samples_take_less(told, path):
    quiet = asic.estimate(path, CONFIG, CLOCK_HZ, 0 * SAMPLES, node_nm=180)
    assert quiet.area_um2 == told.area_um2
    assert quiet.power["leakage"] == told.power["leakage"]
    for part in ("logic", "registers"):
        assert quiet.power[part].value < 0.6 * told.power[part].value
    assert quiet.power["clock"].value > 0.5 * told.power["clock"].value


def test_same_again(told, path):
    assert asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=180) == told


def test_without_samples_it_says_so(path):
    guessed = asic.estimate(path, CONFIG, CLOCK_HZ, None)
    assert "no simulation" in guessed.power["logic"].method
    assert guessed.power["memory"].value is None and "node" in guessed.power["memory"].method
    assert guessed.power_w.value is None
    assert guessed.energies()["j_per_output_bit"].value is None


def test_a_clock_too_slow(path):
    with pytest.raises(ConfigError, match=r"need a clock of 0\.48 MHz or more, not 0\.4 MHz"):
        asic.estimate(path, CONFIG, 0.4e6, None)


def test_a_wrong_stream_is_an_error(told):
    class Wrong:
        folder = "somewhere"

    with pytest.raises(ToolError, match="differs from the golden model's at byte 0 of"):
        gate_activity.compare(CONFIG, SAMPLES, b"\x00", Wrong())


@pytest.mark.skipif(not opensta.available(), reason="OpenSTA is not installed")
def test_opensta_agrees(path):
    """Without clock gates, which the release at hand takes as always open."""
    told = asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=180, clock_gating=False)
    text = hand_library.text()
    library = liberty.read(text, "hand.lib")
    verilog, memories = target.generate(CONFIG)
    mapped = mapping.synthesize(
        verilog, target.TOP, memories, library, text, CLOCK_HZ, clock_gating=False
    )
    netlist = Netlist(mapped.netlist, library)
    around = timing.Surroundings(default_access_s=0, default_setup_s=0)  # unknown to OpenSTA
    assert told.second_opinion, told.notes
    assert told.second_opinion["critical_s"] == pytest.approx(
        timing.analyse(netlist, around).critical_s, rel=0.1
    )
    ours = sum(told.stages_w.values())  # neither has the clock's tree
    theirs = sum(told.second_opinion[f"{part}_w"] for part in ("internal", "switching", "leakage"))
    assert ours == pytest.approx(theirs, rel=0.25)
