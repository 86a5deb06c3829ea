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
    assert told.recipe in mapping.RECIPES["area"]


def test_stages_tree_and_leakage_are_all_without_memories(told):
    assert list(told.power) == ["clock", "clock tree", "registers", "logic", "leakage", "memory"]
    tree = told.power["clock tree"]
    apart = tree.value + told.power["leakage"].value
    assert sum(told.stages_w.values()) + apart == pytest.approx(told.logic_w.value)
    assert (tree.low, tree.high) == pytest.approx((0.5 * tree.value, 2 * tree.value))
    assert tree.value > 0 and "+100 %" in tree.method


def test_memories_are_the_model_at_each_access(told):
    """Every sample reads and writes its channel's word; the FIFO stands apart."""
    by_hand = 0.0
    for depth, width in ((16, 8), (16, 12)):
        macro = sram.model(depth, width, node_nm=180, supply_v=2)  # the cells' supply
        by_hand += (macro.read_j.value + macro.write_j.value) * CLOCK_HZ + macro.leakage_w.value
    fifo = sram.model(64, 36, node_nm=180, supply_v=2)
    most = (fifo.read_j.value + fifo.write_j.value) * CLOCK_HZ * 0.5 + fifo.leakage_w.value
    assert by_hand * 0.9 < told.power["memory"].value < by_hand + most
    assert any("knows no timing at 180 nm and 2 V" in note for note in told.notes)


def test_each_memory_is_listed(told):
    assert {(one["depth"], one["width"]) for one in told.memories} == {(16, 8), (16, 12), (64, 36)}
    assert "listed under memories" in told.power["memory"].method
    for key, whole in {"power_w": told.power["memory"], "area_um2": told.memory_um2}.items():
        for end in ("value", "low", "high"):
            parts = sum(one[key][end] for one in told.memories)
            assert getattr(whole, end) == pytest.approx(parts)
    for one in told.memories:
        macro = sram.model(one["depth"], one["width"], one["ports"], 180, 2)
        assert one["module"] == f"probecodec_sram_{one['depth']}x{one['width']}" and one["name"]
        assert one["read_j"] == macro.read_j.as_json()
        assert one["write_j"] == macro.write_j.as_json()
        watts = one["reads"] * macro.read_j.value + one["writes"] * macro.write_j.value
        leaks = one["leakage_w"]["value"]
        assert one["power_w"]["value"] == pytest.approx(watts * CLOCK_HZ + leaks)
        assert 0 < one["writes"] <= 1


@pytest.mark.parametrize(("node", "why"), [(22, "40 to 350 nm"), (None, "node of this library")])
def test_memories_beyond_the_model_are_unknown(told, path, node, why):
    other = asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=node)
    for figure in (other.power["memory"], other.memory_um2):
        assert figure.value is None and figure.low is None and why in figure.method
    assert [one["depth"] for one in other.memories] == [one["depth"] for one in told.memories]
    assert all(why in one["power_w"]["method"] for one in other.memories)
    assert other.area_um2 == told.area_um2 and other.critical_s.value == told.critical_s.value


def test_at_65_nm_all_is_estimated(path):
    assert asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=65).power_w.value > 0


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
    with pytest.raises(ConfigError, match=r"use a clock of at least 0\.48 MHz"):
        asic.estimate(path, CONFIG, 0.4e6, None)


def test_a_wrong_stream_is_an_error(told):
    class Wrong:
        folder = "somewhere"

    with pytest.raises(ToolError, match="differs from the golden model's at byte 0 of"):
        gate_activity.compare(CONFIG, SAMPLES, None, b"\x00", Wrong())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "OpenSTA failed: exit status 3"),
        ("echo 'Error: no' >&2", "OpenSTA failed: Error: no"),
        ("printf '\\377\\000 Total 1 2'", "report cannot be read"),
        ("echo 'Total 1e 2 . 4'; echo ' 1.0 slack'", "report cannot be read"),
        ("echo 'Total 1e999 2 3 4'; echo ' 1.0 slack'", "report cannot be read"),
        ("exec sleep 60", "OpenSTA took over 1 s"),
    ],
)
def test_a_broken_second_opinion_is_a_note(told, path, tmp_path, monkeypatch, script, message):
    program = tmp_path / "sta"
    program.write_text(
        f'#!/bin/sh\ntest "$1" = -version && echo {tmp_path.name} && exit\n{script}\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(opensta.shutil, "which", lambda name: str(program))
    monkeypatch.setattr(opensta, "_SECONDS", 1 if "sleep" in script else 60)
    other = asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=180)
    assert other.second_opinion is None and other.power == told.power
    assert any(message in note for note in other.notes), other.notes


@pytest.mark.parametrize(
    ("version", "remarks"),
    [
        ("2.0.17", {"internal power halved", "no clock tree", "gated clocks as running"}),
        ("2.6.0", {"a release that was not checked", "no clock tree"}),
    ],
)
def test_the_second_opinion_says_how_it_differs(path, tmp_path, monkeypatch, version, remarks):
    program = tmp_path / "sta"
    program.write_text(
        f'#!/bin/sh\ntest "$1" = -version && echo {version} && exit\n# {tmp_path}\n'
        "echo 'Total 4e-3 2e-3 1e-6 6e-3 100%'; echo ' 1.0 slack'\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(opensta.shutil, "which", lambda name: str(program))
    monkeypatch.setattr(
        "probecodec.estimate.opensta.kept", lambda parts, make: make(tmp_path) or tmp_path
    )
    told = asic.estimate(path, CONFIG, CLOCK_HZ, SAMPLES, node_nm=180).second_opinion
    assert {remark.partition(":")[0] for remark in told["note"].split("; ")} == remarks
    assert told["internal_raw_w"] == 4e-3 and told["switching_w"] == 2e-3
    assert told["internal_w"] == (2e-3 if version == "2.0.17" else 4e-3)


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
    ours = sum(told.stages_w.values()) + told.power["leakage"].value  # both without a clock tree
    assert told.second_opinion["note"].endswith("no clock tree")  # no gated clocks here
    theirs = sum(told.second_opinion[f"{part}_w"] for part in ("internal", "switching", "leakage"))
    assert ours == pytest.approx(theirs, rel=0.25)
