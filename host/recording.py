"""Reads and writes recordings: raw int16 with or without a SpikeGLX ``.meta``, and ``.npy``.

A file's columns are its channels; the auxiliary word (SpikeGLX: sync or digital lines), where
there is one, is the last column.
"""

from __future__ import annotations

import errno
import math
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..golden.config import EncoderConfig
from .columns import doubt, likely_columns
from .scaling import code_step
from .spikeglx import Meta, RecordingError

if TYPE_CHECKING:
    from .capture import Capture

SUFFIXES = (".bin", ".npy")  # of recordings

_INT16 = np.dtype("<i2")
_CHUNK_SAMPLES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording, memory-mapped: samples are read when they are used.

    Attributes
    ----------
    samples : int16 (frames, channels)
        The encoder checks that they fit ``sample_bits``.
    aux : uint16 (frames,) or None
        Auxiliary words.
    aux_bits, sample_bits : int
        Widths of the auxiliary word, 0 where there is none, and of a sample.
    rate_hz : float
        Frames a second.
    lsb_uv : float
        Microvolts of one step; 0 where unknown.
    probe : str
        Its part number, cut to what the metadata packet holds; "" where unknown.
    """

    samples: NDArray[np.int16]
    aux: NDArray[np.uint16] | None = None
    aux_bits: int = 0
    sample_bits: int
    rate_hz: float = 30_000.0
    lsb_uv: float = 0.0
    probe: str = ""

    def config(self, preset: str, **changes: Any) -> EncoderConfig:
        """Return ``preset`` for this recording; `ConfigError` where they do not go together."""
        names = ("aux_bits", "sample_bits", "rate_hz", "lsb_uv", "probe")
        own = {name: getattr(self, name) for name in names}
        return EncoderConfig.preset(preset, channels=self.samples.shape[1], **(own | changes))


def open_recording(
    path: str | Path,
    *,
    channels: int | None = None,
    sample_bits: int | None = None,
    rate_hz: float | None = None,
    lsb_uv: float | None = None,
    aux_bits: int | None = None,
) -> Recording:
    """Open a recording.

    Parameters
    ----------
    path : path
        ``.npy`` (int16, frames x channels), raw ``.bin`` (int16, little-endian), or the ``.meta``
        of a SpikeGLX ``.bin``.
    channels : int, optional
        Without the auxiliary word's column. Needed for a ``.bin`` that has no ``.meta``.
    sample_bits : int, optional
        Needed for a ``.bin`` that has no ``.meta``; 16 by default for ``.npy``.
    rate_hz, lsb_uv : float, optional
        By default as in the ``.meta``, else 30000 and 0 (unknown).
    aux_bits : int, optional
        Where not 0, the last column is the auxiliary word. By default as in the ``.meta`` (16
        bits), else 0.

    Raises
    ------
    RecordingError
        Where there is no such file, or its content contradicts itself or the options.
    OSError
        Where the file cannot be read.
    """
    path = Path(path)
    if path.suffix == ".meta":
        path = path.with_suffix(".bin")
    if path.suffix not in SUFFIXES:
        raise RecordingError(f"{path} is of no known kind: a recording is .bin, .npy or .meta")
    if not path.is_file():
        raise RecordingError(f"there is no file {path}: check the path")
    options = {
        "channels": channels,
        "sample_bits": sample_bits,
        "rate_hz": rate_hz,
        "lsb_uv": lsb_uv,
        "aux_bits": aux_bits,
    }
    given = {name: value for name, value in options.items() if value is not None}
    meta = path.with_suffix(".meta")
    if path.suffix == ".npy":
        table = _open_npy(path)
        own = {"channels": table.shape[1] - bool(aux_bits), "sample_bits": 16}
    elif meta.is_file():
        own = Meta(meta).describe(given)
        table = _open_raw(path, own["channels"] + bool(own["aux_bits"]))
    else:
        missing = [name for name in ("channels", "sample_bits") if name not in given]
        if missing:
            needed = " and ".join(f"{name} (--{name.replace('_', '-')})" for name in missing)
            raise RecordingError(f"{path} has no .meta beside it: give {needed}")
        own = {}
        table = _open_raw(path, given["channels"] + bool(aux_bits))
    about = own | given
    count = about.pop("channels")
    if count != own.get("channels", count):
        raise RecordingError(f"{path} has {own['channels']} channels, not {count}: correct it")
    aux = table[:, count].view(np.uint16) if about.get("aux_bits") else None
    return Recording(samples=table[:, :count], aux=aux, **about)


def doubts(path: str | Path, recording: Recording) -> list[str]:
    """Return what looks wrong about a recording that was opened, one sentence for each.

    A part of the file is read. Columns are looked at where nothing but the user tells how many
    there are.
    """
    path, found = Path(path), []
    if path.suffix == ".bin" and not path.with_suffix(".meta").is_file():
        columns = recording.samples.shape[1] + bool(recording.aux_bits)
        found.append(doubt(np.memmap(path, _INT16, "r"), columns))
    if (step := code_step(recording.samples)) > 1:
        found.append(
            f"uses one code in {step}, it was scaled after the ADC: the ADC's own codes would take "
            f"about {math.log2(step):.1f} bits a sample less"
        )
    return [f"{path} {each}" for each in found if each]


def write_recording(
    path: str | Path,
    samples: NDArray[np.int16] | Capture,
    aux: NDArray[np.uint16] | None = None,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write ``.bin`` (raw int16, little-endian) or ``.npy``: whole, or not at all.

    Parameters
    ----------
    samples : int16 (frames, channels), or a capture
        A capture is decoded as it is written, and has its auxiliary words with it. Its missing
        frames as not-a-number need ``.npy``, of float32.
    aux : uint16 (frames,), optional
        Auxiliary words, for the last column.
    force : bool
        Replace ``path`` where it exists.
    progress : callable, optional
        Called as ``progress(done, total)``, in frames.

    Raises
    ------
    RecordingError
        Where the suffix is unknown, or does not suit the samples.
    OSError
        Where ``path`` exists (``FileExistsError``) or cannot be written.
    """
    check_output(path, SUFFIXES, force=force)
    dtype = samples.dtype.newbyteorder("<")
    if dtype != _INT16 and Path(path).suffix != ".npy":
        raise RecordingError(f"{path} holds int16: not-a-number needs .npy, or fill otherwise")
    frames, done = len(samples), 0
    with replacing(path) as file:
        for table in _tables(samples, aux):
            if done == 0 and Path(path).suffix == ".npy":
                shape = frames, table.shape[1]
                header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(table, dtype).data)
            done += len(table)
            if progress:
                progress(done, frames)


def _tables(
    samples: NDArray[np.int16] | Capture, aux: NDArray[np.uint16] | None
) -> Iterator[NDArray[np.generic]]:
    """The rows with their auxiliary words, a few at a time; at least one table."""
    if isinstance(samples, np.ndarray):
        step = max(1, _CHUNK_SAMPLES // samples.shape[1])
        for start in range(0, max(1, len(samples)), step):
            rows = slice(start, start + step)
            yield _table(samples[rows], None if aux is None else aux[rows])
        return
    if not len(samples):
        yield _table(samples[:], samples.aux[:] if samples.config.aux_bits else None)
    for chunk in samples.chunks():
        yield _table(chunk.samples, chunk.aux if samples.config.aux_bits else None)


def _table(samples: NDArray[np.generic], aux: NDArray[np.uint16] | None) -> NDArray[np.generic]:
    if aux is None:
        return samples
    same = samples.dtype == _INT16
    return np.column_stack([samples, aux.view(np.int16) if same else aux.astype(samples.dtype)])


def check_output(path: str | Path, suffixes: tuple[str, ...], *, force: bool = False) -> None:
    """Raise, as `write_recording` does, where ``path`` is not to be written."""
    path = Path(path)
    if path.suffix not in suffixes:
        raise RecordingError(f"{path} does not end in {' or '.join(suffixes)}: choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is no regular file: choose another name")
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists: choose another name, or --force")


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` once it is complete.

    An error or an interrupt leaves nothing behind, and ``path`` as it was.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        named = isinstance(error, OSError) and error.filename in (None, str(part), part)
        if named and error.errno is not None:  # name the file asked for
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _open_raw(path: Path, columns: int) -> NDArray[np.int16]:
    """Map a raw file, int16 (frames, columns)."""
    size = path.stat().st_size
    if columns < 1:
        raise RecordingError(f"{path} cannot have {columns} columns: correct channels")
    if size == 0:
        raise RecordingError(f"{path} is empty: it holds no frame")
    if size % _INT16.itemsize:
        raise RecordingError(f"{path} has an odd size, {size} bytes: it is cut off or not int16")
    values = np.memmap(path, _INT16, "r")
    if values.size % columns:
        likely = likely_columns(values)
        raise RecordingError(
            f"{path} holds {values.size} samples, not a multiple of its {columns} columns: correct "
            "channels and aux_bits, or get the whole file"
            + (f"; it looks like {likely} columns" if likely else "")
        )
    return values.reshape(-1, columns)


def _open_npy(path: Path) -> NDArray[np.int16]:
    """Map an ``.npy`` file of either order, int16 (frames, columns)."""
    try:
        table: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a header is Python text; NumPy raises what its parser raises
        raise RecordingError(f"{path} cannot be read as .npy ({type(error).__name__})") from None
    if table.dtype != _INT16 or table.ndim != 2:
        raise RecordingError(
            f"{path} holds {table.dtype} of shape {table.shape}, not {_INT16} (frames, channels): "
            "convert it"
        )
    if table.size == 0:
        raise RecordingError(f"{path} is empty: its shape is {table.shape}")
    return table
