"""What reconstruction learns from: the longest lossless stretch of a capture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.projection_config import ProjectionConfig
from . import fast
from .blocks import CaptureError
from .capture import Capture

if TYPE_CHECKING:
    from .recovery import Statistics, Templates

_MAX_SAMPLES = 1 << 26  # 15 s of 384 channels


class Training:
    """The stretch's values, high-passed, and what is learned from them when it is used.

    Parameters
    ----------
    segments : list of Capture
        The longest run of frames in them that came lossless is taken, at most 2^26 samples of it.
    config : EncoderConfig
        Of the probe that is to be reconstructed.
    projected : ProjectionConfig
        The high-pass is that of its packets.

    Attributes
    ----------
    frames : int
    values : whole numbers (frames, channels)

    Raises
    ------
    CaptureError
        Where there is no lossless stretch, or it is of another probe.
    """

    def __init__(
        self, segments: list[Capture], config: EncoderConfig, projected: ProjectionConfig
    ) -> None:
        for segment in segments:
            _check_alike(segment, config)
        samples = _longest(segments)
        self.frames, self.projected = len(samples), projected
        self.values: NDArray[np.integer] = samples
        if projected.highpass_shift:
            self.values = fast.highpass(projected).encode(samples)
        self.positions = order.sites(config)
        self._statistics: dict[int, Statistics] = {}

    def statistics(self, lags: int) -> Statistics:
        """Return the covariances over ``lags``."""
        from .recovery import learn

        if lags not in self._statistics:
            with _cure():
                self._statistics[lags] = learn(self.values, lags=lags, positions=self.positions)
        return self._statistics[lags]

    def units(self) -> Templates:
        """Return the templates of the units that are found."""
        from .recovery import sort_units

        with _cure():
            return sort_units(self.values, positions=self.positions)[0]


@contextmanager
def _cure() -> Iterator[None]:
    """Add to a sentence on too short a stretch what to do."""
    try:
        yield
    except ValueError as error:
        raise CaptureError(
            f"{str(error).rstrip('.')}. Send more lossless frames (project --lossless), or learn "
            "from another capture of this probe (--training)"
        ) from None


def _check_alike(segment: Capture, config: EncoderConfig) -> None:
    """Raise where a capture is of another probe."""
    for name, what in (
        ("channels", "channels"),
        ("sample_bits", "bits a sample"),
        ("order", "as its channel order"),
    ):
        theirs, ours = getattr(segment.config, name), getattr(config, name)
        if theirs != ours:
            texts = [getattr(value, "name", str(value)).lower() for value in (theirs, ours)]
            raise CaptureError(
                f"{segment.name} has {texts[0]} {what}, not {texts[1]}: learn from a capture of "
                "the same probe"
            )


def _longest(segments: list[Capture]) -> NDArray[np.int16]:
    """The samples of the longest run of frames that came lossless."""
    while True:
        runs = [(one, *span) for one in segments for span in _lossless(one)]
        one, start, stop = max(runs, key=lambda run: run[2] - run[1], default=(segments[0], 0, 0))
        if start == stop:
            raise CaptureError(
                f"{one.name} has no lossless stretch to learn from: send one before the "
                "measurements, or give another capture of this probe (--training)"
            )
        stop = min(stop, start + max(1, _MAX_SAMPLES // one.config.channels))
        samples = one[start:stop]
        if one.held(start, stop).all():  # reading may have met codes that make no sense
            return samples


def _lossless(capture: Capture) -> Iterator[tuple[int, int]]:
    """The runs of rows that came lossless."""
    at = 0
    for gap in capture.gaps:
        yield at, gap.start - capture.first_frame
        at = gap.stop - capture.first_frame
    yield at, len(capture)
