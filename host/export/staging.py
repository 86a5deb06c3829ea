"""Output that appears whole or not at all: `replacing` for what others write, file or folder."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


def check_folder(path: Path, names: Collection[str], *, force: bool) -> None:
    """Raise where the folder ``path`` is not to be written.

    ``names`` are the entries that an export makes. With ``force``, a folder that holds any other is
    kept all the same: it may be somebody's data.

    Raises `FileNotFoundError` where its parent is no folder, else `FileExistsError`.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not os.path.lexists(path):
        return
    if not path.is_dir() or path.is_symlink():
        raise FileExistsError(f"{path} is no folder: choose another name")
    if not force:
        raise FileExistsError(f"{path} exists: choose another name, or --force")
    others = sorted({entry.name for entry in path.iterdir()} - set(names))
    if others:
        raise FileExistsError(
            f"{path} holds {others[0]}, which no export makes: choose another name"
        )


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path``, to be made a file or folder, which then takes its place.

    It has the suffix of ``path``. An error or an interrupt leaves nothing behind, and ``path`` as
    it was.
    """
    part = path.with_name(f".{secrets.token_hex(4)}.part.{path.name}")
    try:
        yield part
        _replace(part, path)
    except BaseException as error:
        _remove(part)
        # Name what was asked for, not the part of it.
        named = isinstance(error, OSError) and str(error.filename or part).startswith(str(part))
        if named and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _replace(part: Path, path: Path) -> None:
    """Move ``part`` to ``path``; a folder there steps aside first, and comes back if that fails."""
    if not path.is_dir():
        part.replace(path)
        return
    old = path.with_name(f".{secrets.token_hex(4)}.old.{path.name}")
    path.rename(old)
    try:
        part.rename(path)
    except BaseException:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
