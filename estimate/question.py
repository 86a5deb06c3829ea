"""What is asked: channels, their rate and a clock, which must go together."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal

from ..golden.config import EncoderConfig
from ..golden.errors import ConfigError
from ..hdl.encoder import least_channels

_ROUNDING = 1e-9  # of frequencies that came as decimal fractions of a megahertz


def sample_rate(config: EncoderConfig) -> float:
    """Return the samples of all channels in a second: the slowest clock, in hertz."""
    return config.channels * config.rate_hz


def check_clock(config: EncoderConfig, clock_hz: float) -> None:
    """Raise ConfigError where the core, which takes one sample in a cycle, is too slow."""
    needed = sample_rate(config)
    if clock_hz >= needed * (1 - _ROUNDING):
        return
    most = int(clock_hz * (1 + _ROUNDING) / config.rate_hz)
    fewer = f", or at most {most:,} channels" if most >= least_channels(config) else ""
    raise ConfigError(
        f"{config.channels:,} channels at {config.rate_hz:,.10g} Hz are {needed / 1e6:g} million "
        f"samples a second, and a clock of {clock_hz / 1e6:g} MHz takes one in each cycle; use a "
        f"clock of at least {_at_least(needed)} MHz{fewer}"
    )


def idle_share(config: EncoderConfig, clock_hz: float) -> float:
    """Return the share of cycles without a sample, 0 … 1."""
    return max(0.0, 1 - sample_rate(config) / clock_hz)


def _at_least(hz: float) -> str:
    """``hz`` in megahertz, six digits, rounded up: what a user types must be enough."""
    context = Context(prec=6, rounding=ROUND_CEILING)
    return f"{context.divide(Decimal(repr(hz)), Decimal(10**6)).normalize():f}"
