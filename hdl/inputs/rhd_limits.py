"""What Intan RHD chips cannot do, told before anything is built."""

from math import ceil

from ...golden import rhd
from ...golden.config import EncoderConfig
from ...golden.errors import require
from ...golden.format import Order
from ...golden.rhd import AMPLIFIERS, SLOTS, WORD_BITS, RhdSettings
from ..links.limits import check_whole, is_whole, shown

MAX_DELAY = 7
MAX_VALUES = 32  # of a command, from all chips: so many cycles there are in any command


def check(
    config: EncoderConfig,
    *,
    chips: int,
    frame_cycles: int,
    clock_hz: float,
    half_period: int = 1,
    double_rate: bool = False,
    miso_delay: int | None = 1,
    settings: RhdSettings | None = None,
) -> None:
    """Raise `ConfigError` where the chips cannot do what the parameters of `Rhd` ask."""
    per_chip = AMPLIFIERS * (1 + double_rate)
    most = MAX_VALUES // (1 + double_rate)
    require(
        config.sample_bits == WORD_BITS,
        f"the RHD2000 has {WORD_BITS} bits, not {config.sample_bits}; use sample_bits = 16",
    )
    require(
        config.order == Order.SEQUENTIAL,
        f"order {config.order.name.lower()} is not that of RHD2000 chips; use sequential",
    )
    check_whole("chips", chips, 1, most)
    require(
        config.channels == per_chip * chips,
        f"{chips} chips have {per_chip * chips} channels, not {config.channels}; use whole chips "
        f"of {per_chip}",
    )
    require(
        miso_delay is None or (is_whole(miso_delay) and 0 <= miso_delay <= MAX_DELAY),
        f"miso_delay must be a whole number from 0 to {MAX_DELAY}, or None, not "
        f"{shown(miso_delay)}",
    )
    _check_timing(frame_cycles, clock_hz, half_period)


def _check_timing(frame_cycles: int, clock_hz: float, half_period: int) -> None:
    least = ceil(rhd.HALF_PERIOD_S * clock_hz * 0.999)  # 48 MHz make 20.83 ns
    require(is_whole(half_period), f"half_period must be a whole number, not {shown(half_period)}")
    require(
        half_period >= least,
        f"half_period = {shown(half_period)} at {clock_hz / 1e6:g} MHz makes SCLK faster than the "
        f"chip's 24 MHz; use {least}",
    )
    word = (2 * WORD_BITS + 1) * half_period + ceil(rhd.CS_HIGH_S * clock_hz)
    shortest = max(SLOTS * word, ceil(SLOTS * clock_hz / rhd.COMMANDS_PER_S * 0.999))
    faster = ", or a smaller half_period" if half_period > least else ""
    require(
        is_whole(frame_cycles) and frame_cycles >= shortest,
        f"{SLOTS} commands do not fit into frame_cycles = {shown(frame_cycles)}; use at least "
        f"{shortest}, at most {clock_hz / shortest:,.0f} frames a second{faster}",
    )
