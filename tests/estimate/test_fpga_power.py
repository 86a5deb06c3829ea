"""Power of FPGAs: against the measurements that it comes from, and how it must behave."""

from dataclasses import replace

import pytest

from probecodec.estimate.fpga_power import LUT_RATE, PARTS, coefficients, estimate_power
from probecodec.estimate.switching import StageActivity

from .activity_by_hand import IDLE, busy

COUNTS = {
    "gate": {"luts": 200, "flip_flops": 100, "block_rams": 1},
    "lms": {"luts": 900, "flip_flops": 300, "block_rams": 6, "multipliers": 8, "carries": 100},
}
DEVICES = ("iCE40UP5K-SG48", "LFE5U-12F-BG256-8", "LFE5U-25F-MG285-8", "LFE5U-85F-BG381-6")


def alone(register_toggles, net_toggles, registers, luts):
    """A design of one stage: its counts and activity, from changes per cycle of all its cells."""
    stage = StageActivity(
        register_bits=registers,
        net_bits=luts,
        register_rate=register_toggles / registers,
        net_rate=net_toggles / luts / LUT_RATE,
    )
    return {"x": {"luts": luts, "flip_flops": registers}}, replace(IDLE, stages={"x": stage})


# Core current in µA at 1.219 V, clock from outside at 12 MHz: counters of 28 bits. A counter's
# flip-flops make two changes a cycle, and so do the LUTs before them.
@pytest.mark.parametrize(("counters", "amperes"), [(1, 613.5e-6), (2, 616.65e-6), (8, 641.3e-6)])
def test_published_counters(counters, amperes):
    counts, activity = alone(2 * counters, 2 * counters, 28 * counters, 28 * counters + 4)
    watts = estimate_power("ice40up5k", counts, activity, 12e6)["total"]
    published = amperes * 1.219 + 4.1e-6 * 1.219 + 6.2e-6 * 3.283  # core, PLL rail, banks
    assert watts.low < published < watts.high
    if counters == 1:
        assert watts.value == pytest.approx(published, rel=0.03)


def test_published_clocks():
    """48 MHz draw 2184 µA, 6 MHz 388.4 µA: the oscillator that is on in both drops out."""
    counts, activity = alone(2, 2, 24, 28)
    slow, fast = (estimate_power("ice40up5k", counts, activity, f)["total"] for f in (6e6, 48e6))
    published = (2184e-6 - 388.4e-6) * 1.219
    assert fast.value - slow.value == pytest.approx(published, rel=0.05)


def test_published_product():
    """996 µA with a product of two 8-bit counters in LUTs, 645 µA without, at 12 MHz."""
    without = estimate_power("ice40up5k", *alone(2, 2, 24, 28), 12e6)["total"].value
    product = estimate_power("ice40up5k", *alone(2 + 6.4, 2 + 56.2, 40, 205), 12e6)["total"].value
    assert product - without == pytest.approx((996e-6 - 645e-6) * 1.219, rel=0.05)


@pytest.mark.parametrize("device", DEVICES)
def test_without_activity_static_and_clock_are_left(device):
    found = estimate_power(device, COUNTS, IDLE)
    assert found["static"].value > 0 and found["clock"].value > 0
    assert [found[name].value for name in ("logic", "ram", "dsp", "io")] == [0, 0, 0, 0]
    left = found["static"].value + found["clock"].value
    assert found["total"].value == pytest.approx(left, rel=1e-12)


def test_twice_the_activity():
    once, twice = (estimate_power("ice40up5k", COUNTS, busy(scale)) for scale in (0.5, 1))
    for name in ("logic", "ram", "dsp", "io"):
        assert twice[name].value == pytest.approx(2 * once[name].value) and once[name].value > 0
    for name in ("static", "clock"):
        assert twice[name] == once[name]


def test_each_stage_takes_its_own_rates():
    def logic(stage, kind):
        counts = {stage: {kind: 100}}
        return estimate_power("ice40up5k", counts, busy())["logic"].value

    assert logic("lms", "luts") == pytest.approx(4 * logic("gate", "luts"))  # 0.2, 0.05
    assert logic("lms", "flip_flops") == pytest.approx(3 * logic("gate", "flip_flops"))  # 0.3, 0.1
    whole = (400 * 0.05 + 600 * 0.2) / 1000
    assert logic("total", "luts") == pytest.approx(logic("gate", "luts") * whole / 0.05)


def test_memories_by_their_accesses():
    def ram(stage):
        return estimate_power("ice40up5k", {stage: {"block_rams": 10}}, busy())["ram"].value

    energy = coefficients("ice40up5k")["ram"].value
    assert ram("gate") == pytest.approx(12e6 * 10 * 0.75 * energy)
    assert ram("lms") == pytest.approx(12e6 * 10 * 1.5 * energy)
    mean = (800 * 0.75 + 2400 * 1.5) / 3200  # weighted by bits
    assert ram("total") == pytest.approx(12e6 * 10 * mean * energy)


@pytest.mark.parametrize("device", DEVICES)
def test_more_clock_more_power(device):
    watts = [estimate_power(device, COUNTS, busy(), f)["total"] for f in (1e6, 12e6, 36e6)]
    for name in ("value", "low", "high"):
        values = [getattr(figure, name) for figure in watts]
        assert values == sorted(values) and len(set(values)) == 3


def test_multipliers_by_their_operands():
    known = coefficients("iCE40UP5K")
    found = estimate_power("iCE40UP5K", COUNTS, busy())["dsp"].value
    assert found == pytest.approx(12e6 * 8 * 32 * 0.3 * known["dsp"].value)


def test_the_clock_reaches_every_flip_flop():
    known = coefficients("iCE40UP5K")
    found = estimate_power("iCE40UP5K", COUNTS, busy(), 36e6)["clock"].value
    energy = known["clock"].value + 400 * known["clock_register"].value
    assert found == pytest.approx(36e6 * energy)


def test_outputs_charge_their_loads():
    found = estimate_power("ice40up5k", COUNTS, busy(), load_farads=20e-12, io_volts=1.8)["io"]
    assert found.value == pytest.approx(12e6 * 3.0 * 0.5 * 20e-12 * 1.8**2)  # only link_data


def test_the_pll_is_asked_for():
    without, with_pll = (estimate_power("ice40up5k", COUNTS, busy(), pll=p) for p in (False, True))
    assert "pll" not in without and with_pll["pll"].value == pytest.approx(0.76e-3)
    more = with_pll["total"].value - without["total"].value
    assert more == pytest.approx(with_pll["pll"].value)


def test_what_is_not_published_is_unknown():
    for device, known in (("xc7a35ticsg324-1L", {"static", "io"}), ("GW1NR-LV9QN88PC6/I5", {"io"})):
        found = estimate_power(device, COUNTS, busy(), pll=True)
        assert {name for name, figure in found.items() if figure.is_known} == known
        assert f"logic power of {device}" in found["logic"].method or "lut" in found["logic"].method
        assert found["total"].value is None and found["total"].low >= (found["static"].low or 0.0)
    assert not estimate_power("LFE5U-25F", COUNTS, busy(), pll=True)["pll"].is_known


def test_every_part_has_error_bars_and_a_source():
    found = estimate_power("ice40up5k", COUNTS, busy(), pll=True)
    assert set(found) == {*PARTS, "pll", "total"}
    for figure in found.values():
        assert 0 < figure.low < figure.value < figure.high and figure.method


@pytest.mark.parametrize("device", [*DEVICES, "xc7a35ticsg324-1L"])
def test_every_coefficient_is_traceable(device):
    for name, entry in coefficients(device).items():
        assert entry.kind in ("measured", "datasheet", "derived") and entry.source and entry.what
        if name != "dsp_bits":
            assert entry.low <= entry.value <= entry.high and entry.unit[0] in "WJ"


def test_a_larger_chip_of_the_family():
    small, large = coefficients("LFE5U-25F"), coefficients("LFE5U-85F")
    assert large["static"].value > 2 * small["static"].value
    assert {**large, "static": None} == {**small, "static": None}
