"""Writes what a port gives into a file, byte for byte, in threads that wait for nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from types import TracebackType
from typing import BinaryIO

from .ports import Port

_PIECES = 1 << 12  # of at most 64 KiB: bounds the memory where the disk is slower than the link
_JOIN_SECONDS = 2.0


class Recorder:
    """Writes what ``port`` gives into ``out`` while it is entered.

    One thread reads and another writes, so that neither a slow disk nor what this program does
    meanwhile lets a buffer of the system run over. Where the disk stays behind, reading waits in
    the end, and the source drops frames and counts them.

    ``out`` is opened at once, so that a folder that cannot be written is known, but is changed with
    the first byte only: where none comes, it stays as it was.

    Attributes
    ----------
    size : int
        Bytes written.
    first, latest : float or None
        When the first byte came, and the latest, by `time.monotonic`.
    over : Event
        The port has ended, or the file takes no more.
    error : OSError or None
        Why the file takes no more.
    lost : bool
        The port was lost: it ended and does not by itself.
    """

    def __init__(self, port: Port, out: Path) -> None:
        self._port, self._out = port, out
        self._pieces: Queue[bytes | None] = Queue(_PIECES)
        self._stop = Event()
        self._reader = Thread(target=self._read, daemon=True)
        self._writer = Thread(target=self._write, daemon=True)
        self.size = 0
        self.first: float | None = None
        self.latest: float | None = None
        self.over = Event()
        self.error: OSError | None = None
        self.lost = False

    def __enter__(self) -> Recorder:
        self._fresh = not self._out.exists()
        self._file: BinaryIO = self._out.open("xb" if self._fresh else "r+b", buffering=0)
        self._reader.start()
        self._writer.start()
        return self

    def stop(self) -> None:
        """Read no more; return when all that came is written."""
        self._stop.set()
        if self._writer.is_alive():
            self._reader.join(_JOIN_SECONDS)
            if self._reader.is_alive():  # in a port that does not return: what came is written
                self._pieces.put(None)
            self._writer.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()
        self._file.close()
        if self._fresh and not self.size:
            self._out.unlink()

    @property
    def seconds(self) -> float:
        """From the first byte to the latest."""
        return 0.0 if self.first is None or self.latest is None else self.latest - self.first

    def _read(self) -> None:
        try:
            while not self._stop.is_set():
                data = self._port.read()
                if data is None:
                    self.lost = not self._port.ends
                    return
                if data:
                    self.latest = time.monotonic()
                    self.first = self.first or self.latest
                    self._pieces.put(data)
        except Exception:  # whatever a driver raises, nothing more comes from there
            self.lost = True
        finally:
            self._pieces.put(None)

    def _write(self) -> None:
        while (data := self._pieces.get()) is not None:
            if self.error is not None:
                continue  # so that the reader never waits for room
            try:
                if not self.size:
                    self._file.truncate(0)
                rest = memoryview(data)
                while rest:
                    written = self._file.write(rest)
                    self.size += written
                    rest = rest[written:]
            except OSError as error:
                self.error = OSError(error.errno, error.strerror, str(self._out))
                self._stop.set()
                self.over.set()
        self.over.set()
