"""Several estimates at once, by a maker that only counts."""

from pathlib import Path

import pytest

from probecodec.estimate.matrix import Made, cost_of, everything, swept
from probecodec.golden.config import PRESETS
from probecodec.golden.errors import ConfigError

FIELDS = {"rate_hz": 1000.0, "sample_bits": 10, "channels": 20}


def quiet(stage, done, count):
    assert 0 <= done <= count


def maker(target, preset, fields, clock_hz, progress):
    """A static milliwatt, a nanojoule a cycle for the clock, two a sample, pins besides."""
    if (target, preset) == ("small-chip", "adaptive"):
        raise ConfigError("it does not fit")
    samples_hz = fields["channels"] * fields["rate_hz"]
    clock = clock_hz or samples_hz
    power = {"static": 1e-3, "clock": clock * 1e-9, "logic": samples_hz * 2e-9, "io": 5.0}
    one = {
        "target": target,
        "preset": preset,
        "channels": fields["channels"],
        "clock_hz": clock,
        "samples_hz": samples_hz,
        "bits_per_sample": 6.0,
        "power": {
            part: {"value": watts, "low": None, "high": None, "method": ""}
            for part, watts in power.items()
        },
    }
    return one, {"log": Path(target)}


def test_everything_goes_on_where_one_cannot_be_built():
    made = Made()
    everything(maker, ["chip", "small-chip"], FIELDS, None, made, quiet)
    assert len(made.estimates) == 2 * len(PRESETS)
    problems = [one for one in made.estimates if "problem" in one]
    assert problems == [
        {"target": "small-chip", "preset": "adaptive", "problem": "it does not fit"}
    ]
    assert len(made.reports) == 2 * len(PRESETS) - 1
    assert made.reports["chip-tiny-20ch-0.02MHz/log"] == Path("chip")


def test_cost_leaves_pins_to_the_link():
    one, _ = maker("chip", "tiny", FIELDS, 80e3, quiet)
    cost = cost_of(one)
    assert cost.static_w.value == 1e-3 and cost.clock_w.value == pytest.approx(80e-6)
    assert cost.dynamic_j_per_sample.value == pytest.approx(2e-9)
    assert cost.bits_per_sample == 6.0


def test_sweep_by_hand():
    made = Made()
    points = swept(maker, "chip", ["tiny"], [10, 20], FIELDS, made, quiet)
    told = {(p.channels, round(p.clock_hz / p.samples_hz), p.gated): p for p in points}
    assert set(told) == {(n, *way) for n in (10, 20) for way in ((1, False), (4, False), (4, True))}
    for (count, cycles, gated), point in told.items():
        samples_hz = count * 1000
        ticks = samples_hz * (1 if gated else cycles)
        assert point.power_w.value == pytest.approx(1e-3 + ticks * 1e-9 + samples_hz * 2e-9)
        saved = 10 - 6.0
        even = point.power_w.value / samples_hz / saved
        assert point.break_even_j_per_bit.value == pytest.approx(even)
    assert not made.estimates and len(made.reports) == 4
