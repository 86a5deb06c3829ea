"""Peak memory of a piece of work, and of the commands that it runs, as Linux counts it.

The kernel keeps the most memory that a process ever held, and forgets it on request
(proc_pid_clear_refs(5)); so the peak is exact whoever allocates. A command is looked at while it
runs, every millisecond. Where there is no such kernel, nothing is known.
"""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import threading
from pathlib import Path
from types import TracebackType

_PROCESS = Path("/proc/self")
_LOOK_S = 1e-3
_commands_kb: list[int] = []  # peaks of the commands that were run since the last clearing


class PeakMemory:
    """Context manager; afterwards ``megabytes`` (10**6 bytes) is how far memory rose above what
    was held at its beginning, a command's peak added; None where it is not known."""

    megabytes: float | None = None

    def __enter__(self) -> PeakMemory:
        _commands_kb.clear()
        with contextlib.suppress(OSError, AttributeError):  # not with glibc: what was freed stays
            ctypes.CDLL(None).malloc_trim(0)
        try:
            (_PROCESS / "clear_refs").write_text("5")
            self._begin_kb: int | None = _status(_PROCESS, "VmRSS")
        except OSError:
            self._begin_kb = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        peak_kb = _status(_PROCESS, "VmHWM")
        if self._begin_kb is not None and peak_kb is not None:
            grown = peak_kb - self._begin_kb + max(_commands_kb, default=0)
            self.megabytes = 1024e-6 * max(grown, 0)


def run_watched(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run ``command`` with no input; its output is kept, its memory counts for `PeakMemory`."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, over))
    watcher.start()
    try:
        output, errors = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        over.set()
        watcher.join()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _watch(pid: int, over: threading.Event) -> None:
    peak_kb = 0
    while not over.wait(_LOOK_S):
        peak_kb = max(peak_kb, _status(Path(f"/proc/{pid}"), "VmHWM") or 0)
    _commands_kb.append(peak_kb)


def _status(process: Path, key: str) -> int | None:
    """A size in ``process``' status, in kB; None where there is none."""
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith(f"{key}:")]
    return int(sizes[0]) if sizes else None
