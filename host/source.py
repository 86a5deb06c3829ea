"""Where a capture's bytes are: a file, an open file, or memory."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import BinaryIO

_COPY_BYTES = 1 << 20


class Source:
    """Bytes that can be read anywhere, by several threads.

    Parameters
    ----------
    origin : path, binary file, or bytes-like
        A pipe is read to its end first, into a temporary file.

    Attributes
    ----------
    name : str
        For messages.
    path : Path or None
        None where it cannot be opened again.

    Raises
    ------
    OSError
        Where the file cannot be opened, or is a terminal or serial port, which has no end.
    """

    def __init__(self, origin: str | Path | BinaryIO | bytes | bytearray | memoryview) -> None:
        self._origin = origin
        self.path: Path | None = None
        self._file: BinaryIO | None = None
        self._data = memoryview(b"")
        self._own = False
        self._lock = threading.Lock()
        if isinstance(origin, str | Path):
            self.path = Path(origin)
            self._file, self._own = self.path.open("rb", buffering=0), True
        elif isinstance(origin, bytes | bytearray | memoryview):
            self._data = memoryview(origin).cast("B")
        else:
            self._file = origin
        self.name = str(origin) if self.path else getattr(origin, "name", "the capture")
        if self._file is not None and not self._file.seekable():
            self._file, self._own, self.path = self._spooled(self._file), True, None
        if self._own:
            weakref.finalize(self, self._file.close)  # where nobody closes it

    def _spooled(self, stream: BinaryIO) -> BinaryIO:
        """A temporary file with all that ``stream`` gives until its end."""
        if stream.isatty():
            raise OSError(errno.ESPIPE, "is a device without an end: use listen", str(self.name))
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115, closed by its owner
        try:
            shutil.copyfileobj(stream, file, _COPY_BYTES)
        except BaseException:
            file.close()
            raise
        finally:
            if self._own:
                stream.close()
        return file

    def __reduce__(self) -> tuple[type[Source], tuple[object]]:
        if self._file is not None and self.path is None:
            raise TypeError(
                f"{self.name} is an open file: open it by its path to send it elsewhere"
            )
        return Source, (self._origin if self.path else bytes(self._data),)

    def size(self) -> int:
        """Bytes there are now."""
        if self._file is None:
            return len(self._data)
        if self._own:
            return os.fstat(self._file.fileno()).st_size
        with self._lock:
            return self._file.seek(0, os.SEEK_END)

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """Return the bytes from ``start`` to ``stop`` - 1, fewer where there are no more."""
        if self._file is None:
            return self._data[start:stop]
        if self._file.closed:
            raise ValueError(f"{self.name} is closed: open the capture again")
        pieces = []
        try:
            while start < stop and (piece := self._read(self._file, start, stop - start)):
                pieces.append(piece)
                start += len(piece)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.name)) from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read(self, file: BinaryIO, start: int, size: int) -> bytes:
        """At most ``size`` bytes from ``start`` on."""
        if self._own and hasattr(os, "pread"):  # shares no position with threads or forks
            return os.pread(file.fileno(), size, start)
        with self._lock:
            file.seek(start)
            return file.read(size)

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._own and self._file is not None:
            self._file.close()
