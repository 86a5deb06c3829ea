"""A file for HDF5 that ends well on a full disk.

HDF5 cannot close a file that it cannot write: each object that it lets go of then fails anew, with
a report on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any

import h5py
from pynwb import NWBHDF5IO


class Disk(FileIO):
    """A file whose writes seem to succeed.

    Attributes
    ----------
    error : OSError or None
        The first error; what is written after it is lost.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of ``data``, or note the error."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.error is None and done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self.error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size, or note the error."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def check(self) -> None:
        """Raise ``error``, where there is one."""
        if self.error is not None:
            raise self.error


@contextmanager
def open_nwb(disk: Disk, mode: str) -> Iterator[NWBHDF5IO]:
    """Open ``disk`` for pynwb; raises at the end where not everything could be written."""
    try:
        with h5py.File(disk, mode) as file, NWBHDF5IO(file=file, mode=mode) as io:
            yield io
    finally:
        disk.check()  # goes before the errors that follow from it
