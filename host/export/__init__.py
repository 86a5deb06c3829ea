"""Writes decoded captures in the formats that neuroscience reads: SpikeGLX, Open Ephys, Zarr, NWB.

Every output is written beside its place and moved there once it is complete: an error, a full disk
or an interrupt leaves nothing behind, and what was there before untouched. No more than a few
chunks of the recording are in memory at a time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .content import ExportError

if TYPE_CHECKING:
    from ..capture import Capture

__all__ = ["EXPORTERS", "PACKAGES", "SUFFIXES", "ExportError", "export"]

# Format to "module:function", the module relative to this package and imported when it is used.
# The function takes the capture, the path, ``force``, ``progress`` and options of its own, and
# returns sentences on what the format cannot carry as it is.
EXPORTERS = {
    "spikeglx": ".spikeglx:export_spikeglx",
    "open-ephys": ".open_ephys:export_open_ephys",
    "zarr": ".zarr:export_zarr",
    "nwb": ".nwb:export_nwb",
}
SUFFIXES = {".zarr": "zarr", ".nwb": "nwb"}  # of outputs that leave no doubt of their format
PACKAGES = {"zarr", "numcodecs", "pynwb", "hdmf", "h5py"}  # that the extra brings


def export(
    cap: Capture,
    out: str | Path,
    format: str,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> list[str]:
    """Write ``cap`` to ``out``: whole, or not at all.

    Parameters
    ----------
    cap : Capture
        As `open_capture` returns it. How its gaps are filled was chosen there.
    out : path
        A file or a folder, as the format has it.
    format : str
        A key of ``EXPORTERS``.
    force : bool
        Replace ``out`` where it exists; a folder only if it holds an earlier export.
    progress : callable, optional
        Called as ``progress(done, total)``, in frames.
    **options
        Of the format. ``rate_hz`` and ``gain_uv`` go before what the capture tells; an option that
        is None is as one not given.

    Returns
    -------
    list of str
        Sentences on what the format could not carry as it is; empty where there is nothing to say.

    Raises
    ------
    ExportError
        Where the format or an option is unknown, where something needed is not known, or where a
        package is missing.
    RecordingError
        Where ``out`` has the wrong suffix.
    OSError
        Where ``out`` exists (``FileExistsError``) or cannot be written.
    """
    if format not in EXPORTERS:
        raise ExportError(f"no format is named {format!r}; there are {', '.join(EXPORTERS)}")
    module, function = EXPORTERS[format].split(":")
    try:
        exporter = getattr(import_module(module, __package__), function)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in PACKAGES:
            raise
        raise ExportError(
            f"the format {format} needs the package {error.name}: pip install 'probecodec[export]'"
        ) from None
    given = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(exporter).parameters
    for name in given:
        if name not in known:
            raise ExportError(f"the format {format} has no option {name}: omit it")
    if not len(cap):
        raise ExportError("the capture holds no frame: there is nothing to export")
    if cap.dtype != np.int16:
        raise ExportError("the formats hold int16, not missing frames as nan: choose another fill")
    return exporter(cap, Path(out), force=force, progress=progress, **given)
