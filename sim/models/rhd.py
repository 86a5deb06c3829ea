"""Intan RHD2132 and RHD2164 as their datasheets describe them, at their pins.

Written from the datasheets alone, so that it can find errors in the front end's own tables.

- `RhdModel`: the chip in plain Python; it is told of every change at its pins.
- `ClockedRhd`: the same for a simulation that steps by clock cycles.
- `RhdChip`: the same in cocotb, with a cable.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import First, Timer
from cocotb.utils import get_sim_time
from numpy.typing import ArrayLike

# Nanoseconds, RHD2000 datasheet, "SPI timing".
SCLK_LOW_NS = SCLK_HIGH_NS = 20.8
CS_TO_SCLK_NS = SCLK_TO_CS_NS = 20.8
CS_HIGH_NS = 154
MOSI_SETUP_NS = MOSI_HOLD_NS = 10.4
COMMAND_NS = 1e9 / 1.05e6  # on average over a frame of 35
REFERENCE_NS = 100_000  # from the reference's power-up to the calibration
ROUNDING_NS = 0.05

# Read-only registers: company, MISO marker, die revision, unipolar, amplifiers, chip.
_ROM_2132 = dict(enumerate(b"INTAN", 40)) | {59: 0, 60: 1, 61: 1, 62: 32, 63: 1}
_ROM_2164 = _ROM_2132 | {62: 64, 63: 4}
_MARKERS = (0x35, 0x3A)  # of the RHD2164, on MISO A and B


class RhdError(AssertionError):
    """The chip was used against its datasheet; the message says how."""


class RhdModel:
    """A chip; call `pins` with every change, in order of time.

    Parameters
    ----------
    samples : array (frames, 32) or (frames, 64)
        What its amplifiers give, signed; a frame begins with a conversion of channel 0. After the
        last it begins again.
    double_rate : bool
        RHD2164.

    Attributes
    ----------
    commands : list of int
        All commands so far.
    registers : dict
        What was written.
    rom : dict
        What is read of the others: on MISO A, and on MISO B.
    miso : int
        Its output.
    """

    def __init__(self, samples: ArrayLike, *, double_rate: bool = False) -> None:
        self.commands: list[int] = []
        self.registers: dict[int, int] = {}
        rom = _ROM_2164 if double_rate else _ROM_2132
        self.rom = {number: (value, value) for number, value in rom.items()}
        if double_rate:
            self.rom[59] = _MARKERS
        self.miso = 0
        self._samples = np.asarray(samples)
        self._double = double_rate
        assert self._samples.shape[1] == (64 if double_rate else 32)
        self._frame = -1
        self._dummies_left: int | None = None  # None: never calibrated
        self._reference_on: float | None = None
        self._results = deque([(0, 0)] * 2)  # of the last two commands
        self._levels = (1, 0, 0)
        self._since = [-np.inf] * 3  # of cs_n, sclk, mosi
        self._word = self._bits = 0
        self._out = (0, 0)
        self._starts: deque[float] = deque(maxlen=36)

    def pins(self, now: float, cs_n: int, sclk: int, mosi: int) -> int:
        """Take the levels at time ``now`` in ns; return MISO."""
        was_cs_n, was_sclk, was_mosi = self._levels
        self._levels = (cs_n, sclk, mosi)
        since_cs, since_sclk, since_mosi = (now - then for then in self._since)
        changed = (cs_n != was_cs_n, sclk != was_sclk, mosi != was_mosi)
        self._since = [now if c else t for c, t in zip(changed, self._since, strict=True)]
        if changed[0]:
            self._need(not (sclk or was_sclk), "CS moves while SCLK is high")
            if cs_n:
                self._least("SCLK low to CS high", since_sclk, SCLK_TO_CS_NS)
                self._need(self._bits == 16, f"a word of {self._bits} bits")
                self._execute(now, self._word)
            else:
                self._least("CS high", since_cs, CS_HIGH_NS)
                self._begin(now)
        elif not cs_n and changed[1]:
            if sclk:
                self._least("CS low to SCLK high", since_cs, CS_TO_SCLK_NS)
                self._least("SCLK low", since_sclk, SCLK_LOW_NS)
                self._least("MOSI to SCLK high", 0 if changed[2] else since_mosi, MOSI_SETUP_NS)
                self._word, self._bits = self._word << 1 | mosi, self._bits + 1
            else:
                self._least("SCLK high", since_sclk, SCLK_HIGH_NS)
        elif not cs_n and changed[2] and sclk:
            self._least("SCLK high to MOSI", since_sclk, MOSI_HOLD_NS)
        self._drive(cs_n, sclk)
        return self.miso

    def _drive(self, cs_n: int, sclk: int) -> None:
        """MISO: a new bit when SCLK falls; the RHD2164 shows B's bit while SCLK is high."""
        if cs_n:
            return  # weakly held
        half = int(self._double and sclk)
        bit = self._bits - (1 if sclk else 0)
        self.miso = self._out[half] >> (15 - bit) & 1 if bit < 16 else 0

    def _begin(self, now: float) -> None:
        self._word = self._bits = 0
        self._out = self._results.popleft()
        self._starts.append(now)
        if len(self._starts) == 36:
            self._least("35 commands", now - self._starts[0], 35 * COMMAND_NS)

    def _execute(self, now: float, word: int) -> None:
        self.commands.append(word)
        number, value = word >> 8 & 63, word & 255
        calibrated = self._dummies_left == 0
        if self._dummies_left:
            self._need(word >> 14 in (0, 3), "9 dummy commands must follow the calibration")
            self._dummies_left -= 1
        result = (0, 0)
        if word >> 14 == 0:
            if calibrated:
                result = self._convert(number)
            else:
                self._need(bool(self._dummies_left is not None), "conversion, not calibrated")
        elif word >> 14 == 2:
            result = (0xFF00 | value,) * 2
            self._need(number <= (21 if self._double else 17), f"register {number} written")
            if number == 0 and value & 0x10 and not self.registers.get(0, 0) & 0x10:
                self._reference_on = now
            self.registers[number] = value
        elif word >> 14 == 3:
            result = self._read(number)
        elif word == 0x5500:
            self._need(self._reference_on is not None, "calibration, but the reference is off")
            self._least("reference on to calibration", now - self._reference_on, REFERENCE_NS)
            self._dummies_left = 9
            result = (0x8000,) * 2
        elif word == 0x6A00:
            self._dummies_left = None
        else:
            raise RhdError(f"no command is {word:#06x}")
        self._results.append(result)

    def _convert(self, channel: int) -> tuple[int, int]:
        self._need(channel < 32, f"conversion of channel {channel}")
        self._need(self.registers.get(0) == 0xDE, "register 0 is not as the datasheet wants it")
        if channel == 0:
            self._frame = (self._frame + 1) % len(self._samples)
        powered = self.registers.get(14 + channel // 8, 0) >> channel % 8 & 1
        flip = 0 if self.registers.get(4, 0) & 0x40 else 0x8000
        a = (int(self._samples[self._frame, channel]) & 0xFFFF ^ flip) if powered else flip
        if not self._double:
            return a, 0
        b = int(self._samples[self._frame, channel + 32]) & 0xFFFF ^ flip
        return a, b if self.registers.get(18 + channel // 8, 0) >> channel % 8 & 1 else flip

    def _read(self, number: int) -> tuple[int, int]:
        if number in self.registers:
            return (self.registers[number],) * 2
        return self.rom.get(number, (0, 0))

    def _least(self, what: str, time: float, least: float) -> None:
        self._need(time >= least - ROUNDING_NS, f"{what}: {time:.1f} ns, not {least:.1f}")

    def _need(self, holds: bool, message: str) -> None:
        if not holds:
            raise RhdError(f"RHD chip: {message} (command {len(self.commands)})")


class ClockedRhd:
    """A chip behind a cable, in a simulation of whole clock cycles.

    Parameters
    ----------
    model : RhdModel
    period_ns : float
        Of the clock.
    delay_ns : float
        From SCLK's pin to MISO's pin, all in all; more than 0.
    """

    def __init__(self, model: RhdModel, *, period_ns: float, delay_ns: float) -> None:
        self.model = model
        self._period = period_ns
        self._cycles, self._levels = itertools.count(), (1, 0, 0)
        # A change after one clock edge is seen by the first edge that comes after the delay.
        self._line = deque([0] * max(1, -int(-delay_ns // period_ns)))

    def step(self, cs_n: int, sclk: int, mosi: int) -> int:
        """Take the outputs after a clock edge; return what the next edge sees at MISO."""
        cycle, levels = next(self._cycles), (cs_n, sclk, mosi)
        if levels != self._levels:
            self._levels = levels
            self.model.pins(cycle * self._period, *levels)
        self._line.append(self.model.miso)
        self._line.popleft()
        return self._line[0]


class MisoLines:
    """The MISO pins of several chips, which the simulator has as one vector."""

    def __init__(self, handle: Any) -> None:
        self._handle, self._value = handle, 0
        handle.value = 0

    def line(self, number: int) -> Callable[[int], None]:
        """Return a function that sets line ``number``."""

        def set_line(level: int) -> None:
            self._value = self._value & ~(1 << number) | level << number
            self._handle.value = self._value

        return set_line


class RhdChip:
    """A chip at the handles of a cocotb bench; it runs from now on.

    Parameters
    ----------
    sclk, cs_n, mosi
        Handles of 1 bit.
    miso
        A handle of 1 bit, or a function that sets the level: `MisoLines.line`.
    samples, double_rate
        As for `RhdModel`.
    delay_ns : float
        Of the cable and the pins, there and back.

    Attributes
    ----------
    model : RhdModel
    """

    def __init__(
        self,
        sclk: Any,
        cs_n: Any,
        mosi: Any,
        miso: Any,
        samples: ArrayLike,
        *,
        double_rate: bool = False,
        delay_ns: float = 12.0,
    ) -> None:
        self.model = RhdModel(samples, double_rate=double_rate)
        self._pins = (cs_n, sclk, mosi)
        self._set = miso if callable(miso) else lambda level: setattr(miso, "value", level)
        self._delay_ns = delay_ns
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        level = 0
        self._set(level)
        while True:
            await First(*(pin.value_change for pin in self._pins))
            await Timer(1, "ps")  # all outputs of one clock edge
            levels = [int(pin.value) for pin in self._pins]
            now = self.model.pins(get_sim_time("ns"), *levels)
            if now != level:
                level = now
                cocotb.start_soon(self._later(level))

    async def _later(self, level: int) -> None:
        await Timer(max(1, round(self._delay_ns * 1000)), "ps")
        self._set(level)
