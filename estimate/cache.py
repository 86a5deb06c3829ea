"""Tools' reports, kept by the digest of all that went into them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from platformdirs import user_cache_path

from ..golden.errors import ToolError

_SIZES = ".sizes.json"  # of the files kept, by name


def kept(parts: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return the folder that ``make`` filled from ``parts``, now or at an earlier time.

    Parameters
    ----------
    parts : iterable of str
        Everything that decides what ``make`` writes: sources, options, seeds, versions of tools.
    make : callable
        Fills an empty folder; where it raises, nothing is kept but the logs that a ToolError
        names. YoWASP's tools see no path with
        ``..`` or outside of their working folder: it runs them inside this one.
    """
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]
    place = user_cache_path("probecodec") / "estimate" / digest
    if place.is_dir():
        if _whole(place):
            return place
        shutil.rmtree(place)  # somebody else's hand, or a full disk's: made anew
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".making-") as name:
        scratch = Path(name) / "made"
        scratch.mkdir()
        try:
            make(scratch)
        except ToolError as error:  # its logs are worth reading
            failed = place.with_suffix(".failed")
            shutil.rmtree(failed, ignore_errors=True)
            os.replace(scratch, failed)
            raise ToolError(str(error).replace(str(scratch), str(failed))) from None
        (scratch / _SIZES).write_text(json.dumps(_sizes(scratch)))
        try:
            os.replace(scratch, place)
        except OSError:  # another process has just made the same
            if not place.is_dir():
                raise
    return place


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _SIZES)
    return {str(path.relative_to(folder)): path.stat().st_size for path in sorted(files)}


def _whole(folder: Path) -> bool:
    """Is everything there that was made?"""
    try:
        return json.loads((folder / _SIZES).read_text()) == _sizes(folder)
    except (OSError, ValueError):
        return False


def keep(reports: dict[str, Path], target: Path) -> None:
    """Copy folders of reports into ``target``, each under its name."""
    for name, folder in reports.items():
        ignored = shutil.ignore_patterns(_SIZES)
        shutil.copytree(folder, target / name, dirs_exist_ok=True, ignore=ignored)
