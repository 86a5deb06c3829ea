"""Published works and links: energies by hand, what is unknown, scaling."""

import pytest

from probecodec.estimate.published import Work, compared, links, scaled, works
from probecodec.estimate.result import Figure, unknown

BY_NAME = {work.name: work for work in works()}


def work(**values):
    common = {"name": "w", "year": 2000, "what": "", "kind": "asic", "status": "measured"}
    return Work(**(common | {"lossless": True, "source": "s"} | values))


def test_energies_by_hand():
    assert BY_NAME["Tsai 2020"].energy_per_sample().value == pytest.approx(27.2e-12)
    assert BY_NAME["Zhang 2014"].energy_per_sample().value == pytest.approx(13.5e-12)
    assert BY_NAME["Deepu 2014"].energy_per_sample().value == pytest.approx(1.045e-9, rel=1e-3)
    halo = BY_NAME["HALO"]
    assert halo.channels * halo.rate_hz * halo.sample_bits == pytest.approx(46e6, rel=0.01)
    assert halo.energy_per_bit().value == pytest.approx(5e-3 / 46.08e6)
    assert halo.energy_per_bit().high == halo.energy_per_bit().value


def test_break_even_of_bihr_agrees_with_its_energy_per_bit():
    """Half of the raw bits are saved, so a saved bit costs twice the energy of a raw one."""
    bihr = BY_NAME["Bihr 2014"]
    saved = 1 - 1 / bihr.compression
    assert bihr.energy_per_bit().value / saved == pytest.approx(121e-12)
    assert not bihr.energy_per_sample().is_known  # its bits of a sample are not at hand
    assert bihr.power_w / bihr.channels == pytest.approx(9.7e-6)


def test_what_authors_do_not_say_stays_unknown():
    for name in ("Luo 2018", "Xiong 2018", "Wu 2017", "SHyLoC 2.0", "Cuevas-López 2022"):
        figure = BY_NAME[name].energy_per_sample()
        assert not figure.is_known and name in figure.method
    assert not work(power_w=1e-3, rate_hz=1e3).energy_per_sample().is_known  # how many channels?
    assert not work(w_per_channel=1e-6).energy_per_sample().is_known
    assert not work(w_per_channel=1e-6, rate_hz=1e3).energy_per_bit().is_known


def test_routes_to_the_same_energy():
    whole = work(power_w=8e-6, channels=8, rate_hz=1e3, sample_bits=10)
    channel = work(w_per_channel=1e-6, rate_hz=1e3, sample_bits=10)
    bit = work(j_per_bit=1e-10, sample_bits=10)
    for one in (whole, channel, bit):
        assert one.energy_per_sample().value == pytest.approx(1e-9)
        assert one.energy_per_bit().value == pytest.approx(1e-10)


def test_every_work_is_whole():
    assert len(BY_NAME) == len(works()) >= 12
    for one in works():
        assert one.kind in ("asic", "fpga") and one.source and one.what
        assert one.status in ("measured", "synthesised", "test structure", "FPGA")
        assert all(hasattr(one, name) for name in (*one.bound, *one.unverified))


def test_scaling_is_constant_field_and_wide():
    energy = Figure(100e-12, method="m")
    there = scaled(energy, 180, 90)  # 1.8 V to 1.2 V
    assert there.value == pytest.approx(100e-12 / 2 * (1.2 / 1.8) ** 2)
    assert there.low == pytest.approx(there.value * 0.5 / 1.25)
    assert there.high == pytest.approx(there.value * 2 * 1.25)
    assert "180 nm, 1.8 V" in there.method
    far = scaled(energy, 180, 28)
    assert far.high / far.low > there.high / there.low
    back = scaled(there, 90, 180)
    assert back.value == pytest.approx(100e-12) and back.low < 100e-12 < back.high


def test_scaling_says_what_it_does_not_know():
    energy = Figure(1e-12)
    assert scaled(energy, 180, 180) == energy
    assert not scaled(energy, 180, 77).is_known
    assert scaled(energy, 180, 77, to_supply_v=1.0).is_known
    assert scaled(unknown("why"), 180, 90) == unknown("why")


def test_links_are_in_order_with_their_sources():
    values = [link.j_per_bit.value for link in links()]
    assert values == sorted(values) and len(values) >= 6
    for link in links():
        assert link.source and link.j_per_bit.low <= link.j_per_bit.value <= link.j_per_bit.high
    assert {link.name for link in links() if link.always} >= {"LVDS cable"}


def test_what_links_carry():
    """384 channels × 30 kS/s × 10 bits go over a cable, and not over Bluetooth or Wi-Fi."""
    most = {link.name: link.carries_hz for link in links()}
    too_slow = {name for name, hz in most.items() if hz is not None and hz < 384 * 30e3 * 10}
    assert {"Bluetooth LE", "Wi-Fi", "backscatter"} == too_slow
    assert most["USB 2.0"] < 480e6 and most["Ethernet, 1 Gb/s"] < 1e9  # of payload
    assert most["flash card"] is None  # its source tells no limit


def test_a_picture_has_room_for_a_few():
    few = [{"kind": "fpga", "preset": name} for name in "abc"]
    assert compared(few) == few
    many = few * 3 + [{"kind": "asic", "preset": name} for name in ("tiny", "dual", "adaptive")]
    assert [one["preset"] for one in compared(many)] == ["tiny", "adaptive"]
    assert len(compared(few * 3)) == 4
