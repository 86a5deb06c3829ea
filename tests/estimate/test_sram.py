"""SRAM model: against published macros that it was not fitted to, and its physics."""

import math
from itertools import pairwise

import pytest

from probecodec.estimate.sram import model, ports_for, read
from probecodec.golden.errors import ConfigError

HELD_OUT = [macro for macro in read()["macros"] if not macro["fit"]]
FAMILY = [macro for macro in HELD_OUT if macro.get("family") == "IHP"]
OTHERS = [macro for macro in HELD_OUT if "family" not in macro]
QUANTITIES = {"area_um2": "area_um2", "access_j": "read_j", "leakage_w": "leakage_w"}


def made(macro):
    node = macro.get("effective_node_nm", macro["node_nm"])
    return model(macro["depth"], macro["width"], macro["ports"], node, macro["supply_v"])


def known(macros, *quantities):
    return [(m, q) for m in macros for q in quantities if q in m]


def name(value):
    return value["name"] if isinstance(value, dict) else value


@pytest.mark.parametrize(("macro", "quantity"), known(HELD_OUT, *QUANTITIES), ids=name)
def test_published_macros_are_within_the_bars(macro, quantity):
    figure = getattr(made(macro), QUANTITIES[quantity])
    assert figure.low <= macro[quantity] <= figure.high


@pytest.mark.parametrize("quantity", ["area_um2", "access_j"])
def test_the_value_is_central(quantity):
    """Over all held-out macros the mean ratio is within a factor of 1.5: no one-sided model."""
    ratios = [
        math.log(macro[quantity] / getattr(made(macro), QUANTITIES[quantity]).value)
        for macro, _ in known(HELD_OUT, quantity)
    ]
    assert len(ratios) >= 5 and abs(sum(ratios) / len(ratios)) < math.log(1.5)


@pytest.mark.parametrize(("macro", "quantity"), known(FAMILY, "area_um2", "access_j"), ids=name)
def test_the_shape_is_that_of_the_fitted_family(macro, quantity):
    """With the level taken out, its other sizes agree within 10 %."""
    level = {"area_um2": "area_level", "access_j": "energy_level"}[quantity]
    figure = getattr(made(macro), QUANTITIES[quantity])
    tolerance = 0.2 if macro["ports"] == "1R1W" and quantity == "area_um2" else 0.1
    assert figure.value / read()["coefficients"][level]["value"] == pytest.approx(
        macro[quantity], rel=tolerance
    )


@pytest.mark.parametrize("macro", [m for m in read()["macros"] if m["fit"]], ids=name)
def test_the_fit_gives_back_what_it_was_fitted_to(macro):
    levels, figure = read()["coefficients"], made(macro)
    assert figure.read_j.value / levels["energy_level"]["value"] == pytest.approx(
        macro["access_j"], rel=0.01
    )
    assert figure.area_um2.value / levels["area_level"]["value"] == pytest.approx(
        macro["area_um2"], rel=0.03
    )
    assert figure.access_s.value == pytest.approx(
        macro.get("access_s", figure.access_s.value), 0.02
    )


def test_a_write_takes_what_published_ones_take_over_a_read():
    """GF180MCU 512x8 at 1.8 V: 112.6 pJ over 103.2 pJ."""
    figure = model(512, 8, "1RW")
    assert figure.write_j.value / figure.read_j.value == pytest.approx(112.563 / 103.176, rel=0.01)


def test_at_least_three_macros_check_each_of_area_and_energy():
    assert len(known(OTHERS, "area_um2")) >= 3 and len(known(OTHERS, "access_j")) >= 3


def test_surroundings_dominate_small_macros():
    small, large = model(384, 10), model(4096, 64)
    assert small.array_share < 0.4 < large.array_share < 1
    per_bit = [one.read_j.value / one.width for one in (model(384, 10), model(384, 37))]
    assert per_bit[0] > per_bit[1]
    assert model(96, 10).area_um2.value > model(384, 10).area_um2.value / 3


def test_grows_with_size_and_stays_between_its_bars():
    sizes = [(16, 8), (64, 8), (64, 16), (384, 16), (384, 37), (2048, 37)]
    for quantity in ("area_um2", "read_j", "write_j", "leakage_w"):
        figures = [getattr(model(*size), quantity) for size in sizes]
        assert all(a.value < b.value for a, b in pairwise(figures))
        assert all(f.low < f.value < f.high and f.method for f in figures)


def test_scaling():
    here, there = model(384, 16, node_nm=180), model(384, 16, node_nm=90)
    assert there.area_um2.value == pytest.approx(here.area_um2.value / 4)
    assert there.read_j.value == pytest.approx(here.read_j.value / 2 * (1.2 / 1.8) ** 2)
    assert there.access_s.value == pytest.approx(here.access_s.value / 2)


def test_one_port_is_smaller_for_the_same_access():
    one, two = model(384, 16, "1RW"), model(384, 16, "1R1W")
    assert 1.6 <= two.area_um2.value / one.area_um2.value <= 2.1
    assert one.read_j == two.read_j
    assert ports_for(24e6, 11.52e6) == "1RW" and ports_for(11.52e6, 11.52e6) == "1R1W"


def test_what_is_not_known_is_not_zero():
    assert not model(384, 16, node_nm=110, supply_v=1.2).access_s.is_known
    odd = model(384, 16, node_nm=180, supply_v=1.0)
    assert not odd.access_s.is_known and "1 V" in odd.setup_s.method
    assert odd.read_j.value == pytest.approx(model(384, 16).read_j.value / 1.8**2)


@pytest.mark.parametrize(("node", "nearest"), [(65, 130), (90, 130), (250, 180), (350, 180)])
def test_leakage_beyond_the_nodes_known_has_wider_bars(node, nearest):
    """A power of the node; bars ten times as wide for each factor of two."""
    here, there = model(384, 16, node_nm=nearest).leakage_w, model(384, 16, node_nm=node).leakage_w
    exponent = math.log(2.4e-11 / 5e-12) / math.log(130 / 180)
    assert there.value == pytest.approx(here.value * (node / nearest) ** exponent)
    wider = max(node / nearest, nearest / node) ** math.log2(10)
    assert there.low / there.value == pytest.approx(here.low / here.value / wider)
    assert there.high / there.value == pytest.approx(here.high / here.value * wider)
    assert there.method.startswith("derived: ") and f"{nearest} nm" in there.method
    assert (
        model(384, 16, node_nm=65).leakage_w.high / model(384, 16, node_nm=65).leakage_w.value > 20
    )


def test_every_coefficient_says_where_it_is_from():
    for coefficient in read()["coefficients"].values():
        assert coefficient["low"] <= coefficient["value"] <= coefficient["high"]
        assert coefficient["kind"] in ("published", "derived")
        assert coefficient["source"] and coefficient["unit"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 8), "0 words"),
        ((8, 8, "2RW"), "ports must be one of 1RW, 1R1W"),
        ((8, 8, "1RW", 7), "nodes of 40 to 350 nm"),
        ((8, 8, "1RW", 110), "give supply_v"),
        ((8, 8, "1RW", 180, 0.0), "0 V"),
    ],
)
def test_one_sentence(arguments, sentence):
    with pytest.raises(ConfigError, match=sentence):
        model(*arguments)
