"""Does a compressor pay in the system? Links, loggers, sweeps; pure functions on numbers.

A sample of ``raw_bits`` goes out in ``coded_bits`` on the average; a link or a flash card takes so
many joules for a bit. Compression pays where a saved bit costs more than saving it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..golden.errors import require
from .result import Figure, total, unknown


def break_even(encoder_j: Figure, raw_bits: float, coded_bits: float) -> Figure:
    """Return the link energy, J/bit, above which compression saves power.

    That is the encoder's joules for a sample over the bits that it saves of one; unknown where
    the encoder's energy is, and where no bits are saved: then no link makes it pay.
    """
    saved = raw_bits - coded_bits
    if saved <= 0:
        return unknown(f"no bits are saved ({coded_bits:.3g} for {raw_bits:.3g}): it never pays")
    if not encoder_j.is_known:
        return unknown(encoder_j.method or "the encoder's energy is unknown")
    return encoder_j.times(1 / saved, "encoder's energy over bits saved")


def net_saving(
    encoder_j: Figure,
    raw_bits: float,
    coded_bits: float,
    link_j_per_bit: Figure | float,
    samples_hz: float,
) -> Figure:
    """Return the watts that compression saves at a link; below 0 where it costs more.

    The bits that it saves times the link's J/bit, less the encoder's joules; × samples a second.
    The bars join those of encoder and link, each at its worst, then at its best; an end that one
    of them does not state is left open. A link given as a plain number is exact.
    """
    link_j = link_j_per_bit
    if not isinstance(link_j, Figure):
        link_j = Figure(link_j, link_j, link_j)
    if not encoder_j.is_known:
        return unknown(encoder_j.method or "the encoder's energy is unknown")
    if not link_j.is_known:
        return unknown(link_j.method or "the link's energy is unknown")
    saved = raw_bits - coded_bits

    def watts(link: float | None, encoder: float | None) -> float | None:
        return None if link is None or encoder is None else (saved * link - encoder) * samples_hz

    # A dear link is the better case only where bits are saved.
    worst, best = (link_j.low, link_j.high) if saved > 0 else (link_j.high, link_j.low)
    return Figure(
        watts(link_j.value, encoder_j.value),
        watts(worst, encoder_j.high),
        watts(best, encoder_j.low),
        "link's energy of the bits saved, less the encoder's",
    )


@dataclass(frozen=True, kw_only=True)
class Logger:
    """An untethered recorder.

    Attributes
    ----------
    battery_mwh : float
        Energy of the battery, mWh.
    channels : int
        Electrodes recorded.
    rate_hz : float
        Samples of one channel in a second.
    front_end_w : float
        Watts of amplifier and converter for one channel.
    base_w : float
        Watts that run whatever is recorded: clock, regulator, processor.
    bit_j : float
        Joules for a bit written or sent.
    storage_bytes : float, optional
        What the card holds; None where bits are sent.
    """

    battery_mwh: float
    channels: int
    rate_hz: float
    front_end_w: float
    bit_j: float
    base_w: float = 0.0
    storage_bytes: float | None = None

    def __post_init__(self) -> None:
        for name in ("battery_mwh", "channels", "rate_hz"):
            require(getattr(self, name) > 0, f"{name} of a logger must be above 0")
        for name in ("front_end_w", "bit_j", "base_w"):
            require(getattr(self, name) >= 0, f"{name} of a logger cannot be below 0")

    @property
    def samples_hz(self) -> float:
        """Samples of all channels in a second."""
        return self.channels * self.rate_hz

    def power_w(self, bits_per_sample: float, encoder_j: Figure | None = None) -> Figure:
        """Watts while it records; no ``encoder_j`` for raw samples."""
        fixed = self.base_w + self.channels * self.front_end_w
        fixed += self.samples_hz * bits_per_sample * self.bit_j
        own = Figure(fixed, fixed, fixed, "front ends, bits and the rest")
        encoder = Figure(0.0, 0.0, 0.0) if encoder_j is None else encoder_j.times(self.samples_hz)
        return total({"logger": own, "encoder": encoder})

    def battery_hours(self, bits_per_sample: float, encoder_j: Figure | None = None) -> Figure:
        """Hours that the battery lasts."""
        watts = self.power_w(bits_per_sample, encoder_j)
        if not watts.is_known:
            return unknown(watts.method)

        def hours(power: float | None) -> float | None:
            return self.battery_mwh * 1e-3 / power if power else None

        method = "battery over power"
        return Figure(hours(watts.value), hours(watts.high), hours(watts.low), method)

    def storage_hours(self, bits_per_sample: float) -> Figure:
        """Hours until the card is full."""
        if self.storage_bytes is None:
            return unknown("this logger stores nothing")
        bits_hz = bits_per_sample * self.samples_hz
        return Figure(self.storage_bytes * 8 / bits_hz / 3600, method="card over bits a second")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an estimate of one setting gives.

    Attributes
    ----------
    static_w : Figure
        Watts at rest.
    clock_w : Figure
        Watts of the clock where it ticks in every cycle.
    dynamic_j_per_sample : Figure
        Joules of a sample, clock left out.
    bits_per_sample : float
        Coded bits, packets included.
    """

    static_w: Figure
    clock_w: Figure
    dynamic_j_per_sample: Figure
    bits_per_sample: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """One setting of a sweep; ``gated``: the clock ticks only in cycles with a sample."""

    preset: str
    channels: int
    clock_hz: float
    gated: bool
    samples_hz: float
    bits_per_sample: float
    power_w: Figure
    energy_per_sample_j: Figure
    break_even_j_per_bit: Figure


def power(cost: Cost, clock_hz: float, samples_hz: float, *, gated: bool) -> Figure:
    """Return the watts of a core; unknown where the clock is slower than the samples come."""
    if clock_hz < samples_hz * (1 - 1e-9):
        return unknown(f"{clock_hz / 1e6:.3g} MHz are too slow for {samples_hz / 1e6:.3g} MS/s")
    share = samples_hz / clock_hz if gated else 1.0
    parts = {
        "static": cost.static_w,
        "clock": cost.clock_w.times(share),
        "samples": cost.dynamic_j_per_sample.times(samples_hz),
    }
    return total(parts)


def sweep(
    estimate: Callable[[str, int, float], Cost],
    presets: Sequence[str],
    channels: Iterable[int],
    clocks_hz: Sequence[float],
    *,
    rate_hz: float,
    raw_bits: int,
) -> list[Point]:
    """Return a point for each preset, channel count and clock, without and with a gated clock.

    Parameters
    ----------
    estimate : callable
        ``estimate(preset, channels, clock_hz)`` gives the `Cost`; it is asked once for each.
    clocks_hz : sequence of float
        Hz; 0 stands for one cycle a sample, channels × rate.
    rate_hz, raw_bits : float, int
        Samples of one channel in a second, and bits of one.
    """
    points = []
    for preset, count in ((preset, count) for count in channels for preset in presets):
        samples_hz = count * rate_hz
        for clock_hz in dict.fromkeys(clock or samples_hz for clock in clocks_hz):
            cost = estimate(preset, count, clock_hz)
            for gated in (False, True) if clock_hz > samples_hz else (False,):
                watts = power(cost, clock_hz, samples_hz, gated=gated)
                energy = watts.times(1 / samples_hz)
                points.append(
                    Point(
                        preset=preset,
                        channels=count,
                        clock_hz=clock_hz,
                        gated=gated,
                        samples_hz=samples_hz,
                        bits_per_sample=cost.bits_per_sample,
                        power_w=watts,
                        energy_per_sample_j=energy,
                        break_even_j_per_bit=break_even(energy, raw_bits, cost.bits_per_sample),
                    )
                )
    return points
