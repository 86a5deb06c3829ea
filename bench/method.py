"""A lossless method: how it encodes and decodes, and what it made of a recording."""

from __future__ import annotations

import importlib
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..host.recording import Recording
from . import codecs
from .measuring import measured
from .result import Kind, Result

Samples = NDArray[np.int16]  # (frames, channels)

COMMANDS = {"wavpack": "apt-get install wavpack"}
_EXTRA = "pip install 'probecodec[bench]'"


@dataclass(frozen=True)
class Method:
    """A way to encode and decode.

    Attributes
    ----------
    about : str
        Its settings.
    needs : str
        Module, or command (see `COMMANDS`).
    encode : callable
        Takes samples (frames, channels) and frames a second; returns blobs, bytes each: everything
        that decoding needs, but for the shape.
    decode : callable
        Takes blobs and the shape; returns the samples.
    """

    about: str
    needs: str
    encode: Callable[[Samples, float], list[bytes]]
    decode: Callable[[list[bytes], tuple[int, int]], Samples]

    def missing(self) -> str:
        """Say what to install; "" where all is there."""
        if self.needs in COMMANDS:
            found, how = shutil.which(self.needs) is not None, COMMANDS[self.needs]
        else:
            found, how = importable(self.needs), _EXTRA
        return "" if found else f"{self.needs} was not found; install it: {how}"

    def version(self) -> str:
        """Version of the tool, which must be there."""
        if self.needs in COMMANDS:
            try:
                return codecs.run([self.needs, "--version"]).decode().splitlines()[0].split()[-1]
            except Exception:  # it is broken, which is no reason to lose what was measured
                return "unknown"
        package = self.needs.partition(".")[0]
        built_in = package in sys.stdlib_module_names
        return f"Python {platform.python_version()}" if built_in else version(package)

    def result(self, name: str, kind: Kind, recording: Recording) -> Result:
        """Measure it; one that is missing or fails is a row that says so."""
        samples = recording.samples
        settings = {"tool": self.needs}
        if note := self.missing():
            return Result(method=name, kind=kind, about=self.about, settings=settings, note=note)
        return measured(
            name,
            samples,
            recording.sample_bits,
            encode=lambda: self.encode(samples, recording.rate_hz),
            decode=lambda blobs: self.decode(blobs, samples.shape),
            kind=kind,
            about=self.about,
            settings=settings,
        )


def of_bytes(
    module: str,
    encode: Callable[[Any, bytes], bytes],
    decode: Callable[[Any, bytes], bytes],
    about: str = "raw int16",
) -> Method:
    """Make a method of a codec of bytes, on the samples as they lie in a file."""

    def encode_samples(samples: Samples, rate_hz: float) -> list[bytes]:
        return [encode(importlib.import_module(module), samples.astype("<i2").tobytes())]

    def decode_samples(blobs: list[bytes], shape: tuple[int, int]) -> Samples:
        data = decode(importlib.import_module(module), blobs[0])
        return np.frombuffer(data, "<i2").reshape(shape)

    return Method(about, module, encode_samples, decode_samples)


def importable(module: str) -> bool:
    """Can ``module`` be imported?"""
    try:
        importlib.import_module(module)
    except Exception:  # a module that is broken raises what it likes
        return False
    return True
