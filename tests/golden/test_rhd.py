"""RHD commands: against words and register values worked out by hand from the datasheet."""

import pytest

from probecodec.golden import rhd
from probecodec.golden.errors import ConfigError
from probecodec.golden.rhd import RhdSettings, registers, rounds


def test_command_words():
    assert rhd.convert(0) == 0x0000 and rhd.convert(31) == 0b00_011111_00000000
    assert rhd.write(5, 0xA7) == 0b10_000101_10100111
    assert rhd.read(63) == 0b11_111111_00000000
    assert rhd.CALIBRATE == 0b01010101_00000000


def test_rounds_are_whole_frames():
    for double in (False, True):
        setup, calibrate, convert = rounds(20e3, RhdSettings(), double_rate=double)
        assert len(setup) == len(calibrate) == len(convert) == 35
        assert [word for word in setup if word >> 14 == 2] == [
            0x8000 | n << 8 | value
            for n, value in enumerate(registers(20e3, RhdSettings(), double_rate=double))
        ]
        assert calibrate[0] == rhd.CALIBRATE
        assert all(word >> 14 == 3 for word in calibrate[1:] + setup[:2] + convert[32:])
        assert convert[:32] == [channel << 8 for channel in range(32)]


def test_registers_of_the_datasheets_example():
    """30 kHz, 0.1 Hz to 7.5 kHz, no DSP."""
    values = registers(30e3, RhdSettings(), double_rate=False)
    assert values == [
        *(0xDE, 0x42, 4, 0x02, 0xC0, 0, 0, 0),
        *(22, 0, 23, 0),
        *(16, 0x40 | 60),
        *(0xFF, 0xFF, 0xFF, 0xFF),
    ]
    assert registers(30e3, RhdSettings(), double_rate=True) == values + [0xFF] * 4


@pytest.mark.parametrize(
    ("rate_hz", "buffer", "mux"),
    [
        (1000, 32, 40),
        (3333, 32, 40),
        (4000, 16, 40),
        (5000, 8, 40),
        (6250, 8, 32),
        (8000, 8, 26),
        (10_000, 4, 18),
        (12_500, 3, 16),
        (15_000, 3, 7),
        (20_000, 2, 4),
        (25_000, 2, 4),
        (30_000, 2, 4),
    ],
)
def test_biases_at_intans_rates(rate_hz, buffer, mux):
    values = registers(rate_hz, RhdSettings(), double_rate=False)
    assert (values[1] & 0x3F, values[2]) == (buffer, mux)


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        (RhdSettings(upper_hz=20e3, lower_hz=500.0), (8, 0, 4, 0, 13, 0)),
        (RhdSettings(upper_hz=10e3, lower_hz=1.0), (17, 0, 16, 0, 44, 6)),
        (RhdSettings(upper_hz=3e3, lower_hz=0.5), (3, 1, 13, 1, 35, 17)),
        (RhdSettings(upper_hz=100.0, lower_hz=10.0), (38, 26, 5, 31, 5, 1)),
    ],
)
def test_bandwidths(settings, values):
    assert tuple(registers(20e3, settings, double_rate=False)[8:14]) == values


@pytest.mark.parametrize(
    ("rate_hz", "wanted", "code"),
    # Datasheet: cut-off / rate is 0.1103, 0.04579, 0.02125 … for 1, 2, 3 …, 0.00000486 for 15.
    [(30e3, 3309, 1), (30e3, 1374, 2), (30e3, 637, 3), (20e3, 1.0, 12), (30e3, 0.1457, 15)],
)
def test_dsp_highpass(rate_hz, wanted, code):
    value = registers(rate_hz, RhdSettings(dsp_hz=wanted), double_rate=False)[4]
    assert value == 0xD0 | code


def test_registers_are_written_for_100_microseconds():
    assert rhd.setup_rounds(30e3) == 4  # three whole rounds after the first write
    assert rhd.setup_rounds(1e3) == 2


@pytest.mark.parametrize("wrong", [{"upper_hz": 7000}, {"lower_hz": 0.0}, {"dsp_hz": -1.0}])
def test_bandwidths_that_there_are_not(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        RhdSettings(**wrong)
