"""The system question: invariants of break-even, net saving, loggers, sweeps."""

import pytest

from probecodec.estimate.result import Figure, unknown
from probecodec.estimate.system import Cost, Logger, break_even, net_saving, power, sweep
from probecodec.golden.errors import ConfigError

ENCODER = Figure(80e-12, 60e-12, 120e-12, "m")
FREE = Figure(0.0, 0.0, 0.0)
COST = Cost(
    static_w=Figure(1e-6), clock_w=Figure(30e-6), dynamic_j_per_sample=Figure(20e-12),
    bits_per_sample=4.0,
)  # fmt: skip


def logger(**changes):
    common = {"battery_mwh": 370, "channels": 384, "rate_hz": 30e3, "front_end_w": 10e-6}
    return Logger(**(common | {"bit_j": 3e-9, "storage_bytes": 64e9} | changes))


class TestBreakEven:
    def test_by_hand(self):
        figure = break_even(ENCODER, 10, 6)
        assert (figure.value, figure.low, figure.high) == pytest.approx((20e-12, 15e-12, 30e-12))

    @pytest.mark.parametrize("coded", [1.0, 4.5, 9.99])
    def test_net_saving_is_zero_there_and_changes_its_sign(self, coded):
        there = break_even(ENCODER, 10, coded).value
        assert net_saving(ENCODER, 10, coded, there, 1e6).value == pytest.approx(0, abs=1e-15)
        assert net_saving(ENCODER, 10, coded, 1.01 * there, 1e6).value > 0
        assert net_saving(ENCODER, 10, coded, 0.99 * there, 1e6).value < 0

    @pytest.mark.parametrize("coded", [10, 10.5])
    def test_no_bits_saved_is_no_number(self, coded):
        figure = break_even(ENCODER, 10, coded)
        assert figure.value is None and "never pays" in figure.method
        assert net_saving(ENCODER, 10, coded, 1e-9, 1e6).value < 0

    def test_unknown_energy_stays_unknown_with_its_reason(self):
        assert break_even(unknown("no activity"), 10, 4) == unknown("no activity")
        assert net_saving(unknown("no activity"), 10, 4, 1e-9, 1e6) == unknown("no activity")

    def test_a_free_encoder_always_saves(self):
        for link in (0.0, 1e-12, 1e-8):
            assert net_saving(FREE, 10, 4, link, 1e6).value >= 0
        assert break_even(FREE, 10, 4).value == 0

    def test_bars_of_the_saving_are_those_of_the_encoder_turned_round(self):
        figure = net_saving(ENCODER, 10, 4, 20e-12, 1e6)
        assert (figure.low, figure.value, figure.high) == pytest.approx(
            (0, 40e-6, 60e-6), abs=1e-12
        )

    def test_bars_of_the_link_join_those_of_the_encoder(self):
        link = Figure(20e-12, 10e-12, 50e-12)
        for coded in (4, 10, 13):  # saves, saves nothing, costs bits: a dear link is worse there
            figure = net_saving(ENCODER, 10, coded, link, 1e6)
            ends = [
                net_saving(Figure(encoder), 10, coded, joules, 1e6).value
                for encoder in (ENCODER.low, ENCODER.high)
                for joules in (link.low, link.high)
            ]
            assert (figure.low, figure.high) == pytest.approx((min(ends), max(ends)))
            assert figure.value == net_saving(ENCODER, 10, coded, 20e-12, 1e6).value

    def test_an_end_that_a_link_does_not_state_stays_open(self):
        figure = net_saving(ENCODER, 10, 4, Figure(20e-12, None, 30e-12), 1e6)
        assert figure.low is None and figure.high == pytest.approx((180 - 60) * 1e-6)
        assert net_saving(ENCODER, 10, 4, unknown("no sheet"), 1e6) == unknown("no sheet")


class TestLogger:
    def test_by_hand(self):
        one = logger()
        raw = 384 * 10e-6 + 384 * 30e3 * 10 * 3e-9
        assert one.power_w(10).value == pytest.approx(raw)
        assert one.battery_hours(10).value == pytest.approx(0.37 / raw)
        assert one.storage_hours(10).value == pytest.approx(64e9 * 8 / (115.2e6 * 3600))

    def test_compression_never_shortens_where_the_encoder_is_free(self):
        one = logger()
        for bits in (1, 5, 9.9):
            assert one.battery_hours(bits, FREE).value > one.battery_hours(10).value
            assert one.storage_hours(bits).value > one.storage_hours(10).value
        assert one.battery_hours(10, FREE) == one.battery_hours(10)

    def test_break_even_is_where_battery_life_is_the_same(self):
        link = break_even(ENCODER, 10, 4).value
        one = logger(bit_j=link)
        assert one.battery_hours(4, ENCODER).value == pytest.approx(one.battery_hours(10).value)
        assert logger(bit_j=2 * link).battery_hours(4, ENCODER).value > (
            logger(bit_j=2 * link).battery_hours(10).value
        )

    def test_bars_turn_round(self):
        hours = logger().battery_hours(4, Figure(10e-9, 5e-9, 20e-9))
        assert hours.low < hours.value < hours.high

    def test_unknown(self):
        assert not logger().battery_hours(4, unknown("w")).is_known
        assert not logger(storage_bytes=None).storage_hours(4).is_known

    @pytest.mark.parametrize("name", ["battery_mwh", "channels", "rate_hz"])
    def test_one_sentence(self, name):
        with pytest.raises(ConfigError, match=f"{name} of a logger must be above 0"):
            logger(**{name: 0})
        with pytest.raises(ConfigError, match="bit_j of a logger cannot be below 0"):
            logger(bit_j=-1e-9)


class TestSweep:
    def test_power_by_hand(self):
        assert power(COST, 20e6, 10e6, gated=False).value == pytest.approx(1e-6 + 30e-6 + 200e-6)
        assert power(COST, 20e6, 10e6, gated=True).value == pytest.approx(1e-6 + 15e-6 + 200e-6)
        assert power(COST, 10e6, 10e6, gated=True) == power(COST, 10e6, 10e6, gated=False)

    def test_a_clock_too_slow_is_unknown(self):
        figure = power(COST, 5e6, 10e6, gated=False)
        assert not figure.is_known and "5 MHz are too slow for 10 MS/s" in figure.method

    def test_points(self):
        asked = []

        def estimate(preset, channels, clock_hz):
            asked.append((preset, channels, clock_hz))
            return COST

        points = sweep(
            estimate, ["a", "b"], [96, 384], [0, 12.5e6], rate_hz=30e3, raw_bits=10
        )  # fmt: skip
        assert asked == [
            (preset, n, clock)
            for n in (96, 384)
            for preset in ("a", "b")
            for clock in (n * 30e3, 12.5e6)
        ]
        assert len(points) == 12  # a gated one more where the clock is faster than the samples
        for point in points:
            assert point.energy_per_sample_j.value == pytest.approx(
                point.power_w.value / (point.channels * 30e3)
            )
            assert point.break_even_j_per_bit.value == pytest.approx(
                point.energy_per_sample_j.value / 6
            )
        gated = {(p.preset, p.channels, p.clock_hz): p.power_w.value for p in points if p.gated}
        assert gated
        for key, watts in gated.items():
            (free,) = [
                p.power_w.value for p in points
                if not p.gated and (p.preset, p.channels, p.clock_hz) == key
            ]  # fmt: skip
            assert watts < free

    def test_unknown_parts_leave_a_lower_end(self):
        cost = Cost(
            static_w=unknown("sheet"), clock_w=Figure(1e-6), dynamic_j_per_sample=Figure(1e-12),
            bits_per_sample=4.0,
        )  # fmt: skip
        (point,) = sweep(lambda *_: cost, ["a"], [96], [0], rate_hz=30e3, raw_bits=10)
        assert not point.power_w.is_known and point.power_w.low == pytest.approx(1e-6 + 2.88e-6)
        assert not point.break_even_j_per_bit.is_known
