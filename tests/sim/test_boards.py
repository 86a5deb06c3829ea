"""Every board, pin by pin: models of chips at its front end, of a host at its link.

A stream's bytes must be those of the golden model for what was at the inputs, with the frames left
out that the decoder says were dropped; so both are checked.
"""

import os
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from probecodec.boards.design import make
from probecodec.boards.targets import BOARDS
from probecodec.golden.encoder import encode
from probecodec.golden.format import Mode
from probecodec.host import open_capture
from probecodec.host.scanner import Scanner
from probecodec.host.timeline import Cause
from probecodec.sim.board_runner import build, run

SCENARIOS = Path(__file__).with_name("board_scenarios.py")
SYNC = bytes.fromhex("1acffc1d")


def design(board, input, link, **options):
    fields = {"preset": "tiny", "packet_frames": 8, "restart_interval": 3} | options
    return make(BOARDS[board], input=input, link=link, **fields)


# An RHD chip's model takes long for a frame; so the link's memory is small.
SHORT = {"packet_frames": 4, "settings": {"link.depth": 32}}
DUAL = {"preset": "dual", "channels": 8, "packet_frames": 32, "restart_interval": 2}  # 3 Mbaud
DESIGNS = {  # built once each: 10 s
    "rhd2132": partial(design, "icebreaker", "rhd2132", "spi", **SHORT),
    "rhd2164": partial(design, "orangecrab", "rhd2164", "spi", channels=128, **SHORT),
    "multiplexed": partial(design, "ulx3s", "multiplexed", "ft245"),
    "native": partial(design, "ulx3s", "native", "rmii", channels=32, aux_bits=4),
    "adaptive": partial(design, "arty-a7", "emulator", "mii", preset="adaptive", channels=32),
    "dual": partial(design, "tang-nano-9k", "emulator", "uart", **DUAL),
    "rgmii": partial(design, "colorlight", "emulator", "rgmii", channels=64),
    "usb": partial(design, "cynthion", "emulator", "usb", channels=64),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A function: name of a design to its model, built once for all xdist workers."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    return cache(lambda name: build(DESIGNS[name](), root / "boards" / name))


@pytest.fixture
def simulate(model, tmp_path):
    """A function: design, scenario and options to the configuration and the result."""

    def simulate(name, scenario, **options):
        chosen = DESIGNS[name]()
        config = chosen.config
        random = np.random.default_rng(7)
        frames = int(np.sum(options["frames"])) + 40
        half = 1 << config.sample_bits - 1
        samples = random.normal(0, half / 60, (frames, config.channels)).round()
        samples[::9, ::5] = half - 1  # rail to rail
        samples[4::9, ::5] = -half
        played = {"samples": np.clip(samples, -half, half - 1).astype(np.int16)}
        played["aux"] = random.integers(1 << config.aux_bits, size=frames).astype(np.uint16)
        only = {"only": [scenario]}
        return config, run(chosen, model(name), tmp_path, SCENARIOS, **played, **only, **options)

    return simulate


def check(config, result, *, at=0, capture=None):
    """Check a stream whose frame 0 is the input's frame ``at``; return which frames it lacks."""
    capture = result.capture if capture is None else capture
    samples, aux = result.samples[at:], result.aux[at:]
    decoded = open_capture(capture, fill="zero")
    (segment,) = decoded.segments
    # The last packet is under way.
    assert all(damage.offset >= capture.rindex(SYNC) for damage in decoded.damaged)
    assert segment.first_frame == 0
    dropped = np.zeros(len(samples), bool)
    for gap in segment.gaps:
        assert gap.cause == Cause.DROPPED
        dropped[gap.start : gap.stop] = True
    golden = b"".join(encode(config, samples, aux, dropped))
    assert common(golden, capture) == len(capture)
    held = ~dropped[: len(segment)]
    assert np.array_equal(segment[:][held], samples[: len(segment)][held])
    assert np.array_equal(segment.aux[:][held], aux[: len(segment)][held])
    return dropped[: len(segment)]


def common(one, other):
    """Return how many bytes two streams have in common at their begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


STREAMS = [
    ("rhd2132", {"frames": 20, "link_hz": 12e6}),
    ("rhd2132", {"frames": 20, "link_hz": 90e6}),
    ("rhd2164", {"frames": 20, "link_ppm": -300, "delay_ns": 20}),
    ("rhd2164", {"frames": 15, "clock_ppm": 300, "delay_ns": 20, "missing": [1]}),
    ("multiplexed", {"frames": 30, "link_ppm": -300}),
    ("native", {"frames": 60, "input_hz": 1e6, "link_ppm": 300}),
    ("native", {"frames": 60, "input_hz": 180e6, "link_hz": 12.5e6}),
    ("adaptive", {"frames": 60, "link_ppm": -300}),
    ("adaptive", {"frames": 40, "link_hz": 90e6}),
    ("dual", {"frames": 80, "link_ppm": 300}),
    ("rgmii", {"frames": 100, "link_ppm": 300}),
    ("usb", {"frames": 60, "clock_ppm": -300}),
]


@pytest.mark.parametrize(("name", "options"), STREAMS)
def test_stream(name, options, simulate):
    """What the host receives is what the golden model makes of what is at the inputs."""
    config, result = simulate(name, "stream", **options)
    for chip in options.get("missing", []):
        result.samples[:, 64 * chip : 64 * chip + 64] = 0  # its MISO stays low
    dropped = check(config, result)
    assert not dropped.any()
    assert len(dropped) >= options["frames"] / 3


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("rhd2132", (16.5, 12)),
        ("multiplexed", (12.3, 12)),
        ("native", (70.4, 70)),
        ("dual", (80, 80)),
    ],
)
def test_reset(name, frames, simulate):
    """After a reset a new stream begins; what came before is intact up to a packet cut off."""
    config, result = simulate(name, "reset", frames=frames)
    at = 0
    if name != "dual":  # the emulator begins anew, and equal packets count once
        first, second = open_capture(result.capture).segments
        assert first.first_frame == 0 and not first.gaps
        assert np.array_equal(first, result.samples[: len(first)])
        assert len(first) >= frames[0] / 3
        at = place_of(second, result.samples)
    begins = result.capture.rindex(next(encode(config, result.samples[at:], result.aux[at:]))[:40])
    assert len(check(config, result, at=at, capture=result.capture[begins:])) >= frames[1] / 3
    golden = b"".join(encode(config, result.samples, result.aux))
    assert begins - common(golden, result.capture[:begins]) < 4, "more than a cut word between"


def place_of(part, samples):
    """Return the only place of rows among others."""
    (place,) = (
        n
        for n in range(len(samples) - len(part))
        if np.array_equal(samples[n : n + len(part)], part)
    )
    return place


@pytest.mark.parametrize(
    ("name", "frames"),
    [("rhd2132", (10, 24, 18)), ("multiplexed", (12, 20, 20)), ("usb", (20, 90, 60))],
)
def test_stalled_host(name, frames, simulate):
    """While nobody reads, whole frames are dropped, and told exactly."""
    config, result = simulate(name, "stalled", frames=frames)
    dropped = check(config, result)
    assert len(dropped) >= sum(frames) * 0.8
    assert dropped.sum() > 2 and not dropped[: frames[0]].any() and not dropped[-5:].any()


@pytest.mark.parametrize(
    ("name", "frames"), [("dual", (100, 60, 150)), ("adaptive", (80, 130, 80))]
)
def test_pulled_cable(name, frames, simulate):
    """What was sent meanwhile is lost, and told; all else decodes."""
    config, result = simulate(name, "pulled", frames=frames)
    capture = open_capture(result.capture, fill="zero")
    (segment,) = capture.segments
    rows = np.arange(len(segment))
    held = np.ones(len(segment), bool)
    for gap in segment.gaps:
        assert gap.cause in (Cause.LOST, Cause.WAITING)
        held[gap.start : gap.stop] = False
    assert np.array_equal(segment[:][held], result.samples[: len(segment)][held])
    # All that is missing lies in the pause, but for what was under way, and up to the next restart.
    around = config.packet_frames * (config.restart_interval + 1)
    datagram = 8 * 1472 // config.channels // 4
    lost = rows[~held]
    assert len(lost) >= frames[1] - config.packet_frames
    assert lost[0] >= frames[0] - around - datagram
    assert lost[-1] < sum(frames[:2]) + around + datagram
    assert len(segment) >= sum(frames) - around


def test_button(simulate):
    """A press moves on to the next mode, and once only."""
    config, result = simulate("dual", "button", frames=150)
    assert config.modes == (Mode.RICE, Mode.FIXED)
    capture = open_capture(result.capture)
    (segment,) = capture.segments
    assert np.array_equal(segment, result.samples[: len(segment)])
    modes = [packet.config.modes[0] for packet in Scanner().feed(result.capture) if packet.frames]
    assert set(modes) == {Mode.RICE, Mode.FIXED}
    assert modes == sorted(modes, key=config.modes.index)
