"""Finds a standard-cell library: any liberty file, or by name one that Debian packs.

The OSU cells (Oklahoma State University, MOSIS SCMOS rules) come with Debian's
``qflow-tech-osu018`` and ``qflow-tech-osu035``; the package is unpacked, not installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from ..golden.errors import ConfigError, ToolError, require
from .liberty import text_of

NODES_NM = {"osu018": 180.0, "osu035": 350.0}
_SECONDS = 120  # for a download of some hundred kB
_SIZE = re.compile(r"(?ms)^\s*MACRO\s+(\S+).*?^\s*SIZE\s+([\d.]+)\s+BY\s+([\d.]+)")
_AREA = re.compile(
    r"""(?s)\bcell\s*\(\s*"?([^\s")]+)"?\s*\)\s*\{(?:(?!\bcell\s*\().)*?\barea\s*:\s*([\d.eE+-]+)"""
)


def find(name_or_path: str | Path) -> Path:
    """Return the liberty file of a library.

    Parameters
    ----------
    name_or_path : str or Path
        A ``.lib`` or ``.lib.gz`` file, or one of `NODES_NM`.

    Raises
    ------
    ConfigError
        Where there is no such file.
    ToolError
        Where the library has to be fetched and cannot be.
    """
    name = str(name_or_path)
    if name in NODES_NM:
        return _named(name)
    path = Path(name_or_path)
    known = ", ".join(NODES_NM)
    require(path.name.endswith((".lib", ".lib.gz")), f"{name} is no .lib file, nor one of {known}")
    require(path.is_file(), f"there is no liberty file {name}; libraries known by name: {known}")
    return path.resolve()


def node_nm(name_or_path: str | Path) -> float | None:
    """Return the node of a library known by name; None where it is unknown."""
    stem = Path(name_or_path).name
    return next((node for name, node in NODES_NM.items() if stem.startswith(name)), None)


def _named(name: str) -> Path:
    inside = Path(f"usr/share/qflow/tech/{name}/{name}_stdcells.lib")
    kept = user_cache_path("probecodec") / "libraries" / name
    for root in _named_roots(kept):
        if (root / inside).is_file():
            return root / inside
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetching-") as scratch:
        folder = Path(scratch)
        package = f"qflow-tech-{name}"
        _call(["apt-get", "download", package], folder, package)
        archives = list(folder.glob("*.deb"))
        if not archives:
            raise _unfetched(package, "apt-get left no .deb")
        _call(["dpkg-deb", "-x", archives[0].name, "files"], folder, package)
        if not (folder / "files" / inside).is_file():
            raise _unfetched(package, f"it has no {inside.name}")
        try:
            os.replace(folder / "files", kept)
        except OSError:  # another process has just fetched the same
            if not (kept / inside).is_file():
                raise
    return kept / inside


def _named_roots(kept: Path) -> list[Path]:
    return [Path("/"), kept]


def _call(command: list[str], folder: Path, package: str) -> None:
    if shutil.which(command[0]) is None:
        raise _unfetched(package, f"{command[0]} was not found")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise _unfetched(package, f"{command[0]} took over {_SECONDS} s") from None
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise _unfetched(package, (reasons or [f"{command[0]} failed"])[0])


def _unfetched(package: str, why: str) -> ToolError:
    return ToolError(
        f"the cells of {package} could not be fetched ({why}): download its .deb from "
        "packages.debian.org, unpack it with dpkg-deb -x, and give the path of its .lib"
    )


def footprints(path: Path) -> dict[str, float]:
    """Return the cells' areas (µm²) of the LEF beside a liberty file; empty where there is none.

    What a cell takes on the die is its LEF's size; OSU's .lib tells other areas of three cells.
    """
    lef = path.with_name(f"{path.name.removesuffix('.gz').removesuffix('.lib')}.lef")
    if not lef.is_file():
        return {}
    text = lef.read_text(errors="replace")
    return {name: float(x) * float(y) for name, x, y in _SIZE.findall(text)}


def corrected(path: Path) -> tuple[str, dict[str, tuple[float, float]]]:
    """Return a liberty file's text with the areas of `footprints`.

    Also the cells whose area differs: name to (area told, area of the LEF).

    Raises ``ConfigError`` where the file cannot be read.
    """
    text = text_of(path)
    sizes = footprints(path)
    if not sizes:
        return text, {}
    changed: dict[str, tuple[float, float]] = {}

    def replace(match: re.Match[str]) -> str:
        name, told = match[1], float(match[2])
        size = sizes.get(name, told)
        if abs(size - told) <= 0.001 * size:
            return match[0]
        changed[name] = (told, size)
        return f"{match[0][: match.start(2) - match.start()]}{size:g}"

    try:
        return _AREA.sub(replace, text), changed
    except ValueError as error:
        raise ConfigError(f"{path}: an area is no number ({error})") from error
