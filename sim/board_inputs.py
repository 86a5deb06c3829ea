"""What is at a board's front end: `attach` finds it, by the front end's name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from ..boards.design import Design
from ..golden import order
from .models.multiplexed import MultiplexedProbe
from .models.native import NativeSource
from .models.rhd import MisoLines, RhdChip, RhdModel

BIT_NS = 120.0  # of a multiplexed probe
LATER = 3


class Source:
    """Samples at the pins.

    Parameters
    ----------
    play : coroutine function, optional
        Plays them; a source that waits for the board has none.
    """

    def __init__(self, play: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self._play = play

    def start(self) -> None:
        """Play from now on."""
        if self._play is not None:
            cocotb.start_soon(self._play())

    def power(self, on: bool) -> None:
        """Switch amplifiers that the board supplies."""


class _Off:
    """A chip without power."""

    def pins(self, *_: Any) -> int:
        return 0


class RhdChips(Source):
    """RHD chips on one bus, their power that of the board: a reset of the board is theirs too.

    Each time they begin `LATER` frames further on in the samples: no recording comes twice.
    """

    def __init__(
        self,
        pins: SimpleNamespace,
        samples: NDArray[np.int16],
        *,
        double_rate: bool,
        delay_ns: float,
        missing: list[int],
    ) -> None:
        super().__init__()
        channels, lines = 64 if double_rate else 32, MisoLines(pins.miso)
        self._double = double_rate
        self._begin = -LATER
        self._chips = {}
        for n in range(samples.shape[1] // channels):
            own = samples[:, n * channels : (n + 1) * channels]
            if n not in missing:
                chip = RhdChip(
                    pins.sclk,
                    pins.cs_n,
                    pins.mosi,
                    lines.line(n),
                    own,
                    double_rate=double_rate,
                    delay_ns=delay_ns,
                )
                chip.model = _Off()
                self._chips[chip] = own

    def power(self, on: bool) -> None:
        self._begin += LATER if on else 0
        for chip, own in self._chips.items():
            rest = own[self._begin :]
            chip.model = RhdModel(rest, double_rate=self._double) if on else _Off()


def attach(
    design: Design,
    pins: SimpleNamespace,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16],
    options: dict[str, Any],
) -> Source:
    """Return a source for the design's front end; the emulator needs none.

    Parameters
    ----------
    pins : namespace of handles
        The front end's, with ``clk`` of its clock domain.
    samples, aux
        (frames, channels), (frames,); only the native source plays auxiliary words.
    options : dict
        ``input_hz``: another clock of a native source than the board's; ``delay_ns`` of an RHD
        chip's cable, there and back; ``missing``: numbers of RHD chips that are not there.
    """
    config = design.config
    if design.input == "emulator":
        return Source()
    if design.input.startswith("rhd"):
        return RhdChips(
            pins,
            samples,
            double_rate=design.input == "rhd2164",
            delay_ns=options.get("delay_ns", 12.0),
            missing=options.get("missing", []),
        )
    channels = order.channels(config)
    if design.input == "native":
        hz = options.get("input_hz", design.input_wires.clock_hz)
        source = NativeSource(
            pins.clk,
            pins.valid,
            pins.first,
            pins.value,
            channels,
            aux=getattr(pins, "aux", None),
            period_ns=1e9 / hz,
            pause=max(0, int(hz / config.rate_hz / config.channels) - 1),
        )
        return Source(lambda: source.send(samples, aux.tolist() if config.aux_bits else None))
    bits = round(1e9 / config.rate_hz / (config.channels // 32) / BIT_NS)  # of a conversion
    probe = MultiplexedProbe(
        pins.bit_clock,
        pins.frame,
        pins.slot,
        pins.lanes,
        channels,
        sample_bits=config.sample_bits,
        idle_bits=bits - config.sample_bits,
        period_ns=BIT_NS,
    )
    return Source(lambda: probe.send(samples))
