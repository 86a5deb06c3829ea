"""Intan RHD2132 and RHD2164: what they are told, and what they answer by which they are known.

All chips get the same commands, in rounds of `SLOTS`, one round a frame: first rounds that write
the registers, then one that calibrates, then for ever one that converts every amplifier. A result
comes `PIPELINE` commands after its command.

(Intan RHD2000 series datasheet: "SPI command words", "On-chip registers", "Sampling rate and bias
settings", "Amplifier bandwidth"; RHD2164 datasheet for registers 18 … 21, 59 and its two MISO.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, pi
from typing import NamedTuple

from .errors import require

AMPLIFIERS = 32  # converted in a round; the RHD2164 converts two at a time
SLOTS = AMPLIFIERS + 3
PIPELINE = 2
WORD_BITS = 16

CALIBRATE = 0x5500
CALIBRATE_DUMMIES = 9  # commands that must follow
REFERENCE_SETTLE_S = 100e-6  # from register 0 to the calibration

# Limits of the chip. Half periods of SCLK are at least 20.8 ns, which is 24 MHz.
HALF_PERIOD_S = 20.8e-9
CS_HIGH_S = 154e-9
COMMANDS_PER_S = 1.05e6

# ADC commands a second up to which a row holds, ADC buffer bias, MUX bias.
_BIAS = (
    (120e3, 32, 40),
    (140e3, 16, 40),
    (175e3, 8, 40),
    (220e3, 8, 32),
    (280e3, 8, 26),
    (350e3, 4, 18),
    (440e3, 3, 16),
    (525e3, 3, 7),
    (inf, 2, 4),
)

# Upper bandwidth in Hz: RH1 DAC1, RH1 DAC2, RH2 DAC1, RH2 DAC2.
UPPER_HZ = {
    20e3: (8, 0, 4, 0),
    15e3: (11, 0, 8, 0),
    10e3: (17, 0, 16, 0),
    7.5e3: (22, 0, 23, 0),
    5e3: (33, 0, 37, 0),
    3e3: (3, 1, 13, 1),
    2.5e3: (13, 1, 25, 1),
    2e3: (27, 1, 44, 1),
    1.5e3: (1, 2, 23, 2),
    1e3: (46, 2, 30, 3),
    500.0: (30, 5, 43, 6),
    300.0: (6, 9, 2, 11),
    200.0: (24, 13, 7, 16),
    100.0: (38, 26, 5, 31),
}

# Lower bandwidth in Hz: RL DAC1, DAC2, DAC3.
LOWER_HZ = {
    500.0: (13, 0, 0),
    300.0: (15, 0, 0),
    200.0: (18, 0, 0),
    100.0: (25, 0, 0),
    50.0: (34, 0, 0),
    20.0: (54, 0, 0),
    10.0: (5, 1, 0),
    5.0: (40, 1, 0),
    2.0: (8, 3, 0),
    1.0: (44, 6, 0),
    0.5: (35, 17, 0),
    0.1: (16, 60, 1),
}


class Check(NamedTuple):
    """A register that cannot be written, and what it holds: on MISO, and on MISO B (RHD2164)."""

    register: int
    answer: int
    answer_b: int


# Read in every round's last slots. The RHD2164 marks which of its two halves answers.
CHECKS = {
    False: (Check(40, ord("I"), 0), Check(41, ord("N"), 0), Check(63, 1, 0)),
    True: (Check(59, 0x35, 0x3A), Check(40, ord("I"), ord("I")), Check(63, 4, 4)),
}


@dataclass(frozen=True, kw_only=True)
class RhdSettings:
    """The amplifiers' bandwidth, in Hz.

    Parameters
    ----------
    upper_hz, lower_hz : float
        Of the analogue filters: keys of `UPPER_HZ` and `LOWER_HZ`.
    dsp_hz : float
        Of the high-pass behind the converter, the nearest that it has; 0 turns it off.

    Raises
    ------
    ConfigError
        Where there is no such bandwidth.
    """

    upper_hz: float = 7.5e3
    lower_hz: float = 0.1
    dsp_hz: float = 0.0

    def __post_init__(self) -> None:
        for name, table in (("upper_hz", UPPER_HZ), ("lower_hz", LOWER_HZ)):
            there = ", ".join(f"{value:g}" for value in table)
            value = getattr(self, name)
            require(value in table, f"{name} = {value!r} is none of the RHD2000's: use {there}")
        require(self.dsp_hz >= 0, f"dsp_hz must be 0 or more, not {self.dsp_hz!r}")


def convert(channel: int) -> int:
    """Return the command that converts a channel."""
    return channel << 8


def write(register: int, value: int) -> int:
    """Return the command that writes a register."""
    return 0x8000 | register << 8 | value


def read(register: int) -> int:
    """Return the command that reads a register."""
    return 0xC000 | register << 8


def registers(rate_hz: float, settings: RhdSettings, *, double_rate: bool) -> list[int]:
    """Return the values of the registers from 0 on, for frames at ``rate_hz``."""
    buffer_bias, mux_bias = next(row[1:] for row in _BIAS if rate_hz * SLOTS <= row[0] * 1.001)
    rh1, rh1_high, rh2, rh2_high = UPPER_HZ[settings.upper_hz]
    rl, rl_high, rl_top = LOWER_HZ[settings.lower_hz]
    return [
        0xDE,  # ADC comparator and reference as the datasheet wants them, reference on
        0x40 | buffer_bias,  # supply sensor on
        mux_bias,
        0x02,  # no MUX load, temperature sensor off, auxiliary output not driven
        0xC0 | _dsp(rate_hz, settings.dsp_hz),  # MISO driven weakly between words, two's complement
        *(0, 0, 0),  # no impedance check
        *(rh1, rh1_high, rh2, rh2_high),  # on-chip resistors, auxiliary ADC inputs off
        *(rl, rl_top << 6 | rl_high),
        *[0xFF] * (8 if double_rate else 4),  # all amplifiers on
    ]


def _dsp(rate_hz: float, wanted_hz: float) -> int:
    """Return enable and cut-off of the digital high-pass."""
    if not wanted_hz:
        return 0

    def octaves(n: int) -> float:
        return abs(log(-rate_hz * log(1 - 2.0**-n) / (2 * pi) / wanted_hz))

    return 0x10 | min(range(1, 16), key=octaves)


def setup_rounds(rate_hz: float) -> int:
    """Return how often the registers are written: until the reference has settled."""
    return 1 + ceil(REFERENCE_SETTLE_S * rate_hz)


def rounds(
    rate_hz: float, settings: RhdSettings, *, double_rate: bool
) -> tuple[list[int], list[int], list[int]]:
    """Return the commands of a round that sets up, of that which calibrates, of one that converts.

    Dummy commands read a register; the chip needs some after power-up and after the calibration.
    """
    checks = [read(check.register) for check in CHECKS[double_rate]]
    dummy = checks[0]
    values = registers(rate_hz, settings, double_rate=double_rate)
    writes = [write(register, value) for register, value in enumerate(values)]
    setup = [dummy, dummy, *writes]
    return (
        setup + [dummy] * (SLOTS - len(setup)),
        [CALIBRATE] + [dummy] * (SLOTS - 1),
        [convert(channel) for channel in range(AMPLIFIERS)] + checks,
    )
