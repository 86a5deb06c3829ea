"""Tier 2: the generated Verilog's top level in cocotb and Verilator."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.golden.errors import ToolError
from probecodec.golden.format import Family, Mode, Order
from probecodec.golden.projection import banded
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import open_capture
from probecodec.host.check import check_windows
from probecodec.host.synthetic import synthesize
from probecodec.sim import cocotb_runner
from probecodec.sim.cocotb_runner import SimulationError, build, run, run_cocotb

preset = EncoderConfig.preset
CONFIGS = {  # built once each: 7 s
    "tiny": preset("tiny", packet_frames=10, restart_interval=3),
    "fixed-aux": preset("fixed", channels=32, sample_bits=12, aux_bits=16, packet_frames=20),
    "dual": preset("dual", channels=6, sample_bits=16, packet_frames=150, restart_interval=2),
    "dual-aux": preset(
        "dual", channels=24, aux_bits=16, packet_frames=8, restart_interval=5, stream_id=3
    ),
    "all-np1": EncoderConfig(
        channels=48,
        sample_bits=12,
        aux_bits=16,
        order=Order.NP1,
        modes=(Mode.ADAPTIVE, Mode.RICE, Mode.HUFFMAN, Mode.FIXED),
        packet_frames=8,
        restart_interval=5,
    ),
}
ROWS = banded(np.random.default_rng(3).normal(size=(3, 16)))[0]
for name, matrix in {
    "projection": {"measurements": 5, "shift": 1},
    "projection-dense": {"family": Family.DENSE, "hold": 2, "measurements": 6},
    "projection-loaded": {
        "family": Family.LOADED,
        "measurements": 3,
        "coefficients": tuple(map(tuple, np.rint(90 * ROWS).astype(int).tolist())),
    },
}.items():
    CONFIGS[name] = EncoderConfig(
        channels=48,
        aux_bits=5,
        order=Order.NP1,
        modes=(Mode.PROJECTION, Mode.HUFFMAN),
        projection=ProjectionConfig(window=16, **matrix),
        packet_frames=32,
        restart_interval=2,
    )
CONTROL = Path(__file__).with_name("control_scenarios.py")
FAULTS = Path(__file__).with_name("fault_scenarios.py")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A function: name of a configuration to its model, built once for all xdist workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    return cache(lambda name: build(CONFIGS[name], root / "cocotb" / name))


def on(*names):
    return pytest.mark.parametrize("name", names)


def recording(config, count):
    """Synthetic samples, about ``count`` of them, and auxiliary words that often change."""
    probe = "intan" if config.sample_bits == 16 else "np1"
    made = synthesize(probe, frames=count // config.channels, channels=config.channels)
    random = np.random.default_rng(5)
    aux = np.repeat(random.integers(1 << config.aux_bits, size=len(made.aux)), 3)
    return made.samples, aux[: len(made.samples)]


def white_noise(config, count):
    half = 1 << (config.sample_bits - 1)
    shape = count // config.channels, config.channels
    samples = np.random.default_rng(6).integers(-half, half, shape)
    return samples, np.random.default_rng(7).integers(1 << config.aux_bits, size=len(samples))


def square_wave(config, count):
    """From rail to rail, in every frame."""
    samples, aux = white_noise(config, count)
    half = 1 << (config.sample_bits - 1)
    return np.where(np.arange(len(samples)) % 2, half - 1, -half)[:, None] + 0 * samples, aux


def constant(config, count):
    samples, aux = white_noise(config, count)
    return np.full_like(samples, -3), aux * 0


@on(*CONFIGS)
@pytest.mark.parametrize(("idle", "back_pressure", "seed"), [(0.3, 0.3, 1), (0.05, 0.6, 2)])
def test_stream(name, idle, back_pressure, seed, model, tmp_path):
    """Gaps in the source and on the link change nothing."""
    config = CONFIGS[name]
    samples, aux = recording(config, 12_000)
    pauses = {"idle": idle, "back_pressure": back_pressure, "seed": seed}
    result = run_cocotb(config, samples, aux, tmp_path, model=model(name), **pauses)
    assert result.capture == b"".join(encode(config, samples, aux))
    assert not result.dropped
    assert result.cycles > samples.size
    capture = open_capture(result.capture)
    assert capture.complete
    if config.modes[0] == Mode.PROJECTION:
        dropped = np.ones(len(samples), bool)
        assert check_windows(config, capture, samples, aux, dropped)
        assert not dropped.any()
        return
    assert np.array_equal(np.asarray(capture), samples)
    assert np.array_equal(capture.aux[:], aux)


@on("tiny", "fixed-aux", "dual", "projection", "projection-dense")
@pytest.mark.parametrize("signal", [recording, white_noise, square_wave, constant])
def test_one_sample_per_clock(name, signal, model, tmp_path):
    """A link of one word per clock takes one sample per clock, whatever the samples."""
    config = CONFIGS[name]
    samples, aux = signal(config, 16_000)
    result = run_cocotb(config, samples, aux, tmp_path, model=model(name))
    assert result.cycles == samples.size
    assert not result.dropped


@on("projection")
@pytest.mark.parametrize("test", ["narrow_link", "cut_link", "broken_frames"])
def test_fault_of_projection(name, test, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, FAULTS, only=[test])


@on("tiny", "dual-aux")
@pytest.mark.parametrize("test", ["narrow_link", "cut_link", "reset"])
def test_fault(name, test, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, FAULTS, only=[test])


@on("dual-aux")
@pytest.mark.parametrize(
    "test", ["power_up", "mode_switch", "restart_interval", "stream_id", "enable"]
)
def test_control(name, test, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, CONTROL, only=[test])


@on("all-np1")
@pytest.mark.parametrize("test", ["power_up", "all_modes"])
def test_control_of_all_modes(name, test, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, CONTROL, only=[test])


@on("projection", "projection-dense")
def test_power_up_of_projection(name, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, CONTROL, only=["power_up"])


@on(*CONFIGS)
def test_registers(name, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, CONTROL, only=["registers"])


@on("dual-aux")
def test_broken_frames(name, model, tmp_path):
    run(CONFIGS[name], model(name), tmp_path, FAULTS, only=["broken_frames"])


@on("fixed-aux", "dual", "dual-aux", "all-np1")
@pytest.mark.parametrize("seed", [1, 2])
def test_everything_at_once(name, seed, model, tmp_path):
    """Seeds also differ in what the core's memories hold at power-up."""
    run(CONFIGS[name], model(name), tmp_path, FAULTS, only=["everything_at_once"], seed=seed)


@on("dual-aux")
def test_model_is_kept(name, model):
    program = model(name) / "probecodec_encoder"
    before = program.stat().st_mtime_ns
    assert build(CONFIGS[name], model(name).parent) == model(name)
    assert program.stat().st_mtime_ns == before


@on("dual-aux")
def test_a_difference_is_found_and_named(name, model, tmp_path):
    """The model has another microvolt scale than the golden model: a word of the metadata."""
    config = replace(CONFIGS[name], lsb_uv=2.34)
    samples, aux = recording(config, 2_000)
    with pytest.raises(SimulationError, match=r"recording: word 10 .*; the golden model's 0x0"):
        run_cocotb(config, samples, aux, tmp_path, model=model(name))


@on("dual-aux")
def test_values_that_do_not_fit_are_refused(name, model, tmp_path):
    config = CONFIGS[name]
    with pytest.raises(ValueError, match="frame 0, channel 0: 512 does not fit a 10-bit sample"):
        run_cocotb(config, np.full((2, 24), 512), None, tmp_path, model=model(name))


@on("dual-aux")
def test_unknown_test(name, model, tmp_path):
    with pytest.raises(ToolError, match="no cocotb test named nothing"):
        run(CONFIGS[name], model(name), tmp_path, FAULTS, only=["nothing"])


@on("dual-aux")
def test_unknown_module(name, model, tmp_path):
    with pytest.raises(ToolError, match="broke off: ModuleNotFoundError: No module named 'absent'"):
        run(CONFIGS[name], model(name), tmp_path, "absent")


def test_without_a_model(tmp_path):
    with pytest.raises(ToolError, match=r"the simulation failed: .*No such file"):
        run(CONFIGS["tiny"], tmp_path / "model", tmp_path)


def test_a_warning_is_an_error(monkeypatch, tmp_path):
    verilog = "module probecodec_encoder(input clk, output reg q);\n"
    verilog += "always @* if (clk) q = 1;\nendmodule\n"
    monkeypatch.setattr(cocotb_runner, "generate", lambda config: verilog)
    with pytest.raises(ToolError, match="Verilator failed: %Warning-LATCH"):
        build(CONFIGS["tiny"], tmp_path)
