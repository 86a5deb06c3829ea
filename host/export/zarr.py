"""Exports a Zarr store (format 2, which every release of Zarr reads): a folder of chunks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import zarr
from numcodecs import Blosc, Delta

from ..recording import RecordingError
from .content import ExportError, Progress, blocks, gap_list, probe_of
from .staging import check_folder, staged

if TYPE_CHECKING:
    from ..capture import Capture

_ENTRIES = (".zgroup", ".zattrs", ".zmetadata", "traces", "aux")
_FRAMES = 16_384  # in a chunk: half a second, 2 MiB with all its channels
_CHANNELS = 64
_BLOCK_BYTES = 1 << 14
_ZARR_2 = int(zarr.__version__.partition(".")[0]) == 2


def export_zarr(
    cap: Capture,
    out: Path,
    *,
    force: bool = False,
    progress: Progress = None,
    rate_hz: float | None = None,
    gain_uv: float | None = None,
) -> list[str]:
    """Write the folder ``out`` (.zarr).

    Arrays: ``traces``, int16 (frames, channels), gaps filled; ``aux``, uint16 (frames,), where
    there are auxiliary words. Attributes: ``rate_hz`` and ``gain_uv`` (microvolts a step), null
    where unknown; ``channel_ids``; ``first_frame``, the frame number of row 0; ``gaps``, a list of
    [start, stop, cause] in frame numbers; ``probe``, "" where unknown; ``sample_bits``.

    Raises as `export`.
    """
    if out.suffix != ".zarr":
        raise RecordingError(f"{out} does not end in .zarr: choose another name")
    check_folder(out, _ENTRIES, force=force)
    rate = cap.rate_hz if rate_hz is None else rate_hz
    gain = cap.gain_uv if gain_uv is None else gain_uv
    for name, value in (("rate_hz (--rate)", rate), ("gain_uv (--gain-uv)", gain)):
        if value is not None and not 0 < value < float("inf"):
            raise ExportError(f"{name} must be above 0, not {value!r}")
    frames, channels = cap.shape
    with staged(out) as part:
        rows = min(_FRAMES, frames)
        group = _group(part)
        traces = _array(group, "traces", cap.shape, (rows, min(_CHANNELS, channels)), "<i2")
        aux = None
        if cap.config.aux_bits:
            aux = _array(group, "aux", (frames,), (rows,), "<u2")
        for start, samples, words in blocks(cap, rows, progress):
            traces[start : start + len(samples)] = samples
            if aux is not None:
                aux[start : start + len(words)] = words
        # Where a reader looks for the names of axes.
        traces.attrs["_ARRAY_DIMENSIONS"] = ["frame", "channel"]
        if aux is not None:
            aux.attrs["_ARRAY_DIMENSIONS"] = ["frame"]
        group.attrs.update(
            {
                "rate_hz": rate,
                "gain_uv": gain,
                "channel_ids": [int(number) for number in cap.channel_ids],
                "first_frame": int(cap.first_frame),
                "gaps": gap_list(cap),
                "probe": probe_of(cap),
                "sample_bits": cap.config.sample_bits,
            }
        )
    return []


def _group(path: Path) -> Any:
    """A new group at ``path``."""
    if _ZARR_2:
        return zarr.open_group(str(path), mode="w-")
    return zarr.open_group(str(path), mode="w-", zarr_format=2)


def _array(group: Any, name: str, shape: tuple[int, ...], chunk: tuple[int, ...], kind: str) -> Any:
    """A new array of ``group``, compressed.

    In a chunk, the frames of a channel follow each other (order F), so that the filter takes
    differences in time. Of Blosc's own block sizes, some make it give up on such data.
    """
    about = {"shape": shape, "dtype": kind, "order": "F", "filters": [Delta(dtype=kind)]}
    blosc = Blosc("zstd", clevel=5, shuffle=Blosc.BITSHUFFLE, blocksize=_BLOCK_BYTES)
    if _ZARR_2:
        return group.create_dataset(name, chunks=chunk, compressor=blosc, **about)
    return group.create_array(name, chunks=chunk, compressors=blosc, **about)
